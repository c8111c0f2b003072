// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> what its values cost in classic instructions and where they are asked. Doors:
// ClassicUses, header_length().
#include "compiler/filter/classic_uses.hpp"

#include <algorithm>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kDear = 1000;  // costs are not counted farther
// A word costs a store and, each time, a load.
constexpr std::uint32_t kWorth = 3;

std::optional<std::uint32_t> constant_of(const Graph& graph, ValueId value) {
    const auto* constant = std::get_if<Constant>(&graph.values[value]);
    return constant != nullptr ? std::optional(constant->value) : std::nullopt;
}

const Binary* binary_with(const Graph& graph, ValueId value, Operator op, std::uint32_t right) {
    const auto* binary = std::get_if<Binary>(&graph.values[value]);
    const bool fits = binary != nullptr && binary->op == op &&
                      constant_of(graph, binary->right) == std::optional(right);
    return fits ? binary : nullptr;
}

std::vector<ValueId> parts(const Value& value) {
    if (const auto* load = std::get_if<Load>(&value))
        return load->base == kNoValue ? std::vector<ValueId>{} : std::vector<ValueId>{load->base};
    if (const auto* binary = std::get_if<Binary>(&value)) return {binary->left, binary->right};
    return {};
}

}  // namespace

std::optional<std::uint32_t> header_length(const Graph& graph, ValueId value) {
    const Binary* times = binary_with(graph, value, Operator::ShiftLeft, 2);
    const Binary* masked =
        times != nullptr ? binary_with(graph, times->left, Operator::And, 0xf) : nullptr;
    const auto* load = masked != nullptr ? std::get_if<Load>(&graph.values[masked->left]) : nullptr;
    if (load == nullptr || load->size != LoadSize::U8 || load->base != kNoValue)
        return std::nullopt;
    return load->offset;
}

std::vector<ValueId> operands(const Test& test) {
    return std::visit(overloaded{
                          [](const Compare& c) {
                              return std::vector<ValueId>{c.left, c.right};
                          },
                          [](const Member& m) { return m.key; },
                          [](const IsOutbound&) { return std::vector<ValueId>{}; },
                          [](const InProtochain& p) { return std::vector<ValueId>{p.network}; },
                          [](const Log&) { return std::vector<ValueId>{}; },
                      },
                      test);
}

ClassicUses::ClassicUses(const Graph& graph)
    : cost_(graph.values.size()), number_(graph.values.size(), kNotWorth) {
    price(graph);
    choose(graph);
    here_.assign(graph.blocks.size(), Bits(count_));
    twice_ = here_;
    behind_ = here_;
    for (auto block = static_cast<BlockId>(graph.blocks.size()); block-- > 0;)
        collect(graph, block);
}

void ClassicUses::price(const Graph& graph) {
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        std::uint32_t cost = 1;
        if (!header_length(graph, id)) {
            const Value& value = graph.values[id];
            for (const ValueId part : parts(value))
                if (!constant_of(graph, part)) cost += cost_[part];
            const auto* load = std::get_if<Load>(&value);
            if (load != nullptr && load->base != kNoValue && !header_length(graph, load->base))
                ++cost;  // tax
        }
        cost_[id] = std::min(cost, kDear);
    }
}

// Asked by two others at least: one that has one parent is as well kept in that.
void ClassicUses::choose(const Graph& graph) {
    std::vector<std::uint32_t> parents(graph.values.size(), 0);
    for (const Value& value : graph.values)
        for (const ValueId part : parts(value)) ++parents[part];
    for (const Block& block : graph.blocks)
        for (const ValueId operand : operands(block.test)) ++parents[operand];
    for (ValueId id = 0; id < graph.values.size(); ++id)
        if (parents[id] >= 2 && cost_[id] >= kWorth) number_[id] = count_++;
}

void ClassicUses::visit(const Graph& graph, BlockId block, ValueId value) {
    if (cost_[value] < kWorth) return;
    if (const std::uint32_t number = number_[value]; number != kNotWorth) {
        if (here_[block][number]) {
            twice_[block][number] = true;
            return;  // its parts are asked once, for it
        }
        here_[block][number] = true;
    }
    for (const ValueId part : parts(graph.values[value])) visit(graph, block, part);
}

void ClassicUses::collect(const Graph& graph, BlockId block) {
    const Block& one = graph.blocks[block];
    for (const ValueId operand : operands(one.test)) visit(graph, block, operand);
    for (const Target& to : {one.yes, one.no}) {
        if (to.kind != Target::Kind::Block) continue;
        for (std::uint32_t n = 0; n < count_; ++n)
            if (here_[to.value][n] || behind_[to.value][n]) behind_[block][n] = true;
    }
}

bool ClassicUses::asked_behind(ValueId value, BlockId block) const {
    return number_[value] != kNotWorth && behind_[block][number_[value]];
}

bool ClassicUses::asked_again(ValueId value, BlockId block) const {
    return asked_behind(value, block) ||
           (number_[value] != kNotWorth && twice_[block][number_[value]]);
}

}  // namespace bpfw::compiler::filter
