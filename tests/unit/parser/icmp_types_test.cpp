// SPDX-License-Identifier: GPL-2.0-or-later
// ICMP names: looked up by number, listed for help.
#include "parser/icmp_types.hpp"

#include <gtest/gtest.h>

namespace bpfw::parser {
namespace {

TEST(IcmpTypes, FirstNameWins) {
    EXPECT_EQ(icmp_name(Family::Ipv4, 8, 0, 255), "echo-request");
    EXPECT_EQ(icmp_name(Family::Ipv4, 255, 0, 255), "any");
    EXPECT_EQ(icmp_name(Family::Ipv4, 3, 1, 1), "host-unreachable");
    EXPECT_EQ(icmp_name(Family::Ipv6, 1, 4, 4), "port-unreachable");
    EXPECT_EQ(icmp_name(Family::Ipv6, 135, 0, 255), "neighbour-solicitation");
}

TEST(IcmpTypes, NoNameIsEmpty) {
    EXPECT_EQ(icmp_name(Family::Ipv4, 8, 0, 0), "");
    EXPECT_EQ(icmp_name(Family::Ipv6, 255, 0, 255), "");
    EXPECT_EQ(icmp_name(Family::Ipv4, 3, 8, 8), "");
}

TEST(IcmpTypes, HelpIndentsCodesAndBracketsAliases) {
    const std::string help = icmp_help(Family::Ipv4);
    EXPECT_EQ(help.rfind("Valid ICMP Types:\nany\necho-reply (pong)\n", 0), 0u);
    EXPECT_NE(help.find("\ntime-exceeded (ttl-exceeded)\n   ttl-zero-during-transit\n"),
              std::string::npos);
    EXPECT_EQ(icmp_help(Family::Ipv6).rfind("Valid ICMPv6 Types:\ndestination-unreachable\n", 0),
              0u);
}

}  // namespace
}  // namespace bpfw::parser
