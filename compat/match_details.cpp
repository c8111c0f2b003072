// SPDX-License-Identifier: GPL-2.0-or-later
// Match -> its description in `iptables -L` 1.8.9, oddities included (two blanks in
// "multiport dports  !22", none in "tos match0x10/0xff"): scripts cut these columns.
// match_details() is the door.
#include "compat/match_details.hpp"

#include <fmt/format.h>

#include <array>

#include "parser/base/result.hpp"
#include "parser/bytecode.hpp"
#include "parser/icmp_types.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/print.hpp"

namespace bpfw::compat {
namespace {

using parser::Sense;

constexpr std::string_view bang(Sense sense) { return sense == Sense::IsNot ? "!" : ""; }

// Ports as this rule shows them: with the names of its protocol, or as numbers.
struct PortWriter {
    Numbers numbers;
    std::string protocol;
    const Lookup& lookup;

    [[nodiscard]] std::string one(std::uint16_t port) const {
        if (numbers == Numbers::Named && !protocol.empty()) {
            std::string name = lookup.service(port, protocol);
            if (!name.empty()) return name;
        }
        return std::to_string(port);
    }
    [[nodiscard]] std::string range(parser::PortRange ports) const {
        if (ports.first == ports.last) return one(ports.first);
        return one(ports.first) + ":" + one(ports.last);
    }
    // " dpt:22", " dpts:!5:7"; nothing for a range that holds every port.
    [[nodiscard]] std::string option(std::string_view name,
                                     const std::optional<parser::PortMatch>& match) const {
        if (!match) return "";
        const bool every = match->ports.first == 0 && match->ports.last == 65535;
        if (every && match->sense == Sense::Is) return "";
        return fmt::format(" {}{}:{}{}", name, match->ports.first == match->ports.last ? "" : "s",
                           bang(match->sense), range(match->ports));
    }
};

std::string flag_names(std::uint8_t flags) {
    constexpr std::array<std::string_view, 6> kNames = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    std::string out;
    for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
        if ((flags >> bit & 1) == 0) continue;
        if (!out.empty()) out += ',';
        out += kNames[bit];
    }
    return out.empty() ? "NONE" : out;
}

std::string flags_text(const parser::TcpFlagsMatch& flags, Numbers numbers) {
    if (numbers == Numbers::Plain) {
        return fmt::format(" flags:{}0x{:02X}/0x{:02X}", bang(flags.sense), flags.mask, flags.set);
    }
    return fmt::format(" flags:{}{}/{}", bang(flags.sense), flag_names(flags.mask),
                       flag_names(flags.set));
}

std::string icmp_text(const parser::IcmpMatch& icmp, Numbers numbers) {
    const std::string_view prefix = icmp.family == parser::Family::Ipv4 ? "icmp" : "ipv6-icmp";
    if (numbers == Numbers::Named) {
        const std::string_view name =
            parser::icmp_name(icmp.family, icmp.type, icmp.first_code, icmp.last_code);
        if (!name.empty()) return fmt::format(" {} {}{}", prefix, bang(icmp.sense), name);
    }
    std::string out =
        fmt::format(" {}{}type {}", prefix, icmp.sense == Sense::IsNot ? " !" : "", icmp.type);
    if (icmp.first_code == icmp.last_code) {
        out += fmt::format(" code {}", icmp.first_code);
    } else if (icmp.first_code != 0 || icmp.last_code != 255) {
        out += fmt::format(" codes {}-{}", icmp.first_code, icmp.last_code);
    }
    return out;
}

std::string multiport_text(const parser::MultiportMatch& match, const PortWriter& ports) {
    std::string_view side;
    switch (match.side) {
        case parser::PortSide::Source:
            side = "sports";
            break;
        case parser::PortSide::Destination:
            side = "dports";
            break;
        case parser::PortSide::Either:
            side = "ports";
            break;
    }
    std::string list;
    for (const parser::PortRange& range : match.ports) {
        list += (list.empty() ? "" : ",") + ports.range(range);
    }
    return fmt::format(" multiport {} {}{}", side, match.sense == Sense::IsNot ? " !" : "", list);
}

std::string address_range(std::string_view what, const std::optional<parser::AddressRange>& range,
                          parser::Family family) {
    if (!range) return "";
    return fmt::format(" {} IP range {}{}-{}", what, range->sense == Sense::IsNot ? "! " : "",
                       parser::to_text(range->first, family), parser::to_text(range->last, family));
}

std::string hop_limit_text(const parser::HopLimitMatch& match) {
    const std::string_view name = match.family == parser::Family::Ipv4 ? "TTL" : "HL";
    std::string_view sign;
    switch (match.comparison) {
        case parser::Comparison::Equal:
            sign = "==";
            break;
        case parser::Comparison::NotEqual:
            sign = "!=";
            break;
        case parser::Comparison::Less:
            sign = "<";
            break;
        case parser::Comparison::Greater:
            sign = ">";
            break;
    }
    return fmt::format(" {0} match {0} {1} {2}", name, sign, match.value);
}

// Only the mask that `--tos NAME` sets (0x3f) gets a name back.
std::string_view tos_name(std::uint8_t value) {
    switch (value) {
        case 0x10:
            return "Minimize-Delay";
        case 0x08:
            return "Maximize-Throughput";
        case 0x04:
            return "Maximize-Reliability";
        case 0x02:
            return "Minimize-Cost";
        case 0x00:
            return "Normal-Service";
        default:
            return "";
    }
}

std::string tos_text(const parser::TosMatch& match, Numbers numbers) {
    const std::string_view name =
        numbers == Numbers::Named && match.mask == 0x3f ? tos_name(match.value) : "";
    if (!name.empty()) return fmt::format(" tos match{} {}", bang(match.sense), name);
    return fmt::format(" tos match{}0x{:02x}/0x{:02x}", bang(match.sense), match.value, match.mask);
}

std::string_view packet_type_name(parser::PacketType type) {
    switch (type) {
        case parser::PacketType::Unicast:
            return "unicast";
        case parser::PacketType::Broadcast:
            return "broadcast";
        case parser::PacketType::Multicast:
            return "multicast";
    }
    BPFW_BUG("packet type");
}

std::string length_text(const parser::LengthMatch& match) {
    const std::string_view sign = bang(match.sense);
    if (match.first == match.last) return fmt::format(" length {}{}", sign, match.first);
    return fmt::format(" length {}{}:{}", sign, match.first, match.last);
}

// iptables writes no blank before it, not the count, and behind it a NUL byte, which we spare our
// readers.
std::string program_text(const parser::BpfMatch& match) {
    const std::string text = parser::bytecode_text(match.program);
    return fmt::format("match bpf {}", text.substr(text.find(',') + 1));
}

// Only these protocols have port names.
std::string port_protocol(const parser::Rule& rule) {
    if (!rule.protocol) return "";
    switch (rule.protocol->number) {
        case 6:
            return "tcp";
        case 17:
            return "udp";
        case 33:
            return "dccp";
        case 132:
            return "sctp";
        case 136:
            return "udplite";
        default:
            return "";
    }
}

}  // namespace

