// SPDX-License-Identifier: GPL-2.0-or-later
// The option table of the iptables command and of each match of this release.
// Doors: main_options() and match_specs().
#include "parser/options.hpp"

namespace bpfw::parser {
namespace {

constexpr auto kNone = Argument::None;
constexpr auto kValue = Argument::Required;
constexpr auto kMaybe = Argument::Optional;
constexpr auto kPlain = Negation::Refused;
constexpr auto kNot = Negation::Allowed;

constexpr OptionSpec kMain[] = {
    {"append", 'A', kValue, 'A', kPlain, "chain", "add a rule at the end of a chain"},
    {"check", 'C', kValue, 'C', kPlain, "chain", "exit 0 when the chain holds such a rule"},
    {"delete", 'D', kValue, 'D', kPlain, "chain [number]", "remove a rule, by text or by number"},
    {"insert", 'I', kValue, 'I', kPlain, "chain [number]", "put a rule before that number (1)"},
    {"replace", 'R', kValue, 'R', kPlain, "chain number", "put a rule in place of that number"},
    {"list", 'L', kMaybe, 'L', kPlain, "[chain [number]]", "show rules as a table"},
    {"list-rules", 'S', kMaybe, 'S', kPlain, "[chain [number]]", "show rules as commands"},
    {"flush", 'F', kMaybe, 'F', kPlain, "[chain]", "remove the rules of one chain or of all"},
    {"zero", 'Z', kMaybe, 'Z', kPlain, "[chain [number]]", "set counters to zero"},
    {"new-chain", 'N', kValue, 'N', kPlain, "chain", "make a chain"},
    {"delete-chain", 'X', kMaybe, 'X', kPlain, "[chain]", "remove an empty, unused chain or all"},
    {"rename-chain", 'E', kValue, 'E', kPlain, "old new", "give a chain another name"},
    {"policy", 'P', kValue, 'P', kPlain, "chain target", "ACCEPT or DROP at the end of a chain"},
    {"source", 's', kValue, 's', kNot, "address[/mask][,...]", "packets from there"},
    {"src", 0, kValue, 's', kNot, "", ""},
    {"destination", 'd', kValue, 'd', kNot, "address[/mask][,...]", "packets to there"},
    {"dst", 0, kValue, 'd', kNot, "", ""},
    {"protocol", 'p', kValue, 'p', kNot, "protocol", "by name or number; all means any"},
    {"in-interface", 'i', kValue, 'i', kNot, "name[+]", "came in there; + stands for any end"},
    {"out-interface", 'o', kValue, 'o', kNot, "name[+]", "goes out there"},
    {"fragments", 'f', kNone, 'f', kNot, "", "later fragments only (IPv4)"},
    {"match", 'm', kValue, 'm', kPlain, "match", "use the options of that match"},
    {"jump", 'j', kValue, 'j', kPlain, "target", "what to do with a packet that matches"},
    {"goto", 'g', kValue, 'g', kPlain, "chain", "like -j, but RETURN skips this chain"},
    {"table", 't', kValue, 't', kPlain, "table", "the table to work on (filter)"},
    {"numeric", 'n', kNone, 'n', kPlain, "", "addresses and ports as numbers"},
    {"verbose", 'v', kNone, 'v', kPlain, "", "tell more"},
    {"exact", 'x', kNone, 'x', kPlain, "", "whole counters, without K, M and G"},
    {"line-numbers", 0, kNone, '0', kPlain, "", "number the rules of a list"},
    {"set-counters", 'c', kValue, 'c', kPlain, "packets bytes", "start values for a new rule"},
    {"wait", 'w', kMaybe, 'w', kPlain, "[seconds]", "wait for another bpfw at work"},
    {"wait-interval", 'W', kMaybe, 'W', kPlain, "microseconds", "accepted, without effect"},
    {"ipv4", '4', kNone, '4', kPlain, "", "this line is for IPv4 only"},
    {"ipv6", '6', kNone, '6', kPlain, "", "this line is for IPv6 only"},
    {"modprobe", 'M', kValue, 'M', kPlain, "command", "accepted, without effect"},
    {"help", 'h', kMaybe, 'h', kPlain, "", "this text; after -p or -m also that match's"},
    {"version", 'V', kNone, 'V', kPlain, "", "the version"},
};

constexpr OptionSpec kTcp[] = {
    {"source-port", 0, kValue, 0, kNot, "port[:port]", "source port or range"},
    {"sport", 0, kValue, 0, kNot, "", ""},
    {"destination-port", 0, kValue, 1, kNot, "port[:port]", "destination port or range"},
    {"dport", 0, kValue, 1, kNot, "", ""},
    {"syn", 0, kNone, 2, kNot, "", "SYN set, ACK, RST and FIN clear"},
    {"tcp-flags", 0, kValue, 3, kNot, "examined set",
     "of the first flags, just the second are set"},
    {"tcp-option", 0, kValue, 4, kNot, "number", "the header carries that TCP option"},
};
constexpr OptionSpec kUdp[] = {
    {"source-port", 0, kValue, 0, kNot, "port[:port]", "source port or range"},
    {"sport", 0, kValue, 0, kNot, "", ""},
    {"destination-port", 0, kValue, 1, kNot, "port[:port]", "destination port or range"},
    {"dport", 0, kValue, 1, kNot, "", ""},
};
constexpr OptionSpec kIcmp[] = {
    {"icmp-type", 0, kValue, 0, kNot, "type[/code]", "by name or number"},
};
constexpr OptionSpec kIcmp6[] = {
    {"icmpv6-type", 0, kValue, 0, kNot, "type[/code]", "by name or number"},
};
constexpr OptionSpec kMultiport[] = {
    {"source-ports", 0, kValue, 0, kNot, "port[:port][,...]", "one of these source ports"},
    {"sports", 0, kValue, 0, kNot, "", ""},
    {"destination-ports", 0, kValue, 1, kNot, "port[:port][,...]", "one of these destinations"},
    {"dports", 0, kValue, 1, kNot, "", ""},
    {"ports", 0, kValue, 2, kNot, "port[:port][,...]", "source or destination is one of these"},
};
constexpr OptionSpec kIprange[] = {
    {"src-range", 0, kValue, 0, kNot, "address[-address]", "source from first to last"},
    {"dst-range", 0, kValue, 1, kNot, "address[-address]", "destination from first to last"},
};
constexpr OptionSpec kMac[] = {
    {"mac-source", 0, kValue, 0, kNot, "xx:xx:xx:xx:xx:xx", "source Ethernet address"},
};
constexpr OptionSpec kComment[] = {
    {"comment", 0, kValue, 0, kPlain, "text", "a note, at most 255 bytes"},
};
constexpr OptionSpec kLength[] = {
    {"length", 0, kValue, 0, kNot, "bytes[:bytes]", "length of the whole IP packet"},
};
constexpr OptionSpec kTtl[] = {
    {"ttl-lt", 0, kValue, 0, kPlain, "number", "time to live below it"},
    {"ttl-gt", 0, kValue, 1, kPlain, "number", "time to live above it"},
    {"ttl-eq", 0, kValue, 2, kNot, "number", "time to live just that"},
    {"ttl", 0, kValue, 2, kNot, "", ""},
};
constexpr OptionSpec kHl[] = {
    {"hl-lt", 0, kValue, 0, kPlain, "number", "hop limit below it"},
    {"hl-gt", 0, kValue, 1, kPlain, "number", "hop limit above it"},
    {"hl-eq", 0, kValue, 2, kNot, "number", "hop limit just that"},
    {"hl", 0, kValue, 2, kNot, "", ""},
};
constexpr OptionSpec kTos[] = {
    {"tos", 0, kValue, 0, kNot, "value[/mask] or name", "type of service or traffic class"},
};
constexpr OptionSpec kDscp[] = {
    {"dscp", 0, kValue, 0, kNot, "number", "the upper six bits of it, 0 to 63"},
    {"dscp-class", 0, kValue, 1, kNot, "class",
     "the same by name: BE, EF, AF11 to AF43, CS0 to CS7"},
};
constexpr OptionSpec kPkttype[] = {
    {"pkt-type", 0, kValue, 0, kNot, "type", "unicast, broadcast or multicast on the link"},
};
constexpr OptionSpec kPcap[] = {
    {"filter", 0, kValue, 0, kNot, "expression", "a tcpdump expression, asked on the whole frame"},
};
constexpr OptionSpec kBpf[] = {
    {"bytecode", 0, kValue, 0, kPlain, "program", "classic BPF: count, then code jt jf k of each"},
    {"object-pinned", 0, kValue, 1, kPlain, "path", "not supported"},
};

constexpr MatchSpec kMatches[] = {
    {MatchKind::Tcp, "tcp", Families::Both, 6, Choice::Any, "", "fields of the TCP header", kTcp},
    {MatchKind::Udp, "udp", Families::Both, 17, Choice::Any, "", "fields of the UDP header", kUdp},
    {MatchKind::Icmp, "icmp", Families::Ipv4, 1, Choice::Any,
     "icmp: option \"--icmp-type\" must be specified", "ICMP type and code", kIcmp},
    {MatchKind::Icmp6, "icmp6", Families::Ipv6, 58, Choice::Any,
     "icmp6: option \"--icmpv6-type\" must be specified", "ICMPv6 type and code", kIcmp6},
    {MatchKind::Multiport, "multiport", Families::Both, 0, Choice::AtMostOne,
     "multiport expection an option", "up to 15 ports; a range counts as two", kMultiport},
    {MatchKind::Iprange, "iprange", Families::Both, 0, Choice::Any,
     "iprange match: You must specify `--src-range' or `--dst-range'", "ranges of addresses",
     kIprange},
    {MatchKind::Mac, "mac", Families::Both, 0, Choice::Any,
     "mac: option \"--mac-source\" must be specified", "who sent the frame", kMac},
    {MatchKind::Comment, "comment", Families::Both, 0, Choice::Any,
     "comment: option \"--comment\" must be specified", "a note in the rule", kComment},
    {MatchKind::Length, "length", Families::Both, 0, Choice::Any,
     "length: option \"--length\" must be specified", "length of the packet", kLength},
    {MatchKind::Ttl, "ttl", Families::Ipv4, 0, Choice::AtMostOne,
     "TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt", "time to live", kTtl},
    {MatchKind::Hl, "hl", Families::Ipv6, 0, Choice::AtMostOne,
     "HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'", "hop limit", kHl},
    {MatchKind::Tos, "tos", Families::Both, 0, Choice::Any,
     "tos: option \"--tos\" must be specified", "type of service", kTos},
    {MatchKind::Dscp, "dscp", Families::Both, 0, Choice::AtMostOne,
     "DSCP match: Parameter --dscp is required", "differentiated services", kDscp},
    {MatchKind::Pkttype, "pkttype", Families::Both, 0, Choice::Any,
     "pkttype: option \"--pkt-type\" must be specified", "how the link addressed it", kPkttype},
    {MatchKind::Pcap, "pcap", Families::Both, 0, Choice::Any,
     "pcap: option \"--filter\" must be specified", "what tcpdump would show", kPcap},
    {MatchKind::Bpf, "bpf", Families::Both, 0, Choice::Any,
     "bpf: one of --bytecode or --pinned is required", "classic BPF from the IP header on", kBpf},
};

}  // namespace

std::span<const OptionSpec> main_options() { return kMain; }

std::span<const MatchSpec> match_specs() { return kMatches; }

}  // namespace bpfw::parser
