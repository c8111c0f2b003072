// SPDX-License-Identifier: GPL-2.0-or-later
// What all matches share: an option given twice, negated where it may not be, or
// missing. Then each option goes to its match's own function.
#include "parser/matches.hpp"

#include <fmt/format.h>

#include "parser/base/result.hpp"

namespace bpfw::parser {
namespace {

Match empty_value(MatchKind kind, Span at) {
    switch (kind) {
        case MatchKind::Tcp:
            return TcpMatch{{}, {}, {}, {}, at};
        case MatchKind::Udp:
            return UdpMatch{{}, {}, at};
        case MatchKind::Icmp:
            return IcmpMatch{Family::Ipv4, Sense::Is, 255, 0, 255, at};
        case MatchKind::Icmp6:
            return IcmpMatch{Family::Ipv6, Sense::Is, 255, 0, 255, at};
        case MatchKind::Multiport:
            return MultiportMatch{PortSide::Either, Sense::Is, {}, at};
        case MatchKind::Iprange:
            return IprangeMatch{Family::Ipv4, {}, {}, at};
        case MatchKind::Mac:
            return MacMatch{Sense::Is, {}, at};
        case MatchKind::Comment:
            return CommentMatch{"", at};
        case MatchKind::Length:
            return LengthMatch{Sense::Is, 0, 0, at};
        case MatchKind::Ttl:
            return HopLimitMatch{Family::Ipv4, Comparison::Equal, 0, at};
        case MatchKind::Hl:
            return HopLimitMatch{Family::Ipv6, Comparison::Equal, 0, at};
        case MatchKind::Tos:
            return TosMatch{Sense::Is, 0, 0xff, at};
        case MatchKind::Dscp:
            return DscpMatch{Sense::Is, 0, at};
        case MatchKind::Pkttype:
            return PkttypeMatch{Sense::Is, PacketType::Unicast, at};
        case MatchKind::Pcap:
            return PcapMatch{Sense::Is, {}, at};
        case MatchKind::Bpf:
            return BpfMatch{{}, at};
    }
    BPFW_BUG("a match kind without a value");
}

// The first name of an option's id: iptables' messages use that one.
std::string_view canonical_name(const MatchSpec& spec, std::uint8_t id) {
    for (const OptionSpec& option : spec.options) {
        if (option.id == id) return option.name;
    }
    return "";
}

// tcp is older than iptables' common option checks and has words of its own.
std::string repeated_classic(const MatchSpec& spec, const OptionSpec& option) {
    const std::string_view name = canonical_name(spec, option.id);
    if (spec.kind == MatchKind::Tcp) return fmt::format("Only one `--{}' allowed", name);
    return fmt::format("{}: option \"--{}\" can only be used once.", spec.name, name);
}

bool check_repeat(LoadedMatch& match, const OptionUse& use, Reading& reading) {
    const std::uint32_t bit = 1U << use.option.id;
    // --syn is a form of --tcp-flags (ids 2 and 3 of tcp).
    const bool flags =
        match.spec->kind == MatchKind::Tcp && (use.option.id == 2 || use.option.id == 3);
    const std::uint32_t taken = flags ? 0b1100U : bit;
    if ((match.seen & taken) != 0) {
        reading.diags
            .error(use.at, fmt::format("--{} is given twice in one -m {}", use.option.name,
                                       match.spec->name))
            .classic(flags ? "Only one of `--syn' or `--tcp-flags'  allowed"
                           : repeated_classic(*match.spec, use.option));
        return false;
    }
    match.seen |= bit;
    return true;
}

bool check_negation(const LoadedMatch& match, const OptionUse& use, Reading& reading) {
    if (use.sense == Sense::Is || use.option.negation == Negation::Allowed) return true;
    const std::string_view name = canonical_name(*match.spec, use.option.id);
    reading.diags.error(use.at, fmt::format("--{} cannot be negated", use.option.name))
        .classic(fmt::format("{}: option \"--{}\" cannot be inverted.", match.spec->name, name));
    return false;
}

// AtMostOne: names the first two in the table's order, as iptables does.
bool check_choice(const LoadedMatch& match, Reading& reading) {
    if (match.spec->choice == Choice::Any || (match.seen & (match.seen - 1)) == 0) return true;
    std::vector<std::string_view> names;
    for (std::uint8_t id = 0; id < 32; ++id) {
        if ((match.seen >> id & 1U) != 0) names.push_back(canonical_name(*match.spec, id));
    }
    const std::string_view first = names[0];
    const std::string_view second = names[1];
    reading.diags
        .error(match.at,
               fmt::format("-m {} takes --{} or --{}, not both", match.spec->name, first, second))
        .hint(fmt::format("repeat -m {} to ask for both", match.spec->name))
        .classic(fmt::format("{}: option \"--{}\" cannot be used together with \"--{}\".",
                             match.spec->name, first, second));
    return false;
}

bool check_present(const LoadedMatch& match, Reading& reading) {
    if (match.seen != 0 || match.spec->missing.empty()) return true;
    std::string names;
    for (const OptionSpec& option : match.spec->options) {
        if (option.about.empty()) continue;
        names += fmt::format("{}--{}", names.empty() ? "" : " or ", option.name);
    }
    reading.diags.error(match.at, fmt::format("-m {} needs {}", match.spec->name, names))
        .classic(std::string(match.spec->missing));
    return false;
}

bool check_protocol(const LoadedMatch& match, Reading& reading) {
    const bool ports = match.spec->kind == MatchKind::Tcp || match.spec->kind == MatchKind::Udp;
    if (!ports) return true;
    const auto& protocol = reading.protocol;
    if (protocol && protocol->sense == Sense::Is && protocol->number == match.spec->protocol) {
        return true;
    }
    reading.diags
        .error(match.at, fmt::format("-m {0} needs -p {0} in the same rule", match.spec->name))
        .classic(match.spec->kind == MatchKind::Tcp ? "TCP match requires '-p tcp'"
                                                    : "UDP match requires '-p udp'");
    return false;
}

}  // namespace

LoadedMatch load_match(const MatchSpec& spec, Span at) {
    return {&spec, empty_value(spec.kind, at), 0, at};
}

bool read_option(LoadedMatch& match, const OptionUse& use, Reading& reading) {
    if (!check_repeat(match, use, reading) || !check_negation(match, use, reading)) return false;
    return std::visit(overloaded{
                          [&](TcpMatch& m) { return read_tcp(m, use, reading); },
                          [&](UdpMatch& m) { return read_udp(m, use, reading); },
                          [&](IcmpMatch& m) { return read_icmp(m, use, reading); },
                          [&](MultiportMatch& m) { return read_multiport(m, use, reading); },
                          [&](IprangeMatch& m) { return read_iprange(m, use, reading); },
                          [&](MacMatch& m) { return read_mac(m, use, reading); },
                          [&](CommentMatch& m) { return read_comment(m, use, reading); },
                          [&](LengthMatch& m) { return read_length(m, use, reading); },
                          [&](HopLimitMatch& m) { return read_hop_limit(m, use, reading); },
                          [&](TosMatch& m) { return read_tos(m, use, reading); },
                          [&](DscpMatch& m) { return read_dscp(m, use, reading); },
                          [&](PkttypeMatch& m) { return read_pkttype(m, use, reading); },
                          [&](PcapMatch& m) { return read_pcap(m, use, reading); },
                          [&](BpfMatch& m) { return read_bpf(m, use, reading); },
                      },
                      match.value);
}

bool finish_match(LoadedMatch& match, Reading& reading) {
    return check_present(match, reading) && check_choice(match, reading) &&
           check_protocol(match, reading);
}

}  // namespace bpfw::parser
