// SPDX-License-Identifier: GPL-2.0-or-later
// parse(print(e)) == e, for random expressions.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/filter_help.hpp"
#include "tests/support/random_filter.hpp"

namespace bpfw::parser::pcap {
namespace {

TEST(RoundTrip, PrintedExpressionsParseToThemselves) {
    test::Random random(20240611);
    std::set<std::size_t> primitives;
    for (int i = 0; i < 20000; ++i) {
        const Expression expression = test::random_filter(random);
        const std::string text = to_text(expression);
        const test::ParsedFilter parsed = test::parse_filter(text);
        ASSERT_TRUE(parsed.expression.has_value()) << text << "\n" << parsed.diagnostics;
        ASSERT_EQ(*parsed.expression, expression) << text << "\n" << parsed.text;
        for (const Node& node : expression.nodes) {
            if (const auto* p = std::get_if<Primitive>(&node.node)) primitives.insert(p->index());
        }
    }
    EXPECT_EQ(primitives.size(), std::variant_size_v<Primitive>);
}

}  // namespace
}  // namespace bpfw::parser::pcap
