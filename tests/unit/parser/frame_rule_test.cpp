// SPDX-License-Identifier: GPL-2.0-or-later
// The short forms of rules.txt: where the expression ends, files of expressions, mistakes.
#include "parser/frame_rule.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "parser/print.hpp"
#include "tests/support/parse_help.hpp"

namespace bpfw::parser {
namespace {

using test::parse_text;

struct Case {
    const char* file;
    const char* text;
};

TEST(FrameRule, ReachesToTheEndOfItsLine) {
    const Case kCases[] = {
        {"drop tcp\n", "drop tcp\n"},
        {"accept tcp or udp", "accept tcp or udp\n"},
        {"  log \t arp  \r\n", "log arp\n"},
        {"drop 'tcp or udp'\n", "drop tcp or udp\n"},
        {"drop \"arp\" # why\n", "drop arp\n"},
        {"drop tcp # why or arp\n", "drop tcp\n"},
        {"drop tcp \\\n  or udp \\\r\n or arp\nlog ip6\n", "drop tcp or udp or arp\nlog ip6\n"},
        {"drop \\\n tcp\n", "drop tcp\n"},
        {"drop 'tcp \\\n or udp'\n", "drop tcp or udp\n"},
        {"drop -F two.expr\n", "drop tcp or udp\n"},
        {"drop -F 'two.expr' # from a file\n", "drop tcp or udp\n"},
        {"drop -Ftwo.expr\n", "drop tcp or udp\n"},
        {"drop -F \\\n two.expr\n", "drop tcp or udp\n"},
        {"[12:3456] drop tcp\n", "[12:3456] drop tcp\n"},
        {"drop arp\n*filter\n-A INPUT\nCOMMIT\nlog arp\niptables -A INPUT\n",
         "drop arp\n*filter\n-A INPUT\nCOMMIT\nlog arp\n-A INPUT\n"},
    };
    for (const Case& c : kCases) {
        const test::ParsedFile parsed = parse_text(c.file);
        EXPECT_EQ(parsed.text, c.text) << c.file;
        EXPECT_EQ(parsed.diagnostics, "") << c.file;
        for (const Statement& statement : parsed.statements) {
            EXPECT_TRUE(test::survives_printing(statement)) << to_text(statement);
        }
    }
}

// In "..." a backslash doubles, as in a shell; elsewhere the expression is taken as it is.
TEST(FrameRule, BackslashesBeforeKeywords) {
    for (const char* line :
         {"drop ip proto \\own-protocol", "drop 'ip proto \\own-protocol'",
          "drop \"ip proto \\\\own-protocol\"", "drop \"ip proto \\own-protocol\""}) {
        const test::ParsedFile parsed = parse_text(line);
        EXPECT_EQ(parsed.text, "drop ip proto 200\n") << line << parsed.diagnostics;
    }
}

TEST(FrameRule, MistakesAreShownWhereTheyAre) {
    const Case kCases[] = {
        {"drop\n",
         "t.rules:1:1: error: the expression is missing\n  drop\n  ^^^^\n"
         "  hint: every frame: len >= 0\n"},
        {"log # nothing\n",
         "t.rules:1:1: error: the expression is missing\n  log # nothing\n  ^^^^^^^^^^^^^\n"
         "  hint: every frame: len >= 0\n"},
        {"drop 'tcp\n",
         "t.rules:1:6: error: the quote that opens here is not closed\n"
         "  drop 'tcp\n       ^\n"},
        {"drop 'tcp' or 'udp'\n",
         "t.rules:1:12: error: text behind the quoted expression\n"
         "  drop 'tcp' or 'udp'\n             ^^^^^^^^\n"
         "  hint: quotes go around the whole expression, or are left out\n"},
        {"drop -F\n",
         "t.rules:1:1: error: -F takes the name of one file, and nothing else\n"
         "  drop -F\n  ^^^^^^^\n"},
        {"drop -F a b\n",
         "t.rules:1:1: error: -F takes the name of one file, and nothing else\n"
         "  drop -F a b\n  ^^^^^^^^^^^\n"},
        {"drop -F none\n",
         "t.rules:1:9: error: read 'dir/none': ENOENT: No such file or directory\n"
         "  drop -F none\n          ^^^^\n"},
        {"drop -F empty.expr\n",
         "dir/empty.expr:1:1: error: there is no expression in this file\n"
         "  \n  ^\n  hint: every frame: len >= 0\n"},
        {"*filter\ndrop tcp\nCOMMIT\n",
         "t.rules:2:1: error: drop EXPR stands in no table\n  drop tcp\n  ^^^^^^^^\n"
         "t.rules:1:1: note: the block that is open here\n  *filter\n  ^^^^^^^\n"
         "  hint: write it before the *table or behind its COMMIT: it is asked before all "
         "chains\n"},
    };
    for (const Case& c : kCases) {
        const test::ParsedFile parsed = parse_text(c.file);
        EXPECT_EQ(parsed.diagnostics, c.text) << c.file;
    }
}

// What the expression's own parser says is not asked here, only where it points.
TEST(FrameRule, MistakesInTheExpressionPointIntoIt) {
    const Case kCases[] = {
        {"drop tcp or nonsense\n", "t.rules:1:13: error: "},
        {"drop 'tcp or nonsense' # c\n", "t.rules:1:14: error: "},
        {"drop tcp or \\\n   nonsense\n", "t.rules:2:4: error: "},
        {"drop -F bad.expr\n", "dir/bad.expr:2:3: error: "},
    };
    for (const Case& c : kCases) {
        const test::ParsedFile parsed = parse_text(c.file);
        EXPECT_EQ(parsed.diagnostics.rfind(c.text, 0), 0u) << parsed.diagnostics;
        EXPECT_TRUE(parsed.statements.empty());
    }
}

TEST(FrameRule, IsNoRuleToIptables) {
    Sources sources;
    Diagnostics diags;
    const auto statements =
        parse_rules(sources.add("t", "drop tcp\n"), {}, test::fixed_names(), sources, diags);
    EXPECT_TRUE(statements.empty());
    ASSERT_EQ(diags.error_count(), 1u);
    EXPECT_EQ(diags.all()[0].text(), "this line is no rule");
    EXPECT_EQ(diags.all()[0].kind(), Mistake::Missing);
}

TEST(FrameRule, UpperCaseIsNone) {
    EXPECT_NE(parse_text("DROP tcp\n").diagnostics.find("this line is no rule"), std::string::npos);
}

// 100,000 hosts, 2 MB: iptables-restore would stop at 10,240 bytes a line.
TEST(FrameRule, AnExpressionOfAHundredThousandHosts) {
    std::string expression = "host 10.0.0.0";
    for (std::uint32_t i = 1; i < 100000; ++i) {
        expression += fmt::format(" or host 10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255);
    }
    const std::string files[] = {"drop " + expression + "\n", "drop '" + expression + "'\n",
                                 "-A INPUT -m pcap --filter \"" + expression + "\"\n",
                                 "iptables -A INPUT -m pcap --filter '" + expression + "'\n"};
    for (const std::string& file : files) {
        const auto start = std::chrono::steady_clock::now();
        const test::ParsedFile parsed = parse_text(file);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
        EXPECT_EQ(parsed.diagnostics, "");
        ASSERT_EQ(parsed.statements.size(), 1u);
        EXPECT_TRUE(test::survives_printing(parsed.statements[0]));
    }
}

}  // namespace
}  // namespace bpfw::parser
