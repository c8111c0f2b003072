// SPDX-License-Identifier: GPL-2.0-or-later
// A whole ruleset as a value, and statements applied to it with iptables' meaning
// and iptables' refusals. apply() is the door: (Ruleset, statement) -> Ruleset.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "parser/ast.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compiler {

struct RulesetRule {
    parser::Rule rule;
    parser::Counters counters;
    bool operator==(const RulesetRule&) const = default;
};

struct Chain {
    std::string name;
    std::optional<parser::Verdict> policy;  // built-in chains only
    parser::Counters counters;              // of the policy
    std::deque<RulesetRule> rules;          // -I at the front is as cheap as -A
    parser::Span at;                        // its declaration

    bool operator==(const Chain&) const = default;
};

// The filter table of one family. Built-in chains INPUT, FORWARD, OUTPUT always
// exist and come first; then user chains in the order of their names (bytes), as iptables
// lists them. find_chain() relies on it.
struct Table {
    std::vector<Chain> chains;
    bool operator==(const Table&) const = default;
};

struct RulesetFrameRule {
    parser::FrameRule rule;
    parser::Counters counters;
    bool operator==(const RulesetFrameRule&) const = default;
};

struct Ruleset {
    Ruleset();  // empty chains, policy ACCEPT, both families; no frame rules
    Table ipv4;
    Table ipv6;
    std::vector<RulesetFrameRule> frames;  // before the chains, at ingress, in this order
    [[nodiscard]] Table& of(parser::Family family) {
        return family == parser::Family::Ipv4 ? ipv4 : ipv6;
    }
    [[nodiscard]] const Table& of(parser::Family family) const {
        return family == parser::Family::Ipv4 ? ipv4 : ipv6;
    }
    bool operator==(const Ruleset&) const = default;
};

// nullptr when there is no such chain. Pointers are valid until the table changes.
Chain* find_chain(Table& table, std::string_view name);
const Chain* find_chain(const Table& table, std::string_view name);

// Whether a "*table" line empties the table first (iptables-restore) or not (-n).
enum class Restore : std::uint8_t { Flush, Keep };

// Applies one statement that changes (or checks) rules; list statements are no
// change. On a mistake `ruleset` is left as it was and diags tells, with iptables'
// wording in classic() ("No chain/target/match by that name.", "Bad rule (does a
// matching rule exist in that chain?).", "Chain already exists.", ...).
void apply(Ruleset& ruleset, const parser::Statement& statement, Restore restore,
           parser::Diagnostics& diags);

// All of them, in order, as one: on any error nothing is changed.
void apply_all(Ruleset& ruleset, const std::vector<parser::Statement>& statements, Restore restore,
               parser::Diagnostics& diags);

// What iptables-restore's COMMIT (and every single command) verifies: targets exist,
// no loop, no jump into a built-in chain, -i/-o/... where the chain has them.
void check(const Ruleset& ruleset, parser::Diagnostics& diags);

// iptables-save text of one family's filter table, without the "# Generated" comments:
// "*filter", chain lines, rules, "COMMIT". With counters: "[p:b] -A ..." and ":C P [p:b]";
// without: ":C P [0:0]" and bare "-A".
enum class WithCounters : std::uint8_t { No, Yes };
std::string to_text(const Table& table, parser::Family family, WithCounters counters);
// Both families with their "# bpfw ipv4" / "# bpfw ipv6" lines, and the frame rules, if any, behind
// "# bpfw frames": what the object carries (bpf-templates/abi.h, BPFW_RULESET_SECTION).
std::string to_text(const Ruleset& ruleset);

}  // namespace bpfw::compiler
