// SPDX-License-Identifier: GPL-2.0-or-later
// Fixed seeds: each family and hook, every engine, packet by packet.
#include <gtest/gtest.h>

#include "compiler/compile.hpp"
#include "tests/differential/trial.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

struct World {
    const char* name;
    Family family;
    Hook hook;
};

class Differential : public testing::TestWithParam<World> {
protected:
    void SetUp() override {
        static const std::string obstacle = oracle_obstacle();
        if (!obstacle.empty()) GTEST_SKIP() << obstacle;
    }
};

TrialOptions options_of(const World& world) {
    TrialOptions options;
    options.family = world.family;
    options.hook = world.hook;
    options.seed = 20261121;
    options.rulesets = 20;
    options.packets = 200;
    return options;
}

void expect_one_answer(const TrialOptions& options, const Result<TrialReport>& report) {
    ASSERT_TRUE(report) << to_text(report.error());
    testing::Test::RecordProperty("report", to_text(*report));
    EXPECT_EQ(report->mismatches, 0u);
    for (const Mismatch& mismatch : report->first)
        ADD_FAILURE() << to_text(mismatch, options.family);
}

// -m bpf, which the kernel has too; of xt_bpf a packet sees what the hook sees.
TEST_P(Differential, BytecodeIsRunAsTheKernelRunsIt) {
    TrialOptions options = options_of(GetParam());
    options.filters = RulesetShape::Filters::Bytecode;
    const auto report = run_trial(options);
    expect_one_answer(options, report);
}

// -m pcap beside everything else: at XDP and TC as the interpreter says.
TEST_P(Differential, ExpressionsInRulesMatchTheFrame) {
    TrialOptions options = options_of(GetParam());
    options.filters = RulesetShape::Filters::Both;
    const auto report = run_trial(options);
    expect_one_answer(options, report);
}

TEST_P(Differential, EveryEngineGivesOneAnswer) {
    const TrialOptions options = options_of(GetParam());
    const auto report = run_trial(options);
    expect_one_answer(options, report);
    // The comparison must be worth its name: most packets judged, each verdict often.
    EXPECT_LT((report->unseen + report->fragments) * 100, report->pairs * 15) << to_text(*report);
    EXPECT_GT(report->accepted * 100, report->pairs * 15) << to_text(*report);
    EXPECT_GT(report->dropped * 100, report->pairs * 15) << to_text(*report);
    EXPECT_GT(report->hotdrops, 20u) << to_text(*report);
}

// Long runs of rules are among what is compared, and become lookups.
TEST(DifferentialRulesets, HoldRuns) {
    int lookups = 0;
    for (std::uint32_t number = 0; number < 60; number++) {
        compiler::Ruleset ruleset;
        ruleset.of(Family::Ipv4) = make_case({}, number).table;
        parser::Sources sources;
        parser::Diagnostics diags;
        const std::string text = compiler::dump_after("runs", ruleset, sources, diags);
        EXPECT_FALSE(diags.has_errors());
        if (text.find("lookup") != text.npos) lookups++;
    }
    EXPECT_GT(lookups, 10);
}

INSTANTIATE_TEST_SUITE_P(Worlds, Differential,
                         testing::Values(World{"Ipv4Input", Family::Ipv4, Hook::Input},
                                         World{"Ipv4Forward", Family::Ipv4, Hook::Forward},
                                         World{"Ipv4Output", Family::Ipv4, Hook::Output},
                                         World{"Ipv6Input", Family::Ipv6, Hook::Input},
                                         World{"Ipv6Forward", Family::Ipv6, Hook::Forward},
                                         World{"Ipv6Output", Family::Ipv6, Hook::Output}),
                         [](const auto& world) { return std::string(world.param.name); });

}  // namespace
}  // namespace bpfw::test
