// SPDX-License-Identifier: GPL-2.0-or-later
// Random filter tables, as values and as the text that the kernel's own iptables-restore is
// given. The text is written here and not by parser/print, which it thereby checks.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/ruleset.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

struct RulesetShape {
    parser::Family family = parser::Family::Ipv4;
    Hook hook = Hook::Input;  // the base chain that gets the rules; user chains hang on it
    std::uint32_t base_rules = 20;
    std::uint32_t user_chains = 5;
    std::uint32_t user_rules = 6;  // at most, per user chain
    bool deep = false;             // each user chain leads on to the next one
    std::uint32_t runs = 0;        // chains that also get rules that differ in one match only
    enum class Filters : std::uint8_t { None, Bytecode, Both };
    Filters filters = Filters::None;  // Bytecode: -m bpf; Both: -m pcap too, which no kernel has
};
// A shape with everything left to chance but family and hook.
RulesetShape random_shape(parser::Family family, Hook hook, Random& random);

compiler::Table random_table(const RulesetShape& shape, Random& random);
// Some 16 to 60 rules that differ in one match, a few among them that don't belong there.
std::vector<parser::Rule> random_run(const RulesetShape& shape, Random& random);
// One rule as it may stand in a chain; `chains` are the ones it may jump to.
parser::Rule random_rule(const RulesetShape& shape, const std::vector<std::string>& chains,
                         Random& random);
// INPUT, FORWARD and OUTPUT with policy ACCEPT and no rules.
compiler::Table empty_table();

// What iptables-restore reads: "*filter" ... "COMMIT\n".
std::string save_text(const compiler::Table& table, parser::Family family);
std::string rule_text(const parser::Rule& rule, parser::Family family);

}  // namespace bpfw::test
