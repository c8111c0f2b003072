// SPDX-License-Identifier: GPL-2.0-or-later
// The language's words and what they stand for: libpcap's scanner.l as a table. Doors: word()
// and protocol_word().
#include <unordered_map>

#include "parser/base/result.hpp"
#include "parser/pcap/token.hpp"

namespace bpfw::parser::pcap {
namespace {

struct Named {
    std::string_view text;
    Word word;
};

constexpr Word protocol(Protocol p) { return {TokenKind::Protocol, static_cast<std::uint32_t>(p)}; }
constexpr Word foreign(Foreign f) { return {TokenKind::Foreign, static_cast<std::uint32_t>(f)}; }
constexpr Word number(std::uint32_t value) { return {TokenKind::Number, value}; }

// Of several words for one protocol, the printed one stands first.
constexpr Named kProtocols[] = {
    {"ether", protocol(Protocol::Link)},  {"link", protocol(Protocol::Link)},
    {"ppp", protocol(Protocol::Link)},    {"slip", protocol(Protocol::Link)},
    {"fddi", protocol(Protocol::Link)},   {"tr", protocol(Protocol::Link)},
    {"wlan", protocol(Protocol::Link)},   {"ip", protocol(Protocol::Ip)},
    {"arp", protocol(Protocol::Arp)},     {"rarp", protocol(Protocol::Rarp)},
    {"sctp", protocol(Protocol::Sctp)},   {"tcp", protocol(Protocol::Tcp)},
    {"udp", protocol(Protocol::Udp)},     {"icmp", protocol(Protocol::Icmp)},
    {"igmp", protocol(Protocol::Igmp)},   {"igrp", protocol(Protocol::Igrp)},
    {"pim", protocol(Protocol::Pim)},     {"vrrp", protocol(Protocol::Vrrp)},
    {"carp", protocol(Protocol::Carp)},   {"atalk", protocol(Protocol::Atalk)},
    {"aarp", protocol(Protocol::Aarp)},   {"decnet", protocol(Protocol::Decnet)},
    {"lat", protocol(Protocol::Lat)},     {"sca", protocol(Protocol::Sca)},
    {"mopdl", protocol(Protocol::Mopdl)}, {"moprc", protocol(Protocol::Moprc)},
    {"ip6", protocol(Protocol::Ip6)},     {"icmp6", protocol(Protocol::Icmp6)},
    {"ah", protocol(Protocol::Ah)},       {"esp", protocol(Protocol::Esp)},
    {"iso", protocol(Protocol::Iso)},     {"esis", protocol(Protocol::Esis)},
    {"es-is", protocol(Protocol::Esis)},  {"isis", protocol(Protocol::Isis)},
    {"is-is", protocol(Protocol::Isis)},  {"l1", protocol(Protocol::L1)},
    {"l2", protocol(Protocol::L2)},       {"iih", protocol(Protocol::Iih)},
    {"lsp", protocol(Protocol::Lsp)},     {"snp", protocol(Protocol::Snp)},
    {"psnp", protocol(Protocol::Psnp)},   {"csnp", protocol(Protocol::Csnp)},
    {"clnp", protocol(Protocol::Clnp)},   {"stp", protocol(Protocol::Stp)},
    {"ipx", protocol(Protocol::Ipx)},     {"netbeui", protocol(Protocol::Netbeui)},
};

constexpr Named kKeywords[] = {
    {"and", {TokenKind::And}},
    {"or", {TokenKind::Or}},
    {"not", {TokenKind::Not}},
    {"src", {TokenKind::Source}},
    {"dst", {TokenKind::Destination}},
    {"host", {TokenKind::Host}},
    {"net", {TokenKind::Net}},
    {"mask", {TokenKind::Mask}},
    {"port", {TokenKind::Port}},
    {"portrange", {TokenKind::PortRange}},
    {"proto", {TokenKind::Proto}},
    {"protochain", {TokenKind::Protochain}},
    {"gateway", {TokenKind::Gateway}},
    {"less", {TokenKind::Less}},
    {"greater", {TokenKind::Greater}},
    {"byte", {TokenKind::Byte}},
    {"broadcast", {TokenKind::Broadcast}},
    {"multicast", {TokenKind::Multicast}},
    {"len", {TokenKind::Length}},
    {"length", {TokenKind::Length}},
    {"inbound", {TokenKind::Inbound}},
    {"outbound", {TokenKind::Outbound}},
    {"ifindex", {TokenKind::IfIndex}},
    {"vlan", {TokenKind::Vlan}},
    {"mpls", {TokenKind::Mpls}},
    {"pppoed", {TokenKind::Pppoed}},
    {"pppoes", {TokenKind::Pppoes}},
    {"geneve", {TokenKind::Geneve}},
    {"llc", {TokenKind::Llc}},
    // Words of PF logs, but `llc rnr` has to be understood.
    {"rnr", {TokenKind::RuleNumber}},
    {"rulenum", {TokenKind::RuleNumber}},
};

constexpr std::string_view kWireless[] = {"type",  "subtype",  "direction", "dir",      "address1",
                                          "addr1", "address2", "addr2",     "address3", "addr3",
                                          "addr4", "address4", "ra",        "ta",       "radio"};
constexpr std::string_view kAtm[] = {"lane",       "metac",       "bcc", "oam",   "oamf4",
                                     "oamf4ec",    "oamf4sc",     "sc",  "ilmic", "vpi",
                                     "connectmsg", "metaconnect", "vci"};
constexpr std::string_view kPf[] = {"on",   "ifname",     "rset",   "ruleset",
                                    "srnr", "subrulenum", "reason", "action"};
constexpr std::string_view kSs7[] = {"fisu", "lssu", "lsu", "msu",  "hfisu", "hlssu", "hmsu", "sio",
                                     "opc",  "dpc",  "sls", "hsio", "hopc",  "hdpc",  "hsls"};

constexpr Named kNumbers[] = {
    {"icmptype", number(0)},
    {"icmpcode", number(1)},
    {"icmp-echoreply", number(0)},
    {"icmp-unreach", number(3)},
    {"icmp-sourcequench", number(4)},
    {"icmp-redirect", number(5)},
    {"icmp-echo", number(8)},
    {"icmp-routeradvert", number(9)},
    {"icmp-routersolicit", number(10)},
    {"icmp-timxceed", number(11)},
    {"icmp-paramprob", number(12)},
    {"icmp-tstamp", number(13)},
    {"icmp-tstampreply", number(14)},
    {"icmp-ireq", number(15)},
    {"icmp-ireqreply", number(16)},
    {"icmp-maskreq", number(17)},
    {"icmp-maskreply", number(18)},
    {"icmp6type", number(0)},
    {"icmp6code", number(1)},
    {"icmp6-destinationunreach", number(1)},
    {"icmp6-packettoobig", number(2)},
    {"icmp6-timeexceeded", number(3)},
    {"icmp6-parameterproblem", number(4)},
    {"icmp6-echo", number(128)},
    {"icmp6-echoreply", number(129)},
    {"icmp6-multicastlistenerquery", number(130)},
    {"icmp6-multicastlistenerreportv1", number(131)},
    {"icmp6-multicastlistenerdone", number(132)},
    {"icmp6-routersolicit", number(133)},
    {"icmp6-routeradvert", number(134)},
    {"icmp6-neighborsolicit", number(135)},
    {"icmp6-neighboradvert", number(136)},
    {"icmp6-redirect", number(137)},
    {"icmp6-routerrenum", number(138)},
    {"icmp6-nodeinformationquery", number(139)},
    {"icmp6-nodeinformationresponse", number(140)},
    {"icmp6-ineighbordiscoverysolicit", number(141)},
    {"icmp6-ineighbordiscoveryadvert", number(142)},
    {"icmp6-multicastlistenerreportv2", number(143)},
    {"icmp6-homeagentdiscoveryrequest", number(144)},
    {"icmp6-homeagentdiscoveryreply", number(145)},
    {"icmp6-mobileprefixsolicit", number(146)},
    {"icmp6-mobileprefixadvert", number(147)},
    {"icmp6-certpathsolicit", number(148)},
    {"icmp6-certpathadvert", number(149)},
    {"icmp6-multicastrouteradvert", number(151)},
    {"icmp6-multicastroutersolicit", number(152)},
    {"icmp6-multicastrouterterm", number(153)},
    {"tcpflags", number(13)},
    {"tcp-fin", number(0x01)},
    {"tcp-syn", number(0x02)},
    {"tcp-rst", number(0x04)},
    {"tcp-push", number(0x08)},
    {"tcp-ack", number(0x10)},
    {"tcp-urg", number(0x20)},
    {"tcp-ece", number(0x40)},
    {"tcp-cwr", number(0x80)},
};

using Words = std::unordered_map<std::string_view, Word>;

template <std::size_t N>
void add(Words& words, const Named (&named)[N]) {
    for (const Named& entry : named) words.emplace(entry.text, entry.word);
}
template <std::size_t N>
void add(Words& words, const std::string_view (&texts)[N], Foreign whose) {
    for (const std::string_view text : texts) words.emplace(text, foreign(whose));
}

Words all_words() {
    Words words;
    add(words, kProtocols);
    add(words, kKeywords);
    add(words, kNumbers);
    add(words, kWireless, Foreign::Wireless);
    add(words, kAtm, Foreign::Atm);
    add(words, kPf, Foreign::Pf);
    add(words, kSs7, Foreign::Ss7);
    return words;
}

}  // namespace

std::optional<Word> word(std::string_view text) {
    static const Words kWords = all_words();
    const auto found = kWords.find(text);
    if (found == kWords.end()) return std::nullopt;
    return found->second;
}

std::string_view protocol_word(Protocol wanted) {
    for (const Named& entry : kProtocols) {
        if (entry.word.value == static_cast<std::uint32_t>(wanted)) return entry.text;
    }
    BPFW_BUG("a protocol without a word");
}

}  // namespace bpfw::parser::pcap
