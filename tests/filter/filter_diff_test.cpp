// SPDX-License-Identifier: GPL-2.0-or-later
// A small, fixed share of what bpfw_filter_diff tries: every engine against libpcap.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "tests/filter/comparison.hpp"
#include "tests/filter/expressions.hpp"

namespace bpfw::test::filter {
namespace {

constexpr std::size_t kFrames = 1500;

struct Case {
    const char* name;    // of the test
    const char* engine;  // part of the engines' names
    int expressions;
};

// For the name of a failing test.
void PrintTo(const Case& tried, std::ostream* out) { *out << tried.name; }

const Case kCases[] = {
    {"graph", "graph", 150},
    {"classic", "classic", 150},
    {"xdp", "xdp", 60},
    {"tc", "tc", 40},
};

class Differential : public testing::TestWithParam<Case> {};

TEST_P(Differential, agrees_with_libpcap) {
    std::vector<std::string> missing;
    auto chosen = engines({GetParam().engine}, missing);
    if (chosen.empty()) GTEST_SKIP() << fmt::format("{}", fmt::join(missing, "; "));
    for (const std::string& what : missing) fmt::print("not run: {}\n", what);
    std::vector<std::string> names;
    for (const auto& engine : chosen) names.emplace_back(engine->name());
    const auto samples = corpus(11, kFrames);
    Comparison comparison(samples, std::move(chosen), {.minimize = true, .shown = 2});
    Random random(11);
    for (int i = 0; i < GetParam().expressions; ++i) comparison.put(random_expression(random));
    EXPECT_TRUE(comparison.totals().clean())
        << comparison.report() << to_text(comparison.totals(), names);
    for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_GT(comparison.totals().engines[i].compared, kFrames) << names[i];
}

INSTANTIATE_TEST_SUITE_P(Filters, Differential, testing::ValuesIn(kCases),
                         [](const auto& tried) { return std::string(tried.param.name); });

}  // namespace
}  // namespace bpfw::test::filter
