// SPDX-License-Identifier: GPL-2.0-or-later
// Rules files -> a checked Ruleset. read_rules() is the door.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/ruleset.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/base/span.hpp"

namespace bpfw::cli {

struct Input {
    parser::Sources sources;
    parser::Diagnostics diags;
    compiler::Ruleset ruleset;
};

// The files together make one ruleset, in their order, beginning with empty chains; "-" is
// standard input. A line that does not say its family has `family`, else IPv6 in a file named
// *.v6, else IPv4. Everything wrong, unreadable files included, is in input.diags.
void read_rules(const std::vector<std::string>& files, std::optional<parser::Family> family,
                Input& input);

// rules.v4, rules.v6 and rules.d/* of `directory`, those that exist, in this order (rules.d by
// name, bytewise; hidden files, editors' backups and dpkg's leftovers are not rules).
// A rules.d that cannot be read is an error in diags.
std::vector<std::string> configured_files(const std::string& directory, parser::Diagnostics& diags);

}  // namespace bpfw::cli
