// SPDX-License-Identifier: GPL-2.0-or-later
// The one table of options: names, arguments, negation and help text, for the
// command itself and for each match. The parser reads it, --help prints it, and
// a test holds the man pages to it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "parser/ast.hpp"

namespace bpfw::parser {

enum class Argument : std::uint8_t { None, Required, Optional };
enum class Negation : std::uint8_t { Refused, Allowed };  // `!` before the option

struct OptionSpec {
    std::string_view name;  // without "--"
    char letter = 0;        // 'A' for -A; 0: long only
    Argument argument = Argument::None;
    std::uint8_t id = 0;  // names with one id are one option; the first is the canonical one
    Negation negation = Negation::Refused;
    std::string_view value;  // what the argument is, for --help: "address[/mask]"
    std::string_view about;  // one line for --help; empty: another name of the line above
};

// Options of the iptables command; an id is the option's letter ('0' for --line-numbers).
std::span<const OptionSpec> main_options();

// Where a match's options count: how many of them a rule may and must use.
enum class Choice : std::uint8_t { Any, AtMostOne };

enum class Families : std::uint8_t { Both, Ipv4, Ipv6 };

enum class MatchKind : std::uint8_t {
    Tcp,
    Udp,
    Icmp,
    Icmp6,
    Multiport,
    Iprange,
    Mac,
    Comment,
    Length,
    Ttl,
    Hl,
    Tos,
    Dscp,
    Pkttype,
    Pcap,
    Bpf,
};

struct MatchSpec {
    MatchKind kind;
    std::string_view name;  // as -m and iptables-save write it
    Families families;
    std::uint8_t protocol;  // its options come with this -p unasked; 0: only by -m
    Choice choice;
    std::string_view missing;  // iptables' words when no option is given; empty: may be without
    std::string_view about;
    std::span<const OptionSpec> options;
};

// Every match of this release.
std::span<const MatchSpec> match_specs();

enum class Extension : std::uint8_t { Unknown, Supported, Unsupported };

// Whether iptables 1.8.9 ships a match (a target) of that name for the family, and whether
// bpfw has it. ACCEPT, DROP and RETURN are Supported targets.
Extension match_extension(std::string_view name, Family family);
Extension target_extension(std::string_view name, Family family);

// The match of that name (also by its other names: icmpv6 for icmp6); nullptr: not supported.
const MatchSpec* find_match(std::string_view name, Family family);
// The match whose options `-p number` offers; nullptr: none of this release.
const MatchSpec* match_of_protocol(std::uint8_t number, Family family);
// The name of an iptables match that `-p number` would load but bpfw has not; "" if none.
std::string_view unsupported_match_of_protocol(std::uint8_t number, Family family);

}  // namespace bpfw::parser
