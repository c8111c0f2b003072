// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> smaller Graph with the same answer for every frame, cut ones included.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

// A test whose answer is known on the way to it is jumped over (the loads it would do were done
// on every such way, or are known to be in bounds); equal blocks are one; blocks that nothing
// leads to are gone.
Graph thread(Graph graph);

struct Pass {
    std::string_view name;
    Graph (*run)(Graph);
};
// The visible list: in the order in which they run.
std::vector<Pass> passes();
// All of them.
Graph optimise(Graph graph);

// No frame can make it return anything but `result`: "expression rejects all packets" is
// always_gives(graph, 0) after optimise().
bool always_gives(const Graph& graph, std::uint32_t result);

// For each block: so many bytes from the frame's start will be needed on every way from here that
// does not end at the block's own `abort` target, so asking for them here changes no answer.
std::vector<std::uint32_t> anticipated_bytes(const Graph& graph);
// The same for loads relative to `base` (a value already computed here): offset + size.
std::vector<std::uint32_t> anticipated_bytes(const Graph& graph, ValueId base);

}  // namespace bpfw::compiler::filter
