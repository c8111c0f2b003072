// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts chains that exceed what the verifier can follow in one function. split() is the door.
#include "compiler/plan/split.hpp"

#include <fmt/format.h>

#include <utility>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

std::uint32_t branches(const Expr& expr) {
    const auto sum = [](const std::vector<Expr>& of) {
        std::uint32_t total = 0;
        for (const Expr& part : of) total += branches(part);
        return total;
    };
    return std::visit(overloaded{
                          [](const Test&) { return 1u; },
                          [](const FilterTest&) { return 1u; },
                          [](Guard) { return 3u; },
                          [&](const All& all) { return sum(all.of); },
                          [&](const Any& any) { return sum(any.of); },
                      },
                      expr.node);
}

IrRule lead_to(ChainId part, const IrRule& first) {
    IrRule rule;
    rule.action = {ActionKind::Jump, part};
    rule.slot = kNoSlot;
    rule.origin = first.origin;
    rule.span = first.span;
    return rule;
}

// Moves the rules of chains[id] into parts behind the existing chains.
void cut(Ir& ir, ChainId id) {
    std::vector<IrRule> rules = std::exchange(ir.chains[id].rules, {});
    std::vector<IrRule> leads;
    std::uint32_t weight = kFunctionBranches;
    for (IrRule& rule : rules) {
        const std::uint32_t own = branches(rule);
        if (weight + own > kFunctionBranches) {
            IrChain part;
            part.name = fmt::format("{}.{}", ir.chains[id].name, leads.size() + 1);
            part.role = ChainRole::Part;
            part.span = rule.span;
            leads.push_back(lead_to(static_cast<ChainId>(ir.chains.size()), rule));
            ir.chains.push_back(std::move(part));
            weight = 1;
        }
        weight += own;
        ir.chains.back().rules.push_back(std::move(rule));
    }
    ir.chains[id].rules = std::move(leads);
}

}  // namespace

std::uint32_t branches(const IrRule& rule) {
    std::uint32_t total = 1;
    for (const Expr& condition : rule.conditions) total += branches(condition);
    for (const Expr& condition : rule.found) total += branches(condition);
    const bool leads = rule.action.kind == ActionKind::Jump || rule.action.kind == ActionKind::Goto;
    const bool looks_up = rule.action.kind == ActionKind::Lookup;  // at most: a hash, then a search
    return total + (leads || looks_up ? 3 : 0);
}

std::uint32_t branches(const IrChain& chain) {
    std::uint32_t total = 1;
    for (const IrRule& rule : chain.rules) total += branches(rule);
    return total;
}

Ir split(Ir ir) {
    const auto chains = static_cast<ChainId>(ir.chains.size());
    for (ChainId id = 0; id < chains; ++id) {
        if (branches(ir.chains[id]) > kFunctionBranches) cut(ir, id);
    }
    return ir;
}

}  // namespace bpfw::compiler
