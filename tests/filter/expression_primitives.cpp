// SPDX-License-Identifier: GPL-2.0-or-later
// Random primitives with their qualifiers, and lists of identifiers.
#include <fmt/format.h>

#include "tests/filter/expressions.hpp"
#include "tests/filter/filter_pools.hpp"

namespace bpfw::test::filter {
namespace {

std::string random_word(const Scope& scope, Random& random) {
    static constexpr const char* kUnder[] = {"ip",   "ip6", "tcp", "udp",  "sctp",
                                             "icmp", "ah",  "esp", "igmp", "icmp6"};
    static constexpr const char* kCommon[] = {
        "ip",   "ip",    "ip6",  "ip6",  "arp", "rarp", "tcp",  "tcp", "udp", "sctp",
        "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp", "carp", "ah",  "esp"};
    static constexpr const char* kLegacy[] = {
        "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "stp",  "ipx", "netbeui",
        "esis",  "isis", "clnp",   "l1",  "l2",  "iih",   "lsp",   "snp", "csnp", "psnp"};
    if (scope.mpls) return random.pick(kUnder);
    return random.percent(82) ? random.pick(kCommon) : random.pick(kLegacy);
}

std::string random_ethernet(Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 50) {
        const std::string direction = random_direction(random);
        const bool typed = direction.empty() || random.percent(40);
        return "ether " + direction + (typed ? "host " : "") + random_mac(random);
    }
    if (dice < 60) return "broadcast";
    if (dice < 70) return "multicast";
    return dice < 85 ? "ether multicast" : "ether broadcast";
}

std::string random_proto(const Scope& scope, Random& random) {
    static constexpr const char* kNames[] = {"\\tcp",  "\\udp",     "\\icmp", "\\igmp",
                                             "\\esp",  "\\ah",      "gre",    "ospf",
                                             "\\sctp", "ipv6-icmp", "\\pim"};
    static constexpr const char* kEther[] = {"\\ip",   "\\arp", "\\rarp",  "\\ip6",   "\\atalk",
                                             "\\aarp", "\\iso", "\\stp",   "\\ipx",   "\\netbeui",
                                             "\\lat",  "\\sca", "\\moprc", "\\mopdl", "loopback"};
    static constexpr const char* kBefore[] = {"ip ", "ip ", "ip6 ", ""};
    const std::uint32_t dice = random.below(100);
    if (dice < 62 || scope.mpls) {
        const std::string number = random.percent(75)   ? fmt::format("{}", random.pick(kProtocols))
                                   : random.percent(80) ? random.pick(kNames)
                                                        : "256";
        return std::string(random.pick(kBefore)) + "proto " + number;
    }
    if (dice < 92)
        return "ether proto " +
               (random.percent(70)
                    ? fmt::format("{:#x}", random.percent(75) ? random.pick(kEtherTypes)
                                                              : random.pick(kSaps))
                    : std::string(random.pick(kEther)));
    static constexpr const char* kIso[] = {"iso proto \\clnp", "iso proto \\esis",
                                           "iso proto \\isis", "iso proto 131",
                                           "isis proto 18",    "isis proto 27"};
    return random.pick(kIso);
}

std::string random_length(Random& random) {
    static constexpr const char* kOperators[] = {"=", "=", "<", ">", "&", "|"};
    const std::uint32_t dice = random.below(100);
    if (dice < 35) return fmt::format("less {}", random.between(14, 200));
    if (dice < 70) return fmt::format("greater {}", random.between(14, 200));
    return fmt::format("byte {} {} {}", random.below(60), random.pick(kOperators),
                       random.pick(kNumbers) & 0xff);
}

std::string random_llc(Random& random) {
    static constexpr const char* kTypes[] = {"",       "",      " i",   " s",   " u",    " rr",
                                             " rnr",   " rej",  " ui",  " ua",  " disc", " dm",
                                             " sabme", " test", " xid", " frmr"};
    return std::string("llc") + random.pick(kTypes);
}

std::string random_ip_cast(const Scope& scope, Random& random) {
    static constexpr const char* kCasts[] = {"ip multicast", "ip6 multicast", "ip broadcast"};
    return scope.pppoe ? "ip6 multicast" : random.pick(kCasts);
}

std::string random_origin(Random& random) {
    static constexpr const char* kOrigins[] = {"inbound", "outbound", "ifindex 1", "ifindex 2"};
    return random.pick(kOrigins);
}

std::string random_protochain(Random& random) {
    static constexpr const char* kBefore[] = {"ip ", "ip6 ", "ip6 ", ""};
    static constexpr const char* kNames[] = {"\\tcp", "\\udp", "\\ah", "\\icmp", "ipv6-icmp"};
    const std::uint32_t above = random.percent(10) ? random.between(1, 3) << 8U : 0;
    return random.pick(kBefore) + std::string("protochain ") +
           (random.percent(70) ? fmt::format("{}", random.pick(kProtocols) + above)
                               : random.pick(kNames));
}

}  // namespace

