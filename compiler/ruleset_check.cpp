// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> what the kernel would refuse in it: check() is the door. Loops count only where
// a packet can get to them, as in the kernel (nf_tables_api.c nft_table_validate(),
// ip_tables.c mark_source_chains()): a loop of chains that nothing uses is accepted.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/ruleset.hpp"
#include "compiler/ruleset_rules.hpp"

namespace bpfw::compiler {
namespace {

using parser::Diagnostics;
using parser::Mistake;

void check_one_interface(std::string_view option, const std::string& chain,
                         const parser::InterfaceMatch& match, Diagnostics& diags) {
    diags.error(match.at, fmt::format("{} says nothing about a packet in {}", option, chain))
        .classic(fmt::format("Can't use {} with {}", option, chain));
}

// Depth-first from the built-in chains, without recursion: chains may be nested by the
// thousand. Every chain and every rule is looked at once.
class LoopSearch {
public:
    LoopSearch(const Table& table, Diagnostics& diags)
        : table_(table), diags_(diags), state_(table.chains.size(), State::Unseen) {}

    void run() {
        for (std::size_t i = 0; i < table_.chains.size(); ++i) {
            if (table_.chains[i].policy && state_[i] == State::Unseen) search_from(i);
        }
    }

private:
    enum class State : std::uint8_t { Unseen, OnPath, Done };
    struct Step {
        std::size_t chain;
        std::size_t next_rule;
    };

    void search_from(std::size_t root) {
        std::vector<Step> path{{root, 0}};
        state_[root] = State::OnPath;
        while (!path.empty()) {
            Step& step = path.back();
            const Chain& chain = table_.chains[step.chain];
            if (step.next_rule == chain.rules.size()) {
                state_[step.chain] = State::Done;
                path.pop_back();
                continue;
            }
            const parser::Rule& rule = chain.rules[step.next_rule++].rule;
            if (!jumps(rule.target)) continue;
            const Chain* target = find_chain(table_, rule.target.chain);
            if (target == nullptr) continue;  // check_target() has told
            const auto index = static_cast<std::size_t>(target - table_.chains.data());
            if (state_[index] == State::OnPath) report(chain, rule);
            if (state_[index] != State::Unseen) continue;
            state_[index] = State::OnPath;
            path.push_back({index, 0});
        }
    }

    void report(const Chain& chain, const parser::Rule& rule) {
        diags_
            .error(rule.target.at,
                   fmt::format("chains in a loop: '{}' comes back to '{}' from here", chain.name,
                               rule.target.chain))
            .kind(Mistake::Refused)
            .classic(
                fmt::format("RULE_APPEND failed (Too many links): rule in chain {}", chain.name));
    }

    const Table& table_;
    Diagnostics& diags_;
    std::vector<State> state_;
};

void check_table(const Table& table, Diagnostics& diags) {
    for (const Chain& chain : table.chains) {
        for (const RulesetRule& have : chain.rules) {
            check_target(table, chain.name, have.rule, "RULE_APPEND", diags);
            check_interfaces(chain.name, have.rule, diags);
        }
    }
    LoopSearch(table, diags).run();
}

}  // namespace

void check_target(const Table& table, const std::string& chain, const parser::Rule& rule,
                  std::string_view operation, Diagnostics& diags) {
    if (!jumps(rule.target)) return;
    const Chain* target = find_chain(table, rule.target.chain);
    if (target == nullptr) {
        diags.error(rule.target.at, fmt::format("there is no chain '{}'", rule.target.chain))
            .classic(fmt::format("Chain '{}' does not exist", rule.target.chain));
    } else if (target->policy) {
        diags
            .error(rule.target.at,
                   fmt::format("'{}' is a built-in chain, a rule cannot jump to it", target->name))
            .kind(Mistake::Refused)
            .classic(fmt::format("{} failed (Operation not supported): rule in chain {}", operation,
                                 chain));
    }
}

void check_interfaces(const std::string& chain, const parser::Rule& rule, Diagnostics& diags) {
    if (chain == "OUTPUT" && rule.in_interface) {
        check_one_interface("-i", chain, *rule.in_interface, diags);
    }
    if (chain == "INPUT" && rule.out_interface) {
        check_one_interface("-o", chain, *rule.out_interface, diags);
    }
}

void check(const Ruleset& ruleset, Diagnostics& diags) {
    check_table(ruleset.ipv4, diags);
    check_table(ruleset.ipv6, diags);
}

}  // namespace bpfw::compiler
