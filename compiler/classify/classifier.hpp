// SPDX-License-Identifier: GPL-2.0-or-later
// Boxes in order -> cut trees as data (layout.hpp), and a plain walk through them. build() and
// walk() are the doors; emit_walk.hpp makes the program that reads the same data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/classify/box.hpp"
#include "compiler/classify/layout.hpp"

namespace bpfw::compiler::classify {

// Boxes of one rule have the same rank. Ranks ascend, below kNoMatch; the lowest that matches is
// what a walk returns, so it may be a decision where decisions ascend.
struct RankedBox {
    Box box;
    std::uint32_t rank = 0;
};

struct Classifier {
    parser::Family family = parser::Family::Ipv4;
    Misc misc = Misc::Without;  // whether any leaf tests misc bits
    unsigned rank_shift = 0;    // of the ranks in leaves' nodes
    std::vector<std::uint64_t> words;
    // For people.
    std::size_t trees = 0;
    std::size_t entries = 0;
    std::size_t inner = 0;
    std::uint32_t visits = 0;  // at most, of one packet
};

// What is expected to cost how much, in nanoseconds, and how much memory may be spent. Measured
// on x86-64 by tests/bench (bpfw_classify_bench).
struct CostModel {
    double visit = 10;      // a node that has to come from the second or third cache
    double bit = 5;         // narrowing a long list down later, by one bit
    double entry = 0.55;    // half of the entries of a leaf are looked at before a match
    double memory = 3;      // doubling the memory
    std::size_t words = 0;  // at most; 0: 32 for each box and 2^19
};

// Nothing: even with the cheapest cuts the boxes need more memory or more visits than allowed.
std::optional<Classifier> build(parser::Family family, std::span<const RankedBox> boxes,
                                const CostModel& cost = {});

// The rank of the first match, or kNoMatch.
std::uint32_t walk(const Classifier& classifier, const bpfw_packet& packet);

}  // namespace bpfw::compiler::classify
