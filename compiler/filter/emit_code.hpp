// SPDX-License-Identifier: GPL-2.0-or-later
// A run of a Graph's blocks -> one eBPF function.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/emit_places.hpp"
#include "compiler/filter/emit_shape.hpp"
#include "compiler/filter/graph.hpp"
#include "compiler/filter/set_table.hpp"

namespace bpfw::compiler::filter {

// bpfw_frame::state between the functions of one filter: the block to go on with, kDone when
// there is a result, or a block | kGoSlow where the slow twin has to take over.
inline constexpr std::uint32_t kDone = 0xffffffff;
inline constexpr std::uint32_t kGoSlow = 0x80000000;

// Whole: takes the frame and returns the result. Part: begins and ends with bpfw_frame::state.
// Program: takes the context alone and returns what becomes of the frame (filter.bpf.c).
enum class Extent : std::uint8_t { Whole, Part, Program };

struct FunctionPlan {
    std::string name;
    std::string slow_name;  // the twin's; Fast only
    Mode mode = Mode::Fast;
    Extent extent = Extent::Whole;
    Signature signature = Signature::FrameXdp;
    BlockId first = 0;  // its blocks: first .. last - 1
    BlockId last = 0;
    std::vector<BlockId> entries;  // where it can begin, ascending; by state when more than one
    bool resumes = false;          // Fast: the slow twin goes on where this stopped (a Log before)
};

// What all functions of a graph share.
struct GraphFacts {
    const Graph& graph;
    std::vector<PlacedSet> sets;
    std::vector<std::uint32_t> anticipated;  // optimise.hpp
};

// Template functions by signature.
struct TemplateNames {
    const char* load;
    const char* length;
    const char* protochain;
    const char* log;
};
TemplateNames names_for(Signature signature);

Function emit_function(const GraphFacts& facts, const Shape& shape, const FunctionPlan& plan);

// Whether the fast function can find the frame too short for it to judge.
bool reads_frame(const Graph& graph);

}  // namespace bpfw::compiler::filter
