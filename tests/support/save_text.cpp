// SPDX-License-Identifier: GPL-2.0-or-later
// Tables and rules -> the text of iptables-save(8), by the option names of
// iptables-extensions(8). save_text() is the door.
#include <arpa/inet.h>
#include <fmt/format.h>

#include "parser/print.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

const char* bang(Sense sense) { return sense == Sense::IsNot ? "! " : ""; }

std::string text(const Address& address, Family family) {
    char buffer[INET6_ADDRSTRLEN];
    inet_ntop(family == Family::Ipv4 ? AF_INET : AF_INET6, address.bytes.data(), buffer,
              sizeof buffer);
    return buffer;
}

std::string text(const PortRange& range) {
    return range.first == range.last ? fmt::format("{}", range.first)
                                     : fmt::format("{}:{}", range.first, range.last);
}

std::string text(const std::optional<PortMatch>& match, const char* option) {
    if (!match) return "";
    return fmt::format(" {}--{} {}", bang(match->sense), option, text(match->ports));
}

std::string flags(std::uint8_t bits) {
    static const char* const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    std::string out;
    for (unsigned bit = 0; bit < 6; bit++)
        if ((bits >> bit & 1) != 0) out += fmt::format("{}{}", out.empty() ? "" : ",", names[bit]);
    return out.empty() ? "NONE" : out;
}

std::string text(const TcpMatch& m, Family) {
    std::string out = " -m tcp" + text(m.source, "sport") + text(m.destination, "dport");
    if (m.flags)
        out += fmt::format(" {}--tcp-flags {} {}", bang(m.flags->sense), flags(m.flags->mask),
                           flags(m.flags->set));
    if (m.option) out += fmt::format(" {}--tcp-option {}", bang(m.option->sense), m.option->kind);
    return out;
}

std::string text(const UdpMatch& m, Family) {
    return " -m udp" + text(m.source, "sport") + text(m.destination, "dport");
}

std::string text(const IcmpMatch& m, Family family) {
    const char* name = family == Family::Ipv4 ? "icmp" : "icmp6";
    const char* option = family == Family::Ipv4 ? "icmp-type" : "icmpv6-type";
    std::string type = fmt::format("{}", m.type);
    if (family == Family::Ipv4 && m.type == 255)
        type = "any";
    else if (m.first_code == m.last_code)
        type += fmt::format("/{}", m.first_code);
    return fmt::format(" -m {} {}--{} {}", name, bang(m.sense), option, type);
}

std::string text(const MultiportMatch& m, Family) {
    static const char* const options[] = {"sports", "dports", "ports"};
    std::string list;
    for (const PortRange& range : m.ports)
        list += fmt::format("{}{}", list.empty() ? "" : ",", text(range));
    return fmt::format(" -m multiport {}--{} {}", bang(m.sense),
                       options[static_cast<std::size_t>(m.side)], list);
}

std::string text(const std::optional<AddressRange>& range, const char* option, Family family) {
    if (!range) return "";
    return fmt::format(" {}--{} {}-{}", bang(range->sense), option, text(range->first, family),
                       text(range->last, family));
}

std::string text(const IprangeMatch& m, Family family) {
    return " -m iprange" + text(m.source, "src-range", family) +
           text(m.destination, "dst-range", family);
}

std::string text(const MacMatch& m, Family) {
    return fmt::format(" -m mac {}--mac-source {:02x}", bang(m.sense), fmt::join(m.address, ":"));
}

std::string text(const CommentMatch& m, Family) {
    return fmt::format(" -m comment --comment \"{}\"", m.text);
}

std::string text(const LengthMatch& m, Family) {
    return fmt::format(" -m length {}--length {}", bang(m.sense), text(PortRange{m.first, m.last}));
}

std::string text(const HopLimitMatch& m, Family family) {
    const char* name = family == Family::Ipv4 ? "ttl" : "hl";
    const bool less = m.comparison == Comparison::Less;
    const bool greater = m.comparison == Comparison::Greater;
    return fmt::format(" -m {} {}--{}-{} {}", name,
                       m.comparison == Comparison::NotEqual ? "! " : "", name,
                       less      ? "lt"
                       : greater ? "gt"
                                 : "eq",
                       m.value);
}

std::string text(const TosMatch& m, Family) {
    return fmt::format(" -m tos {}--tos {:#x}/{:#x}", bang(m.sense), m.value, m.mask);
}

std::string text(const DscpMatch& m, Family) {
    return fmt::format(" -m dscp {}--dscp {:#04x}", bang(m.sense), m.value);
}

std::string text(const PkttypeMatch& m, Family) {
    static const char* const names[] = {"unicast", "broadcast", "multicast"};
    return fmt::format(" -m pkttype {}--pkt-type {}", bang(m.sense),
                       names[static_cast<std::size_t>(m.type)]);
}

std::string text(const PcapMatch& m, Family) { return " " + parser::to_text(Match(m)); }
std::string text(const BpfMatch& m, Family) { return " " + parser::to_text(Match(m)); }

std::string text(const std::optional<AddressMatch>& match, const char* option, Family family) {
    if (!match) return "";
    return fmt::format(" {}{} {}/{}", bang(match->sense), option, text(match->address, family),
                       text(match->mask, family));
}

std::string text(const Target& target) {
    switch (target.kind) {
        case Target::Kind::None:
            return "";
        case Target::Kind::Accept:
            return " -j ACCEPT";
        case Target::Kind::Drop:
            return " -j DROP";
        case Target::Kind::Return:
            return " -j RETURN";
        case Target::Kind::Jump:
            return " -j " + target.chain;
        case Target::Kind::Goto:
            return " -g " + target.chain;
    }
    return "";
}

}  // namespace

std::string rule_text(const Rule& rule, Family family) {
    std::string out = text(rule.source, "-s", family) + text(rule.destination, "-d", family);
    if (rule.in_interface)
        out += fmt::format(" {}-i {}", bang(rule.in_interface->sense), rule.in_interface->name);
    if (rule.out_interface)
        out += fmt::format(" {}-o {}", bang(rule.out_interface->sense), rule.out_interface->name);
    if (rule.protocol)
        out += fmt::format(" {}-p {}", bang(rule.protocol->sense), rule.protocol->number);
    if (rule.fragment) out += fmt::format(" {}-f", bang(rule.fragment->sense));
    for (const Match& match : rule.matches)
        out += std::visit([family](const auto& m) { return text(m, family); }, match);
    return out + text(rule.target);
}

std::string save_text(const compiler::Table& table, Family family) {
    std::string out = "*filter\n";
    for (const auto& chain : table.chains)
        out += fmt::format(":{} {} [0:0]\n", chain.name,
                           !chain.policy                      ? "-"
                           : *chain.policy == Verdict::Accept ? "ACCEPT"
                                                              : "DROP");
    for (const auto& chain : table.chains)
        for (const auto& rule : chain.rules)
            out += fmt::format("-A {}{}\n", chain.name, rule_text(rule.rule, family));
    return out + "COMMIT\n";
}

}  // namespace bpfw::test
