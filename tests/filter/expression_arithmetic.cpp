// SPDX-License-Identifier: GPL-2.0-or-later
// Random arithmetic: nested loads, every operator with and without parentheses, all ways to
// write a number. random_comparison() is the door.
#include <fmt/format.h>

#include "tests/filter/expressions.hpp"
#include "tests/filter/filter_pools.hpp"

namespace bpfw::test::filter {
namespace {

std::string random_number(Random& random) {
    const std::uint32_t value =
        random.percent(90) ? random.pick(kNumbers)
                           : static_cast<std::uint32_t>(random.below(std::size_t{1} << 32));
    const std::uint32_t dice = random.below(100);
    if (dice < 65) return fmt::format("{}", value);
    return dice < 92 ? fmt::format("{:#x}", value) : fmt::format("0{:o}", value);
}

const char* random_protocol(const Scope& scope, Random& random) {
    static constexpr const char* kUnder[] = {"ip",  "tcp",  "udp",   "icmp", "ip6",
                                             "ip6", "sctp", "icmp6", "tcp",  "ip"};
    static constexpr const char* kAll[] = {
        "ip",    "ip",   "tcp", "tcp",  "tcp",  "udp",  "udp",  "icmp", "ip6",  "ip6",  "ether",
        "ether", "link", "arp", "rarp", "sctp", "igmp", "igrp", "pim",  "vrrp", "carp", "icmp6"};
    return scope.mpls ? random.pick(kUnder) : random.pick(kAll);
}

// Offsets that lie in headers, at their ends, and far outside.
std::string random_offset(Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 75) return fmt::format("{}", random.below(24));
    if (dice < 92) return fmt::format("{}", random.below(80));
    if (dice < 96) return fmt::format("{}", random.pick(kNumbers));
    return "-" + fmt::format("{}", random.below(20));
}

std::string random_term(const Scope& scope, int depth, Random& random);

// A load whose place is in the packet: masked to stay near, mostly.
std::string random_index(const Scope& scope, int depth, Random& random) {
    const std::string inner = random_term(scope, depth - 1, random);
    const std::uint32_t dice = random.below(100);
    if (dice < 35) return fmt::format("{} & {}", inner, random.percent(50) ? 0xf : 0x3c);
    if (dice < 60) return fmt::format("({} >> {})", inner, random.between(2, 5));
    if (dice < 70) return fmt::format("len - {}", random.between(1, 8));
    return inner;
}

std::string random_load(const Scope& scope, int depth, Random& random) {
    static constexpr const char* kNamed[] = {"tcp[tcpflags]",    "icmp[icmptype]",
                                             "icmp[icmpcode]",   "icmp6[icmp6type]",
                                             "icmp6[icmp6code]", "tcp[13]"};
    static constexpr const char* kSizes[] = {"", "", "", ":1", ":2", ":2", ":4", ":4"};
    if (random.percent(10)) return random.pick(kNamed);
    const std::string at = depth > 0 && random.percent(18) ? random_index(scope, depth, random)
                                                           : random_offset(random);
    return fmt::format("{}[{}{}]", random_protocol(scope, random), at, random.pick(kSizes));
}

std::string random_leaf(const Scope& scope, int depth, Random& random) {
    static constexpr const char* kNames[] = {"tcp-syn", "tcp-ack",   "tcp-fin",
                                             "tcp-rst", "icmp-echo", "icmp6-routersolicit"};
    const std::uint32_t dice = random.below(100);
    if (dice < 60) return random_load(scope, depth, random);
    if (dice < 88) return random_number(random);
    if (dice < 93) return "len";
    return random.pick(kNames);
}

std::string random_right_side(const std::string& op, const Scope& scope, int depth,
                              Random& random) {
    const bool shift = op == "<<" || op == ">>";
    if (shift && random.percent(75)) return fmt::format("{}", random.below(32));
    const bool divides = op == "/" || op == "%";
    if (divides && random.percent(60)) return fmt::format("{}", random.between(1, 60));
    if (op == "&" && random.percent(60)) return random_number(random);
    return random_term(scope, depth, random);
}

std::string random_term(const Scope& scope, int depth, Random& random) {
    static constexpr const char* kOperators[] = {"+", "-", "*",  "/",  "%", "&",
                                                 "&", "|", "<<", ">>", "^", "&"};
    if (depth <= 0 || random.percent(45)) return random_leaf(scope, depth, random);
    if (random.percent(8)) return "-" + random_leaf(scope, depth, random);
    const std::string op = random.pick(kOperators);
    const char* const space = random.percent(75) ? " " : "";
    const std::string text =
        fmt::format("{}{}{}{}{}", random_term(scope, depth - 1, random), space, op, space,
                    random_right_side(op, scope, depth - 1, random));
    return random.percent(60) ? "(" + text + ")" : text;
}

}  // namespace

std::string random_comparison(const Scope& scope, Random& random) {
    static constexpr const char* kRelations[] = {"=", "==", "!=", ">", "<", ">=", "<=", "=", "!="};
    const int depth = random.percent(60) ? 1 : 3;
    std::string left = random_term(scope, depth, random);
    // A lone number on the left is no arithmetic to the grammar in some places; nor is it useful.
    if (left.find_first_of("[l") == std::string::npos) left = random_load(scope, depth, random);
    const std::string right =
        random.percent(70) ? random_number(random) : random_term(scope, depth - 1, random);
    return fmt::format("{} {} {}", left, random.pick(kRelations), right);
}

}  // namespace bpfw::test::filter
