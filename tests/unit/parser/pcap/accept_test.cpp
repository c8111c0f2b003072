// SPDX-License-Identifier: GPL-2.0-or-later
// What expressions mean, told by their canonical text: every qualifier written out, one form per
// meaning.
#include <gtest/gtest.h>

#include "tests/support/filter_help.hpp"

namespace bpfw::parser::pcap {
namespace {

struct Case {
    std::string_view text;
    std::string_view canonical;  // empty: as written
};

struct Group {
    std::string name;
    std::vector<Case> cases;
};
void PrintTo(const Group& group, std::ostream* out) { *out << group.name; }

class Accepts : public testing::TestWithParam<Group> {};

TEST_P(Accepts, AsTheirCanonicalText) {
    for (const Case& c : GetParam().cases) {
        const test::ParsedFilter parsed = test::parse_filter(c.text);
        EXPECT_EQ(parsed.text, c.canonical.empty() ? c.text : c.canonical) << c.text << "\n"
                                                                           << parsed.diagnostics;
    }
}

const Group kJunctions = {
    "Junctions",
    {
        {"tcp", ""},
        {"tcp and udp and arp", ""},
        {"tcp or udp and port 53", "(tcp or udp) and port 53"},
        {"tcp and udp or arp and ip", "((tcp and udp) or arp) and ip"},
        {"tcp && udp || arp", "(tcp and udp) or arp"},
        {"(tcp or udp) or arp", "tcp or udp or arp"},
        {"tcp or (udp or arp)", "tcp or udp or arp"},
        {"tcp and (udp or arp)", ""},
        {"not tcp and udp", ""},
        {"not (tcp and udp)", ""},
        {"!!tcp", "not not tcp"},
        {"not host 10.0.0.1 and 10.0.0.2", "not host 10.0.0.1 and host 10.0.0.2"},
        {"not len = 5 and tcp", ""},
        {"! ip[0] & 1 = 1", "not ip[0] & 1 = 1"},
        {"((((tcp))))", "tcp"},
        {"", ""},
    }};

const Group kInherited = {
    "Inherited",
    {
        {"tcp dst port 80 or 443 or 8080",
         "tcp dst port 80 or tcp dst port 443 or tcp dst port 8080"},
        {"host 10.1.1.1 or port 80 or 443", "host 10.1.1.1 or port 80 or port 443"},
        {"port not 80", "not port 80"},
        {"tcp port 80 or not 443", "tcp port 80 or not tcp port 443"},
        {"port 80 or (udp port 53) or 443", "port 80 or udp port 53 or port 443"},
        {"tcp port 22 and (udp or icmp) or 443", "(tcp port 22 and (udp or icmp)) or tcp port 443"},
        {"port (80 or 443)", "port 80 or port 443"},
        {"not port (80 or 443)", "not (port 80 or port 443)"},
        {"port ((80) or (443))", "port 80 or port 443"},
        {"port (80 or (443 and not 22))", "port 80 or (port 443 and not port 22)"},
        {"port (not (80 or 443))", "not (port 80 or port 443)"},
        {"host (10.1.1.1)", "host 10.1.1.1"},
        {"src host 10.1.1.1 or (10.1.1.2 and not 10.1.1.3)",
         "src host 10.1.1.1 or (src host 10.1.1.2 and not src host 10.1.1.3)"},
        {"port 80 or (443 = 443)", "port 80 or 443 = 443"},
        {"port 80 or (443) + 1 = 444", "port 80 or 443 + 1 = 444"},
        {"port 80 or 443 = 443", ""},
        {"ip src 10.1.1.1 or 10.1", "ip src host 10.1.1.1 or ip src net 10.1.0.0/16"},
        {"ether src 1:2:3:4:5:6 or 1-2-3-4-5-7",
         "ether src host 01:02:03:04:05:06 or ether src host 01:02:03:04:05:07"},
    }};

const Group kHosts = {
    "Hosts",
    {
        {"host 10.1.1.1", ""},
        {"src 10.1.1.1", "src host 10.1.1.1"},
        {"dst or src host 10.1.1.1", "src or dst host 10.1.1.1"},
        {"dst && src 10.1.1.1", "src and dst host 10.1.1.1"},
        {"arp host 010.1.1.1", "arp host 10.1.1.1"},
        {"host 10", "host 0.0.0.10"},
        {"net 10", "net 10.0.0.0/8"},
        {"net 0", "host 0.0.0.0"},
        {"net 65535", "net 255.255.0.0/16"},
        {"host 10.1", "net 10.1.0.0/16"},
        {"net 1.2.3.4", "host 1.2.3.4"},
        {"net 10.0/8", "net 10.0.0.0/8"},
        {"net 10.0.0.1/32", "host 10.0.0.1"},
        {"net 0.0/0", "net 0.0.0.0/0"},
        {"net 10.0.1 mask 255.0.255", "net 10.0.1.0 mask 255.0.255.0"},
        {"net 10.1.2.3 mask 255.255.255.255", "host 10.1.2.3"},
        {"net lab", "net 10.0.0.0/8"},
        {"rarp net loopback", "rarp host 127.0.0.0"},
        {"host fe80::1", ""},
        {"ip6 src fe80::1/128", "ip6 src host fe80::1"},
        {"net 2001:db8::/33", ""},
        {"net ::/0", ""},
        {"host ::ffff:10.1.1.1", ""},
        {"ether host 0011.2233.4455", "ether host 00:11:22:33:44:55"},
        {"wlan dst 001122334455", "ether dst host 00:11:22:33:44:55"},
        {"ether host one.example", "ether host 02:00:00:00:00:01"},
        {"host one.example", "host 192.0.2.1 or host 2001:db8::1"},
        {"not ip src two.example", "not (ip src host 192.0.2.1 or ip src host 192.0.2.2)"},
        {"ip6 host one.example", "ip6 host 2001:db8::1"},
        {"tcp and host two.example", "tcp and (host 192.0.2.1 or host 192.0.2.2)"},
        {"decnet src 1.2", "decnet src host 1.2"},
        {"decnet host 1026", "decnet host 1.2"},
        {"decnet net 65.1025.7", "decnet host 1.1"},
    }};

const Group kPorts = {"Ports",
                      {
                          {"port 80", ""},
                          {"sctp src and dst port 80", ""},
                          {"port http", "tcp port 80"},
                          {"tcp port http", "tcp port 80"},
                          {"port domain", "port 53"},
                          {"udp port domain", "udp port 53"},
                          {"sctp port domain", "sctp port 53"},
                          {"port split", "tcp port 1"},
                          {"port tcp-syn", "port 2"},
                          {"port \\80", "port 80"},
                          {"portrange 80", "port 80"},
                          {"portrange 90-80", "portrange 80-90"},
                          {"portrange 80-90-100", "portrange 80-90"},
                          {"portrange http-https", "tcp portrange 80-443"},
                          {"portrange http-domain", "portrange 53-80"},
                          {"udp portrange domain-69", "udp portrange 53-69"},
                          {"portrange \\79-http", "portrange 79-80"},
                          {"port 65535", ""},
                      }};

const Group kProtocols = {"Protocols",
                          {
                              {"proto 6", ""},
                              {"proto 300", ""},
                              {"ip proto ospf", "ip proto 89"},
                              {"ip6 proto \\icmp", "ip6 proto 1"},
                              {"proto (6 or ospf)", "proto 6 or proto 89"},
                              {"ether proto \\ip6", "ether proto 34525"},
                              {"link proto \\netbeui or stp", "ether proto 240 or stp"},
                              {"ether proto loopback", "ether proto 36864"},
                              {"iso proto \\clnp", "iso proto 129"},
                              {"isis proto 15", ""},
                              {"protochain 6", ""},
                              {"ip6 protochain ospf", "ip6 protochain 89"},
                              {"ip protochain 300", ""},
                              {"slip proto 0x800", "ether proto 2048"},
                              {"es-is", "esis"},
                              {"ah or esp or pim or vrrp or carp or igrp", ""},
                          }};

const Group kWords = {"Words",
                      {
                          {"broadcast", "ether broadcast"},
                          {"multicast", "ether multicast"},
                          {"ip multicast or ip6 multicast", ""},
                          {"less 100", ""},
                          {"greater 0x64", "greater 100"},
                          {"byte 12 = 8 or byte 13 & 3", ""},
                          {"byte 5 == 1", "byte 5 = 1"},
                          {"inbound and not outbound", ""},
                          {"ifindex 2", ""},
                          {"vlan", ""},
                          {"vlan 5 and vlan (((6)))", "vlan 5 and vlan 6"},
                          {"vlan icmp-echo", "vlan 8"},
                          {"mpls 1048575 and mpls", ""},
                          {"pppoed or pppoes or pppoes 65535", ""},
                          {"geneve or geneve 16777215", ""},
                          {"llc or llc i or llc rnr", ""},
                          {"llc rulenum or llc UI", "llc rnr or llc ui"},
                      }};

const Group kArithmetic = {
    "Arithmetic",
    {
        {"ip[0] & 0xf != 5", "ip[0] & 15 != 5"},
        {"1 | 2 & 3 << 4 + 5 * 6 = 0", "1 | 2 & 3 << 4 + 5 * 6 = 0"},
        {"((1 | 2) & 3 << 4 + 5) * 6 = 0", "((1 | 2) & 3 << 4 + 5) * 6 = 0"},
        {"1 - 2 - 3 = 0", ""},
        {"1 - (2 - 3) = 0", ""},
        {"(1 - 2) - 3 = 0", "1 - 2 - 3 = 0"},
        {"10 % 4 + 1 = 0", "10 % (4 + 1) = 0"},
        {"4 * 10 % 4 = 8", "4 * (10 % 4) = 8"},
        {"7 ^ 3 & 1 = 6", "7 ^ (3 & 1) = 6"},
        {"1 + 2 % 3 * 4 | 5 = 6", "1 + (2 % (3 * 4 | 5)) = 6"},
        {"1 % 2 ^ 3 % 4 = 0", "1 % (2 ^ (3 % 4)) = 0"},
        {"-10 % 4 = 0", "-(10 % 4) = 0"},
        {"(-10) % 4 = 0", ""},
        {"-10 * 4 - -1 = 0", "-10 * 4 - -1 = 0"},
        {"- - 1 = -(1 + 2)", "--1 = -(1 + 2)"},
        {"-(-1) = 1", "--1 = 1"},
        {"(1) = 1", "1 = 1"},
        {"len > 5", ""},
        {"length >= 5", "len >= 5"},
        {"tcp[tcp[12] >> 2:4] = 0x47455420", "tcp[tcp[12] >> 2:4] = 1195725856"},
        {"ether[len - 1] == 0", "ether[len - 1] = 0"},
        {"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[13] & (2 | 1) != 0"},
        {"1 / (1 - 1) = 1", ""},
        {"1 / ip[2] = 1", ""},
        {"icmp6[icmp6type] = icmp6-echo", "icmp6[0] = 128"},
        {"-1 > 0 and 2 < 3 and 3 <= 4", ""},
    }};

// The text to the left decides what can be said, whatever parentheses and words there are.
const Group kEncapsulated = {"Encapsulated",
                             {
                                 {"arp and mpls", ""},
                                 {"mpls and tcp port 80 and icmp6[0] = 1", ""},
                                 {"mpls and ether proto 0x800 or ether[0] = 1",
                                  "(mpls and ether proto 2048) or ether[0] = 1"},
                                 {"mpls and broadcast", "mpls and ether broadcast"},
                                 {"mpls and host 10.0.0.1", ""},
                                 {"pppoes and pppoed and mpls and ip", ""},
                                 {"vlan and pppoes and host 10.0.0.1", ""},
                                 {"pppoes and pppoes and arp", ""},
                                 {"pppoes and geneve and vlan and ether host 1:2:3:4:5:6",
                                  "pppoes and geneve and vlan and ether host 01:02:03:04:05:06"},
                                 {"geneve and llc", ""},
                                 {"mpls and llc", ""},
                             }};

INSTANTIATE_TEST_SUITE_P(Pcap, Accepts,
                         testing::Values(kJunctions, kInherited, kHosts, kPorts, kProtocols, kWords,
                                         kArithmetic, kEncapsulated),
                         [](const auto& group) { return group.param.name; });

TEST(Expressions, BroadcastOfIpWhereTheNetmaskIsKnown) {
    const Address mask{{255, 255, 255, 0}};
    const test::ParsedFilter parsed = test::parse_filter("ip broadcast", mask);
    ASSERT_TRUE(parsed.expression.has_value()) << parsed.diagnostics;
    EXPECT_EQ(parsed.text, "ip broadcast");
    const auto& root = std::get<Primitive>(parsed.expression->nodes.back().node);
    EXPECT_EQ(std::get<Broadcast>(root), (Broadcast{Protocol::Ip, mask}));
}

TEST(Expressions, BlanksAloneAskNothing) {
    const auto parsed = test::parse_filter(" \n\t");
    ASSERT_TRUE(parsed.expression.has_value());
    EXPECT_EQ(*parsed.expression, *test::parse_filter("").expression);
}

// The order in the vectors is part of the value: equal texts give equal Expressions.
TEST(Expressions, ChildrenStandBeforeParentsAndNothingElse) {
    const auto parsed = test::parse_filter("(tcp or (udp or not arp)) and 1 + 2 = 3");
    ASSERT_TRUE(parsed.expression.has_value());
    const Expression& e = *parsed.expression;
    ASSERT_EQ(e.nodes.size(), 7u);
    EXPECT_EQ(std::get<Not>(e.nodes[3].node).operand, 2u);
    EXPECT_EQ(std::get<Any>(e.nodes[4].node).of, (std::vector<NodeId>{0, 1, 3}));
    EXPECT_EQ(std::get<All>(e.nodes[6].node).of, (std::vector<NodeId>{4, 5}));
    EXPECT_EQ(e.root, 6u);
    ASSERT_EQ(e.arithmetic.size(), 4u);
    EXPECT_EQ(std::get<Binary>(e.arithmetic[2].node), (Binary{Operator::Add, 0, 1}));
}

TEST(Expressions, SpansAreWhereThingsWereWritten) {
    Diagnostics diags;
    const std::string text = "tcp port 80 or 443 and ip[0 ] = 1";
    const auto e = parse({text, {3, 100, 100 + static_cast<std::uint32_t>(text.size())}}, {},
                         test::filter_names(), diags);
    ASSERT_TRUE(e.has_value());
    const auto written = [&](Span at) { return text.substr(at.begin - 100, at.end - at.begin); };
    EXPECT_EQ(written(e->nodes[0].at), "tcp port 80");
    EXPECT_EQ(written(e->nodes[1].at), "443");
    EXPECT_EQ(written(e->nodes[2].at), "tcp port 80 or 443");
    EXPECT_EQ(written(e->nodes[3].at), "ip[0 ] = 1");
    EXPECT_EQ(written(e->arithmetic[1].at), "ip[0 ]");
    EXPECT_EQ(e->nodes[4].at.source, 3u);
}

TEST(Expressions, SpansAreTheWholeWhereTheTextWasQuoted) {
    Diagnostics diags;
    EXPECT_FALSE(parse({"tcp port x", {1, 5, 25}}, {}, test::filter_names(), diags).has_value());
    EXPECT_EQ(diags.all().front().span().begin, 5u);
    EXPECT_EQ(diags.all().front().span().end, 25u);
}

}  // namespace
}  // namespace bpfw::parser::pcap
