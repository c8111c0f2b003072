// SPDX-License-Identifier: GPL-2.0-or-later
// The table of ICMP names; icmp_names() is the door. Numbers: RFC 792, 950, 1191, 1256, 1812
// and 4443, 4861, 3484; names as iptables 1.8.9 has them.
#include "parser/icmp_types.hpp"

#include <algorithm>

namespace bpfw::parser {
namespace {

constexpr IcmpName type(std::string_view name, std::uint8_t number) {
    return {name, IcmpNameKind::Type, number, 0, 255};
}
constexpr IcmpName code(std::string_view name, std::uint8_t number, std::uint8_t of_type) {
    return {name, IcmpNameKind::Code, of_type, number, number};
}
constexpr IcmpName alias(std::string_view name, std::uint8_t number) {
    return {name, IcmpNameKind::Alias, number, 0, 255};
}

constexpr IcmpName kIpv4[] = {
    type("any", 255),
    type("echo-reply", 0),
    alias("pong", 0),
    type("destination-unreachable", 3),
    code("network-unreachable", 0, 3),
    code("host-unreachable", 1, 3),
    code("protocol-unreachable", 2, 3),
    code("port-unreachable", 3, 3),
    code("fragmentation-needed", 4, 3),
    code("source-route-failed", 5, 3),
    code("network-unknown", 6, 3),
    code("host-unknown", 7, 3),
    code("network-prohibited", 9, 3),
    code("host-prohibited", 10, 3),
    code("TOS-network-unreachable", 11, 3),
    code("TOS-host-unreachable", 12, 3),
    code("communication-prohibited", 13, 3),
    code("host-precedence-violation", 14, 3),
    code("precedence-cutoff", 15, 3),
    type("source-quench", 4),
    type("redirect", 5),
    code("network-redirect", 0, 5),
    code("host-redirect", 1, 5),
    code("TOS-network-redirect", 2, 5),
    code("TOS-host-redirect", 3, 5),
    type("echo-request", 8),
    alias("ping", 8),
    type("router-advertisement", 9),
    type("router-solicitation", 10),
    type("time-exceeded", 11),
    alias("ttl-exceeded", 11),
    code("ttl-zero-during-transit", 0, 11),
    code("ttl-zero-during-reassembly", 1, 11),
    type("parameter-problem", 12),
    code("ip-header-bad", 0, 12),
    code("required-option-missing", 1, 12),
    type("timestamp-request", 13),
    type("timestamp-reply", 14),
    type("address-mask-request", 17),
    type("address-mask-reply", 18),
};

constexpr IcmpName kIpv6[] = {
    type("destination-unreachable", 1),
    code("no-route", 0, 1),
    code("communication-prohibited", 1, 1),
    code("beyond-scope", 2, 1),
    code("address-unreachable", 3, 1),
    code("port-unreachable", 4, 1),
    code("failed-policy", 5, 1),
    code("reject-route", 6, 1),
    type("packet-too-big", 2),
    type("time-exceeded", 3),
    alias("ttl-exceeded", 3),
    code("ttl-zero-during-transit", 0, 3),
    code("ttl-zero-during-reassembly", 1, 3),
    type("parameter-problem", 4),
    code("bad-header", 0, 4),
    code("unknown-header-type", 1, 4),
    code("unknown-option", 2, 4),
    type("echo-request", 128),
    alias("ping", 128),
    type("echo-reply", 129),
    alias("pong", 129),
    type("router-solicitation", 133),
    type("router-advertisement", 134),
    type("neighbour-solicitation", 135),
    alias("neighbor-solicitation", 135),
    type("neighbour-advertisement", 136),
    alias("neighbor-advertisement", 136),
    type("redirect", 137),
};

}  // namespace

std::span<const IcmpName> icmp_names(Family family) {
    if (family == Family::Ipv4) return kIpv4;
    return kIpv6;
}

std::string_view icmp_name(Family family, std::uint8_t number, std::uint8_t first_code,
                           std::uint8_t last_code) {
    const auto names = icmp_names(family);
    const auto found = std::find_if(names.begin(), names.end(), [&](const IcmpName& entry) {
        return entry.type == number && entry.first_code == first_code &&
               entry.last_code == last_code;
    });
    return found == names.end() ? std::string_view() : found->name;
}

std::string icmp_help(Family family) {
    std::string out = family == Family::Ipv4 ? "Valid ICMP Types:" : "Valid ICMPv6 Types:";
    for (const IcmpName& entry : icmp_names(family)) {
        switch (entry.kind) {
            case IcmpNameKind::Type:
                out += '\n';
                break;
            case IcmpNameKind::Code:
                out += "\n   ";
                break;
            case IcmpNameKind::Alias:
                out += " (";
                break;
        }
        out += entry.name;
        if (entry.kind == IcmpNameKind::Alias) out += ')';
    }
    return out + "\n";
}

}  // namespace bpfw::parser
