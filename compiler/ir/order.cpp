// SPDX-License-Identifier: GPL-2.0-or-later
// Sorts a regular rule's conditions by how likely they hold for a random packet.
#include "compiler/ir/order.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// Information in a field, in bits: what a full compare with one value filters away.
double field_bits(Field field) {
    switch (field) {
        case Field::Protocol:
        case Field::PacketType:
        case Field::TcpFlags:
            return 1;
        case Field::HopLimit:
        case Field::Tos:
            return 3;
        default:
            return 8.0 * static_cast<double>(field_layout(field).width);
    }
}

// log2 of the chance that the test holds, were the field's values spread evenly.
double likelihood(const Test& test) {
    const double bits = field_bits(test.field);
    double share = 0;
    if (test.mask == full_mask(test.field)) {
        const double values = static_cast<double>(test.last) - test.first + 1;
        share = std::log2(values / (static_cast<double>(test.mask) + 1)) * bits /
                (8.0 * static_cast<double>(field_layout(test.field).width));
    } else {
        share = -std::min<double>(bits, std::popcount(test.mask));
    }
    return test.sense == Sense::Is ? share : std::log2(std::max(1e-9, 1 - std::exp2(share)));
}

}  // namespace

double likelihood(const Expr& expr) {
    return std::visit(overloaded{
                          [](const Test& test) { return likelihood(test); },
                          [](const FilterTest&) { return 0.0; },  // dear: behind every test
                          [](Guard) { return 0.0; },
                          [](const All& all) {
                              double sum = 0;
                              for (const Expr& part : all.of) sum += likelihood(part);
                              return sum;
                          },
                          [](const Any& any) {
                              double chance = 0;
                              for (const Expr& part : any.of) chance += std::exp2(likelihood(part));
                              return std::log2(std::clamp(chance, 1e-9, 1.0));
                          },
                      },
                      expr.node);
}

Ir order(Ir ir) {
    if (ir.packets != PacketClass::Regular) return ir;
    for (IrChain& chain : ir.chains) {
        for (IrRule& rule : chain.rules) {
            std::stable_sort(
                rule.conditions.begin(), rule.conditions.end(),
                [](const Expr& a, const Expr& b) { return likelihood(a) < likelihood(b); });
        }
    }
    return ir;
}

}  // namespace bpfw::compiler
