// SPDX-License-Identifier: GPL-2.0-or-later
// Writes capture files for tests (pcap-savefile(5)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/packets.hpp"

namespace bpfw::test {

struct Captured {
    Bytes bytes;
    std::size_t length = 0;  // on the wire; 0: as many as there are bytes
};

// The file's bytes; link type 1 is Ethernet.
inline std::string pcap_file(const std::vector<Captured>& packets, std::uint32_t link = 1) {
    std::string out;
    const auto word = [&out](std::uint32_t value) {
        for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
    };
    word(0xa1b2c3d4);       // microseconds, little endian
    word(2u | (4u << 16));  // version 2.4
    for (int i = 0; i < 2; ++i) word(0);
    word(65535);
    word(link);
    std::uint32_t second = 0;
    for (const Captured& packet : packets) {
        word(++second);
        word(0);
        word(static_cast<std::uint32_t>(packet.bytes.size()));
        word(static_cast<std::uint32_t>(packet.length == 0 ? packet.bytes.size() : packet.length));
        out.append(packet.bytes.begin(), packet.bytes.end());
    }
    return out;
}

}  // namespace bpfw::test
