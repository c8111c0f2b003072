// SPDX-License-Identifier: GPL-2.0-or-later
// Ports and protocol numbers, by number or name, with the qualifiers before them -> nodes. The
// door is class Meaning.
#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "parser/pcap/meaning.hpp"

namespace bpfw::parser::pcap {
namespace {

constexpr long kMostPort = 65535;

struct Service {
    std::uint16_t port = 0;
    Protocol protocol = Protocol::None;  // None: tcp and udp have it alike
};

// As getaddrinfo(3) takes a service: digits are a port whatever the protocol.
std::optional<Service> service(const std::string& name, const Names& names) {
    char* end = nullptr;
    const unsigned long number = std::strtoul(name.c_str(), &end, 10);
    if (*end == '\0') return Service{static_cast<std::uint16_t>(number)};
    const auto tcp = names.service(name, "tcp");
    const auto udp = names.service(name, "udp");
    if (tcp) return Service{*tcp, tcp == udp ? Protocol::None : Protocol::Tcp};
    if (udp) return Service{*udp, Protocol::Udp};
    return std::nullopt;
}

// "%d-%d": what follows the second number is not looked at (80-90-100 is 80-90).
std::optional<std::pair<int, int>> two_numbers(const std::string& text) {
    char* end = nullptr;
    const auto first = static_cast<int>(std::strtol(text.c_str(), &end, 10));
    if (end == text.c_str() || *end != '-') return std::nullopt;
    const char* second_at = end + 1;
    const auto second = static_cast<int>(std::strtol(second_at, &end, 10));
    if (end == second_at) return std::nullopt;
    return std::pair{first, second};
}

struct EtherName {
    std::string_view name;
    std::uint32_t number;
};
// Types of Ethernet, then SAPs of LLC, by the words that `ether proto` takes.
constexpr EtherName kEtherNames[] = {
    {"aarp", 0x80f3},  {"arp", 0x0806},   {"atalk", 0x809b}, {"decnet", 0x6003},
    {"ip", 0x0800},    {"ip6", 0x86dd},   {"lat", 0x6004},   {"loopback", 0x9000},
    {"mopdl", 0x6001}, {"moprc", 0x6002}, {"rarp", 0x8035},  {"sca", 0x6007},
    {"iso", 0xfe},     {"stp", 0x42},     {"ipx", 0xe0},     {"netbeui", 0xf0},
};
constexpr EtherName kIsoNames[] = {{"clnp", 0x81}, {"esis", 0x82}, {"isis", 0x83}};

template <std::size_t N>
std::optional<std::uint32_t> look_up(const EtherName (&table)[N], std::string_view name) {
    for (const EtherName& entry : table) {
        if (entry.name == name) return entry.number;
    }
    return std::nullopt;
}

bool carries_protocols(Protocol protocol) {
    return protocol == Protocol::None || protocol == Protocol::Link || protocol == Protocol::Ip ||
           protocol == Protocol::Ip6 || protocol == Protocol::Iso || protocol == Protocol::Isis;
}

bool has_ports(Protocol protocol) {
    return protocol == Protocol::None || protocol == Protocol::Tcp || protocol == Protocol::Udp ||
           protocol == Protocol::Sctp;
}

constexpr std::uint32_t kTypeIp = 0x0800;
constexpr std::uint32_t kTypeIp6 = 0x86dd;

}  // namespace

// `found` is the protocol the names were found for.
NodeId Meaning::port(const Qualifiers& q, long first, long last, Protocol found, Range at) {
    const bool range = q.type == AddressType::PortRange;
    if (!has_ports(q.protocol)) {
        return refuse(at, fmt::format("illegal qualifier of '{}'", range ? "portrange" : "port"),
                      "tcp, udp and sctp have ports");
    }
    if (found != Protocol::None && q.protocol != Protocol::None && q.protocol != found) {
        return refuse(at,
                      fmt::format("port {}'{}' is {}", range ? "in range " : "",
                                  mistakes_.words(at), protocol_word(found)),
                      "as /etc/services has it; a number goes with every protocol");
    }
    for (const long port : {first, last}) {
        if (port < 0) return refuse(at, fmt::format("illegal port number {} < 0", port));
        if (port > kMostPort) {
            return refuse(at, fmt::format("illegal port number {} > 65535", port));
        }
    }
    if (first > last) std::swap(first, last);
    const PortRange ports{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
    return plain(Port{q.protocol == Protocol::None ? found : q.protocol, q.direction, ports}, at);
}

NodeId Meaning::port_name(const Qualifiers& q, std::string_view name, Range at) {
    const auto known = service(std::string(name), names_);
    if (!known) {
        return refuse(at, fmt::format("unknown port '{}'", name),
                      "a number, or a name that /etc/services has for tcp or udp");
    }
    return port(q, known->port, known->port, known->protocol, at);
}

NodeId Meaning::port_range_name(const Qualifiers& q, std::string_view name, Range at) {
    const std::string text(name);
    if (const auto numbers = two_numbers(text)) {
        return port(q, numbers->first, numbers->second, Protocol::None, at);
    }
    const std::size_t dash = text.find('-');
    const auto first = service(text.substr(0, dash), names_);
    const auto last = dash == text.npos ? std::nullopt : service(text.substr(dash + 1), names_);
    if (!first || !last) {
        return refuse(at, fmt::format("unknown port in range '{}'", name),
                      "two numbers or names, the first without a '-' in it: 6000-6008");
    }
    const Protocol found = first->protocol == last->protocol ? first->protocol : Protocol::None;
    return port(q, first->port, last->port, found, at);
}

NodeId Meaning::proto(const Qualifiers& q, std::uint32_t number, Range at) {
    if (q.type == AddressType::Protochain) {
        if (q.protocol != Protocol::None && q.protocol != Protocol::Ip &&
            q.protocol != Protocol::Ip6) {
            return refuse(at, "bad protocol applied for 'protochain'", "ip or ip6, or neither");
        }
        if (encapsulation_.geneve) {
            return refuse(at, "'protochain' not supported with variable length headers",
                          "it cannot stand to the right of 'geneve'");
        }
        // libpcap keeps one word for ever when both families are asked.
        const bool both = q.protocol == Protocol::None;
        need_words(both ? 2 : 1, at);
        encapsulation_.give(1);
        return plain(Protochain{q.protocol, number}, at);
    }
    if (!carries_protocols(q.protocol)) {
        return refuse(at, fmt::format("'{} proto' is bogus", protocol_word(q.protocol)),
                      "proto goes with ip, ip6, ether, iso and isis");
    }
    if (q.protocol == Protocol::Iso || q.protocol == Protocol::Isis) need_link_type(q.protocol, at);
    if (q.protocol == Protocol::Link && encapsulation_.mpls && number != kTypeIp &&
        number != kTypeIp6) {
        return refuse(at, "unsupported protocol over mpls");
    }
    return plain(Proto{q.protocol, number}, at);
}

NodeId Meaning::proto_name(const Qualifiers& q, std::string_view name, Range at) {
    std::optional<std::uint32_t> number;
    std::string_view what = "protocol";
    switch (q.protocol) {
        case Protocol::None:
        case Protocol::Ip:
        case Protocol::Ip6:
            what = "ip proto";
            number = names_.protocol(name);
            break;
        case Protocol::Link:
            what = "ether proto";
            number = look_up(kEtherNames, name);
            break;
        case Protocol::Iso:
            what = "osi proto";
            number = look_up(kIsoNames, name);
            break;
        case Protocol::Arp:
        case Protocol::Rarp:
        case Protocol::Sctp:
        case Protocol::Tcp:
        case Protocol::Udp:
        case Protocol::Icmp:
        case Protocol::Igmp:
        case Protocol::Igrp:
        case Protocol::Pim:
        case Protocol::Vrrp:
        case Protocol::Carp:
        case Protocol::Atalk:
        case Protocol::Aarp:
        case Protocol::Decnet:
        case Protocol::Lat:
        case Protocol::Sca:
        case Protocol::Mopdl:
        case Protocol::Moprc:
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
        case Protocol::Ipx:
        case Protocol::Netbeui:
            break;
    }
    if (!number) return refuse(at, fmt::format("unknown {} '{}'", what, name));
    return proto(q, *number, at);
}

}  // namespace bpfw::parser::pcap
