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

}  // namespace
}  // namespace bpfw::parser
