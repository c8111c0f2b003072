// SPDX-License-Identifier: GPL-2.0-or-later
// The steps of which the passes in optimise.hpp are made. Only those include this.
#pragma once

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

// One way to write a test: constants right, masks and shifts on the constant's side, equal sets
// with one number. What a test loads, and so what aborts, stays the same.
Graph simplify_tests(Graph graph);
// Jumps over the tests whose answer is known on the way to them. Linear: some
// 100 tests for each block are jumped over at most; blocks are never copied.
Graph jump_over(Graph graph);
// Equal blocks with equal targets are one.
Graph merge_blocks(Graph graph);
// Leaves out blocks that nothing leads to, and values, sets and origins that nothing uses.
Graph compact(Graph graph);
// Tests of one value for one constant after the other: a set where they lead to one target, a
// balanced tree of compares where they lead to many, the likeliest first where they are few. At
// most doubles the blocks.
Graph gather_chains(Graph graph);

}  // namespace bpfw::compiler::filter