std::string random_direction(Random& random) {
    static constexpr const char* kBoth[] = {"src or dst ", "dst or src ", "src and dst ",
                                            "dst and src "};
    const std::uint32_t dice = random.below(100);
    if (dice < 45) return "";
    if (dice < 67) return "src ";
    return dice < 89 ? "dst " : random.pick(kBoth);
}

std::string random_host(const Scope& scope, Random& random) {
    static constexpr const char* kBefore4[] = {"", "", "", "", "ip ", "arp ", "rarp "};
    const std::string direction = random_direction(random);
    const std::string type = direction.empty() || random.percent(60) ? "host " : "";
    if (random.percent(28)) {
        const std::string before = random.percent(30) ? "ip6 " : "";
        const std::string after = !type.empty() && random.percent(5) ? "/128" : "";
        return before + direction + type + host6(random) + after;
    }
    const std::string before = scope.mpls ? "" : random.pick(kBefore4);
    if (random.percent(5)) return before + direction + "host 10.1";
    return before + direction + type + host4(random);
}

std::string random_net(const Scope& scope, Random& random) {
    static constexpr const char* kNets6[] = {
        "2001:db8::/32", "2001:db8:1::/48", "fe80::/10",       "ff00::/8",
        "::/0",          "2001:db8::/127",  "2001:db8::1/128", "2001:db8:0:1::/64",
        "::/96",         "2001:db8::/63",   "2000::/3",        "2001:db8:0:1::/65"};
    static constexpr const char* kBefore4[] = {"", "", "", "", "ip ", "arp ", "rarp "};
    const std::string direction = random_direction(random);
    if (random.percent(28))
        return (random.percent(30) ? "ip6 " : "") + direction + "net " + random.pick(kNets6);
    return (scope.mpls ? "" : random.pick(kBefore4)) + direction + "net " + random_net4(random);
}

std::string random_net4(Random& random) {
    static constexpr const char* kNets[] = {"10",
                                            "10.1",
                                            "10.1.1",
                                            "10.0.0.0/8",
                                            "10.1.0.0/16",
                                            "10.0/8",
                                            "192.168.1.0/24",
                                            "192.168",
                                            "172.16.0.0/12",
                                            "224.0.0.0/4",
                                            "0.0.0.0/0",
                                            "128.3",
                                            "10.1.1.0/31",
                                            "10.1.1.1/32",
                                            "10.0.1.0 mask 255.0.255.0",
                                            "10.1.1.0/24",
                                            "0.0.0.1 mask 0.0.0.255",
                                            "1.2.3.4",
                                            "10.1.0.0 mask 255.255.0.0",
                                            "128.0.0.0/1",
                                            "10.1.1.0/25",
                                            "0",
                                            "255"};
    if (random.percent(70)) return random.pick(kNets);
    const std::uint32_t bits = random.between(9, 24);
    const std::uint32_t address = 0x0a000000u | random.below(3) << 16 | random.below(4) << 8;
    const std::uint32_t net = address & ~(0xffffffffu >> bits);
    return fmt::format("{}.{}.{}.0/{}", net >> 24, net >> 16 & 255, net >> 8 & 255, bits);
}

std::string random_port(Random& random) {
    static constexpr const char* kBefore[] = {"", "", "tcp ", "tcp ", "udp ", "sctp "};
    static constexpr const char* kAnyNames[] = {"domain", "ntp",   "tftp", "ssh",
                                                "http",   "https", "smtp", "snmp"};
    const std::string before = random.pick(kBefore);
    const std::string direction = random_direction(random);
    if (random.percent(25)) {
        const std::uint16_t first = port(random);
        const std::uint32_t last = random.percent(50) ? port(random) : first + random.below(200);
        return fmt::format("{}{}portrange {}-{}", before, direction, first, last & 0xffff);
    }
    if (before.empty() && random.percent(10)) return direction + "port " + random.pick(kAnyNames);
    return fmt::format("{}{}port {}", before, direction, port(random));
}

std::string random_mac(Random& random) {
    std::string mac = random.pick(kMacs);
    const std::uint32_t dice = random.below(100);
    if (dice < 10)
        for (char& c : mac) c = c == ':' ? '-' : c;
    return mac;
}

std::string random_primitive(const Scope& scope, Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 22) return random_word(scope, random);
    if (dice < 40) return random_host(scope, random);
    if (dice < 53) return random_net(scope, random);
    if (dice < 70) return random_port(random);
    if (dice < 78) return random_proto(scope, random);
    if (dice < 82) return random_protochain(random);
    if (dice < 86) return random_length(random);
    if (dice < 88) return random_ip_cast(scope, random);
    if (dice < 89) return random_origin(random);
    if (scope.plain() && dice < 96) return random_ethernet(random);
    if (scope.plain() && dice < 98) return random_llc(random);
    return random_word(scope, random);
}

}  // namespace bpfw::test::filter
