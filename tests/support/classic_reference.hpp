// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a classic program on a packet as Linux does at iptables' hooks: the plain reading of
// bpf_convert_filter() and bpf_internal_load_pointer_neg_helper() that emitted code is held to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "compiler/filter/classic.hpp"

namespace bpfw::test {

struct ClassicPacket {
    std::span<const std::uint8_t> packet;  // from the network header on
    // What the link header's address shows: 14 bytes, then the packet; nothing: no link header.
    std::optional<std::span<const std::uint8_t>> link;
    bool raw_ip = false;  // the link header's address is the network header's
    std::uint16_t protocol = 0;
    std::uint8_t type = 0;
};

// What the program returns; 0 also where it reads beyond the packet or divides by 0.
std::uint32_t run_classic(const compiler::filter::ClassicProgram& program,
                          const ClassicPacket& packet);

}  // namespace bpfw::test
