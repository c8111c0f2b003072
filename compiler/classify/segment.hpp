// SPDX-License-Identifier: GPL-2.0-or-later
// A run of rules of a chain -> what a classifier decides in their place.
//
// The chain's code, where the run begins (emit/emit.cpp), needs no more than
//     const auto built = build(family, segment.boxes);       // nothing: the rules stay code
//     functions.push_back(emit_walk(*built, name, tables));
//     as.mov(kArgument, kPacket);
//     as.call(name);                  // one frame deeper: the plan has to count it
//     as.jne32(kResult, kNoMatch, exit);   // r0 is the decision, the entry program counts it
// and goes on with rule first + segment.rules. The function has Signature::Packet whatever the
// chain's is: it takes the packet alone.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/classify/classifier.hpp"

namespace bpfw::compiler::classify {

struct Segment {
    std::size_t rules = 0;         // of the chain, from the first on
    std::vector<RankedBox> boxes;  // ranks are decisions (bpf-templates/abi.h)
};

// For a chain of regular packets. Ends before the first rule that gives no verdict, has
// conditions which don't fit into boxes, or whose decision is not above those before it.
Segment take_segment(const IrChain& chain, std::size_t first);

}  // namespace bpfw::compiler::classify
