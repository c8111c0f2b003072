// SPDX-License-Identifier: GPL-2.0-or-later
// Random filter graphs whose tests say much about one another, and short frames whose bytes make
// them come out either way.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/filter/graph.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

// Blocks in stretches, as rules are, each with its own abort target.
compiler::filter::Graph random_graph(Random& random, std::size_t blocks);
std::vector<std::byte> random_frame(Random& random, std::size_t length);

}  // namespace bpfw::test
