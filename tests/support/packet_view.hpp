// SPDX-License-Identifier: GPL-2.0-or-later
// A frame as the kernel's hooks see it: tags off, trimmed to the IP length, headers found.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "parser/ast.hpp"
#include "tests/support/interpreter.hpp"

namespace bpfw::test {

struct PacketView {
    parser::Family family = parser::Family::Ipv4;
    std::span<const std::uint8_t> ip;     // from the IP header; its size is skb->len
    std::span<const std::uint8_t> frame;  // all of it, tags and padding too
    std::array<std::uint8_t, 6> source_mac{};
    parser::PacketType type = parser::PacketType::Unicast;
    std::uint8_t hop_limit = 0;  // as the hook sees it: in FORWARD already decremented
    bool has_mac = true;         // no MAC header on the way out

    // `count` bytes at `offset`, or nothing when the packet ends before (skb_header_pointer).
    [[nodiscard]] std::optional<std::span<const std::uint8_t>> at(std::size_t offset,
                                                                  std::size_t count) const {
        if (offset > ip.size() || count > ip.size() - offset) return std::nullopt;
        return ip.subspan(offset, count);
    }
    [[nodiscard]] parser::Address source() const;
    [[nodiscard]] parser::Address destination() const;
    [[nodiscard]] std::uint8_t tos() const;
    [[nodiscard]] std::uint32_t length() const;  // as -m length sees it
};

// Where the transport header is, as a rule's -p found it.
struct Transport {
    std::uint8_t protocol = 0;
    std::size_t offset = 0;      // from the IP header; may lie behind the packet's end
    std::uint16_t fragment = 0;  // 0: not a later fragment; IPv4 in units of 8 bytes,
                                 // IPv6 in bytes (so that 1 is never seen there)
};
// Nothing: ipv6_find_hdr() failed, which every rule with -p answers with a hotdrop.
std::optional<Transport> find_transport(const PacketView& packet);

struct Seen {
    Outcome outcome = Outcome::Accept;  // Accept: `packet` is there
    PacketView packet;
};
// What of the frame gets to the hook.
Seen look(std::span<const std::uint8_t> frame, Hook hook);

// VLAN tags before the ethertype.
std::size_t tag_count(std::span<const std::uint8_t> frame);
std::uint16_t be16(std::span<const std::uint8_t> bytes, std::size_t at);

}  // namespace bpfw::test