std::string match_details(const parser::Match& match, const parser::Rule& rule, Numbers numbers,
                          const Lookup& lookup) {
    const PortWriter tcp{numbers, "tcp", lookup};
    const PortWriter udp{numbers, "udp", lookup};
    return std::visit(
        overloaded{
            [&](const parser::TcpMatch& m) {
                return " tcp" + tcp.option("spt", m.source) + tcp.option("dpt", m.destination) +
                       (m.option
                            ? fmt::format(" option={}{}", bang(m.option->sense), m.option->kind)
                            : "") +
                       (m.flags ? flags_text(*m.flags, numbers) : "");
            },
            [&](const parser::UdpMatch& m) {
                return " udp" + udp.option("spt", m.source) + udp.option("dpt", m.destination);
            },
            [&](const parser::IcmpMatch& m) { return icmp_text(m, numbers); },
            [&](const parser::MultiportMatch& m) {
                return multiport_text(m, PortWriter{numbers, port_protocol(rule), lookup});
            },
            [&](const parser::IprangeMatch& m) {
                return address_range("source", m.source, m.family) +
                       address_range("destination", m.destination, m.family);
            },
            [&](const parser::MacMatch& m) {
                return fmt::format(" MAC {}{:02x}", m.sense == Sense::IsNot ? "! " : "",
                                   fmt::join(m.address, ":"));
            },
            [&](const parser::CommentMatch& m) { return fmt::format(" /* {} */", m.text); },
            [&](const parser::LengthMatch& m) { return length_text(m); },
            [&](const parser::HopLimitMatch& m) { return hop_limit_text(m); },
            [&](const parser::TosMatch& m) { return tos_text(m, numbers); },
            [&](const parser::DscpMatch& m) {
                return fmt::format(" DSCP match {}0x{:02x}", bang(m.sense), m.value);
            },
            [&](const parser::PkttypeMatch& m) {
                return fmt::format(" PKTTYPE {} {}", m.sense == Sense::IsNot ? "!=" : "=",
                                   packet_type_name(m.type));
            },
            [&](const parser::PcapMatch& m) {
                return fmt::format(" pcap {}{}", m.sense == Sense::IsNot ? "! " : "",
                                   parser::quoted(parser::pcap::to_text(m.expression)));
            },
            [&](const parser::BpfMatch& m) { return program_text(m); },
        },
        match);
}

}  // namespace bpfw::compat
