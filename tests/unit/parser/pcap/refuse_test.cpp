// SPDX-License-Identifier: GPL-2.0-or-later
// What is refused, as libpcap 1.10.3 refuses it: the message and the words under the caret.
#include <gtest/gtest.h>

#include "tests/support/filter_help.hpp"

namespace bpfw::parser::pcap {
namespace {

struct Case {
    std::string_view text;
    std::string_view said;   // the message's beginning
    std::string_view caret;  // what it points at
};

struct Group {
    std::string name;
    std::vector<Case> cases;
};
void PrintTo(const Group& group, std::ostream* out) { *out << group.name; }

class Refuses : public testing::TestWithParam<Group> {};

TEST_P(Refuses, WithTheReasonAndThePlace) {
    for (const Case& c : GetParam().cases) {
        const test::ParsedFilter parsed = test::parse_filter(c.text);
        EXPECT_FALSE(parsed.expression.has_value()) << c.text;
        EXPECT_EQ(parsed.said.substr(0, c.said.size()), c.said) << c.text;
        EXPECT_EQ(parsed.caret, c.caret) << c.text << "\n" << parsed.diagnostics;
    }
}

const Group kSyntax = {"Syntax",
                       {
                           {"10.0.0.1", "syntax error: '10.0.0.1'", "10.0.0.1"},
                           {"ip 10.0.0.1", "syntax error: '10.0.0.1'", "10.0.0.1"},
                           {"tcp 80", "syntax error: '80'", "80"},
                           {"80", "syntax error: the end", ""},
                           {"tcp and", "syntax error: the end", ""},
                           {"and tcp", "syntax error: 'and'", "and"},
                           {"tcp udp", "syntax error: 'udp'", "udp"},
                           {"()", "syntax error: ')'", ")"},
                           {"(tcp", "syntax error: the end where ')'", ""},
                           {"tcp)", "syntax error: ')'", ")"},
                           {"host", "syntax error: the end", ""},
                           {"port tcp", "syntax error: 'tcp'", "tcp"},
                           {"host ((10.1.1.1))", "syntax error: two pairs", "(10.1.1.1)"},
                           {"port ((80 or 443))", "syntax error: two pairs", "(80 or 443)"},
                           {"port ((80 or 443) or 22)", "syntax error: two pairs", "(80 or 443)"},
                           {"port 80 or (443 and tcp)", "syntax error: 'tcp'", "tcp"},
                           {"port 80 or (not 443 and tcp)", "syntax error: 'tcp'", "tcp"},
                           {"port (80 = 80)", "syntax error: '='", "="},
                           {"port 80 + 1", "syntax error: '+'", "+"},
                           {"less (5)", "syntax error: '('", "("},
                           {"vlan 5 + 1", "syntax error: '+'", "+"},
                           {"vlan (tcp)", "syntax error: 'tcp'", "tcp"},
                           {"pppoed 5", "syntax error: '5'", "5"},
                           {"byte 1 != 2", "syntax error: '!='", "!="},
                           {"ip[0:(1)] = 1", "syntax error: '('", "("},
                           {"ip[0", "syntax error: the end where ']'", ""},
                           {"ip[] = 1", "syntax error: ']'", "]"},
                           {"ether[0]", "syntax error: the end where a relation", ""},
                           {"(ether[0]) and tcp", "syntax error: 'and' where a relation", "and"},
                           {"1 < 2 < 3", "syntax error: '<'", "<"},
                           {"src or src 10.1.1.1", "syntax error: 'src' where 'dst'", "src"},
                           {"src proto 6", "syntax error: 'proto'", "proto"},
                           {"net 10/8", "syntax error: '/'", "/"},
                           {"net 10.0.0.0/8and", "syntax error: '8and'", "8and"},
                           {"net 10.0 mask 8", "syntax error: '8'", "8"},
                           {"host fe80::1%eth0", "syntax error: '%'", "%"},
                           {"host [fe80::1]", "syntax error: '['", "["},
                           {"ip[0]=0and tcp", "syntax error: '0and'", "0and"},
                           {"len-5 = 1", "syntax error: 'len-5'", "len-5"},
                           {"TCP", "syntax error: 'TCP'", "TCP"},
                           {"tcp # all", "'#' is no character", "#"},
                           {"host \xc3\xa9", "'\xc3\xa9' is no character", "\xc3"},
                           {"1:2:3:4:5:6:7 = 1", "bogus ethernet address", "1:2:3:4:5:6:"},
                           {"037777777777 = 1", "syntax error: '037777777777'", "037777777777"},
                           {"08 = 1", "number 08 contains non-octal digit", "08"},
                           {"4294967296 = 1", "number 4294967296 overflows 32 bits", "4294967296"},
                       }};

const Group kUnqualified = {
    "Unqualified",
    {
        {"tcp or 80", "syntax error: nothing before '80'", "80"},
        {"vlan 100 or 200", "syntax error: nothing before '200'", "200"},
        {"(port 80) or 443", "syntax error: nothing before '443'", "443"},
        {"less 5 or 6", "syntax error: nothing before '6'", "6"},
        {"port 80 or tcp or 443", "syntax error: nothing before '443'", "443"},
        {"tcp or 10.0.0.1", "syntax error: nothing before '10.0.0.1'", "10.0.0.1"},
        {"tcp or fe80::1", "syntax error: nothing before 'fe80::1'", "fe80::1"},
        {"tcp or name", "syntax error: nothing before 'name'", "name"},
        {"tcp or 1:2:3:4:5:6", "ethernet address used in non-ether expression", "1:2:3:4:5:6"},
    }};

const Group kOtherLinks = {
    "OtherLinks",
    {
        {"type mgt", "'type' is supported only on 802.11 links", "type"},
        {"ip subtype beacon", "'subtype' is supported only on 802.11 links", "subtype"},
        {"wlan addr1 1:2:3:4:5:6", "'addr1' is supported only on 802.11 links", "addr1"},
        {"radio[0] = 1", "'radio' is supported only on 802.11 links", "radio"},
        {"tcp or lane", "'lane' is supported only on raw ATM links", "lane"},
        {"vpi 5", "'vpi' is supported only on raw ATM links", "vpi"},
        {"on eth0", "'on' is supported only on PF log links", "on"},
        {"rnr 5", "'rnr' is supported only on PF log links", "rnr"},
        {"not hsls 5", "'hsls' is supported only on SS7 (MTP2) links", "hsls"},
        {"host $1f", "aid supported only on ARCnet", "$1f"},
        {"gateway one.example", "'gateway' is not supported", "gateway"},
        {"aarp[0] = 1", "unsupported index operation", "aarp[0]"},
        {"ah[0] = 1", "unsupported index operation", "ah[0]"},
    }};

const Group kAddresses = {
    "Addresses",
    {
        {"host 256.1.1.1", "invalid IPv4 address '256.1.1.1'", "256.1.1.1"},
        {"host 0x1.2", "invalid IPv4 address '0x1.2'", "0x1.2"},
        {"net 10.1.0.0/8", "non-network bits set in \"10.1.0.0/8\"", "10.1.0.0/8"},
        {"net 10.0/33", "mask length must be <= 32", "10.0/33"},
        {"net 10.1 mask 255.0", "non-network bits set in \"10.1 mask 255.0\"", "10.1 mask 255.0"},
        {"host 10.0.0.0/8", "Mask syntax for networks only", "10.0.0.0/8"},
        {"src 10.0.0.0/8", "Mask syntax for networks only", "10.0.0.0/8"},
        {"net fe80::1/64", "non-network bits set in \"fe80::1/64\"", "fe80::1/64"},
        {"net fe80::/129", "mask length must be <= 128", "fe80::/129"},
        {"host fe80::/64", "Mask syntax for networks only", "fe80::/64"},
        {"tcp host 10.1.1.1", "'tcp' modifier applied to host", "10.1.1.1"},
        {"udp net 10", "'udp' modifier applied to net", "10"},
        {"lat host 10.1.1.1", "lat host filtering not implemented", "10.1.1.1"},
        {"ip6 host 10.1.1.1", "'ip6' modifier applied to ip host", "10.1.1.1"},
        {"ip host fe80::1", "'ip' modifier applied to ip6 host", "fe80::1"},
        {"arp host one.example", "'arp' modifier applied to ip6 host", "one.example"},
        {"ether host 10.1.1.1", "illegal link layer address", "10.1.1.1"},
        {"ether net 10.0/8", "link-layer modifier applied to net", "10.0/8"},
        {"host 1:2:3:4:5:6", "ethernet address used in non-ether expression", "1:2:3:4:5:6"},
        {"ether net 1:2:3:4:5:6", "ethernet address used in non-ether expression", "1:2:3:4:5:6"},
        {"port 10.1.1.1", "'port' modifier applied to ip host", "10.1.1.1"},
        {"proto fe80::1", "'proto' modifier applied to ip6 host", "fe80::1"},
        {"host x", "unknown host 'x'", "x"},
        {"ip host six.example", "unknown host 'six.example' for specified", "six.example"},
        {"net x", "unknown network 'x'", "x"},
        {"net nothing", "unknown network 'nothing'", "nothing"},
        {"ether host x", "unknown ether host 'x'", "x"},
        {"decnet host x", "decnet names are not known: 'x'", "x"},
        {"decnet host 0x1.2", "malformed decnet address '0x1.2'", "0x1.2"},
    }};

const Group kPorts = {
    "Ports",
    {
        {"port 65536", "illegal port number 65536 > 65535", "65536"},
        {"portrange 80-65536", "illegal port number 65536 > 65535", "80-65536"},
        {"portrange 80--90", "illegal port number -90 < 0", "80--90"},
        {"port x", "unknown port 'x'", "x"},
        {"portrange http", "unknown port in range 'http'", "http"},
        {"portrange ftp-data-80", "unknown port in range 'ftp-data-80'", "ftp-data-80"},
        {"udp port http", "port 'http' is tcp", "http"},
        {"tcp port tftp", "port 'tftp' is udp", "tftp"},
        {"sctp port tftp", "port 'tftp' is udp", "tftp"},
        {"udp portrange http-https", "port in range 'http-https' is tcp", "http-https"},
        {"icmp port 80", "illegal qualifier of 'port'", "80"},
        {"ip portrange 80-90", "illegal qualifier of 'portrange'", "80-90"},
        {"tcp proto 6", "'tcp proto' is bogus", "6"},
        {"tcp proto \\icmp", "unknown protocol 'icmp'", "\\icmp"},
        {"ip proto x", "unknown ip proto 'x'", "x"},
        {"ether proto x", "unknown ether proto 'x'", "x"},
        {"iso proto x", "unknown osi proto 'x'", "x"},
        {"ether protochain 6", "bad protocol applied for 'protochain'", "6"},
        {"geneve and protochain 6", "'protochain' not supported with variable", "6"},
    }};

const Group kWords = {
    "Words",
    {
        {"ether", "link layer applied in wrong context", "ether"},
        {"tcp broadcast", "only link-layer/IP broadcast", "tcp broadcast"},
        {"ip6 broadcast", "only link-layer/IP broadcast", "ip6 broadcast"},
        {"ip broadcast", "netmask not known, so 'ip broadcast' not supported", "ip broadcast"},
        {"arp multicast", "only link-layer, ip and ip6 multicast", "arp multicast"},
        {"vlan 4096", "VLAN tag 4096 greater than maximum 4095", "vlan 4096"},
        {"mpls 1048576", "MPLS label 1048576 greater than maximum 1048575", "mpls 1048576"},
        {"pppoes 65536", "PPPoE session number 65536 greater than maximum 65535", "pppoes 65536"},
        {"geneve 16777216", "Geneve VNI 16777216 greater than maximum 16777215", "geneve 16777216"},
        {"llc x", "unknown LLC type name \"x\"", "llc x"},
        {"mpls and arp", "unsupported protocol over mpls", "arp"},
        {"(mpls and ip) or arp[0] = 1", "unsupported protocol over mpls", "arp[0]"},
        {"not mpls or ether proto 0x806", "unsupported protocol over mpls", "0x806"},
        {"mpls and isis proto 1", "unsupported protocol over mpls", "1"},
        {"mpls and pppoes", "unsupported protocol over mpls", "pppoes"},
        {"mpls and geneve and arp host 10.1.1.1", "unsupported protocol over mpls", "10.1.1.1"},
        {"mpls and vlan 5", "no VLAN match after MPLS", "vlan 5"},
        {"pppoes and vlan", "no VLAN support for PPP", "vlan"},
        {"pppoes or llc", "'llc' not supported for PPP", "llc"},
        {"pppoes and broadcast", "not a broadcast link", "broadcast"},
        {"pppoes and multicast", "link-layer multicast filters", "multicast"},
        {"pppoes and ether src 1:2:3:4:5:6", "ethernet addresses supported only", "1:2:3:4:5:6"},
        {"pppoes and ether src one.example", "ethernet addresses supported only", "one.example"},
    }};

const Group kArithmetic = {
    "Arithmetic",
    {
        {"1 / 0 = 1", "division by zero", "1 / 0"},
        {"1 % 0 = 1", "modulus by zero", "1 % 0"},
        {"1 << 32 = 1", "shift by more than 31 bits", "1 << 32"},
        {"1 >> 0xffffffff = 1", "shift by more than 31 bits", "1 >> 0xffffffff"},
        {"1 / (0 + 1) = 1", "division by zero", "1 / (0 + 1)"},
        {"1 / ip[0] = 1", "division by zero", "1 / ip[0]"},
        {"1 << tcp[40] = 1", "shift by more than 31 bits", "1 << tcp[40]"},
        {"1 % -ip[0] = 1", "modulus by zero", "1 % -ip[0]"},
        {"ip[0:3] = 1", "data size must be 1, 2, or 4", "ip[0:3]"},
    }};

INSTANTIATE_TEST_SUITE_P(Pcap, Refuses,
                         testing::Values(kSyntax, kUnqualified, kOtherLinks, kAddresses, kPorts,
                                         kWords, kArithmetic),
                         [](const auto& group) { return group.param.name; });

TEST(Mistakes, SeveralMistakesAtOnce) {
    const auto parsed = test::parse_filter("host x or port y or vlan 5000 or tcp port 80");
    EXPECT_NE(parsed.diagnostics.find("unknown host 'x'"), std::string::npos);
    EXPECT_NE(parsed.diagnostics.find("unknown port 'y'"), std::string::npos);
    EXPECT_NE(parsed.diagnostics.find("VLAN tag 5000"), std::string::npos);
}

TEST(Mistakes, ButStopsAfterTen) {
    std::string text = "host x";
    for (int i = 0; i < 1000; ++i) text += " or x";
    const auto parsed = test::parse_filter(text);
    std::size_t told = 0;
    for (std::size_t at = 0; (at = parsed.diagnostics.find("error:", at)) != std::string::npos;
         ++at)
        ++told;
    EXPECT_EQ(told, 10u);
}

TEST(Mistakes, AByteZeroInTheText) {
    const auto parsed = test::parse_filter(std::string_view("tcp\0or", 6));
    EXPECT_FALSE(parsed.expression.has_value());
}

}  // namespace
}  // namespace bpfw::parser::pcap
