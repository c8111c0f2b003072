// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a Graph on a frame, in plain C++: what `bpfw test` without a kernel and the tests read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

struct Frame {
    std::span<const std::byte> bytes;  // captured, from the Ethernet header on
    std::uint32_t length = 0;          // on the wire
    std::uint32_t ifindex = 0;
    enum class Direction : std::uint8_t { In, Out };
    Direction direction = Direction::In;
};

// What the graph returns for the frame. Log blocks do nothing.
std::uint32_t evaluate(const Graph& graph, const Frame& frame);

}  // namespace bpfw::compiler::filter
