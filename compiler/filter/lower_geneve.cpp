// SPDX-License-Identifier: GPL-2.0-or-later
// `geneve`, and the headers inside of it, which lie where the packet says.
//
// libpcap computes the inner offsets while it runs the geneve test, so that what follows in the
// text finds scratch words that nobody wrote wherever that test was not passed (`geneve or ip`,
// `not geneve and ip`). Here the inner offsets are a function of the frame: of one that is not
// what `geneve` asked for, the inner headers are nowhere, and a load from them ends the
// expression without a match, as every load outside of the frame does.
#include "compiler/filter/lowering.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;

constexpr std::uint32_t kPort = 6081;
constexpr std::uint32_t kEthernetInside = 0x6558;

ValueId equal(Builder& b, ValueId value, std::uint32_t number) {
    return b.values.binary(Operator::Equal, value, b.values.constant(number));
}

ValueId masked(Builder& b, ValueId value, std::uint32_t mask) {
    return b.values.binary(Operator::And, value, b.values.constant(mask));
}

ValueId both(Builder& b, ValueId left, ValueId right) {
    return b.values.binary(Operator::And, left, right);
}

// 1 or 0: as lower_link_type() asks for it.
ValueId is_ip(Builder& b, const Link& link, parser::Family family) {
    const bool v4 = family == parser::Family::Ipv4;
    if (link.labels > 0) {
        const ValueId last = masked(b, b.load(network(link, 0U - 2U), LoadSize::U8), 1);
        const ValueId version = masked(b, b.load(network(link, 0), LoadSize::U8), 0xf0);
        return both(b, equal(b, last, 1), equal(b, version, v4 ? 0x40 : 0x60));
    }
    const ValueId type = b.load(link.type, LoadSize::U16);
    if (link.kind == Link::Kind::Ppp) {
        return equal(b, type, v4 ? 0x21 : 0x57);
    }
    return equal(b, type, v4 ? 0x0800 : 0x86dd);
}

// The outer UDP header, behind IPv4 with its options or IPv6.
Offset udp_header(Builder& b, const Link& link) {
    const auto multiply = [&](ValueId left, ValueId right) {
        return b.values.binary(Operator::Multiply, left, right);
    };
    const ValueId words = masked(b, b.load(network(link, 0), LoadSize::U8), 0x0f);
    const ValueId v4 =
        multiply(multiply(words, b.values.constant(4)), is_ip(b, link, parser::Family::Ipv4));
    const ValueId v6 = multiply(is_ip(b, link, parser::Family::Ipv6), b.values.constant(40));
    ValueId length = b.values.binary(Operator::Add, v4, v6);
    if (link.payload.base != kNoValue) {
        length = b.values.binary(Operator::Add, length, link.payload.base);
    }
    return {length, network(link, 0).offset};
}

// 1 when lower_geneve() finds it: the same tests, as a value.
ValueId is_geneve(Builder& b, const Link& link, const Offset& udp, const pcap::Geneve& geneve) {
    const ValueId fragment = masked(b, b.load(network(link, 6), LoadSize::U16), 0x1fff);
    const ValueId v4 =
        both(b, is_ip(b, link, parser::Family::Ipv4),
             both(b, equal(b, b.load(network(link, 9), LoadSize::U8), 17), equal(b, fragment, 0)));
    const ValueId v6 = both(b, is_ip(b, link, parser::Family::Ipv6),
                            equal(b, b.load(network(link, 6), LoadSize::U8), 17));
    ValueId is = b.values.binary(Operator::Or, v4, v6);
    is = both(b, is, equal(b, b.load(udp + 2, LoadSize::U16), kPort));
    is = both(b, is, equal(b, masked(b, b.load(udp + 8, LoadSize::U8), 0xc0), 0));
    if (geneve.vni) {
        const ValueId vni = masked(b, b.load(udp + 12, LoadSize::U32), 0xffffff00);
        is = both(b, is, equal(b, vni, *geneve.vni << 8U));
    }
    return is;
}

// Version 0, and the network that was asked for.
Target lower_header(Builder& b, const Offset& udp, const pcap::Geneve& geneve, const Ways& ways) {
    const Target found =
        geneve.vni ? b.is(udp + 12, LoadSize::U32, *geneve.vni << 8U, ways, 0xffffff00) : ways.yes;
    const Target version = b.is(udp + 8, LoadSize::U8, 0, {found, ways.no}, 0xc0);
    return b.is(udp + 2, LoadSize::U16, kPort, {version, ways.no});
}

}  // namespace

Target lower_geneve(Builder& b, const Link& link, const pcap::Geneve& geneve, const Ways& ways) {
    // libpcap reads the inner type before it says yes.
    const Target type = b.needs(udp_header(b, link) + 10, LoadSize::U16, ways.yes, b.abort);
    const Ways found{type, ways.no};
    const Target v6_header = lower_header(b, network(link, 40), geneve, found);
    const Target v6_udp = b.is(network(link, 6), LoadSize::U8, 17, {v6_header, ways.no});
    const Target v6 = lower_link_type(b, link, 0x86dd, {v6_udp, ways.no});
    const Target v4_header = lower_header(b, transport(b, link), geneve, {type, v6});
    const Target v4_first = lower_not_fragment(b, link, {v4_header, v6});
    const Target v4_udp = b.is(network(link, 9), LoadSize::U8, 17, {v4_first, v6});
    return lower_link_type(b, link, 0x0800, {v4_udp, v6});
}

Link behind_geneve(Builder& b, const Link& link, const pcap::Geneve& geneve) {
    const auto sum = [&](ValueId left, ValueId right) {
        return b.values.binary(Operator::Add, left, right);
    };
    const Offset udp = udp_header(b, link);
    const ValueId words = masked(b, b.load(udp + 8, LoadSize::U8), 0x3f);
    const ValueId options = b.values.binary(Operator::Multiply, words, b.values.constant(4));
    const ValueId inner_type = b.load(udp + 10, LoadSize::U16);
    const ValueId ethernet = equal(b, inner_type, kEthernetInside);
    // Where `bytes` behind the UDP header are when `more` is added; all of it in the base, since
    // libpcap's index (`ether[0 - 4]`) wraps together with it.
    const auto place = [&](ValueId more, std::uint32_t bytes) {
        return Offset{sum(sum(udp.base, more), b.values.constant(udp.offset + bytes)), 0};
    };
    const auto if_ethernet = [&](ValueId value) {
        return b.values.binary(Operator::Multiply, ethernet, value);
    };
    Link next = link;
    next.kind = Link::Kind::Ethernet;
    next.header = place(options, 16);
    next.payload = place(sum(options, if_ethernet(b.values.constant(14))), 16);
    // The type in the GENEVE header, or that of the Ethernet frame inside.
    next.type = place(if_ethernet(sum(options, b.values.constant(18))), 10);
    next.network = 0;
    next.geneves += 1;
    next.inner_type = inner_type;
    next.guard = is_geneve(b, link, udp, geneve);
    if (link.guard != kNoValue) {
        next.guard = both(b, next.guard, link.guard);
    }
    return next;
}

// A division by the guard: by 1, or an abort.
Link guarded(Builder& b, Link link) {
    if (link.guard == kNoValue) {
        return link;
    }
    for (ValueId* base :
         {&link.header.base, &link.type.base, &link.payload.base, &link.inner_type}) {
        if (*base != kNoValue) {
            *base = b.values.binary(Operator::Divide, *base, link.guard);
        }
    }
    link.guard = kNoValue;
    return link;
}

}  // namespace bpfw::compiler::filter
