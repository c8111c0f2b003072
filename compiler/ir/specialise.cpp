// SPDX-License-Identifier: GPL-2.0-or-later
// IR for every packet -> IR for one class of packets. specialise() is the door of the pass.
#include "compiler/ir/specialise.hpp"

#include <algorithm>

#include "compiler/ir/fold.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// A regular packet has everything a guard asks for, and bpfw_packet.odd == 0.
Expr for_regular(const Expr& expr) {
    const auto each = [](const std::vector<Expr>& of) {
        std::vector<Expr> out;
        for (const Expr& part : of) out.push_back(for_regular(part));
        return out;
    };
    return std::visit(overloaded{
                          [](const Test& test) -> Expr {
                              if (test.field != Field::Odd) return {test};
                              const bool inside = test.first == 0;
                              return inside == (test.sense == Sense::Is) ? always() : never();
                          },
                          [](const FilterTest& test) -> Expr { return {test}; },
                          [](Guard) -> Expr { return always(); },
                          [&](const All& all) -> Expr { return {All{each(all.of)}}; },
                          [&](const Any& any) -> Expr { return {Any{each(any.of)}}; },
                      },
                      expr.node);
}

// The protocol that must be there when the condition holds; -1: none in particular.
int implied_protocol(const Expr& expr);

int common_protocol(const Any& any) {
    int common = -1;
    for (const Expr& part : any.of) {
        const int protocol = implied_protocol(part);
        if (protocol < 0 || (common >= 0 && protocol != common)) return -1;
        common = protocol;
    }
    return common;
}

int implied_protocol(const Expr& expr) {
    if (const auto* test = std::get_if<Test>(&expr.node)) {
        const bool l4 = test->field == Field::L4Dst || test->field == Field::L4Src;
        if (!l4 || test->sense != Sense::Is || test->mask != full_mask(test->field)) return -1;
        return test->first >> 16 == test->last >> 16 ? static_cast<int>(test->first >> 16) : -1;
    }
    if (const auto* any = std::get_if<Any>(&expr.node)) return common_protocol(*any);
    return -1;
}

bool is_protocol_test(const Expr& expr, int protocol) {
    const auto* test = std::get_if<Test>(&expr.node);
    return test != nullptr && test->field == Field::Protocol && test->sense == Sense::Is &&
           test->first == test->last && static_cast<int>(test->first) == protocol;
}

// bpfw_packet.l4_dst and l4_src hold the protocol too: a port test says `-p` as well.
void drop_implied_protocol(IrRule& rule) {
    for (const Expr& condition : rule.conditions) {
        const int protocol = implied_protocol(condition);
        if (protocol < 0) continue;
        std::erase_if(rule.conditions,
                      [&](const Expr& other) { return is_protocol_test(other, protocol); });
        return;
    }
}

bool is_sensitive(const Expr& expr) {
    const auto any_of = [](const std::vector<Expr>& of) {
        return std::any_of(of.begin(), of.end(), is_sensitive);
    };
    return std::visit(overloaded{
                          [](const Test& test) { return test.field == Field::Odd; },
                          [](const FilterTest&) { return false; },
                          [](Guard) { return true; },
                          [&](const All& all) { return any_of(all.of); },
                          [&](const Any& any) { return any_of(any.of); },
                      },
                      expr.node);
}

}  // namespace

Ir specialise(Ir ir, PacketClass packets) {
    ir.packets = packets;
    if (packets == PacketClass::Regular) {
        for (IrChain& chain : ir.chains) {
            for (IrRule& rule : chain.rules) {
                for (Expr& condition : rule.conditions) condition = for_regular(condition);
            }
        }
        ir = fold(std::move(ir));
        for (IrChain& chain : ir.chains) {
            for (IrRule& rule : chain.rules) drop_implied_protocol(rule);
        }
    }
    return ir;
}

std::vector<bool> sensitive_chains(const Ir& ir) {
    std::vector<bool> out(ir.chains.size(), false);
    std::vector<std::vector<ChainId>> callers(ir.chains.size());
    std::vector<ChainId> open;
    const auto take = [&](ChainId id) {
        if (!out[id]) open.push_back(id);
        out[id] = true;
    };
    for (ChainId id = 0; id < ir.chains.size(); ++id) {
        for (const IrRule& rule : ir.chains[id].rules) {
            const bool leads =
                rule.action.kind == ActionKind::Jump || rule.action.kind == ActionKind::Goto;
            if (leads) callers[rule.action.chain].push_back(id);
            if (std::any_of(rule.conditions.begin(), rule.conditions.end(), is_sensitive) ||
                std::any_of(rule.found.begin(), rule.found.end(), is_sensitive))
                take(id);
        }
    }
    while (!open.empty()) {
        const ChainId id = open.back();
        open.pop_back();
        std::for_each(callers[id].begin(), callers[id].end(), take);
    }
    return out;
}

}  // namespace bpfw::compiler
