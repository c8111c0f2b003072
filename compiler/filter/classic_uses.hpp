// SPDX-License-Identifier: GPL-2.0-or-later
// Which values of a Graph are worth a scratch word of a classic program, and where they are asked
// again.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

// X = 4 * ([k] & 0xf), the length of an IPv4 header, in one instruction: `k`, or nothing.
std::optional<std::uint32_t> header_length(const Graph& graph, ValueId value);

class ClassicUses {
public:
    explicit ClassicUses(const Graph& graph);

    // Instructions to compute it, about.
    [[nodiscard]] std::uint32_t cost(ValueId value) const { return cost_[value]; }
    // Whether it is worth a word, and some block behind `block` (or this one, once more) asks it.
    [[nodiscard]] bool asked_again(ValueId value, BlockId block) const;
    // The same without `block` itself.
    [[nodiscard]] bool asked_behind(ValueId value, BlockId block) const;

private:
    static constexpr std::uint32_t kNotWorth = 0xffffffff;
    using Bits = std::vector<bool>;

    void price(const Graph& graph);
    void choose(const Graph& graph);
    void collect(const Graph& graph, BlockId block);
    void visit(const Graph& graph, BlockId block, ValueId value);

    std::vector<std::uint32_t> cost_;
    std::vector<std::uint32_t> number_;  // among those worth a word
    std::uint32_t count_ = 0;
    std::vector<Bits> here_;    // by block: asked
    std::vector<Bits> twice_;   // asked more than once
    std::vector<Bits> behind_;  // asked in blocks that this one leads to
};

// The values that a test asks for, in no order.
std::vector<ValueId> operands(const Test& test);

}  // namespace bpfw::compiler::filter
