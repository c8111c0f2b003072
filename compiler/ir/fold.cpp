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

// Parts up to the first that decides the list by itself (`ends`).
template <class List>
Expr fold_list(const List& list, bool (*ends)(const Expr&)) {
    List out;
    for (const Expr& part : list.of) {
        Expr folded = fold(part);
        if (ends(folded)) {
            if (!std::any_of(out.of.begin(), out.of.end(), has_guard)) return folded;
            out.of.push_back(std::move(folded));
            break;
        }
        splice(out, std::move(folded));
    }
    return unwrapped(std::move(out));
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
    Expr folded = fold_list(all, is_never);
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

bool has_guard(const Expr& expr) {
    const auto any_of = [](const std::vector<Expr>& of) {
        return std::any_of(of.begin(), of.end(), has_guard);
    };
    return std::visit(overloaded{
                          [](const Test&) { return false; },
                          [](const FilterTest&) { return false; },
                          [](Guard) { return true; },
                          [&](const All& all) { return any_of(all.of); },
                          [&](const Any& any) { return any_of(any.of); },
                      },
                      expr.node);
}

Expr fold(const Expr& expr) {
    return std::visit(overloaded{
                          [](const Test& test) { return fold_test(test); },
                          [](const FilterTest& test) { return Expr{test}; },
                          [](Guard guard) { return Expr{guard}; },
                          [](const All& all) { return fold_list(all, is_never); },
                          [](const Any& any) { return fold_list(any, is_always); },
                      },
                      expr.node);
}

Ir fold(Ir ir) {
    for (IrChain& chain : ir.chains) fold(chain);
    return ir;
}

}  // namespace bpfw::compiler
