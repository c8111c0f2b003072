// SPDX-License-Identifier: GPL-2.0-or-later
// Terms of arithmetic -> nodes, with what libpcap checks while it reads them. The door is class
// Meaning.
#include <fmt/format.h>

#include "parser/pcap/meaning.hpp"

namespace bpfw::parser::pcap {
namespace {

bool can_be_read(Protocol protocol) {
    switch (protocol) {
        case Protocol::Link:
        case Protocol::Ip:
        case Protocol::Arp:
        case Protocol::Rarp:
        case Protocol::Atalk:
        case Protocol::Decnet:
        case Protocol::Sca:
        case Protocol::Lat:
        case Protocol::Moprc:
        case Protocol::Mopdl:
        case Protocol::Ip6:
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
            return true;
        case Protocol::None:
        case Protocol::Aarp:
        case Protocol::Ah:
        case Protocol::Esp:
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
            return false;
    }
    return false;
}

// What a constant right operand must not be.
std::string_view forbidden(Operator op, std::uint32_t value) {
    constexpr std::uint32_t kMostShift = 31;
    switch (op) {
        case Operator::Divide:
            return value == 0 ? "division by zero" : "";
        case Operator::Modulo:
            return value == 0 ? "modulus by zero" : "";
        case Operator::ShiftLeft:
        case Operator::ShiftRight:
            return value > kMostShift ? "shift by more than 31 bits" : "";
        case Operator::Add:
        case Operator::Subtract:
        case Operator::Multiply:
        case Operator::And:
        case Operator::Or:
        case Operator::Xor:
            return "";
    }
    return "";
}

}  // namespace

ArithmeticId Meaning::constant(std::uint32_t value, Range at) {
    need_words(1, at);
    return builder_.number(value, mistakes_.span(at));
}

ArithmeticId Meaning::frame_length(Range at) {
    need_words(1, at);
    return builder_.frame_length(mistakes_.span(at));
}

ArithmeticId Meaning::load(Protocol protocol, ArithmeticId offset, std::uint32_t size, Range at) {
    need_words(1, at);
    encapsulation_.give(1);
    if (size != 1 && size != 2 && size != 4) refuse(at, "data size must be 1, 2, or 4");
    if (!can_be_read(protocol)) {
        refuse(at, fmt::format("unsupported index operation: {}[]", protocol_word(protocol)),
               "the bytes of ether, ip, ip6, arp, rarp, tcp, udp, icmp, icmp6, sctp, igmp, ... can "
               "be read");
    }
    need_link_type(protocol, at);
    return builder_.load({protocol, offset, static_cast<std::uint8_t>(size)}, mistakes_.span(at));
}

ArithmeticId Meaning::binary(Operator op, ArithmeticId left, ArithmeticId right, Range at) {
    // libpcap looks at the first instruction of the right side only, which loads its leftmost
    // number: it refuses 8 / ip[0] as well.
    if (const Number* number = builder_.leftmost_number(right)) {
        const std::string_view what = forbidden(op, number->value);
        if (!what.empty()) {
            refuse(at, std::string(what),
                   builder_.is_number(right)
                       ? ""
                       : "libpcap takes the leftmost number on the right side for all of it");
        }
    }
    encapsulation_.give(1);
    return builder_.binary({op, left, right}, mistakes_.span(at));
}

ArithmeticId Meaning::negated(ArithmeticId of, Range at) {
    return builder_.negated(of, mistakes_.span(at));
}

NodeId Meaning::compare(Relation relation, ArithmeticId left, ArithmeticId right, Range at) {
    encapsulation_.give(2);
    return builder_.comparison({relation, left, right}, mistakes_.span(at));
}

}  // namespace bpfw::parser::pcap
