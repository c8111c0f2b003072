// SPDX-License-Identifier: GPL-2.0-or-later
// AST -> the text that iptables-save 1.8.9 writes. The doors are in print.hpp.
#include "parser/print.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <iterator>

#include "parser/base/result.hpp"
#include "parser/bytecode.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

const char* not_text(Sense sense) { return sense == Sense::IsNot ? "! " : ""; }

std::string range_text(std::uint32_t first, std::uint32_t last) {
    return first == last ? fmt::format("{}", first) : fmt::format("{}:{}", first, last);
}

// " ! --sport 1:2"; every option of a match begins with its blank.
std::string port_text(const std::optional<PortMatch>& match, std::string_view option) {
    if (!match) return "";
    return fmt::format(" {}--{} {}", not_text(match->sense), option,
                       range_text(match->ports.first, match->ports.last));
}

std::string flags_text(std::uint8_t flags) {
    constexpr std::string_view kNames[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    std::string out;
    for (std::size_t bit = 0; bit < std::size(kNames); ++bit) {
        if ((flags >> bit & 1U) == 0) continue;
        if (!out.empty()) out += ',';
        out += kNames[bit];
    }
    return out.empty() ? "NONE" : out;
}

std::string text_of(const TcpMatch& match) {
    std::string out = "-m tcp";
    out += port_text(match.source, "sport");
    out += port_text(match.destination, "dport");
    if (match.option) {
        out += fmt::format(" {}--tcp-option {}", not_text(match.option->sense), match.option->kind);
    }
    if (match.flags) {
        out += fmt::format(" {}--tcp-flags {} {}", not_text(match.flags->sense),
                           flags_text(match.flags->mask), flags_text(match.flags->set));
    }
    return out;
}

std::string text_of(const UdpMatch& match) {
    return "-m udp" + port_text(match.source, "sport") + port_text(match.destination, "dport");
}

std::string text_of(const IcmpMatch& match) {
    const bool ipv4 = match.family == Family::Ipv4;
    const std::string option =
        fmt::format("{} {}--{}", ipv4 ? "-m icmp" : "-m icmp6", not_text(match.sense),
                    ipv4 ? "icmp-type" : "icmpv6-type");
    if (ipv4 && match.type == 255) return option + " any";
    if (match.first_code == 0 && match.last_code == 255) {
        return fmt::format("{} {}", option, match.type);
    }
    return fmt::format("{} {}/{}", option, match.type, match.first_code);
}

std::string text_of(const MultiportMatch& match) {
    const char* side = match.side == PortSide::Source        ? "sports"
                       : match.side == PortSide::Destination ? "dports"
                                                             : "ports";
    std::string out = fmt::format("-m multiport {}--{} ", not_text(match.sense), side);
    for (std::size_t i = 0; i < match.ports.size(); ++i) {
        if (i != 0) out += ',';
        out += range_text(match.ports[i].first, match.ports[i].last);
    }
    return out;
}

std::string range_text(const std::optional<AddressRange>& range, std::string_view option,
                       Family family) {
    if (!range) return "";
    return fmt::format(" {}--{} {}-{}", not_text(range->sense), option,
                       to_text(range->first, family), to_text(range->last, family));
}

std::string text_of(const IprangeMatch& match) {
    return "-m iprange" + range_text(match.source, "src-range", match.family) +
           range_text(match.destination, "dst-range", match.family);
}

std::string text_of(const MacMatch& match) {
    const auto& a = match.address;
    return fmt::format("-m mac {}--mac-source {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
                       not_text(match.sense), a[0], a[1], a[2], a[3], a[4], a[5]);
}

std::string text_of(const CommentMatch& match) {
    return fmt::format("-m comment --comment {}", quoted(match.text));
}

std::string text_of(const LengthMatch& match) {
    return fmt::format("-m length {}--length {}", not_text(match.sense),
                       range_text(match.first, match.last));
}

std::string text_of(const HopLimitMatch& match) {
    const char* name = match.family == Family::Ipv4 ? "ttl" : "hl";
    const char* comparison = "eq";
    if (match.comparison == Comparison::Less) comparison = "lt";
    if (match.comparison == Comparison::Greater) comparison = "gt";
    const char* negation = match.comparison == Comparison::NotEqual ? "! " : "";
    return fmt::format("-m {0} {1}--{0}-{2} {3}", name, negation, comparison, match.value);
}

std::string text_of(const TosMatch& match) {
    return fmt::format("-m tos {}--tos 0x{:02x}/0x{:02x}", not_text(match.sense), match.value,
                       match.mask);
}

std::string text_of(const DscpMatch& match) {
    return fmt::format("-m dscp {}--dscp 0x{:02x}", not_text(match.sense), match.value);
}

std::string text_of(const PkttypeMatch& match) {
    const char* type = "";
    switch (match.type) {
        case PacketType::Unicast:
            type = "unicast";
            break;
        case PacketType::Broadcast:
            type = "broadcast";
            break;
        case PacketType::Multicast:
            type = "multicast";
            break;
    }
    return fmt::format("-m pkttype {}--pkt-type {}", not_text(match.sense), type);
}

std::string text_of(const PcapMatch& match) {
    return fmt::format("-m pcap {}--filter {}", not_text(match.sense),
                       quoted(pcap::to_text(match.expression)));
}

std::string text_of(const BpfMatch& match) {
    return fmt::format("-m bpf --bytecode \"{}\"", bytecode_text(match.program));
}

std::string target_text(const Target& target) {
    switch (target.kind) {
        case Target::Kind::None:
            return "";
        case Target::Kind::Accept:
            return "-j ACCEPT";
        case Target::Kind::Drop:
            return "-j DROP";
        case Target::Kind::Return:
            return "-j RETURN";
        case Target::Kind::Jump:
            return fmt::format("-j {}", target.chain);
        case Target::Kind::Goto:
            return fmt::format("-g {}", target.chain);
    }
    BPFW_BUG("a target kind without a text");
}

// Pieces with one blank between them.
class Line {
public:
    Line& operator<<(const std::string& piece) {
        if (piece.empty()) return *this;
        if (!text_.empty()) text_ += ' ';
        text_ += piece;
        return *this;
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string address_text(const std::optional<AddressMatch>& match, char letter, Family family) {
    if (!match) return "";
    return fmt::format("{}-{} {}{}", not_text(match->sense), letter,
                       to_text(match->address, family), mask_text(match->mask, family));
}

std::string interface_text(const std::optional<InterfaceMatch>& match, char letter) {
    return match ? fmt::format("{}-{} {}", not_text(match->sense), letter, match->name) : "";
}

std::string counters_text(const std::optional<Counters>& counters) {
    return counters ? fmt::format("[{}:{}] ", counters->packets, counters->bytes) : "";
}

std::string with_chain(std::string_view command, const std::optional<std::string>& chain,
                       const std::optional<std::uint32_t>& position = {}) {
    std::string out(command);
    if (chain) out += fmt::format(" {}", *chain);
    if (position) out += fmt::format(" {}", *position);
    return out;
}

std::string rule_text(const std::string& head, const Rule& rule, Family family) {
    const std::string rest = to_text(rule, family);
    return rest.empty() ? head : fmt::format("{} {}", head, rest);
}

std::string policy_text(Verdict policy) { return policy == Verdict::Drop ? "DROP" : "ACCEPT"; }

std::string declaration_text(const DeclareChain& chain) {
    std::string out =
        fmt::format(":{} {}", chain.chain, chain.policy ? policy_text(*chain.policy) : "-");
    if (chain.counters) {
        out += fmt::format(" [{}:{}]", chain.counters->packets, chain.counters->bytes);
    }
    return out;
}

}  // namespace

std::string to_text(const Address& address, Family family) {
    char text[INET6_ADDRSTRLEN];
    ::inet_ntop(family == Family::Ipv4 ? AF_INET : AF_INET6, address.bytes.data(), text,
                sizeof text);
    return text;
}

std::string mask_text(const Address& mask, Family family) {
    if (const auto length = prefix_length(mask, family)) return fmt::format("/{}", *length);
    return fmt::format("/{}", to_text(mask, family));
}

std::string protocol_name(std::uint8_t number, Family /*family*/) {
    const std::string_view name = protocol_table_name(number);
    return name.empty() ? std::to_string(number) : std::string(name);
}

std::string quoted(std::string_view text) {
    constexpr std::string_view kBare =
        "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!text.empty() && text.find_first_not_of(kBare) == text.npos) return std::string(text);
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\' || c == '\'') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string to_text(const Match& match) {
    return std::visit([](const auto& m) { return text_of(m); }, match);
}

std::string to_text(const FrameRule& rule) {
    return fmt::format("{} {}", action_name(rule.action), pcap::to_text(rule.expression));
}

std::string_view action_name(FrameAction action) {
    switch (action) {
        case FrameAction::Accept:
            return "accept";
        case FrameAction::Drop:
            return "drop";
        case FrameAction::Log:
            return "log";
    }
    BPFW_BUG("a frame rule's action without a name");
}

std::string to_text(const Rule& rule, Family family) {
    Line line;
    line << address_text(rule.source, 's', family) << address_text(rule.destination, 'd', family);
    line << interface_text(rule.in_interface, 'i') << interface_text(rule.out_interface, 'o');
    if (rule.protocol) {
        line << fmt::format("{}-p {}", not_text(rule.protocol->sense),
                            protocol_name(rule.protocol->number, family));
    }
    if (rule.fragment) line << fmt::format("{}-f", not_text(rule.fragment->sense));
    for (const Match& match : rule.matches) line << to_text(match);
    line << target_text(rule.target);
    return line.take();
}

std::string to_text(const Statement& statement) {
    const Family family = statement.family;
    return std::visit(
        overloaded{
            [&](const AppendRule& a) {
                return counters_text(a.counters) +
                       rule_text(fmt::format("-A {}", a.chain), a.rule, family);
            },
            [&](const InsertRule& a) {
                return counters_text(a.counters) +
                       rule_text(fmt::format("-I {} {}", a.chain, a.position), a.rule, family);
            },
            [&](const ReplaceRule& a) {
                return counters_text(a.counters) +
                       rule_text(fmt::format("-R {} {}", a.chain, a.position), a.rule, family);
            },
            [&](const DeleteRule& a) {
                return rule_text(fmt::format("-D {}", a.chain), a.rule, family);
            },
            [&](const DeletePosition& a) { return fmt::format("-D {} {}", a.chain, a.position); },
            [&](const CheckRule& a) {
                return rule_text(fmt::format("-C {}", a.chain), a.rule, family);
            },
            [&](const NewChain& a) { return fmt::format("-N {}", a.chain); },
            [&](const DeleteChain& a) { return with_chain("-X", a.chain); },
            [&](const RenameChain& a) { return fmt::format("-E {} {}", a.from, a.to); },
            [&](const SetPolicy& a) {
                return counters_text(a.counters) +
                       fmt::format("-P {} {}", a.chain, policy_text(a.policy));
            },
            [&](const FlushChain& a) { return with_chain("-F", a.chain); },
            [&](const ZeroChain& a) { return with_chain("-Z", a.chain, a.position); },
            [&](const ListRules& a) { return with_chain("-L", a.chain, a.position); },
            [&](const PrintRules& a) { return with_chain("-S", a.chain, a.position); },
            [&](const DeclareChain& a) { return declaration_text(a); },
            [&](const BeginTable&) { return fmt::format("*{}", statement.table); },
            [&](const Commit&) { return std::string("COMMIT"); },
            [&](const AppendFrameRule& a) { return counters_text(a.counters) + to_text(a.rule); },
        },
        statement.action);
}

}  // namespace bpfw::parser
