// SPDX-License-Identifier: GPL-2.0-or-later
// A rule's matches -> tests on struct bpfw_packet. lower_conditions() is the only door.
#include "compiler/ir/lower_match.hpp"

#include <cstring>

#include "bpf-templates/abi.h"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

using parser::Family;

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;
constexpr unsigned kNameBytes = 16;

unsigned address_words(Family family) { return family == Family::Ipv4 ? 1 : 4; }

// The n-th 32-bit word, host byte order.
std::uint32_t word_of(const parser::Address& address, unsigned n) {
    const std::uint8_t* b = &address.bytes.at(4 * n);
    return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
           static_cast<std::uint32_t>(b[2]) << 8 | b[3];
}

Expr lower(const parser::AddressMatch& match, Field first, Family family) {
    All all;
    for (unsigned n = 0; n < address_words(family); ++n) {
        const std::uint32_t mask = word_of(match.mask, n);
        if (mask != 0) all.of.push_back(masked(word(first, n), mask, word_of(match.address, n)));
    }
    return with_sense({all}, match.sense);
}

// ifname_compare_aligned() in include/linux/netfilter/x_tables.h: the bytes of the name with its
// NUL, or without it before a '+'. Words are as in memory.
Expr lower(const parser::InterfaceMatch& match, Field first) {
    unsigned char name[kNameBytes] = {};
    unsigned char mask[kNameBytes] = {};
    const bool wildcard = !match.name.empty() && match.name.back() == '+';
    const std::size_t length = match.name.size() - (wildcard ? 1 : 0);
    std::memcpy(name, match.name.data(), length);
    std::memset(mask, 0xff, wildcard ? length : length + 1);
    All all;
    for (unsigned n = 0; n < kNameBytes / 4; ++n) {
        std::uint32_t value = 0;
        std::uint32_t bits = 0;
        std::memcpy(&value, name + 4 * n, 4);
        std::memcpy(&bits, mask + 4 * n, 4);
        if (bits != 0) all.of.push_back(masked(word(first, n), bits, value));
    }
    return with_sense({all}, match.sense);
}

// Protocol in the upper half, so that one compare decides both (struct bpfw_packet).
Expr lower_ports(Field field, std::uint8_t protocol, const parser::PortRange& ports) {
    const std::uint32_t high = static_cast<std::uint32_t>(protocol) << 16;
    if (ports.first > ports.last) return never();
    return in_range(field, high | ports.first, high | ports.last);
}

void add_port(All& all, const std::optional<parser::PortMatch>& port, Field field,
              std::uint8_t protocol) {
    if (port) all.of.push_back(with_sense(lower_ports(field, protocol, port->ports), port->sense));
}

Expr lower(const parser::TcpMatch& match) {
    All all{{Expr{Guard::Tcp}}};
    add_port(all, match.source, Field::L4Src, kTcp);
    add_port(all, match.destination, Field::L4Dst, kTcp);
    if (match.flags) {
        all.of.push_back(with_sense(masked(Field::TcpFlags, match.flags->mask, match.flags->set),
                                    match.flags->sense));
    }
    if (match.option) {
        const std::uint32_t bit = 1u << (match.option->kind % 32);
        all.of.push_back({Guard::TcpOptions});
        all.of.push_back(
            with_sense(masked(word(Field::TcpOptions0, match.option->kind / 32u), bit, bit),
                       match.option->sense));
    }
    return {all};
}

Expr lower(const parser::UdpMatch& match) {
    All all{{Expr{Guard::Udp}}};
    add_port(all, match.source, Field::L4Src, kUdp);
    add_port(all, match.destination, Field::L4Dst, kUdp);
    return {all};
}

// icmp_type_code_match(): in IPv4 type 0xFF stands for any type and code.
Expr lower(const parser::IcmpMatch& match) {
    const bool v4 = match.family == Family::Ipv4;
    const std::uint32_t high = static_cast<std::uint32_t>(v4 ? kIcmp : kIcmp6) << 16 |
                               static_cast<std::uint32_t>(match.type) << 8;
    Expr types = v4 && match.type == 0xff ? always()
                 : match.first_code > match.last_code
                     ? never()
                     : in_range(Field::L4Dst, high | match.first_code, high | match.last_code);
    return {All{{Expr{Guard::Icmp}, with_sense(std::move(types), match.sense)}}};
}

Expr lower(const parser::MultiportMatch& match, std::uint8_t protocol) {
    Any any;
    for (const parser::PortRange& ports : match.ports) {
        if (match.side != parser::PortSide::Destination) {
            any.of.push_back(lower_ports(Field::L4Src, protocol, ports));
        }
        if (match.side != parser::PortSide::Source) {
            any.of.push_back(lower_ports(Field::L4Dst, protocol, ports));
        }
    }
    return {All{{Expr{Guard::Ports}, with_sense({any}, match.sense)}}};
}

