// SPDX-License-Identifier: GPL-2.0-or-later
// What a classic program reads of the packet, as far as the program alone tells.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/filter/classic.hpp"

namespace bpfw::compiler::filter {

// Where a load reads: SKF_NET_OFF counts from the network header too, SKF_LL_OFF from the link
// header. The address space of absolute loads is cut in these parts.
struct Place {
    enum class Kind : std::uint8_t { Network, Link, Extension, Nowhere };
    Kind kind = Kind::Nowhere;
    std::uint32_t offset = 0;
};
Place place_of(std::uint32_t k);

// An instruction's access to the packet.
struct Access {
    enum class Kind : std::uint8_t { None, Fixed, Variable };  // Variable: at X + k
    Kind kind = Kind::None;
    std::uint32_t size = 0;  // 1, 2 or 4
    std::uint32_t k = 0;
};
Access access_of(const parser::ClassicInstruction& insn);

// Where an instruction that is no return leads; the same index twice when there is one way only.
struct Ways {
    std::size_t first;
    std::size_t second;
};
Ways ways_of(const parser::ClassicInstruction& insn, std::size_t at);

// For each instruction: so many bytes from the network header on must be looked for here, because
// every way that does not end without a match needs them and none has looked yet; 0: no look is
// needed, the bytes it reads are known to be there (or it reads none at a fixed offset). Bytes
// beyond `reach` are left to the instruction itself.
std::vector<std::uint32_t> looks(const ClassicProgram& program, std::uint32_t reach);

}  // namespace bpfw::compiler::filter
