// SPDX-License-Identifier: GPL-2.0-or-later
// Protocol words and numbers, protochain, broadcast and multicast.
#include <fmt/format.h>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using pcap::Protocol;

std::uint32_t big_endian(const parser::Address& address) { return words_of(address)[0]; }

// EtherType, or LLC service access point up to 1500, of a protocol that is asked for by it alone.
std::optional<std::uint32_t> link_type_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::Ip:
            return 0x0800;
        case Protocol::Arp:
            return 0x0806;
        case Protocol::Rarp:
            return 0x8035;
        case Protocol::Ip6:
            return 0x86dd;
        case Protocol::Atalk:
            return 0x809b;
        case Protocol::Aarp:
            return 0x80f3;
        case Protocol::Decnet:
            return 0x6003;
        case Protocol::Lat:
            return 0x6004;
        case Protocol::Sca:
            return 0x6007;
        case Protocol::Mopdl:
            return 0x6001;
        case Protocol::Moprc:
            return 0x6002;
        case Protocol::Iso:
            return 0xfe;
        case Protocol::Stp:
            return 0x42;
        case Protocol::Ipx:
            return 0xe0;
        case Protocol::Netbeui:
            return 0xf0;
        case Protocol::None:
        case Protocol::Link:
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
            return std::nullopt;
    }
    BPFW_BUG("protocol out of range");
}

std::optional<std::uint32_t> iso_number_of(Protocol protocol) {
    if (protocol == Protocol::Clnp) {
        return 0x81;
    }
    if (protocol == Protocol::Esis) {
        return 0x82;
    }
    if (protocol == Protocol::Isis) {
        return 0x83;
    }
    return std::nullopt;
}

Target lower_chain(Builder& b, const Link& link, parser::Family family, std::uint32_t number,
                   const Ways& ways) {
    const bool v4 = family == parser::Family::Ipv4;
    // No `geneve` comes before a protochain: the place is known.
    const ValueId header = b.values.constant(network(link, 0).offset);
    const Target walk = b.add(InProtochain{family, header, number}, ways);
    const Target there = b.needs(network(link, v4 ? 9 : 6), LoadSize::U8, walk, b.abort);
    return lower_link_type(b, link, v4 ? 0x0800 : 0x86dd, {there, ways.no});
}

}  // namespace

std::optional<pcap::Proto> as_proto(Protocol protocol) {
    switch (protocol) {
        case Protocol::Sctp:
            return pcap::Proto{Protocol::None, 132};
        case Protocol::Tcp:
            return pcap::Proto{Protocol::None, 6};
        case Protocol::Udp:
            return pcap::Proto{Protocol::None, 17};
        case Protocol::Pim:
            return pcap::Proto{Protocol::None, 103};
        case Protocol::Ah:
            return pcap::Proto{Protocol::None, 51};
        case Protocol::Esp:
            return pcap::Proto{Protocol::None, 50};
        case Protocol::Icmp:
            return pcap::Proto{Protocol::Ip, 1};
        case Protocol::Igmp:
            return pcap::Proto{Protocol::Ip, 2};
        case Protocol::Igrp:
            return pcap::Proto{Protocol::Ip, 9};
        case Protocol::Vrrp:
        case Protocol::Carp:
            return pcap::Proto{Protocol::Ip, 112};
        case Protocol::Icmp6:
            return pcap::Proto{Protocol::Ip6, 58};
        case Protocol::None:
        case Protocol::Link:
        case Protocol::Ip:
        case Protocol::Arp:
        case Protocol::Rarp:
        case Protocol::Atalk:
        case Protocol::Aarp:
        case Protocol::Decnet:
        case Protocol::Lat:
        case Protocol::Sca:
        case Protocol::Mopdl:
        case Protocol::Moprc:
        case Protocol::Ip6:
        case Protocol::Iso:
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
            return std::nullopt;
    }
    BPFW_BUG("protocol out of range");
}

