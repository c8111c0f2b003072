// SPDX-License-Identifier: GPL-2.0-or-later
// Which names are matches and targets of iptables 1.8.9, and which of them bpfw
// has. The doors are in options.hpp.
#include <algorithm>

#include "parser/options.hpp"

namespace bpfw::parser {
namespace {

struct KnownName {
    std::string_view name;
    Families families;
};

constexpr auto kBoth = Families::Both;
constexpr auto kIpv4 = Families::Ipv4;
constexpr auto kIpv6 = Families::Ipv6;

// Shipped by iptables 1.8.9 (Debian 12), not in this release of bpfw.
constexpr KnownName kOtherMatches[] = {
    {"addrtype", kBoth},  {"ah", kBoth},         {"cgroup", kBoth},    {"cluster", kBoth},
    {"connbytes", kBoth}, {"connlabel", kBoth},  {"connlimit", kBoth}, {"connmark", kBoth},
    {"conntrack", kBoth}, {"cpu", kBoth},        {"dccp", kBoth},      {"devgroup", kBoth},
    {"dst", kIpv6},       {"ecn", kBoth},        {"esp", kBoth},       {"eui64", kIpv6},
    {"frag", kIpv6},      {"hashlimit", kBoth},  {"hbh", kIpv6},       {"helper", kBoth},
    {"ipcomp", kBoth},    {"ipv6header", kIpv6}, {"ipvs", kBoth},      {"limit", kBoth},
    {"mark", kBoth},      {"mh", kIpv6},         {"nfacct", kBoth},    {"osf", kBoth},
    {"owner", kBoth},     {"physdev", kBoth},    {"policy", kBoth},    {"quota", kBoth},
    {"rateest", kBoth},   {"realm", kIpv4},      {"recent", kBoth},    {"rpfilter", kBoth},
    {"rt", kIpv6},        {"sctp", kBoth},       {"set", kBoth},       {"socket", kBoth},
    {"srh", kIpv6},       {"state", kBoth},      {"statistic", kBoth}, {"string", kBoth},
    {"tcpmss", kBoth},    {"time", kBoth},       {"u32", kBoth},
};

constexpr KnownName kOtherTargets[] = {
    {"AUDIT", kBoth},       {"CHECKSUM", kBoth},    {"CLASSIFY", kBoth}, {"CLUSTERIP", kIpv4},
    {"CONNMARK", kBoth},    {"CONNSECMARK", kBoth}, {"CT", kBoth},       {"DNAT", kBoth},
    {"DNPT", kIpv6},        {"DSCP", kBoth},        {"ECN", kIpv4},      {"HL", kIpv6},
    {"HMARK", kBoth},       {"IDLETIMER", kBoth},   {"LED", kBoth},      {"LOG", kBoth},
    {"MARK", kBoth},        {"MASQUERADE", kBoth},  {"NETMAP", kBoth},   {"NFLOG", kBoth},
    {"NFQUEUE", kBoth},     {"NOTRACK", kBoth},     {"QUEUE", kBoth},    {"RATEEST", kBoth},
    {"REDIRECT", kBoth},    {"REJECT", kBoth},      {"SECMARK", kBoth},  {"SET", kBoth},
    {"SNAT", kBoth},        {"SNPT", kIpv6},        {"SYNPROXY", kBoth}, {"TCPMSS", kBoth},
    {"TCPOPTSTRIP", kBoth}, {"TEE", kBoth},         {"TOS", kBoth},      {"TPROXY", kBoth},
    {"TRACE", kBoth},       {"TTL", kIpv4},         {"ULOG", kIpv4},     {"standard", kBoth},
};

bool serves(Families families, Family family) {
    return families == Families::Both || (families == Families::Ipv4) == (family == Family::Ipv4);
}

template <std::size_t N>
bool holds(const KnownName (&table)[N], std::string_view name, Family family) {
    return std::any_of(std::begin(table), std::end(table), [&](const KnownName& known) {
        return known.name == name && serves(known.families, family);
    });
}

// iptables accepts these for the one match that it saves as icmp6.
std::string_view real_match_name(std::string_view name) {
    return name == "icmpv6" || name == "ipv6-icmp" ? "icmp6" : name;
}

}  // namespace

const MatchSpec* find_match(std::string_view name, Family family) {
    const std::string_view real = real_match_name(name);
    for (const MatchSpec& spec : match_specs()) {
        if (spec.name == real && serves(spec.families, family)) return &spec;
    }
    return nullptr;
}

Extension match_extension(std::string_view name, Family family) {
    if (find_match(name, family) != nullptr) return Extension::Supported;
    return holds(kOtherMatches, name, family) ? Extension::Unsupported : Extension::Unknown;
}

Extension target_extension(std::string_view name, Family family) {
    if (name == "ACCEPT" || name == "DROP" || name == "RETURN") return Extension::Supported;
    return holds(kOtherTargets, name, family) ? Extension::Unsupported : Extension::Unknown;
}

const MatchSpec* match_of_protocol(std::uint8_t number, Family family) {
    if (number == 0) return nullptr;
    for (const MatchSpec& spec : match_specs()) {
        if (spec.protocol == number && serves(spec.families, family)) return &spec;
    }
    return nullptr;
}

std::string_view unsupported_match_of_protocol(std::uint8_t number, Family family) {
    switch (number) {
        case 33:
            return "dccp";
        case 50:
            return "esp";
        case 51:
            return "ah";
        case 108:
            return "ipcomp";
        case 132:
            return "sctp";
        case 135:
            return family == Family::Ipv6 ? "mh" : "";
        default:
            return "";
    }
}

}  // namespace bpfw::parser
