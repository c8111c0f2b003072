// SPDX-License-Identifier: GPL-2.0-or-later
// The registers, and what the emitted functions use each of them for.
#pragma once

#include <cstdint>

namespace bpfw::compiler {

enum class Reg : std::uint8_t { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

// The role table. R0-R5 are lost in every call, R6-R9 survive it, R10 is read-only
// (Documentation/bpf/standardization/abi.rst).
inline constexpr Reg kResult = Reg::R0;    // what a function returns; a helper's answer
inline constexpr Reg kArgument = Reg::R1;  // the first argument: struct bpfw_packet * on entry
inline constexpr Reg kField = Reg::R2;     // the packet field that is being compared
inline constexpr Reg kScratch = Reg::R3;   // masks and constants beside it
inline constexpr Reg kMiss = Reg::R4;      // what a rule collects: 0 as long as it matches
inline constexpr Reg kPacket = Reg::R6;    // struct bpfw_packet *, kept over calls
inline constexpr Reg kContext = Reg::R7;   // struct xdp_md * or __sk_buff *, where filters ask
inline constexpr Reg kStack = Reg::R10;    // frame pointer; slots lie below it

}  // namespace bpfw::compiler
