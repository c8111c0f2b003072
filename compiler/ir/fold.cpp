// SPDX-License-Identifier: GPL-2.0-or-later
// Constant folding over conditions and chains. fold(Ir) is the door of the pass.
#include "compiler/ir/fold.hpp"

#include <algorithm>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// A range that is the whole field is no question.
Expr fold_test(const Test& test) {
    if (test.first != 0 || test.last != test.mask || test.mask != full_mask(test.field)) {
        return {test};
    }
    return test.sense == Sense::Is ? always() : never();
}

// Parts of the same kind move up into their parent.
template <class List>
void splice(List& into, Expr part) {
    if (auto* same = std::get_if<List>(&part.node)) {
        for (Expr& inner : same->of) into.of.push_back(std::move(inner));
    } else {
        into.of.push_back(std::move(part));
    }
}

template <class List>
Expr unwrapped(List list) {
    if (list.of.size() == 1) return std::move(list.of.front());
    return {std::move(list)};
}

// A Guard before a part that is `never` still has its say (hotdrop), so the parts before the
// first `never` stay when a guard is among them.
Expr fold_all(const All& all) {
    All out;
    bool guarded = false;
    for (const Expr& part : all.of) {
        Expr folded = fold(part);
        guarded = guarded || std::holds_alternative<Guard>(folded.node);
        if (is_never(folded)) {
            if (!guarded) return never();
            out.of.push_back(std::move(folded));
            break;
        }
        splice(out, std::move(folded));
    }
    return unwrapped(std::move(out));
}

Expr fold_any(const Any& any) {
    Any out;
    for (const Expr& part : any.of) {
        Expr folded = fold(part);
        if (is_always(folded)) return always();
        splice(out, std::move(folded));
    }
    return unwrapped(std::move(out));
}

bool has_guard(const Expr& expr) {
    if (std::holds_alternative<Guard>(expr.node)) return true;
    const auto* all = std::get_if<All>(&expr.node);
    return all != nullptr && std::any_of(all->of.begin(), all->of.end(), has_guard);
}

bool can_match(const IrRule& rule) {
    for (const Expr& condition : rule.conditions) {
        if (has_guard(condition)) return true;  // it may at least hotdrop
        if (is_never(condition)) return false;
    }
    return true;
}

bool ends_chain(const IrRule& rule) {
    return rule.conditions.empty() && rule.action.kind != ActionKind::None &&
           rule.action.kind != ActionKind::Jump;
}

void fold(IrRule& rule) {
    All all{rule.conditions};
    Expr folded = fold_all(all);
    if (auto* parts = std::get_if<All>(&folded.node)) {
        rule.conditions = std::move(parts->of);
    } else {
        rule.conditions = {std::move(folded)};
    }
}

void fold(IrChain& chain) {
    for (IrRule& rule : chain.rules) fold(rule);
    std::erase_if(chain.rules, [](const IrRule& rule) { return !can_match(rule); });
    const auto end = std::find_if(chain.rules.begin(), chain.rules.end(), ends_chain);
    if (end != chain.rules.end()) chain.rules.erase(end + 1, chain.rules.end());
}

}  // namespace

Expr fold(const Expr& expr) {
    return std::visit(overloaded{
                          [](const Test& test) { return fold_test(test); },
                          [](Guard guard) { return Expr{guard}; },
                          [](const All& all) { return fold_all(all); },
                          [](const Any& any) { return fold_any(any); },
                      },
                      expr.node);
}

Ir fold(Ir ir) {
    for (IrChain& chain : ir.chains) fold(chain);
    return ir;
}

}  // namespace bpfw::compiler
