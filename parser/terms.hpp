// SPDX-License-Identifier: GPL-2.0-or-later
// The small values that both rule languages, iptables' and tcpdump's, are made of.
#pragma once

#include <array>
#include <cstdint>

namespace bpfw::parser {

enum class Family : std::uint8_t { Ipv4, Ipv6 };
enum class Sense : std::uint8_t { Is, IsNot };  // IsNot: `!` before the option

// bytes[0..3] for IPv4 (the rest 0), bytes[0..15] for IPv6; network byte order.
struct Address {
    std::array<std::uint8_t, 16> bytes{};

    bool operator==(const Address&) const = default;
    auto operator<=>(const Address&) const = default;
};

// first..last, both included.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    bool operator==(const PortRange&) const = default;
};

// One instruction of classic BPF (struct sock_filter of linux/filter.h), host byte order.
struct ClassicInstruction {
    std::uint16_t code = 0;
    std::uint8_t jt = 0;
    std::uint8_t jf = 0;
    std::uint32_t k = 0;

    bool operator==(const ClassicInstruction&) const = default;
};

}  // namespace bpfw::parser
