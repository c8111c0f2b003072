// SPDX-License-Identifier: GPL-2.0-or-later
// The small values of the language: numbers, addresses, masks, protocols, as
// iptables 1.8.9 reads them. Nothing comes back for text that is no such value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/ast.hpp"

namespace bpfw::parser {

// A number as strtoul(3) with base 0 reads it (blanks, '+', 0x and a leading 0 for octal),
// but without '-', and only as a whole; nothing above `max`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max);

// "1.2.3.4" (each part a number as above) or an IPv6 address.
std::optional<Address> parse_address(std::string_view text, Family family);
// The same, and for IPv4 also the first one to three parts: "10.1" is 10.1.0.0, not 10.0.0.1.
std::optional<Address> parse_network(std::string_view text, Family family);
// What stands after the '/': a prefix length or an address.
std::optional<Address> parse_mask(std::string_view text, Family family);
// The mask of a prefix length (0..32 or 0..128).
Address prefix_mask(unsigned length, Family family);
// The prefix length of a mask, or nothing when its ones are not all in front.
std::optional<unsigned> prefix_length(const Address& mask, Family family);
Address masked(const Address& address, const Address& mask);

// A name of iptables' own table or of Debian's /etc/protocols, in lower case.
std::optional<std::uint8_t> protocol_number(std::string_view name);
// The first name of that number in /etc/protocols; empty when it has none.
std::string_view protocol_table_name(std::uint8_t number);

}  // namespace bpfw::parser
