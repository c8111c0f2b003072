// SPDX-License-Identifier: GPL-2.0-or-later
// How long, how deep, and how many scratch words.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>

#include "tests/support/filter_help.hpp"

namespace bpfw::parser::pcap {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

std::string said(const std::string& text) { return test::parse_filter(text).said; }

TEST(Limits, AListMayHaveAnyLength) {
    std::string text = "host 10.0.0.0";
    for (unsigned i = 1; i < 100000; ++i) {
        text += fmt::format(" or 10.{}.{}.{}", i >> 16U, i >> 8U & 255U, i & 255U);
    }
    Diagnostics diags;
    const std::clock_t begin = std::clock();
    const auto parsed = parse({text, {}}, {}, test::filter_names(), diags);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(std::get<Any>(parsed->nodes[parsed->root].node).of.size(), 100000u);
    RecordProperty("milliseconds", static_cast<int>(seconds * 1000));
    EXPECT_LT(seconds, 2.0);  // tens of milliseconds; sanitizers and busy machines take longer
}

TEST(Limits, NestingIsToldNotCrashedOn) {
    const std::string too_deep = "nested too deeply: more than 2000 levels";
    EXPECT_EQ(said(repeated("(", 1900) + "tcp" + repeated(")", 1900)), "");
    EXPECT_EQ(said(repeated("(", 100000)), too_deep);
    EXPECT_EQ(said(repeated("not ", 1999) + "tcp"), "");
    EXPECT_EQ(said(repeated("not ", 2000) + "tcp"), too_deep);
    EXPECT_EQ(said(repeated("!(", 100000)), too_deep);
    EXPECT_EQ(said(repeated("-", 100000)), too_deep);
    EXPECT_EQ(said(repeated("ip[", 1998) + "0" + repeated("]", 1998) + " = 0"), "");
    EXPECT_EQ(said(repeated("ip[", 100000)), too_deep);
    EXPECT_EQ(said("1" + repeated(" + 1", 1990) + " = 0"), "");
    EXPECT_EQ(said("1" + repeated(" + 1", 100000) + " = 0"), too_deep);
    EXPECT_EQ(said("port 80 or " + repeated("(", 100000)), too_deep);
    EXPECT_EQ(said("tcp" + repeated(" or tcp and udp", 900)), "");
    EXPECT_EQ(said("tcp" + repeated(" or tcp and udp", 100000)), too_deep);
    EXPECT_EQ(said("vlan " + repeated("(", 100000) + "5" + repeated(")", 100000)), "");
}

TEST(Limits, WhatIsDeepPrintsAsTextThatParses) {
    for (const std::string& text :
         {repeated("not (tcp and ", 990) + "udp" + repeated(")", 990),
          "1" + repeated(" + 1", 1990) + " = 0", repeated("-", 1990) + "1 = 0",
          repeated("-(-1 + ", 10) + "1" + repeated(")", 10) + " = 0",
          repeated("(", 1900) + "(-1)" + repeated(" % 2)", 1900) + " = 0",
          "tcp" + repeated(" or tcp and udp", 990)}) {
        const auto parsed = test::parse_filter(text);
        ASSERT_TRUE(parsed.expression.has_value()) << parsed.said;
        const auto again = test::parse_filter(parsed.text);
        ASSERT_TRUE(again.expression.has_value()) << again.said;
        EXPECT_EQ(*again.expression, *parsed.expression);
    }
}

// Sixteen values can wait for their operator; libpcap keeps three for each geneve and one for
// each protochain that asks both families, to the end of the text.
TEST(Limits, ScratchWords) {
    const auto waiting = [](unsigned words) {
        return repeated("1 + (", words - 1) + "1" + repeated(")", words - 1) + " = 1";
    };
    const std::string too_many = "too many registers needed to evaluate expression";
    EXPECT_EQ(said(waiting(16)), "");
    EXPECT_EQ(said(waiting(17)), too_many);
    EXPECT_EQ(said("ip[" + repeated("1 + (", 15) + "1" + repeated(")", 15) + "] = 1"), "");
    EXPECT_EQ(said("geneve and " + waiting(13)), "");
    EXPECT_EQ(said("geneve and " + waiting(14)), too_many);
    EXPECT_EQ(said("geneve" + repeated(" and geneve", 4)), "");
    EXPECT_EQ(said("geneve" + repeated(" and geneve", 5)), too_many);
    EXPECT_EQ(said("protochain 6" + repeated(" or 6", 14)), "");
    EXPECT_EQ(said("protochain 6" + repeated(" or 6", 15)), too_many);
    EXPECT_EQ(said("ip protochain 6" + repeated(" or 6", 100)), "");
}

}  // namespace
}  // namespace bpfw::parser::pcap