// Lexicographic over the words: a > bound at word n, or equal there and decided further right.
Expr beyond(Field first, const parser::Address& bound, unsigned words, Sense below) {
    Expr result = always();  // equal to the bound: inside
    for (unsigned n = words; n-- > 0;) {
        const Field field = word(first, n);
        const std::uint32_t value = word_of(bound, n);
        Any any;
        if (below == Sense::IsNot && value != 0xffffffff) {
            any.of.push_back(in_range(field, value + 1, 0xffffffff));
        }
        if (below == Sense::Is && value != 0) any.of.push_back(in_range(field, 0, value - 1));
        any.of.push_back({All{{equals(field, value), result}}});
        result = {any};
    }
    return result;
}

Expr lower(const std::optional<parser::AddressRange>& range, Field first, Family family) {
    if (!range) return always();
    const unsigned words = address_words(family);
    if (range->last < range->first) return with_sense(never(), range->sense);
    if (words == 1) {
        return with_sense(in_range(first, word_of(range->first, 0), word_of(range->last, 0)),
                          range->sense);
    }
    return with_sense({All{{beyond(first, range->first, words, Sense::IsNot),
                            beyond(first, range->last, words, Sense::Is)}}},
                      range->sense);
}

Expr lower(const parser::IprangeMatch& match) {
    return {All{{lower(match.source, Field::Saddr0, match.family),
                 lower(match.destination, Field::Daddr0, match.family)}}};
}

Expr lower(const parser::MacMatch& match) {
    const auto& mac = match.address;
    const std::uint32_t high = static_cast<std::uint32_t>(mac[0]) << 24 |
                               static_cast<std::uint32_t>(mac[1]) << 16 |
                               static_cast<std::uint32_t>(mac[2]) << 8 | mac[3];
    const std::uint32_t low = static_cast<std::uint32_t>(mac[4]) << 8 | mac[5];
    return {All{{Expr{Guard::Mac},
                 with_sense({All{{equals(Field::MacLow, low), equals(Field::MacHigh, high)}}},
                            match.sense)}}};
}

Expr lower(const parser::LengthMatch& match) {
    return with_sense(
        match.first > match.last ? never() : in_range(Field::Length, match.first, match.last),
        match.sense);
}

Expr lower(const parser::HopLimitMatch& match) {
    switch (match.comparison) {
        case parser::Comparison::Equal:
            return equals(Field::HopLimit, match.value);
        case parser::Comparison::NotEqual:
            return negate(equals(Field::HopLimit, match.value));
        case parser::Comparison::Less:
            return match.value == 0 ? never() : in_range(Field::HopLimit, 0, match.value - 1u);
        case parser::Comparison::Greater:
            return match.value == 255 ? never() : in_range(Field::HopLimit, match.value + 1u, 255);
    }
    BPFW_BUG("unknown comparison");
}

Expr lower(const parser::Match& match, std::uint8_t protocol, const LineMark& rule,
           Filters& filters) {
    return std::visit(
        overloaded{
            [](const parser::TcpMatch& m) { return lower(m); },
            [](const parser::UdpMatch& m) { return lower(m); },
            [](const parser::IcmpMatch& m) { return lower(m); },
            [&](const parser::MultiportMatch& m) { return lower(m, protocol); },
            [](const parser::IprangeMatch& m) { return lower(m); },
            [](const parser::MacMatch& m) { return lower(m); },
            [](const parser::CommentMatch&) { return always(); },
            [](const parser::LengthMatch& m) { return lower(m); },
            [](const parser::HopLimitMatch& m) { return lower(m); },
            [](const parser::TosMatch& m) {
                return with_sense(masked(Field::Tos, m.mask, m.value), m.sense);
            },
            [](const parser::DscpMatch& m) {
                return with_sense(
                    masked(Field::Tos, 0xfc, (static_cast<std::uint32_t>(m.value) << 2) & 0xff),
                    m.sense);
            },
            [](const parser::PkttypeMatch& m) {
                return with_sense(equals(Field::PacketType, static_cast<std::uint32_t>(m.type)),
                                  m.sense);
            },
            [&](const parser::PcapMatch& m) { return filters.add(m, rule); },
            [&](const parser::BpfMatch& m) { return filters.add(m, rule); },
        },
        match);
}

}  // namespace

std::vector<Expr> lower_conditions(const parser::Rule& rule, Family family, const LineMark& origin,
                                   Filters& filters) {
    std::vector<Expr> out;
    if (rule.source) out.push_back(lower(*rule.source, Field::Saddr0, family));
    if (rule.destination) out.push_back(lower(*rule.destination, Field::Daddr0, family));
    if (rule.in_interface) out.push_back(lower(*rule.in_interface, Field::InName0));
    if (rule.out_interface) out.push_back(lower(*rule.out_interface, Field::OutName0));
    if (rule.protocol) {
        if (family == Family::Ipv6) out.push_back({Guard::Protocol6});
        out.push_back(
            with_sense(equals(Field::Protocol, rule.protocol->number), rule.protocol->sense));
    }
    if (rule.fragment) {
        out.push_back(with_sense(masked(Field::Odd, BPFW_ODD_FRAGMENT, BPFW_ODD_FRAGMENT),
                                 rule.fragment->sense));
    }
    const std::uint8_t protocol = rule.protocol ? rule.protocol->number : std::uint8_t{0};
    for (const parser::Match& match : rule.matches)
        out.push_back(lower(match, protocol, origin, filters));
    return out;
}

}  // namespace bpfw::compiler
