// SPDX-License-Identifier: GPL-2.0-or-later
// Random ASTs that iptables 1.8.9 itself would accept, in the form the parser
// gives them: for parse(print(x)) == x and for whoever needs many rules.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "parser/ast.hpp"

namespace bpfw::test {

struct AstShape {
    parser::Family family = parser::Family::Ipv4;
    std::string chain = "INPUT";      // decides which interfaces and matches may be asked
    std::vector<std::string> chains;  // user chains to jump to; none: verdicts only
    unsigned most_matches = 4;
};

parser::Rule random_rule(std::mt19937_64& random, const AstShape& shape);
// Any statement of one line, with names of its own.
parser::Statement random_statement(std::mt19937_64& random, parser::Family family);

}  // namespace bpfw::test
