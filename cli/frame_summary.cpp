// SPDX-License-Identifier: GPL-2.0-or-later
// Ethernet, VLAN tags, IP addresses and ports -> one line; frame_summary() is the only door.
#include "cli/frame_summary.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <optional>

namespace bpfw::cli {
namespace {

class Cursor {
public:
    explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool has(std::size_t count) const { return at_ + count <= bytes_.size(); }
    [[nodiscard]] unsigned byte(std::size_t offset) const {
        return std::to_integer<unsigned>(bytes_[at_ + offset]);
    }
    [[nodiscard]] unsigned half(std::size_t offset) const {
        return byte(offset) << 8U | byte(offset + 1);
    }
    [[nodiscard]] const std::byte* data(std::size_t offset) const {
        return bytes_.data() + at_ + offset;
    }
    void skip(std::size_t count) { at_ += count; }

private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
};

std::string mac(const Cursor& at, std::size_t offset) {
    std::string out;
    for (std::size_t i = 0; i < ETH_ALEN; ++i)
        out += fmt::format("{}{:02x}", i == 0 ? "" : ":", at.byte(offset + i));
    return out;
}

std::string address(const Cursor& at, std::size_t offset, int family) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, at.data(offset), text.data(), text.size());
    return text.data();
}

std::string protocol_name(unsigned number) {
    switch (number) {
        case IPPROTO_TCP:
            return "tcp";
        case IPPROTO_UDP:
            return "udp";
        case IPPROTO_SCTP:
            return "sctp";
        case IPPROTO_ICMP:
            return "icmp";
        case IPPROTO_ICMPV6:
            return "icmp6";
        default:
            return fmt::format("proto {}", number);
    }
}

bool has_ports(unsigned protocol) {
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

// What stands behind the IP header, and whether its ports can be there.
struct Transport {
    unsigned protocol = 0;
    std::size_t offset = 0;
    bool first = true;  // no later fragment
};

std::string conversation(const Cursor& at, const Transport& transport, const std::string& from,
                         const std::string& to, const char* port_mark) {
    const bool ports =
        has_ports(transport.protocol) && transport.first && at.has(transport.offset + 4);
    const auto end = [&](const std::string& who, std::size_t offset) {
        return ports ? fmt::format("{}{}{}", who, port_mark, at.half(transport.offset + offset))
                     : who;
    };
    return fmt::format(", {} > {} {}{}", end(from, 0), end(to, 2),
                       protocol_name(transport.protocol), transport.first ? "" : " fragment");
}

std::string ipv4(const Cursor& at) {
    if (!at.has(20)) return ", IPv4 (cut)";
    const Transport transport{at.byte(9), (at.byte(0) & 15U) * 4U, (at.half(6) & 0x1fffU) == 0};
    return conversation(at, transport, address(at, 12, AF_INET), address(at, 16, AF_INET), ":");
}

std::string ipv6(const Cursor& at) {
    if (!at.has(40)) return ", IPv6 (cut)";
    const Transport transport{at.byte(6), 40, true};
    return conversation(at, transport, address(at, 8, AF_INET6), address(at, 24, AF_INET6), ".");
}

std::string payload(const Cursor& at, unsigned type) {
    switch (type) {
        case ETH_P_IP:
            return ipv4(at);
        case ETH_P_IPV6:
            return ipv6(at);
        case ETH_P_ARP:
            return ", ARP";
        default:
            return fmt::format(", {} {:#06x}", type <= 1500 ? "802.3 length" : "type", type);
    }
}

}  // namespace

std::string frame_summary(std::span<const std::byte> frame) {
    Cursor at(frame);
    if (!at.has(ETH_HLEN)) return "(cut)";
    std::string out = mac(at, ETH_ALEN) + " > " + mac(at, 0);
    unsigned type = at.half(2 * ETH_ALEN);
    at.skip(ETH_HLEN);
    while ((type == ETH_P_8021Q || type == ETH_P_8021AD) && at.has(4)) {
        out += fmt::format(", vlan {}", at.half(0) & 0xfffU);
        type = at.half(2);
        at.skip(4);
    }
    return out + payload(at, type);
}

}  // namespace bpfw::cli
