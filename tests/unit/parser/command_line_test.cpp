// SPDX-License-Identifier: GPL-2.0-or-later
// iptables command lines: what they mean (shown as canonical text), and what is
// said about those that mean nothing.
#include <gtest/gtest.h>

#include "parser/parse.hpp"
#include "parser/print.hpp"
#include "tests/support/parse_help.hpp"

namespace bpfw::parser {
namespace {

using test::parse4;
using test::parse6;
using test::Parsed;

struct Good {
    const char* line;
    const char* text;
};

TEST(CommandLine, IpPart) {
    const Good kCases[] = {
        {"-A INPUT", "-A INPUT"},
        {"-A INPUT -j DROP -p udp", "-A INPUT -p udp -j DROP"},
        {"-A INPUT -d 1.1.1.1 -s 2.2.2.2 -i e -p tcp -f -j ACCEPT",
         "-A INPUT -s 2.2.2.2/32 -d 1.1.1.1/32 -i e -p tcp -f -j ACCEPT"},
        {"-A INPUT -s 10.11.12.13/9", "-A INPUT -s 10.0.0.0/9"},
        {"-A INPUT -s 10.11.12.13/255.0.255.0", "-A INPUT -s 10.0.12.0/255.0.255.0"},
        {"-A INPUT -s 1.2.3.4/0", "-A INPUT"},
        {"-A INPUT -s 10.1", "-A INPUT -s 10.1.0.0/32"},
        {"-A INPUT -s 0x0a.1.1.010", "-A INPUT -s 10.1.1.8/32"},
        {"-A INPUT -s 1.2.3.4/+8", "-A INPUT -s 1.0.0.0/8"},
        {"-A INPUT ! -s 0.0.0.0", "-A INPUT ! -s 0.0.0.0/32"},
        {"-A FORWARD -i + -o eth+", "-A FORWARD -o eth+"},
        {"-A FORWARD ! -i +", "-A FORWARD ! -i +"},
        {"-A INPUT -p ALL", "-A INPUT"},
        {"-A INPUT -p 0x6", "-A INPUT -p tcp"},
        {"-A INPUT ! -p 17 ! -f", "-A INPUT ! -p udp ! -f"},
        {"-A INPUT -p 253", "-A INPUT -p 253"},
        {"-A INPUT -p icmpv6", "-A INPUT -p ipv6-icmp"},
        {"--append INPUT --proto tcp --so 1.1.1.1 --jump DROP",
         "-A INPUT -s 1.1.1.1/32 -p tcp -j DROP"},
        {"-A INPUT -g chain", "-A INPUT -g chain"},
        {"-A INPUT -j CONTINUE", "-A INPUT -j CONTINUE"},
    };
    for (const Good& c : kCases) EXPECT_EQ(parse4(c.line).text, c.text) << c.line;
}

TEST(CommandLine, SeveralAddressesAreSeveralRules) {
    EXPECT_EQ(parse4("-A INPUT -s 1.1.1.1,2.2.2.2 -d 3.3.3.3,4.4.4.4").text,
              "-A INPUT -s 1.1.1.1/32 -d 3.3.3.3/32\n-A INPUT -s 1.1.1.1/32 -d 4.4.4.4/32\n"
              "-A INPUT -s 2.2.2.2/32 -d 3.3.3.3/32\n-A INPUT -s 2.2.2.2/32 -d 4.4.4.4/32");
    EXPECT_EQ(parse4("-A INPUT -s two.example").text,
              "-A INPUT -s 192.0.2.1/32\n-A INPUT -s 192.0.2.2/32");
    EXPECT_EQ(parse4("-A INPUT -s two.example/24").text, "-A INPUT -s 192.0.2.0/24");
}

TEST(CommandLine, Matches) {
    const Good kCases[] = {
        {"-A INPUT -p tcp --dport ssh --sport 1024:",
         "-A INPUT -p tcp -m tcp --sport 1024:65535 --dport 22"},
        {"-A INPUT -p tcp --dport :", "-A INPUT -p tcp -m tcp"},
        {"-A INPUT -p tcp ! --dport 0:65535", "-A INPUT -p tcp -m tcp ! --dport 0:65535"},
        {"-A INPUT -p tcp --dport 0x16:027", "-A INPUT -p tcp -m tcp --dport 22:23"},
        {"-A INPUT -p tcp --dport 5:5", "-A INPUT -p tcp -m tcp --dport 5"},
        {"-A INPUT -p tcp --syn", "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"},
        {"-A INPUT -p tcp --tcp-flags ALL none",
         "-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE"},
        {"-A INPUT -p tcp --tcp-flags NONE NONE", "-A INPUT -p tcp -m tcp"},
        {"-A INPUT -p tcp ! --tcp-option 5 --dport 1",
         "-A INPUT -p tcp -m tcp --dport 1 ! --tcp-option 5"},
        {"-A INPUT -m tcp --dport 1 -p 6", "-A INPUT -p tcp -m tcp --dport 1"},
        {"-A INPUT -p tcp --dport 2 -m comment --comment x --sport 3",
         "-A INPUT -p tcp -m tcp --sport 3 --dport 2 -m comment --comment x"},
        {"-A INPUT -m comment --comment a -p tcp --dport 3",
         "-A INPUT -p tcp -m comment --comment a -m tcp --dport 3"},
        {"-A INPUT -p udp --dport 010", "-A INPUT -p udp -m udp --dport 10"},
        {"-A INPUT -p udp --dport ssh:tftp", "-A INPUT -p udp -m udp --dport 22:69"},
        {"-A INPUT -p udp --dport 60:53", "-A INPUT -p udp -m udp --dport 60:53"},
        {"-A INPUT -p udp ! --sport 60:53", "-A INPUT -p udp -m udp ! --sport 60:53"},
        {"-A INPUT -p icmp --icmp-type PIN", "-A INPUT -p icmp -m icmp --icmp-type 8"},
        {"-A INPUT -p icmp --icmp-type 255/3", "-A INPUT -p icmp -m icmp --icmp-type any"},
        {"-A INPUT -p icmp ! --icmp-type host-unreachable",
         "-A INPUT -p icmp -m icmp ! --icmp-type 3/1"},
        {"-A INPUT -p tcp -m multiport --dport ssh,http:https",
         "-A INPUT -p tcp -m multiport --dports 22,80:443"},
        {"-A INPUT -m iprange ! --dst-range 1.1.1.1-1.1.1.9 --src-range 10",
         "-A INPUT -m iprange --src-range 10.0.0.0-10.0.0.0 ! --dst-range 1.1.1.1-1.1.1.9"},
        {"-A INPUT -m mac --mac-source A:b:c:DD:e:f",
         "-A INPUT -m mac --mac-source 0a:0b:0c:dd:0e:0f"},
        {"-A INPUT -m comment --comment 'a \"b\" c\\d'",
         "-A INPUT -m comment --comment \"a \\\"b\\\" c\\\\d\""},
        {"-A INPUT -m comment --comment ''", "-A INPUT -m comment --comment \"\""},
        {"-A INPUT -m length ! --length :1500", "-A INPUT -m length ! --length 0:1500"},
        {"-A INPUT -m ttl ! --ttl 64", "-A INPUT -m ttl ! --ttl-eq 64"},
        {"-A INPUT -m tos --tos minimize-delay", "-A INPUT -m tos --tos 0x10/0x3f"},
        {"-A INPUT -m tos --tos 16/0x1f", "-A INPUT -m tos --tos 0x10/0x1f"},
        {"-A INPUT -m dscp --dscp-class ef", "-A INPUT -m dscp --dscp 0x2e"},
        {"-A INPUT -m pkttype --pkt-type bcast", "-A INPUT -m pkttype --pkt-type broadcast"},
    };
    for (const Good& c : kCases) EXPECT_EQ(parse4(c.line).text, c.text) << c.line;
}

TEST(CommandLine, Ipv6) {
    const Good kCases[] = {
        {"-A INPUT -s 2001:db8::1/ffff:0:ffff::", "-A INPUT -s 2001::/ffff:0:ffff::"},
        {"-A INPUT -s one.example", "-A INPUT -s 2001:db8::1/128"},
        {"-A INPUT -s ::/0", "-A INPUT"},
        {"-A INPUT -p 58 -m icmpv6 --icmpv6-type no-route",
         "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 1/0"},
        {"-A INPUT -p icmpv6 --icmpv6-type ping",
         "-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128"},
        {"-A INPUT -m hl --hl-lt 5", "-A INPUT -m hl --hl-lt 5"},
        {"-A INPUT -p icmp", "-A INPUT -p icmp"},
    };
    for (const Good& c : kCases) EXPECT_EQ(parse6(c.line).text, c.text) << c.line;
}

TEST(CommandLine, Commands) {
    const Good kCases[] = {
        {"-I INPUT -j DROP", "-I INPUT 1 -j DROP"},
        {"-I INPUT 3", "-I INPUT 3"},
        {"-R INPUT 0x10 -j DROP", "-R INPUT 16 -j DROP"},
        {"-D INPUT 2", "-D INPUT 2"},
        {"-D INPUT -j DROP", "-D INPUT -j DROP"},
        {"--check INPUT -j DROP", "-C INPUT -j DROP"},
        {"--new x", "-N x"},
        {"-X", "-X"},
        {"--delete-chain x", "-X x"},
        {"-E a b", "-E a b"},
        {"-P INPUT DROP", "-P INPUT DROP"},
        {"-F INPUT", "-F INPUT"},
        {"-Z INPUT 2", "-Z INPUT 2"},
        {"-nvL INPUT", "-L INPUT"},
        {"-LINPUT 4", "-L INPUT 4"},
        {"--list-rules", "-S"},
        {"-Z -L INPUT", "-L INPUT\n-Z INPUT"},
        {"-A INPUT -c 1 2", "[1:2] -A INPUT"},
        {"-A INPUT -c 1,2 -j DROP", "[1:2] -A INPUT -j DROP"},
        {"-P INPUT ACCEPT --set-counters 3 4", "[3:4] -P INPUT ACCEPT"},
    };
    for (const Good& c : kCases) EXPECT_EQ(parse4(c.line).text, c.text) << c.line;
}

TEST(CommandLine, Settings) {
    const CommandLine line = parse4("-t nat -w5 -vv -nx --line-numbers -4 -t raw -L").line;
    EXPECT_EQ(line.table, "raw");
    ASSERT_EQ(line.statements.size(), 1u);
    EXPECT_EQ(line.statements[0].table, "raw");
    EXPECT_EQ(line.wait, 5);
    EXPECT_EQ(line.verbose, 2);
    EXPECT_TRUE(line.numeric && line.exact && line.line_numbers);
    EXPECT_EQ(line.only, Family::Ipv4);
    EXPECT_EQ(parse4("-w -S").line.wait, 0);
    EXPECT_EQ(parse4("--wait 7 -S").line.wait, 7);
    EXPECT_EQ(parse4("-w 0 -S").line.wait, std::nullopt);
    EXPECT_EQ(parse4("-w -W 100 -S").line.wait_interval, 100);
}

TEST(CommandLine, HelpAndVersion) {
    EXPECT_EQ(parse4("-p icmp --help").line.help_for, "icmp");
    EXPECT_EQ(parse6("-p icmpv6 -h").line.help_for, "icmp6");
    EXPECT_EQ(parse4("-m multiport -h").line.help_for, "multiport");
    EXPECT_TRUE(parse4("-h what ever").line.help);
    EXPECT_TRUE(parse4("-A INPUT -V").line.version);
    EXPECT_EQ(parse4("-h").line.help_for, "");
}

TEST(CommandLine, UnsupportedIsNamed) {
    const Good kCases[] = {
        {"-A INPUT -m conntrack --ctstate NEW", "match 'conntrack' is not supported yet"},
        {"-A INPUT -m limit", "match 'limit' is not supported yet"},
        {"-A INPUT -j REJECT --reject-with icmp-port-unreachable",
         "target 'REJECT' is not supported yet"},
        {"-t nat -A POSTROUTING -o e -j MASQUERADE", "target 'MASQUERADE' is not supported yet"},
        {"-A INPUT -p sctp --dport 2", "match 'sctp' is not supported yet"},
        {"-A INPUT -m pkttype --pkt-type otherhost",
         "packet type 'otherhost' is not supported yet"},
    };
    for (const Good& c : kCases) {
        const Parsed parsed = parse4(c.line);
        EXPECT_EQ(parsed.said, c.text) << c.line;
        EXPECT_EQ(parsed.kind, Mistake::Unsupported) << c.line;
        EXPECT_EQ(parsed.text, "") << c.line;
    }
}

TEST(CommandLine, Warnings) {
    const Good kCases[] = {
        {"-A INPUT -i a/b",
         "Warning: weird character in interface `a/b' ('/' and ' ' are not allowed by the "
         "kernel)."},
        {"-A INPUT -m iprange --src-range 1.1.1.5-1.1.1.1",
         "xt_iprange: range 1.1.1.5-1.1.1.1 is reversed and will never match"},
    };
    for (const Good& c : kCases) {
        const Parsed parsed = parse4(c.line);
        EXPECT_EQ(parsed.classic, c.text) << c.line;
        EXPECT_EQ(parsed.text, c.line) << c.line;
    }
}

}  // namespace
}  // namespace bpfw::parser
