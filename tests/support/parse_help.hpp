// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing for tests: fixed names instead of the system's, and results as text.
#pragma once

#include <string>
#include <string_view>

#include "parser/parse.hpp"

namespace bpfw::test {

// A handful of services, one protocol, and the hosts one.example (192.0.2.1, 2001:db8::1) and
// two.example (192.0.2.1 and .2); nothing of the machine's.
parser::Names fixed_names();

struct Parsed {
    std::string text;     // the statements, one per line
    std::string classic;  // of the first diagnostic
    std::string said;     // text of the first diagnostic
    parser::Mistake kind = parser::Mistake::Parameter;
    parser::CommandLine line;
};

// The line is split as a shell would.
Parsed parse4(std::string_view line);
Parsed parse6(std::string_view line);

struct ParsedFile {
    std::string text;         // the statements, one per line; a 6 before those of IPv6
    std::string diagnostics;  // rendered; the file's name is "t.rules"
    std::vector<parser::Statement> statements;
};
// As for a rules file of bpfw's own: short forms are read, and -F knows the files two.expr ("tcp #
// c \n or udp\n"), empty.expr and bad.expr (a mistake in its second line).
parser::FileDefaults fixed_defaults(parser::Family family = parser::Family::Ipv4);
// Whether the statement, printed inside its table's block (a short form: outside), parses back to
// itself.
bool survives_printing(const parser::Statement& statement);
ParsedFile parse_text(std::string_view text, parser::Family family = parser::Family::Ipv4);

}  // namespace bpfw::test
