// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and names of hosts and networks, with the qualifiers before them -> nodes. The door
// is class Meaning.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "parser/pcap/meaning.hpp"

namespace bpfw::parser::pcap {
namespace {

constexpr std::uint32_t kAllOnes = UINT32_MAX;
constexpr const char* kNoEther =
    "ether takes a MAC address; for an address of IP leave the word out";

Address network_order(std::uint32_t value) {
    Address out;
    for (unsigned i = 0; i < 4; ++i) {
        out.bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
    return out;
}

// The first `length` bits, at most 128.
Address mask6(unsigned length) {
    Address out;
    std::fill_n(out.bytes.begin(), length / 8, std::uint8_t{0xff});
    if (length % 8 != 0) out.bytes[length / 8] = static_cast<std::uint8_t>(0xff00U >> length % 8);
    return out;
}

// Parts in front of an address, as libpcap reads them: decimal, a leading 0 or not.
struct Leading {
    std::uint32_t value = 0;
    unsigned bits = 0;
};
std::optional<Leading> leading_parts(std::string_view text) {
    Leading out;
    std::uint32_t part = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || text[i] == '.') {
            out.value = out.value << 8U | part;
            out.bits += 8;
            part = 0;
            continue;
        }
        if (text[i] < '0' || text[i] > '9') return std::nullopt;  // 0x is a number, but not here
        part = part * 10 + static_cast<std::uint32_t>(text[i] - '0');
        if (part > 255) return std::nullopt;
    }
    return out;
}

std::uint32_t left_aligned(const Leading& parts) { return parts.value << (32 - parts.bits); }

// "%d.%d": the area of 6 bits, the node of 10; what follows is not looked at.
std::optional<std::uint32_t> decnet_address(const std::string& text) {
    char* end = nullptr;
    const auto area = static_cast<std::uint32_t>(std::strtol(text.c_str(), &end, 10));
    if (*end != '.') return std::nullopt;
    const auto node = static_cast<std::uint32_t>(std::strtol(end + 1, nullptr, 10));
    return (area << 10U & 0xfc00U) | (node & 0x3ffU);
}

std::array<std::uint8_t, 6> mac_bytes(std::string_view text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    };
    const auto joint = [&](std::size_t i) {
        return i == text.size() || text[i] == ':' || text[i] == '-' || text[i] == '.';
    };
    std::array<std::uint8_t, 6> out{};
    std::size_t i = 0;
    for (std::uint8_t& byte : out) {
        if (joint(i)) ++i;
        unsigned value = digit(text[i++]);
        if (!joint(i)) value = value << 4U | digit(text[i++]);
        byte = static_cast<std::uint8_t>(value);
    }
    return out;
}

std::string_view type_word(AddressType type) { return type == AddressType::Net ? "net" : "host"; }

bool host_or_net(AddressType type) {
    return type == AddressType::None || type == AddressType::Host || type == AddressType::Net;
}

std::string_view kind_of(AddressType type) {
    switch (type) {
        case AddressType::Port:
            return "port";
        case AddressType::PortRange:
            return "portrange";
        case AddressType::Proto:
            return "proto";
        case AddressType::Protochain:
            return "protochain";
        case AddressType::Net:
            return "net";
        case AddressType::Host:
        case AddressType::None:
            return "host";
    }
    return "";
}

}  // namespace

NodeId Meaning::unqualified(Range at) {
    const std::string_view text = mistakes_.words(at);
    const bool minus = text.find('-') != text.npos && text[0] != '\\';
    return refuse(at, fmt::format("syntax error: nothing before '{}' says what it is", text),
                  minus ? "it is one name; where '-' is minus it needs blanks"
                        : "host, net, port, portrange or proto; the primitive on its left has none "
                          "to take over");
}

NodeId Meaning::no_link_address(Range at) {
    return refuse(at, "illegal link layer address", kNoEther);
}

