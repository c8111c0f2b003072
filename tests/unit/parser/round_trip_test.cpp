// SPDX-License-Identifier: GPL-2.0-or-later
// parse(print(x)) == x, for random ASTs: statement by statement, and a whole table.
#include <gtest/gtest.h>

#include "parser/print.hpp"
#include "tests/support/ast_generator.hpp"
#include "tests/support/parse_help.hpp"

namespace bpfw::parser {
namespace {

constexpr int kRounds = 10000;

class RoundTrip : public testing::TestWithParam<Family> {};

TEST_P(RoundTrip, StatementInATable) {
    std::mt19937_64 random(20240501);
    for (int i = 0; i < kRounds; ++i) {
        const Statement statement = test::random_statement(random, GetParam());
        ASSERT_TRUE(test::survives_printing(statement)) << to_text(statement);
    }
}

TEST_P(RoundTrip, RulesInATable) {
    std::mt19937_64 random(7);
    test::AstShape shape;
    shape.family = GetParam();
    shape.chain = "FORWARD";
    shape.chains = {"one", "two"};
    std::string text = "*filter\n:FORWARD DROP [1:2]\n:one - [0:0]\n";
    std::vector<Rule> rules;
    for (int i = 0; i < kRounds; ++i) {
        rules.push_back(test::random_rule(random, shape));
        text += "-A FORWARD " + to_text(rules.back(), GetParam()) + "\n";
    }
    const test::ParsedFile read = test::parse_text(text + "COMMIT\n", GetParam());
    ASSERT_EQ(read.statements.size(), rules.size() + 4) << read.diagnostics;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto& append = std::get<AppendRule>(read.statements[i + 3].action);
        ASSERT_EQ(append.rule, rules[i]) << to_text(rules[i], GetParam());
    }
}

INSTANTIATE_TEST_SUITE_P(Families, RoundTrip, testing::Values(Family::Ipv4, Family::Ipv6),
                         [](const auto& family) {
                             return family.param == Family::Ipv4 ? "Ipv4" : "Ipv6";
                         });

}  // namespace
}  // namespace bpfw::parser
