// SPDX-License-Identifier: GPL-2.0-or-later
// What the iptables language says, as values. Every door into the parser
// (command lines, save files, rules.txt) yields these; print.hpp turns them back
// into iptables' canonical text. Addresses are in network byte order, numbers in
// the host's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parser/base/span.hpp"
#include "parser/pcap/expression.hpp"
#include "parser/terms.hpp"

namespace bpfw::parser {

// ---------------------------------------------------------------- the IP part
// -s / -d. Host bits are already cleared (address = address & mask).
struct AddressMatch {
    Sense sense = Sense::Is;
    Address address;
    Address mask;
    Span at;

    bool operator==(const AddressMatch&) const = default;
};

// -i / -o. `name` is as written, a trailing '+' (wildcard) included; at most 15 bytes.
struct InterfaceMatch {
    Sense sense = Sense::Is;
    std::string name;
    Span at;

    bool operator==(const InterfaceMatch&) const = default;
};

// -p with a protocol other than 0 ("all", which is stored as no match at all).
struct ProtocolMatch {
    Sense sense = Sense::Is;
    std::uint8_t number = 0;
    Span at;

    bool operator==(const ProtocolMatch&) const = default;
};

// -f: second and further fragments (IPv4 only).
struct FragmentMatch {
    Sense sense = Sense::Is;
    Span at;

    bool operator==(const FragmentMatch&) const = default;
};

// ------------------------------------------------------------------- -m matches
struct PortMatch {
    Sense sense = Sense::Is;
    PortRange ports;
    Span at;

    bool operator==(const PortMatch&) const = default;
};

// (flags & mask) == set, bits as in RFC 9293 (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32).
struct TcpFlagsMatch {
    Sense sense = Sense::Is;
    std::uint8_t mask = 0;
    std::uint8_t set = 0;
    Span at;

    bool operator==(const TcpFlagsMatch&) const = default;
};

struct TcpOptionMatch {
    Sense sense = Sense::Is;
    std::uint8_t kind = 0;  // 1..255
    Span at;

    bool operator==(const TcpOptionMatch&) const = default;
};

struct TcpMatch {
    std::optional<PortMatch> source;
    std::optional<PortMatch> destination;
    std::optional<TcpFlagsMatch> flags;
    std::optional<TcpOptionMatch> option;
    Span at;

    bool operator==(const TcpMatch&) const = default;
};

struct UdpMatch {
    std::optional<PortMatch> source;
    std::optional<PortMatch> destination;
    Span at;

    bool operator==(const UdpMatch&) const = default;
};

// -m icmp (IPv4) or -m icmp6 (IPv6). Type 255 with codes 0..255 is "any" in IPv4, as in the
// kernel's xt_icmp (it then matches every type).
struct IcmpMatch {
    Family family = Family::Ipv4;
    Sense sense = Sense::Is;
    std::uint8_t type = 255;
    std::uint8_t first_code = 0;
    std::uint8_t last_code = 255;
    Span at;

    bool operator==(const IcmpMatch&) const = default;
};

enum class PortSide : std::uint8_t { Source, Destination, Either };

struct MultiportMatch {
    PortSide side = PortSide::Either;
    Sense sense = Sense::Is;
    std::vector<PortRange> ports;  // at most 15 slots; a range takes two
    Span at;

    bool operator==(const MultiportMatch&) const = default;
};

struct AddressRange {
    Sense sense = Sense::Is;
    Address first;
    Address last;
    Span at;

    bool operator==(const AddressRange&) const = default;
};

struct IprangeMatch {
    Family family = Family::Ipv4;
    std::optional<AddressRange> source;
    std::optional<AddressRange> destination;
    Span at;

    bool operator==(const IprangeMatch&) const = default;
};

struct MacMatch {
    Sense sense = Sense::Is;
    std::array<std::uint8_t, 6> address{};
    Span at;

    bool operator==(const MacMatch&) const = default;
};

struct CommentMatch {
    std::string text;  // at most 255 bytes
    Span at;

    bool operator==(const CommentMatch&) const = default;
};

struct LengthMatch {
    Sense sense = Sense::Is;
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    Span at;

    bool operator==(const LengthMatch&) const = default;
};

enum class Comparison : std::uint8_t { Equal, NotEqual, Less, Greater };

// -m ttl (IPv4) or -m hl (IPv6).
struct HopLimitMatch {
    Family family = Family::Ipv4;
    Comparison comparison = Comparison::Equal;
    std::uint8_t value = 0;
    Span at;

    bool operator==(const HopLimitMatch&) const = default;
};

// (tos & mask) == value; also IPv6 traffic class.
struct TosMatch {
    Sense sense = Sense::Is;
    std::uint8_t value = 0;
    std::uint8_t mask = 0xff;
    Span at;

    bool operator==(const TosMatch&) const = default;
};

struct DscpMatch {
    Sense sense = Sense::Is;
    std::uint8_t value = 0;  // 0..63
    Span at;

    bool operator==(const DscpMatch&) const = default;
};

enum class PacketType : std::uint8_t { Unicast = 0, Broadcast = 1, Multicast = 2 };

struct PkttypeMatch {
    Sense sense = Sense::Is;
    PacketType type = PacketType::Unicast;
    Span at;

    bool operator==(const PkttypeMatch&) const = default;
};

// -m pcap: a tcpdump expression, asked on the whole frame.
struct PcapMatch {
    Sense sense = Sense::Is;
    pcap::Expression expression;
    Span at;

