// SPDX-License-Identifier: GPL-2.0-or-later
// IR + plan -> one line of explanation per chain. placements() is the door.
#include "compiler/plan/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

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

// Rules that a packet can meet; a chain that was cut has them in its parts.
std::size_t rules_of(const Ir& ir, const IrChain& chain) {
    std::size_t rules = 0;
    for (const IrRule& rule : chain.rules) {
        rules += rule.slot == kNoSlot ? ir.chains[rule.action.chain].rules.size() : 1;
    }
    return rules;
}

std::string how(const Ir& ir, const IrChain& chain) {
    const std::size_t rules = rules_of(ir, chain);
    if (rules == 0) return "";
    return fmt::format("; {} {}, straight-line", rules, rules == 1 ? "rule" : "rules");
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
