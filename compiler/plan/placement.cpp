// SPDX-License-Identifier: GPL-2.0-or-later
// IR + plan -> one line of explanation per chain. placements() is the door.
#include "compiler/plan/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "compiler/emit/lookup_table.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

constexpr ChainId kForward = 1;
constexpr ChainId kOutput = 2;

bool asks_output(const Expr& expr) {
    const auto any_of = [](const std::vector<Expr>& of) {
        return std::any_of(of.begin(), of.end(), asks_output);
    };
    return std::visit(overloaded{
                          [](const Test& test) { return test.field >= Field::OutName0; },
                          [](const FilterTest&) { return false; },
                          [](Guard) { return false; },
                          [&](const All& all) { return any_of(all.of); },
                          [&](const Any& any) { return any_of(any.of); },
                      },
                      expr.node);
}

bool asks_output(const Ir& ir) {
    return std::any_of(ir.chains.begin(), ir.chains.end(), [](const IrChain& chain) {
        return std::any_of(chain.rules.begin(), chain.rules.end(), [](const IrRule& rule) {
            return std::any_of(rule.conditions.begin(), rule.conditions.end(),
                               [](const Expr& condition) { return asks_output(condition); });
        });
    });
}

std::string where_base(const Ir& ir, ChainId id) {
    if (id == kOutput) return "TC egress, where this host's own packets are first seen; final";
    std::string out = "XDP (TC ingress where it can't be had); final, the frame tells all";
    if (id == kForward && asks_output(ir)) out += "; -o is what the routing table answers there";
    return out;
}

std::string where_user(const ChainPlan& chain) {
    switch (chain.home) {
        case Home::Unreached:
            return "no code, no packet gets there";
        case Home::Inline:
            return "inlined where it is used";
        case Home::Function:
            return "called: function " + chain.function;
    }
    BPFW_BUG("unknown home");
}

// How the rules that a packet can meet are matched; a chain that was cut has them in its parts.
struct Matching {
    std::size_t straight = 0;
    std::map<LookupKind, std::size_t> in_lookups;  // rules
    std::map<LookupKind, std::size_t> lookups;
    std::size_t rules = 0;
};

void add(const Ir& ir, const IrChain& chain, Matching& matching) {
    for (const IrRule& rule : chain.rules) {
        if (rule.action.kind == ActionKind::Lookup) {
            const IrLookup& lookup = ir.lookups[rule.action.lookup];
            const LookupKind kind = kind_of(lookup);
            matching.in_lookups[kind] += lookup.rules;
            matching.rules += lookup.rules;
            ++matching.lookups[kind];
        } else if (rule.slot == kNoSlot) {
            add(ir, ir.chains[rule.action.chain], matching);
        } else {
            ++matching.straight;
            ++matching.rules;
        }
    }
}

std::string how(const Ir& ir, const IrChain& chain) {
    Matching matching;
    add(ir, chain, matching);
    if (matching.rules == 0) return "";
    const std::string count =
        fmt::format("; {} {}", matching.rules, matching.rules == 1 ? "rule" : "rules");
    if (matching.lookups.empty()) return count + ", straight-line";
    std::vector<std::string> parts;
    for (const auto& [kind, rules] : matching.in_lookups)
        parts.push_back(fmt::format("{} by {}", rules, to_text(kind, matching.lookups.at(kind))));
    if (matching.straight != 0) parts.push_back(fmt::format("{} straight-line", matching.straight));
    return fmt::format("{}: {}", count, fmt::join(parts, ", "));
}

}  // namespace

std::vector<Placement> placements(const Ir& ir, const Plan& plan) {
    std::vector<Placement> out;
    for (ChainId id = 0; id < ir.chains.size(); ++id) {
        const IrChain& chain = ir.chains[id];
        if (chain.role == ChainRole::Part) continue;
        const bool base = chain.policy != ActionKind::Return;
        out.push_back({ir.family == parser::Family::Ipv4 ? "ipv4" : "ipv6", chain.name,
                       (base ? where_base(ir, id) : where_user(plan.chains[id])) + how(ir, chain)});
    }
    return out;
}

Placement place_frames(std::size_t rules) {
    return {
        "frame", "-",
        fmt::format("XDP (TC ingress where it can't be had), before the chains and whatever the "
                    "frame is; {} {}",
                    rules, rules == 1 ? "rule" : "rules")};
}

}  // namespace bpfw::compiler