    bool operator==(const PcapMatch&) const = default;
};

// -m bpf --bytecode: classic BPF that begins at the IP header.
struct BpfMatch {
    std::vector<ClassicInstruction> program;  // 1 to 64
    Span at;

    bool operator==(const BpfMatch&) const = default;
};

using Match = std::variant<TcpMatch, UdpMatch, IcmpMatch, MultiportMatch, IprangeMatch, MacMatch,
                           CommentMatch, LengthMatch, HopLimitMatch, TosMatch, DscpMatch,
                           PkttypeMatch, PcapMatch, BpfMatch>;

// -------------------------------------------------------------------------- rules
enum class Verdict : std::uint8_t { Accept, Drop };

struct Target {
    enum class Kind : std::uint8_t { None, Accept, Drop, Return, Jump, Goto };
    Kind kind = Kind::None;
    std::string chain;  // for Jump and Goto
    Span at;

    bool operator==(const Target&) const = default;
};

struct Counters {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;

    bool operator==(const Counters&) const = default;
};

// One rule: every part must hold. `matches` keeps the order of the -m options, which is the
// order in which the kernel evaluates them.
struct Rule {
    std::optional<AddressMatch> source;
    std::optional<AddressMatch> destination;
    std::optional<InterfaceMatch> in_interface;
    std::optional<InterfaceMatch> out_interface;
    std::optional<ProtocolMatch> protocol;
    std::optional<FragmentMatch> fragment;
    std::vector<Match> matches;
    Target target;
    Span at;  // the whole rule as written

    bool operator==(const Rule&) const = default;
};

// "drop EXPR" and its like in rules.txt: decided at ingress on the raw frame, in file order,
// before the chains. Log does not decide.
enum class FrameAction : std::uint8_t { Accept, Drop, Log };

struct FrameRule {
    FrameAction action = FrameAction::Accept;
    pcap::Expression expression;
    Span at;  // the whole rule as written

    bool operator==(const FrameRule&) const = default;
};

// --------------------------------------------------------------------- statements
// Positions are 1-based, as iptables counts.
struct AppendRule {
    std::string chain;
    Rule rule;
    std::optional<Counters> counters;

    bool operator==(const AppendRule&) const = default;
};
struct InsertRule {
    std::string chain;
    std::uint32_t position = 1;
    Rule rule;
    std::optional<Counters> counters;
    bool operator==(const InsertRule&) const = default;
};
struct ReplaceRule {
    std::string chain;
    std::uint32_t position = 1;
    Rule rule;
    std::optional<Counters> counters;
    bool operator==(const ReplaceRule&) const = default;
};
struct DeleteRule {
    std::string chain;
    Rule rule;
    bool operator==(const DeleteRule&) const = default;
};
struct DeletePosition {
    std::string chain;
    std::uint32_t position = 1;

    bool operator==(const DeletePosition&) const = default;
};
struct CheckRule {
    std::string chain;
    Rule rule;
    bool operator==(const CheckRule&) const = default;
};
struct NewChain {
    std::string chain;
    bool operator==(const NewChain&) const = default;
};
// Without a chain: every user chain (-X), every chain (-F, -Z, -L, -S).
struct DeleteChain {
    std::optional<std::string> chain;
    bool operator==(const DeleteChain&) const = default;
};
struct RenameChain {
    std::string from;
    std::string to;
    bool operator==(const RenameChain&) const = default;
};
struct SetPolicy {
    std::string chain;
    Verdict policy = Verdict::Accept;
    std::optional<Counters> counters;

    bool operator==(const SetPolicy&) const = default;
};
struct FlushChain {
    std::optional<std::string> chain;
    bool operator==(const FlushChain&) const = default;
};
struct ZeroChain {
    std::optional<std::string> chain;
    std::optional<std::uint32_t> position;

    bool operator==(const ZeroChain&) const = default;
};
struct ListRules {
    std::optional<std::string> chain;
    std::optional<std::uint32_t> position;

    bool operator==(const ListRules&) const = default;
};  // -L
struct PrintRules {
    std::optional<std::string> chain;
    std::optional<std::uint32_t> position;

    bool operator==(const PrintRules&) const = default;
};  // -S
// Save files only. ":CHAIN POLICY [p:b]"; no policy ("-") for a user chain.
struct DeclareChain {
    std::string chain;
    std::optional<Verdict> policy;
    std::optional<Counters> counters;

    bool operator==(const DeclareChain&) const = default;
};
struct BeginTable {
    bool operator==(const BeginTable&) const = default;
};  // "*filter"
struct Commit {
    bool operator==(const Commit&) const = default;
};
// rules.txt only; neither family nor table mean anything to it.
struct AppendFrameRule {
    FrameRule rule;
    std::optional<Counters> counters;

    bool operator==(const AppendFrameRule&) const = default;
};

using Action =
    std::variant<AppendRule, InsertRule, ReplaceRule, DeleteRule, DeletePosition, CheckRule,
                 NewChain, DeleteChain, RenameChain, SetPolicy, FlushChain, ZeroChain, ListRules,
                 PrintRules, DeclareChain, BeginTable, Commit, AppendFrameRule>;

// One thing to do. A command line whose -s or -d names several addresses becomes several
// statements, one per pair, as in iptables.
struct Statement {
    Family family = Family::Ipv4;
    std::string table = "filter";
    Action action;
    Span at;

    bool operator==(const Statement&) const = default;
};

}  // namespace bpfw::parser
