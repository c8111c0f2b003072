// SPDX-License-Identifier: GPL-2.0-or-later
// Which bits of which field a list of boxes is cut by, if by any.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "compiler/classify/classifier.hpp"

namespace bpfw::compiler::classify {

// What is known of the packets that come to a node: bits that are fixed, and bounds.
struct Known {
    std::uint32_t bits = 0;  // mask of those known
    std::uint32_t value = 0;
    Interval bounds;
};
using Domain = std::array<Known, kDimensions>;

// (field >> shift) & (2^bits - 1)
struct Cut {
    std::size_t dim = 0;
    unsigned shift = 0;
    unsigned bits = 0;
};

// Children first..last; first > last: they go on from the first child.
struct Children {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};
Children children_of(const Cut& cut, Interval interval);

// The boxes by dimension, as the builder reads them.
using Columns = std::array<std::vector<Interval>, kDimensions>;

struct Node {
    std::span<const std::uint32_t> boxes;  // ascending
    const Domain& domain;
    std::uint32_t depth = 0;  // 0: the root
};

inline constexpr std::uint32_t kMostDepth = 12;

class Chooser {
public:
    Chooser(const Columns& columns, std::vector<std::size_t> dims, const CostModel& cost)
        : columns_(&columns), dims_(std::move(dims)), cost_(cost) {}
    // Nothing: a leaf is cheaper.
    std::optional<Cut> choose(const Node& node);

private:
    struct Estimate {
        double seen = 0;    // boxes in the child that a hit comes to
        double stored = 0;  // boxes in all children that differ
    };
    void consider(const Node& node, std::size_t dim, unsigned most_bits);
    void try_cut(const Cut& cut, std::size_t boxes);
    Estimate estimate(const Cut& cut);
    [[nodiscard]] double later(double boxes) const;

    const Columns* columns_;
    std::vector<std::size_t> dims_;
    CostModel cost_;
    double best_cost_ = 0;
    std::optional<Cut> best_;
    std::vector<Interval> sample_;
    std::vector<std::int32_t> counts_;  // differences
    std::vector<float> weights_;
    std::vector<std::uint8_t> ends_;
};

}  // namespace bpfw::compiler::classify