NodeId Meaning::host4(const Qualifiers& q, std::uint32_t address, std::uint32_t mask, Range at) {
    const std::string_view word = type_word(q.type);
    switch (q.protocol) {
        case Protocol::Decnet:
            need_link_type(q.protocol, at);
            return plain(Host{q.protocol, q.direction, Family::Ipv4, network_order(address << 16U)},
                         at);
        case Protocol::Arp:
        case Protocol::Rarp:
            need_link_type(q.protocol, at);
            [[fallthrough]];
        case Protocol::None:
        case Protocol::Ip:
            if (mask == kAllOnes) {
                return plain(Host{q.protocol, q.direction, Family::Ipv4, network_order(address)},
                             at);
            }
            return plain(Net{q.protocol, q.direction, Family::Ipv4, network_order(address),
                             network_order(mask)},
                         at);
        case Protocol::Link:
            return refuse(at, fmt::format("link-layer modifier applied to {}", word), kNoEther);
        case Protocol::Ip6:
            return refuse(at, "'ip6' modifier applied to ip host");
        case Protocol::Atalk:
        case Protocol::Aarp:
        case Protocol::Lat:
        case Protocol::Sca:
        case Protocol::Mopdl:
        case Protocol::Moprc:
        case Protocol::Iso:
        case Protocol::Ipx:
            return refuse(
                at, fmt::format("{} host filtering not implemented", protocol_word(q.protocol)));
        case Protocol::Sctp:
        case Protocol::Tcp:
        case Protocol::Udp:
        case Protocol::Icmp:
        case Protocol::Igmp:
        case Protocol::Igrp:
        case Protocol::Pim:
        case Protocol::Vrrp:
        case Protocol::Carp:
        case Protocol::Icmp6:
        case Protocol::Ah:
        case Protocol::Esp:
        case Protocol::Esis:
        case Protocol::Isis:
        case Protocol::L1:
        case Protocol::L2:
        case Protocol::Iih:
        case Protocol::Lsp:
        case Protocol::Snp:
        case Protocol::Psnp:
        case Protocol::Csnp:
        case Protocol::Clnp:
        case Protocol::Stp:
        case Protocol::Netbeui:
            break;
    }
    const std::string_view protocol = protocol_word(q.protocol);
    return refuse(at, fmt::format("'{}' modifier applied to {}", protocol, word),
                  fmt::format("{} and {} {}", protocol, word, mistakes_.words(at)));
}

NodeId Meaning::host6(const Qualifiers& q, const Address& address, unsigned length, Range at) {
    if (q.protocol != Protocol::None && q.protocol != Protocol::Ip6) {
        return refuse(at, fmt::format("'{}' modifier applied to ip6 {}", protocol_word(q.protocol),
                                      type_word(q.type)));
    }
    if (length == 128) return plain(Host{q.protocol, q.direction, Family::Ipv6, address}, at);
    return plain(Net{q.protocol, q.direction, Family::Ipv6, address, mask6(length)}, at);
}

NodeId Meaning::dotted(const Qualifiers& q, std::string_view address, Range at) {
    if (!q.said) return unqualified(at);
    if (!host_or_net(q.type)) {
        return refuse(at, fmt::format("'{}' modifier applied to ip host", kind_of(q.type)));
    }
    if (q.protocol == Protocol::Decnet) {
        const auto value = decnet_address(std::string(address));
        if (!value) return refuse(at, fmt::format("malformed decnet address '{}'", address));
        return host4(q, *value, kAllOnes, at);
    }
    const auto parts = leading_parts(address);
    if (!parts) return refuse(at, fmt::format("invalid IPv4 address '{}'", address));
    if (q.protocol == Protocol::Link) return no_link_address(at);
    return host4(q, left_aligned(*parts), kAllOnes << (32 - parts->bits), at);
}

NodeId Meaning::dotted_net(const Qualifiers& q, std::string_view address, std::uint32_t length,
                           Range at) {
    const auto parts = leading_parts(address);
    if (!parts) return refuse(at, fmt::format("invalid IPv4 address '{}'", address));
    if (length > 32) return refuse(at, "mask length must be <= 32");
    const std::uint32_t net = left_aligned(*parts);
    const std::uint32_t mask = length == 0 ? 0 : kAllOnes << (32 - length);
    if ((net & ~mask) != 0) {
        char shown[INET_ADDRSTRLEN];
        ::inet_ntop(AF_INET, network_order(net & mask).bytes.data(), shown, sizeof shown);
        return refuse(at, fmt::format("non-network bits set in \"{}/{}\"", address, length),
                      fmt::format("the network is {}/{}", shown, length));
    }
    if (q.type != AddressType::Net) {
        return refuse(at, "Mask syntax for networks only", "net instead of host");
    }
    return host4(q, net, mask, at);
}

NodeId Meaning::dotted_net(const Qualifiers& q, std::string_view address, std::string_view mask,
                           Range at) {
    const auto net_parts = leading_parts(address);
    const auto mask_parts = leading_parts(mask);
    if (!net_parts || !mask_parts) {
        return refuse(at, fmt::format("invalid IPv4 address '{}'", net_parts ? mask : address));
    }
    const std::uint32_t net = left_aligned(*net_parts);
    const std::uint32_t ones = left_aligned(*mask_parts);
    if ((net & ~ones) != 0) {
        return refuse(at, fmt::format("non-network bits set in \"{} mask {}\"", address, mask));
    }
    if (q.type != AddressType::Net) return refuse(at, "Mask syntax for networks only");
    return host4(q, net, ones, at);
}

