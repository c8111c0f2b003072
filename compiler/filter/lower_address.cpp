// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts and nets: IPv4's addresses in IP, ARP and RARP, IPv6's, Ethernet's, DECnet's.
#include <fmt/format.h>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using pcap::Protocol;

constexpr Words kWhole = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};

// Where a header of the EtherType has its two addresses.
struct Places {
    Protocol protocol;
    std::uint32_t type;
    std::uint32_t source;
    std::uint32_t destination;
};
constexpr Places kIpv4Places[] = {
    {Protocol::Ip, 0x0800, 12, 16},
    {Protocol::Arp, 0x0806, 14, 24},
    {Protocol::Rarp, 0x8035, 14, 24},
};

Target lower_address(Builder& b, const Link& link, Protocol protocol, pcap::Direction direction,
                     parser::Family family, const Words& address, const Words& mask,
                     const Ways& ways) {
    const std::size_t words = family == parser::Family::Ipv4 ? 1 : 4;
    const AddressTest test = [&](const Offset& source, const Offset& destination, const Ways& to) {
        return lower_sides(
            direction,
            [&](bool of_source, const Ways& at) {
                return lower_is_address(b, of_source ? source : destination, address, mask, words,
                                        at);
            },
            to);
    };
    return family == parser::Family::Ipv4 ? lower_ipv4_addresses(b, link, protocol, test, ways)
                                          : lower_ipv6_addresses(b, link, test, ways);
}

// The forms of DECnet's routing header that libpcap knows: short and long, with and without one
// byte of padding. Node addresses are little endian.
Target lower_decnet_host(Builder& b, const Link& link, const pcap::Host& host, const Ways& ways) {
    const std::uint32_t node =
        static_cast<std::uint32_t>(host.address.bytes[1]) << 8U | host.address.bytes[0];
    const auto test = [&](bool source, const Ways& to) {
        const std::uint32_t in_short = source ? 3 : 1;
        const std::uint32_t in_long = source ? 15 : 7;
        const auto padded = [&](std::uint32_t flags, std::uint32_t at, const Target& no) {
            const Target found = b.is(network(link, 3 + at), LoadSize::U16, node, {to.yes, no});
            return b.is(network(link, 2), LoadSize::U16, flags, {found, no}, 0xff07);
        };
        const auto plain = [&](std::uint32_t flags, std::uint32_t at, const Target& no) {
            const Target found = b.is(network(link, 2 + at), LoadSize::U16, node, {to.yes, no});
            return b.is(network(link, 2), LoadSize::U8, flags, {found, no}, 0x07);
        };
        const Target long_padded = padded(0x8106, in_long, to.no);
        const Target long_plain = plain(0x06, in_long, long_padded);
        return plain(0x02, in_short, padded(0x8102, in_short, long_plain));
    };
    return lower_link_type(b, link, 0x6003, {lower_sides(host.direction, test, ways), ways.no});
}

}  // namespace

Target lower_sides(pcap::Direction direction, const Side& test, const Ways& ways) {
    switch (direction) {
        case pcap::Direction::Source:
            return test(true, ways);
        case pcap::Direction::Destination:
            return test(false, ways);
        case pcap::Direction::SourceAndDestination:
            return test(true, {test(false, ways), ways.no});
        case pcap::Direction::None:
        case pcap::Direction::SourceOrDestination:
            return test(true, {ways.yes, test(false, ways)});
    }
    BPFW_BUG("direction out of range");
}

Words words_of(const parser::Address& address) {
    Words words{};
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        words[i / 4] = words[i / 4] << 8U | address.bytes[i];
    }
    return words;
}

Target lower_is_address(Builder& b, const Offset& at, const Words& address, const Words& mask,
                        std::size_t words, const Ways& ways) {
    Target next = ways.yes;
    for (std::size_t i = words; i > 0; --i) {
        next = b.is(at + static_cast<std::uint32_t>(4 * (i - 1)), LoadSize::U32, address[i - 1],
                    {next, ways.no}, mask[i - 1]);
    }
    return next;
}

Target lower_ipv4_addresses(Builder& b, const Link& link, Protocol protocol,
                            const AddressTest& test, const Ways& ways) {
    Target at = ways.no;
    for (std::size_t i = std::size(kIpv4Places); i > 0; --i) {
        const Places& places = kIpv4Places[i - 1];
        // Behind MPLS there is no type that could say ARP.
        const bool asked = protocol == Protocol::None
                               ? link.labels == 0 || places.protocol == Protocol::Ip
                               : protocol == places.protocol;
        if (asked) {
            const Target found =
                test(network(link, places.source), network(link, places.destination), ways);
            at = lower_link_type(b, link, places.type, {found, at});
        }
    }
    return at;
}

Target lower_ipv6_addresses(Builder& b, const Link& link, const AddressTest& test,
                            const Ways& ways) {
    const Target found = test(network(link, 8), network(link, 24), ways);
    return lower_link_type(b, link, 0x86dd, {found, ways.no});
}

// Inside of GENEVE the frame may begin with IP: there is no Ethernet address then.
Target lower_ethernet_addresses(Builder& b, const Link& link, const AddressTest& test,
                                const Ways& ways) {
    const Target found = test(link.header + 6, link.header, ways);
    return link.inner_type == kNoValue
               ? found
               : b.compare_number(Relation::Equal, link.inner_type, 0x6558, {found, ways.no});
}

Target lower_host(Builder& b, const Link& link, const pcap::Host& host, const Ways& ways) {
    if (host.protocol == Protocol::Decnet) {
        return lower_decnet_host(b, link, host, ways);
    }
    return lower_address(b, link, host.protocol, host.direction, host.family,
                         words_of(host.address), kWhole, ways);
}

Target lower_net(Builder& b, const Link& link, const pcap::Net& net, const Ways& ways) {
    return lower_address(b, link, net.protocol, net.direction, net.family, words_of(net.address),
                         words_of(net.mask), ways);
}

Target lower_ethernet_host(Builder& b, const Link& link, const pcap::EthernetHost& host,
                           const Ways& ways) {
    const auto& bytes = host.address;
    const auto number = [&](std::size_t from, std::size_t to) {
        std::uint32_t value = 0;
        for (std::size_t i = from; i < to; ++i) {
            value = value << 8U | bytes[i];
        }
        return value;
    };
    // libpcap compares the last four bytes first.
    const auto is = [&](const Offset& at, const Ways& to) {
        const Target head = b.is(at, LoadSize::U16, number(0, 2), to);
        return b.is(at + 2, LoadSize::U32, number(2, 6), {head, to.no});
    };
    return lower_ethernet_addresses(
        b, link,
        [&](const Offset& source, const Offset& destination, const Ways& to) {
            return lower_sides(
                host.direction,
                [&](bool of_source, const Ways& at) {
                    return is(of_source ? source : destination, at);
                },
                to);
        },
        ways);
}

}  // namespace bpfw::compiler::filter
