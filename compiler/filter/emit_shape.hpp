// SPDX-License-Identifier: GPL-2.0-or-later
// What the emitter of a Graph has to know before it emits the first block: which numbers and
// pointers are worth keeping in registers from block to block, and in which byte order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

// Fast: reads the frame by packet pointers. Slow: by calls, whatever the frame looks like.
enum class Mode : std::uint8_t { Fast, Slow };

// In which a loaded number lies in its register: one that is only compared for equality is left
// as the frame has it, and the constant is swapped instead.
enum class Order : std::uint8_t { Host, Frame };

// The values that the test itself reads.
std::vector<ValueId> roots(const Test& test);

// A set of what can be kept: a value's number, or a pointer to the frame byte at it.
using Items = std::uint64_t;
inline constexpr Items kNoItem = 0;

class Shape {
public:
    // `entries`: blocks that control comes to from outside, with nothing kept.
    Shape(const Graph& graph, Mode mode, std::span<const BlockId> entries);

    [[nodiscard]] Order order(ValueId value) const { return orders_[value]; }
    // How many registers computing it takes, its operands in the better order.
    [[nodiscard]] unsigned weight(ValueId value) const { return weights_[value]; }
    // kNoItem when it is not kept.
    [[nodiscard]] Items number(ValueId value) const { return numbers_[value]; }
    [[nodiscard]] Items pointer(ValueId base) const { return pointers_[base]; }
    // Kept ones that the block, or a later one, can use.
    [[nodiscard]] Items live_in(BlockId block) const { return live_[block]; }

private:
    void find_orders(const Graph& graph);
    void find_weights(const Graph& graph);
    void choose(const Graph& graph, Mode mode);
    void find_live(const Graph& graph, std::span<const BlockId> entries);

    std::vector<Order> orders_;
    std::vector<unsigned> weights_;
    std::vector<Items> numbers_;
    std::vector<Items> pointers_;
    std::vector<Items> live_;
};

// A load relative to a constant is one at a fixed place.
struct Place {
    ValueId base = kNoValue;
    std::uint64_t offset = 0;
};
Place place_of(const Graph& graph, const Load& load);

}  // namespace bpfw::compiler::filter
