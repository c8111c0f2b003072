// SPDX-License-Identifier: GPL-2.0-or-later
// Ports: of TCP, UDP and SCTP, directly behind the IPv6 header, or behind IPv4's in a packet
// that is no later fragment.
#include "compiler/filter/lowering.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using pcap::Protocol;

// `protocol` (Tcp, Udp or Sctp), or one of the three.
Target lower_is_transport(Builder& b, const Offset& number, Protocol protocol, const Ways& ways) {
    if (protocol != Protocol::None) {
        return b.is(number, LoadSize::U8, as_proto(protocol)->number, ways);
    }
    Target at = ways.no;
    for (const std::uint32_t each : {17U, 6U, 132U}) {
        at = b.is(number, LoadSize::U8, each, {ways.yes, at});
    }
    return at;
}

}  // namespace

Offset transport(Builder& b, const Link& link) {
    const ValueId words = b.values.binary(Operator::And, b.load(network(link, 0), LoadSize::U8),
                                          b.values.constant(0x0f));
    ValueId length = b.values.binary(Operator::Multiply, words, b.values.constant(4));
    if (link.payload.base != kNoValue) {
        length = b.values.binary(Operator::Add, length, link.payload.base);
    }
    return {length, network(link, 0).offset};
}

Target lower_not_fragment(Builder& b, const Link& link, const Ways& ways) {
    return b.compare_number(Relation::AnyBit, b.load(network(link, 6), LoadSize::U16), 0x1fff,
                            swapped(ways));
}

Target lower_ports(Builder& b, const Link& link, Protocol protocol, const AddressTest& test,
                   const Ways& ways) {
    const Offset v4 = transport(b, link);
    const Target v4_ports = test(v4, v4 + 2, ways);
    const Target v4_first = lower_not_fragment(b, link, {v4_ports, ways.no});
    const Target v4_protocol =
        lower_is_transport(b, network(link, 9), protocol, {v4_first, ways.no});
    const Target v4_type = lower_link_type(b, link, 0x0800, {v4_protocol, ways.no});
    const Target v6_ports = test(network(link, 40), network(link, 42), ways);
    const Target v6_protocol =
        lower_is_transport(b, network(link, 6), protocol, {v6_ports, ways.no});
    return lower_link_type(b, link, 0x86dd, {v6_protocol, v4_type});
}

Target lower_is_port(Builder& b, const Offset& at, const parser::PortRange& ports,
                     const Ways& ways) {
    const ValueId port = b.load(at, LoadSize::U16);
    if (ports.first == ports.last) {
        return b.compare_number(Relation::Equal, port, ports.first, ways);
    }
    const Target last = b.compare_number(Relation::Greater, port, ports.last, swapped(ways));
    return b.compare_number(Relation::GreaterEqual, port, ports.first, {last, ways.no});
}

Target lower_port(Builder& b, const Link& link, const pcap::Port& port, const Ways& ways) {
    return lower_ports(
        b, link, port.protocol,
        [&](const Offset& source, const Offset& destination, const Ways& to) {
            return lower_sides(
                port.direction,
                [&](bool of_source, const Ways& at) {
                    return lower_is_port(b, of_source ? source : destination, port.ports, at);
                },
                to);
        },
        ways);
}

}  // namespace bpfw::compiler::filter
