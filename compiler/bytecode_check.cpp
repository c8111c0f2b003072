// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> the -m bpf matches that are refused. check_bytecode() is the only door.
#include "compiler/bytecode_check.hpp"

#include <fmt/format.h>

#include <vector>

#include "compiler/filter/classic.hpp"
#include "compiler/ruleset_rules.hpp"

namespace bpfw::compiler {
namespace {

using parser::BpfMatch;
using parser::Family;
using parser::Mistake;

// Chains that a packet of FORWARD gets to.
std::vector<bool> forwarded(const Table& table) {
    std::vector<bool> seen(table.chains.size(), false);
    std::vector<const Chain*> open{find_chain(table, "FORWARD")};
    while (!open.empty()) {
        const Chain* chain = open.back();
        open.pop_back();
        const auto index = static_cast<std::size_t>(chain - table.chains.data());
        if (seen[index]) continue;
        seen[index] = true;
        for (const RulesetRule& have : chain->rules)
            if (jumps(have.rule.target)) open.push_back(find_chain(table, have.rule.target.chain));
    }
    return seen;
}

void check_program(const BpfMatch& match, parser::Diagnostics& diags) {
    if (const auto fault = filter::fault_of(match.program)) {
        diags.error(match.at, fmt::format("-m bpf: {}", *fault)).kind(Mistake::Refused);
    } else if (const auto refusal = filter::refusal_of(match.program)) {
        diags.error(match.at, fmt::format("-m bpf: {}", *refusal)).kind(Mistake::Unsupported);
    }
}

void check_forwarded(const BpfMatch& match, Family family, parser::Diagnostics& diags) {
    if (!filter::reads_what_forwarding_changes(match.program, family)) return;
    diags
        .error(match.at,
               fmt::format("-m bpf may read the {}, which is another one in FORWARD "
                           "than where bpfw sees the packet",
                           family == Family::Ipv4 ? "TTL or the header checksum" : "hop limit"))
        .hint("this rule is reached from FORWARD; -m ttl and -m hl know the forwarded packet's")
        .kind(Mistake::Unsupported);
}

void check_table(const Table& table, Family family, parser::Diagnostics& diags) {
    const std::vector<bool> in_forward = forwarded(table);
    for (std::size_t n = 0; n < table.chains.size(); ++n) {
        for (const RulesetRule& have : table.chains[n].rules) {
            for (const parser::Match& match : have.rule.matches) {
                const auto* bpf = std::get_if<BpfMatch>(&match);
                if (bpf == nullptr) continue;
                check_program(*bpf, diags);
                if (in_forward[n]) check_forwarded(*bpf, family, diags);
            }
        }
    }
}

}  // namespace

bool check_bytecode(const Ruleset& ruleset, parser::Diagnostics& diags) {
    const std::size_t before = diags.error_count();
    check_table(ruleset.ipv4, Family::Ipv4, diags);
    check_table(ruleset.ipv6, Family::Ipv6, diags);
    return diags.error_count() == before;
}

}  // namespace bpfw::compiler
