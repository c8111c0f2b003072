// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> iptables-save text; to_text() is the door. The lines' order is the order of
// the counter slots (bpf-templates/abi.h).
#include <fmt/format.h>

#include <iterator>

#include "compiler/ruleset.hpp"
#include "parser/print.hpp"

namespace bpfw::compiler {
namespace {

std::string_view policy_text(const Chain& chain) {
    if (!chain.policy) return "-";
    return *chain.policy == parser::Verdict::Accept ? "ACCEPT" : "DROP";
}

}  // namespace

std::string to_text(const Table& table, parser::Family family, WithCounters counters) {
    const bool counted = counters == WithCounters::Yes;
    std::string out = "*filter\n";
    for (const Chain& chain : table.chains) {
        const parser::Counters shown = counted ? chain.counters : parser::Counters{};
        fmt::format_to(std::back_inserter(out), ":{} {} [{}:{}]\n", chain.name, policy_text(chain),
                       shown.packets, shown.bytes);
    }
    for (const Chain& chain : table.chains) {
        for (const RulesetRule& have : chain.rules) {
            if (counted) {
                fmt::format_to(std::back_inserter(out), "[{}:{}] ", have.counters.packets,
                               have.counters.bytes);
            }
            const std::string rule = parser::to_text(have.rule, family);
            fmt::format_to(std::back_inserter(out), "-A {}{}{}\n", chain.name,
                           rule.empty() ? "" : " ", rule);
        }
    }
    return out + "COMMIT\n";
}

std::string to_text(const Ruleset& ruleset) {
    std::string out =
        "# bpfw ipv4\n" + to_text(ruleset.ipv4, parser::Family::Ipv4, WithCounters::No) +
        "# bpfw ipv6\n" + to_text(ruleset.ipv6, parser::Family::Ipv6, WithCounters::No);
    if (!ruleset.frames.empty()) out += "# bpfw frames\n";
    for (const RulesetFrameRule& have : ruleset.frames) out += parser::to_text(have.rule) + "\n";
    return out;
}

}  // namespace bpfw::compiler
