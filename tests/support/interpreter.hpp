// SPDX-License-Identifier: GPL-2.0-or-later
// The reference: what the kernel's iptables does with one frame, rule by rule, read off
// the kernel's own functions (ipt_do_table, ip6t_do_table and the xt matches of Linux 6.x).
// It knows nothing of the compiler's IR and nothing of the BPF templates.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/ruleset.hpp"
#include "parser/ast.hpp"

namespace bpfw::test {

enum class Hook : std::uint8_t { Input, Forward, Output };
const char* chain_name(Hook hook);

// Where a frame is met. Names are of the devices that the rules see; "" where the hook has none.
struct Place {
    Hook hook = Hook::Input;
    std::string in;
    std::string out;
};

// A rule or a policy of one table: index into Table::chains, and the rule's number as iptables
// counts (1-based); 0 is the policy.
struct Position {
    std::uint32_t chain = 0;
    std::uint32_t rule = 0;
    bool operator==(const Position&) const = default;
    auto operator<=>(const Position&) const = default;
};

enum class Outcome : std::uint8_t {
    Accept,
    Drop,
    Hotdrop,  // a match dropped the packet itself: no rule decided, none is counted for it
    NotIp,    // never gets to the rules: another ethertype
    Refused,  // never gets to the rules: IP's own input checks drop it
};

struct Answer {
    Outcome outcome = Outcome::NotIp;
    parser::Family family = parser::Family::Ipv4;
    std::optional<Position> decided;  // the rule or policy behind Accept and Drop
    std::vector<Position> counted;    // every rule that counted the packet, in order
    std::uint64_t bytes = 0;          // what each of them added: the packet's length as skb->len
};

// The two tables a frame may meet, by its family.
struct Tables {
    compiler::Table ipv4;
    compiler::Table ipv6;
    [[nodiscard]] const compiler::Table& of(parser::Family family) const {
        return family == parser::Family::Ipv4 ? ipv4 : ipv6;
    }
};

// `frame` begins with the Ethernet header; VLAN tags are skipped (Place names the device).
Answer interpret(const Tables& tables, std::span<const std::uint8_t> frame, const Place& place);

// The counter slot (bpf-templates/abi.h) of a position: policies first, then rules in the order
// of the text, IPv4's block before IPv6's.
std::uint32_t slot_of(const Tables& tables, parser::Family family, Position position);
std::uint32_t slot_count(const Tables& tables);
// "INPUT:3", "INPUT policy".
std::string to_text(const compiler::Table& table, Position position);

}  // namespace bpfw::test
