// SPDX-License-Identifier: GPL-2.0-or-later
// The list of passes. optimise() is the door.
#include "compiler/filter/optimise.hpp"

#include <algorithm>
#include <utility>

#include "compiler/filter/passes.hpp"

namespace bpfw::compiler::filter {

Graph thread(Graph graph) {
    // A jump that leads further shows tests that are decided now; two rounds are mostly enough.
    constexpr int kRounds = 4;
    graph = compact(std::move(graph));
    for (int round = 0; round < kRounds; ++round) {
        Graph next = merge_blocks(jump_over(graph));
        if (next == graph) break;
        graph = std::move(next);
    }
    return graph;
}

std::vector<Pass> passes() {
    return {{"tests", simplify_tests}, {"thread", thread}, {"chains", gather_chains}};
}

Graph optimise(Graph graph) {
    for (const Pass& pass : passes()) graph = pass.run(std::move(graph));
    return graph;
}

bool always_gives(const Graph& graph, std::uint32_t result) {
    const auto fits = [&](const Target& to) {
        return to.kind == Target::Kind::Block || to.value == result;
    };
    return fits(graph.entry) &&
           std::all_of(graph.blocks.begin(), graph.blocks.end(), [&](const Block& block) {
               return fits(block.yes) && fits(block.no) && fits(block.abort);
           });
}

}  // namespace bpfw::compiler::filter
