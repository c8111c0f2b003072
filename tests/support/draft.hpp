// SPDX-License-Identifier: GPL-2.0-or-later
// A packet in parts that can be changed one by one, and the frame it makes. Unlike packets.hpp,
// made for hand-written cases, this holds raw values, and lengths may be made to lie.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "parser/ast.hpp"

namespace bpfw::test {

using Bytes = std::vector<std::uint8_t>;

struct Tag {
    std::uint16_t tpid = 0x8100;
    std::uint16_t id = 0;
};

// An IPv6 extension header without its first byte (the next header), which draft_frame() sets.
struct Extension {
    std::uint8_t kind = 0;
    Bytes rest;
};

struct Draft {
    parser::Family family = parser::Family::Ipv4;
    std::array<std::uint8_t, 6> destination_mac{2, 0, 0, 0, 0, 1};
    std::array<std::uint8_t, 6> source_mac{2, 0, 0, 0, 0, 0x21};
    std::vector<Tag> tags;
    std::optional<std::uint16_t> ethertype;  // nothing: by family
    parser::Address source;
    parser::Address destination;
    std::uint8_t hop_limit = 64;
    std::uint8_t tos = 0;
    std::uint8_t protocol = 6;
    Bytes ip_options;                   // IPv4; a multiple of 4, at most 40
    std::uint16_t fragment = 0;         // IPv4: the flags and offset field, host byte order
    std::vector<Extension> extensions;  // IPv6
    Bytes transport;                    // header and payload
    std::optional<std::uint8_t> version;
    std::optional<std::uint8_t> ihl;
    std::int32_t length_error = 0;     // added to the IP length field
    std::uint16_t checksum_error = 0;  // added to the IPv4 header checksum
    std::uint32_t padding = 0;         // bytes after the IP packet
    std::optional<std::uint32_t> cut;  // the frame ends after so many bytes
};

Bytes draft_frame(const Draft& draft);

}  // namespace bpfw::test
