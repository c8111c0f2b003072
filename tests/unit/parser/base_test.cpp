// SPDX-License-Identifier: GPL-2.0-or-later
// Spans, positions and rendered diagnostics.
#include <gtest/gtest.h>

#include "parser/base/diagnostics.hpp"

namespace bpfw::parser {
namespace {

TEST(Sources, PositionIsOneBasedAndCountsBytes) {
    Sources sources;
    const std::uint32_t file = sources.add("a.rules", "one\ntwo three\n");
    const Span three{file, 8, 13};
    EXPECT_EQ(sources.position(three).line, 2u);
    EXPECT_EQ(sources.position(three).column, 5u);
    EXPECT_EQ(sources.line_of(three), "two three");
    EXPECT_EQ(sources.text_of(three), "three");
}

TEST(Sources, AddingMovesNoEarlierText) {
    Sources sources;
    const std::uint32_t file = sources.add("a.rules", "short");
    const std::string* text = &sources.text(file);
    const std::string_view line = sources.line_of({file, 0, 1});
    for (int i = 0; i < 1000; ++i) sources.add("b.rules", "other");
    EXPECT_EQ(&sources.text(file), text);
    EXPECT_EQ(line, "short");
}

TEST(Diagnostics, RenderShowsLineCaretAndHint) {
    Sources sources;
    const std::string text = "# web\n-A INPUT -p tcp --dport 70000 -j DROP\n";
    const std::uint32_t file = sources.add("web.rules", text);
    const auto at = static_cast<std::uint32_t>(text.find("70000"));
    Diagnostics diags;
    diags.error(Span{file, at, at + 5}, "port 70000 is out of range (0-65535)")
        .hint("several: -m multiport --dports");
    EXPECT_TRUE(diags.has_errors());
    EXPECT_EQ(render(diags, sources),
              "web.rules:2:25: error: port 70000 is out of range (0-65535)\n"
              "  -A INPUT -p tcp --dport 70000 -j DROP\n"
              "                          ^^^^^\n"
              "  hint: several: -m multiport --dports\n");
}

TEST(Diagnostics, LongLineIsCutAroundTheCaret) {
    Sources sources;
    const std::string text = std::string(1000000, 'a') + " bad";
    const std::uint32_t file = sources.add("long", text);
    Diagnostics diags;
    diags.error(Span{file, 1000001, 1000004}, "no");
    const std::string out = render(diags, sources);
    EXPECT_LT(out.size(), 400u);
    EXPECT_NE(out.find("long:1:1000002: error: no"), std::string::npos);
    EXPECT_NE(out.find("^^^"), std::string::npos);
}

TEST(Diagnostics, LongAndRawWordsInAMessageAreMadePrintable) {
    Sources sources;
    Diagnostics diags;
    diags.error({}, "Bad argument `" + std::string(1000000, 'x') + "\x1b[2J'");
    const std::string out = render(diags, sources);
    EXPECT_LT(out.size(), 500u);
    EXPECT_EQ(out.rfind("error: Bad argument `xxx", 0), 0u);
    EXPECT_NE(out.find("x?[2J'\n"), std::string::npos);
}

}  // namespace
}  // namespace bpfw::parser
