// SPDX-License-Identifier: GPL-2.0-or-later
// A program around the lookup in one set: it takes the key's words from the start of what r1
// points to and returns 1 for a member, 0 for none.
#pragma once

#include "compiler/filter/set_table.hpp"
#include "compiler/program.hpp"

namespace bpfw::test {

struct SetProgram {
    compiler::Program program;
    compiler::filter::PlacedSet placed;
};

// Where the words of the key come from.
enum class KeyAt : std::uint8_t {
    Packet,  // struct bpfw_packet, by r1
    Frame,   // the frame of struct xdp_md, by r1: the first 16 bytes, host byte order
};
SetProgram set_program(const compiler::filter::Set& set, KeyAt key_at);

}  // namespace bpfw::test
