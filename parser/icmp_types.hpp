// SPDX-License-Identifier: GPL-2.0-or-later
// The names of ICMP and ICMPv6 types, in iptables' order: one table for reading
// (--icmp-type ping), listing (-L) and help.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "parser/ast.hpp"

namespace bpfw::parser {

// What a name stands for in the table.
enum class IcmpNameKind : std::uint8_t {
    Type,   // a whole type
    Code,   // one code of the type above it
    Alias,  // a second name of the entry above it
};

struct IcmpName {
    std::string_view name;
    IcmpNameKind kind = IcmpNameKind::Type;
    std::uint8_t type = 0;
    std::uint8_t first_code = 0;
    std::uint8_t last_code = 255;
};

std::span<const IcmpName> icmp_names(Family family);

// The first name of exactly this type and these codes; "" when there is none.
std::string_view icmp_name(Family family, std::uint8_t type, std::uint8_t first_code,
                           std::uint8_t last_code);

// "Valid ICMP Types:" and the names, as `iptables -p icmp --help` lists them (codes indented,
// aliases in parentheses). firewalld reads it.
std::string icmp_help(Family family);

}  // namespace bpfw::parser