Target lower_protocol(Builder& b, const Link& link, Protocol protocol, const Ways& ways) {
    if (const auto proto = as_proto(protocol)) {
        return lower_proto(b, link, *proto, ways);
    }
    if (const auto type = link_type_of(protocol)) {
        return lower_link_type(b, link, *type, ways);
    }
    if (const auto number = iso_number_of(protocol)) {
        return lower_iso(b, link, *number, ways);
    }
    const auto types = isis_types(protocol);
    if (types.empty()) {
        BPFW_BUG(fmt::format("protocol {} is no test", static_cast<int>(protocol)));
    }
    return lower_isis(b, link, types, ways);
}

Target lower_ip_number(Builder& b, const Link& link, Protocol protocol, const NumberTest& test,
                       const Ways& ways) {
    Target at = ways.no;
    if (protocol != Protocol::Ip) {
        // Behind a fragment header too, and behind no other.
        const Target inner = test(network(link, 40), ways);
        const Target fragment = b.is(network(link, 6), LoadSize::U8, 44, {inner, ways.no});
        const Target next = test(network(link, 6), {ways.yes, fragment});
        at = lower_link_type(b, link, 0x86dd, {next, ways.no});
    }
    if (protocol != Protocol::Ip6) {
        const Target number = test(network(link, 9), {ways.yes, at});
        at = lower_link_type(b, link, 0x0800, {number, at});
    }
    return at;
}

Target lower_proto(Builder& b, const Link& link, const pcap::Proto& proto, const Ways& ways) {
    if (proto.protocol == Protocol::Link) {
        return lower_link_type(b, link, proto.number, ways);
    }
    if (proto.protocol == Protocol::Iso) {
        return lower_iso(b, link, proto.number, ways);
    }
    if (proto.protocol == Protocol::Isis) {
        return lower_isis(b, link, std::span(&proto.number, 1), ways);
    }
    const NumberTest test = [&](const Offset& at, const Ways& to) {
        return b.is(at, LoadSize::U8, proto.number, to);
    };
    return lower_ip_number(b, link, proto.protocol, test, ways);
}

Target lower_protochain(Builder& b, const Link& link, const pcap::Protochain& chain,
                        const Ways& ways) {
    Target at = ways.no;
    if (chain.protocol != Protocol::Ip) {
        at = lower_chain(b, link, parser::Family::Ipv6, chain.number, {ways.yes, at});
    }
    if (chain.protocol != Protocol::Ip6) {
        at = lower_chain(b, link, parser::Family::Ipv4, chain.number, {ways.yes, at});
    }
    return at;
}

Target lower_broadcast(Builder& b, const Link& link, const pcap::Broadcast& broadcast,
                       const Ways& ways) {
    if (broadcast.protocol != Protocol::Ip) {
        return lower_ethernet_host(
            b, link, {pcap::Direction::Destination, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, ways);
    }
    if (!broadcast.mask) {
        BPFW_BUG("ip broadcast without a netmask");
    }
    const std::uint32_t host = ~big_endian(*broadcast.mask);
    const Offset destination = network(link, 16);
    const Target ones = b.is(destination, LoadSize::U32, host, ways, host);
    const Target zeros = b.is(destination, LoadSize::U32, 0, {ways.yes, ones}, host);
    return lower_link_type(b, link, 0x0800, {zeros, ways.no});
}

Target lower_multicast(Builder& b, const Link& link, const pcap::Multicast& multicast,
                       const Ways& ways) {
    if (multicast.protocol == Protocol::Ip) {
        // As libpcap 1.10: everything from 224 on, the broadcast address too.
        const ValueId first = b.load(network(link, 16), LoadSize::U8);
        const Target found = b.compare_number(Relation::GreaterEqual, first, 224, ways);
        return lower_link_type(b, link, 0x0800, {found, ways.no});
    }
    if (multicast.protocol == Protocol::Ip6) {
        const Target found = b.is(network(link, 24), LoadSize::U8, 255, ways);
        return lower_link_type(b, link, 0x86dd, {found, ways.no});
    }
    const AddressTest group = [&](const Offset&, const Offset& destination, const Ways& to) {
        return b.compare_number(Relation::AnyBit, b.load(destination, LoadSize::U8), 1, to);
    };
    return lower_ethernet_addresses(b, link, group, ways);
}

}  // namespace bpfw::compiler::filter
