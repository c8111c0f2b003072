// SPDX-License-Identifier: GPL-2.0-or-later
// Frame -> PacketView: the checks of ip_rcv_core() (net/ipv4/ip_input.c), ip6_rcv_core()
// (net/ipv6/ip6_input.c) and the hop limit of ip_forward()/ip6_forward(), then the transport
// header as ip_hdrlen() and ipv6_find_hdr() (net/ipv6/exthdrs_core.c) find it. look() is the door.
#include "tests/support/packet_view.hpp"

#include <algorithm>

namespace bpfw::test {
namespace {

using parser::Family;

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

bool is_tag(std::uint16_t ethertype) { return ethertype == 0x8100 || ethertype == 0x88a8; }

parser::PacketType packet_type(std::span<const std::uint8_t> frame) {
    if (std::all_of(frame.begin(), frame.begin() + 6, [](std::uint8_t b) { return b == 0xff; }))
        return parser::PacketType::Broadcast;
    return (frame[0] & 1) != 0 ? parser::PacketType::Multicast : parser::PacketType::Unicast;
}

bool checksum_holds(std::span<const std::uint8_t> header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < header.size(); i += 2) sum += be16(header, i);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

// False when ip_rcv_core() drops it.
bool receive_ipv4(PacketView& packet) {
    const auto ip = packet.ip;
    if (ip.size() < kIpv4Header || ip[0] >> 4 != 4) return false;
    const std::size_t header = (ip[0] & 15u) * 4u;
    if (header < kIpv4Header || ip.size() < header) return false;
    const std::size_t length = be16(ip, 2);
    if (!checksum_holds(ip.first(header)) || ip.size() < length || length < header) return false;
    packet.ip = ip.first(length);
    packet.hop_limit = ip[8];
    return true;
}

// False when ip6_rcv_core() drops it. A payload length of 0 before hop-by-hop options may be a
// jumbogram: nothing is trimmed then.
bool receive_ipv6(PacketView& packet) {
    const auto ip = packet.ip;
    if (ip.size() < kIpv6Header || ip[0] >> 4 != 6) return false;
    const std::size_t payload = be16(ip, 4);
    packet.hop_limit = ip[7];
    if (payload == 0 && ip[6] == 0) return true;
    if (payload + kIpv6Header > ip.size()) return false;
    packet.ip = ip.first(payload + kIpv6Header);
    return true;
}

bool is_ipv6_loopback(const parser::Address& address) {
    parser::Address loopback;
    loopback.bytes[15] = 1;
    return address == loopback;
}

// By address ip6_rcv_core() drops: a multicast source, a multicast destination of a scope (0, 1)
// that no wire carries, ::1 from outside.
bool refused_addresses(const PacketView& packet) {
    const parser::Address source = packet.source();
    const parser::Address destination = packet.destination();
    if (source.bytes[0] == 0xff || is_ipv6_loopback(source) || is_ipv6_loopback(destination))
        return true;
    return destination.bytes[0] == 0xff && (destination.bytes[1] & 15) <= 1;
}

// ip6_rcv_core() reads hop-by-hop options (ipv6_parse_hopopts()) before any rule: they must be
// there in full. What stands in them is not looked at here.
bool cut_hop_by_hop(const PacketView& packet) {
    if (packet.ip[6] != 0) return false;
    const auto header = packet.at(kIpv6Header, 8);
    return !header || !packet.at(kIpv6Header, ((*header)[1] + 1u) * 8u);
}

bool extension(std::uint8_t next) {
    return next == 0 || next == 43 || next == 44 || next == 51 || next == 59 || next == 60;
}

std::optional<Transport> find_ipv6(const PacketView& packet) {
    constexpr std::uint8_t kNone = 59;
    Transport found{packet.ip[6], kIpv6Header, 0};
    while (extension(found.protocol) && found.protocol != kNone) {
        const std::size_t needed = found.protocol == 43 || found.protocol == 44 ? 4 : 2;
        const auto header = packet.at(found.offset, needed);
        if (!header) return std::nullopt;
        const std::uint8_t next = (*header)[0];
        std::size_t length = ((*header)[1] + 1u) * 8u;
        if (found.protocol == 44) {
            const auto offset = static_cast<std::uint16_t>(be16(*header, 2) & ~7u);
            if (offset != 0) {
                if (extension(next) && next != kNone) return std::nullopt;
                return Transport{next, 0, offset};
            }
            length = 8;
        } else if (found.protocol == 51) {
            length = ((*header)[1] + 2u) * 4u;
        }
        found.protocol = next;
        found.offset += length;
    }
    return found;
}

}  // namespace

std::uint16_t be16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::size_t tag_count(std::span<const std::uint8_t> frame) {
    std::size_t count = 0;
    for (std::size_t at = 12; at + 2 <= frame.size() && is_tag(be16(frame, at)); at += 4) count++;
    return count;
}

parser::Address PacketView::source() const {
    parser::Address address;
    const bool v4 = family == Family::Ipv4;
    std::copy_n(ip.begin() + (v4 ? 12 : 8), v4 ? 4 : 16, address.bytes.begin());
    return address;
}

parser::Address PacketView::destination() const {
    parser::Address address;
    const bool v4 = family == Family::Ipv4;
    std::copy_n(ip.begin() + (v4 ? 16 : 24), v4 ? 4 : 16, address.bytes.begin());
    return address;
}

std::uint8_t PacketView::tos() const {
    if (family == Family::Ipv4) return ip[1];
    return static_cast<std::uint8_t>(be16(ip, 0) >> 4);
}

// Without a payload length (receive_ipv6()) the kernel goes by the frame's.
std::uint32_t PacketView::length() const {
    if (family == Family::Ipv4) return be16(ip, 2);
    const bool untold = be16(ip, 4) == 0 && ip[6] == 0;
    return untold ? static_cast<std::uint32_t>(ip.size())
                  : be16(ip, 4) + static_cast<std::uint32_t>(kIpv6Header);
}

std::optional<Transport> find_transport(const PacketView& packet) {
    if (packet.family == Family::Ipv6) return find_ipv6(packet);
    return Transport{packet.ip[9], (packet.ip[0] & 15u) * 4u,
                     static_cast<std::uint16_t>(be16(packet.ip, 6) & 0x1fff)};
}

Seen look(std::span<const std::uint8_t> frame, Hook hook) {
    if (frame.size() < kEthernet) return {Outcome::NotIp, {}};
    std::size_t at = kEthernet;
    std::uint16_t ethertype = be16(frame, 12);
    while (is_tag(ethertype)) {
        if (frame.size() < at + 4) return {Outcome::Refused, {}};  // skb_vlan_untag() fails
        ethertype = be16(frame, at + 2);
        at += 4;
    }
    if (ethertype != 0x0800 && ethertype != 0x86dd) return {Outcome::NotIp, {}};

    Seen seen;
    PacketView& packet = seen.packet;
    packet.family = ethertype == 0x0800 ? Family::Ipv4 : Family::Ipv6;
    packet.ip = frame.subspan(at);
    packet.frame = frame;
    std::copy_n(frame.begin() + 6, 6, packet.source_mac.begin());
    // A packet of our own is PACKET_HOST until a driver has it, and has no MAC header.
    packet.has_mac = hook != Hook::Output;
    if (hook != Hook::Output) packet.type = packet_type(frame);
    if (!(packet.family == Family::Ipv4 ? receive_ipv4(packet) : receive_ipv6(packet)))
        return {Outcome::Refused, {}};
    if (packet.family == Family::Ipv6 && hook != Hook::Output &&
        (refused_addresses(packet) || cut_hop_by_hop(packet)))
        return {Outcome::Refused, {}};
    if (hook == Hook::Forward) {
        if (packet.hop_limit <= 1) return {Outcome::Refused, {}};
        packet.hop_limit--;
    }
    return seen;
}

}  // namespace bpfw::test