NodeId Meaning::ipv6(const Qualifiers& q, std::string_view address, std::uint32_t length,
                     Range at) {
    if (!q.said) return unqualified(at);
    Address value;
    ::inet_pton(AF_INET6, std::string(address).c_str(), value.bytes.data());
    if (length > 128) return refuse(at, "mask length must be <= 128");
    const Address mask = mask6(length);
    for (std::size_t i = 0; i < mask.bytes.size(); ++i) {
        if ((value.bytes[i] & ~mask.bytes[i]) != 0) {
            return refuse(at, fmt::format("non-network bits set in \"{}/{}\"", address, length));
        }
    }
    if (!host_or_net(q.type)) {
        return refuse(at, fmt::format("'{}' modifier applied to ip6 host", kind_of(q.type)));
    }
    if (length != 128 && q.type != AddressType::Net) {
        return refuse(at, "Mask syntax for networks only", "net instead of host");
    }
    return host6(q, value, length, at);
}

NodeId Meaning::ether_host(const Qualifiers& q, const std::array<std::uint8_t, 6>& address,
                           Range at) {
    if (encapsulation_.ppp) {
        return refuse(at, "ethernet addresses supported only on ethernet", "the link is PPP here");
    }
    return plain(EthernetHost{q.direction, address}, at);
}

NodeId Meaning::mac(const Qualifiers& q, std::string_view address, Range at) {
    const bool host = q.type == AddressType::None || q.type == AddressType::Host;
    if (!q.said || !host || q.protocol != Protocol::Link) {
        return refuse(at, "ethernet address used in non-ether expression",
                      fmt::format("ether host {}", address));
    }
    return ether_host(q, mac_bytes(address), at);
}

NodeId Meaning::arcnet(Range at) { return refuse(at, "aid supported only on ARCnet"); }

NodeId Meaning::ether_name(const Qualifiers& q, std::string_view name, Range at) {
    const auto address = names_.ether ? names_.ether(name) : std::nullopt;
    if (!address) {
        return refuse(at, fmt::format("unknown ether host '{}'", name),
                      "a MAC address, or a name of /etc/ethers");
    }
    return ether_host(q, *address, at);
}

NodeId Meaning::net_name(const Qualifiers& q, std::string_view name, Range at) {
    const auto found = names_.network ? names_.network(name) : std::nullopt;
    if (!found || *found == 0) {
        return refuse(at, fmt::format("unknown network '{}'", name),
                      "an address, or a name of /etc/networks");
    }
    // Only the zeroes in front count: 127.0.0.0 of /etc/networks is that one address.
    std::uint32_t net = *found;
    std::uint32_t mask = kAllOnes;
    for (; (net & 0xff000000U) == 0; net <<= 8U) mask <<= 8U;
    return host4(q, net, mask, at);
}

NodeId Meaning::host_name(const Qualifiers& q, std::string_view name, Range at) {
    if (q.protocol == Protocol::Link) return ether_name(q, name, at);
    if (q.protocol == Protocol::Decnet) {
        return refuse(at, fmt::format("decnet names are not known: '{}'", name));
    }
    std::optional<NodeId> all;
    const auto found = [&](NodeId one) {
        all = all ? builder_.join(Junction::Or, *all, one, mistakes_.span(at)) : one;
    };
    if (q.protocol != Protocol::Ip6) {
        for (const Address& address : names_.host(name, Family::Ipv4)) {
            const std::uint8_t* b = address.bytes.data();
            found(host4(q,
                        static_cast<std::uint32_t>(b[0]) << 24U |
                            static_cast<std::uint32_t>(b[1]) << 16U |
                            static_cast<std::uint32_t>(b[2]) << 8U | b[3],
                        kAllOnes, at));
        }
    }
    if (q.protocol != Protocol::Ip) {
        for (const Address& address : names_.host(name, Family::Ipv6)) {
            found(host6(q, address, 128, at));
        }
    }
    if (all) return *all;
    return refuse(at,
                  fmt::format("unknown host '{}'{}", name,
                              q.protocol == Protocol::None ? "" : " for specified address family"));
}

NodeId Meaning::number(const Qualifiers& q, std::uint32_t value, Range at) {
    if (!q.said) return unqualified(at);
    if (q.type == AddressType::Port || q.type == AddressType::PortRange) {
        return port(q, value, value, Protocol::None, at);
    }
    if (!host_or_net(q.type)) return proto(q, value, at);
    if (q.protocol == Protocol::Link) return no_link_address(at);
    std::uint32_t mask = kAllOnes;
    if (q.type == AddressType::Net && q.protocol != Protocol::Decnet) {
        for (; value != 0 && (value & 0xff000000U) == 0; value <<= 8U) mask <<= 8U;
    }
    return host4(q, value, mask, at);
}

NodeId Meaning::name(const Qualifiers& q, std::string_view name, Range at) {
    if (!q.said) return unqualified(at);
    switch (q.type) {
        case AddressType::None:
        case AddressType::Host:
            return host_name(q, name, at);
        case AddressType::Net:
            return net_name(q, name, at);
        case AddressType::Port:
            return port_name(q, name, at);
        case AddressType::PortRange:
            return port_range_name(q, name, at);
        case AddressType::Proto:
        case AddressType::Protochain:
            return proto_name(q, name, at);
    }
    return unqualified(at);
}

}  // namespace bpfw::parser::pcap
