// SPDX-License-Identifier: GPL-2.0-or-later
// Rulesets that ask filters: which functions and entry they become, what is warned of, what is
// refused.
#include "compiler/filters.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>

#include <algorithm>

#include "bpf-templates/abi.h"
#include "compiler/compile.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::compiler {
namespace {

using parser::FrameAction;
using parser::Sense;

parser::pcap::Expression expression(const std::string& text) {
    parser::Diagnostics diags;
    auto parsed = parser::pcap::parse({text, {}}, {}, parser::system_names(), diags);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : parser::pcap::Expression{};
}

parser::Rule rule_with(std::vector<parser::Match> matches) {
    parser::Rule rule;
    rule.matches = std::move(matches);
    rule.target.kind = parser::Target::Kind::Drop;
    return rule;
}

parser::PcapMatch pcap(const std::string& text, Sense sense = Sense::Is) {
    return {sense, expression(text), {}};
}

struct Compiled {
    std::optional<Program> program;
    parser::Diagnostics diags;

    [[nodiscard]] bool has(const std::string& function) const {
        return std::any_of(program->functions.begin(), program->functions.end(),
                           [&](const Function& one) { return one.name == function; });
    }
    [[nodiscard]] std::vector<std::string> told() const {
        std::vector<std::string> out;
        for (const auto& one : diags.all()) out.push_back(one.text());
        return out;
    }
};

Compiled compiled(const Ruleset& ruleset) {
    Compiled out;
    out.program = compile(ruleset, {}, out.diags);
    return out;
}

Ruleset with_rules(const std::vector<parser::Rule>& rules, std::size_t chain = 0) {
    Ruleset ruleset;
    for (const parser::Rule& rule : rules) ruleset.ipv4.chains[chain].rules.push_back({rule, {}});
    return ruleset;
}

TEST(Filters, RulesThatReadHeadersOnlyHaveNothingOfThem) {
    const Compiled got = compiled(with_rules({rule_with({})}));
    ASSERT_TRUE(got.program);
    EXPECT_EQ(got.program->entry, Entry::Rules);
    EXPECT_TRUE(got.program->tables.empty());
    EXPECT_TRUE(got.has("bpfw_ipv4_input"));
}

TEST(Filters, EqualOnesAreOneFunctionForEachKindOfContext) {
    const Compiled got = compiled(with_rules({rule_with({pcap("tcp port 80")}),
                                              rule_with({pcap("tcp port 80", Sense::IsNot)}),
                                              rule_with({pcap("udp port 80")})}));
    ASSERT_TRUE(got.program);
    EXPECT_EQ(got.program->entry, Entry::FrameRules);
    for (const char* kind : {"xdp", "tc"}) {
        EXPECT_TRUE(got.has(fmt::format("bpfw_filter_0_{}", kind)));
        EXPECT_TRUE(got.has(fmt::format("bpfw_filter_1_{}", kind)));
        EXPECT_FALSE(got.has(fmt::format("bpfw_filter_2_{}", kind)));
        EXPECT_TRUE(got.has(fmt::format("bpfw_ipv4_forward_odd_{}", kind)));
        EXPECT_TRUE(got.has(fmt::format("bpfw_frames_{}", kind)));
    }
    EXPECT_TRUE(got.has("bpfw_ipv4_output_tc"));
    EXPECT_FALSE(got.has("bpfw_ipv4_output_xdp"));
    EXPECT_FALSE(got.has("bpfw_ipv4_input"));
    EXPECT_TRUE(got.told().empty());
}

TEST(Filters, OfOutputAreOnlyWhereOutputIs) {
    const Compiled got = compiled(with_rules({rule_with({pcap("tcp port 80")})}, 2));
    ASSERT_TRUE(got.program);
    EXPECT_TRUE(got.has("bpfw_filter_0_tc"));
    EXPECT_FALSE(got.has("bpfw_filter_0_xdp"));
}

TEST(Filters, WithoutADependenceOnTheFrameAreConstants) {
    const Compiled none = compiled(with_rules({rule_with({pcap("tcp and udp")})}));
    ASSERT_TRUE(none.program);
    EXPECT_EQ(none.program->entry, Entry::Rules);
    EXPECT_EQ(none.told(), std::vector<std::string>{"expression rejects all packets"});
    const Compiled all = compiled(with_rules({rule_with({pcap("")})}));
    ASSERT_TRUE(all.program);
    EXPECT_EQ(all.program->entry, Entry::Rules);
    EXPECT_TRUE(all.told().empty());
}

TEST(FrameRules, HaveTheSlotsBehindTheChains) {
    Ruleset ruleset;
    ruleset.frames.push_back({{FrameAction::Log, expression("arp"), {}}, {}});
    ruleset.frames.push_back({{FrameAction::Drop, expression("udp"), {}}, {}});
    const Compiled got = compiled(ruleset);
    ASSERT_TRUE(got.program);
    EXPECT_EQ(got.program->entry, Entry::FrameRules);
    EXPECT_EQ(got.program->counters, 8U);  // six policies
    EXPECT_EQ(got.program->needs, BPFW_NEEDS_FRAMES | BPFW_NEEDS_EVENTS);
    parser::Diagnostics unused;
    const std::string graph = dump_after("filter", ruleset, {}, unused);
    EXPECT_EQ(graph.rfind("frames\n", 0), 0U) << graph;
    EXPECT_NE(graph.find("log 6"), std::string::npos) << graph;
    EXPECT_EQ(got.program->placements.back().family, "frame");
}

TEST(FrameRules, NeverTakenBecauseOfThemselvesAreWarnedOf) {
    Ruleset ruleset;
    ruleset.frames.push_back({{FrameAction::Drop, expression("tcp and udp"), {}}, {}});
    ruleset.frames.push_back({{FrameAction::Accept, expression(""), {}}, {}});
    ruleset.frames.push_back({{FrameAction::Drop, expression("arp"), {}}, {}});  // shadowed
    EXPECT_EQ(compiled(ruleset).told(), std::vector<std::string>{"expression rejects all packets"});
}

// ------------------------------------------------------------------------------- -m bpf
parser::BpfMatch bytecode(std::vector<parser::ClassicInstruction> program) {
    return {std::move(program), {}};
}
const parser::ClassicInstruction kYes = {BPF_RET | BPF_K, 0, 0, 1};

TEST(Bytecode, OfTtlIsRefusedWhereForwardGets) {
    const auto ttl = bytecode({{BPF_LD | BPF_B | BPF_ABS, 0, 0, 8}, {BPF_RET | BPF_A, 0, 0, 0}});
    EXPECT_TRUE(compiled(with_rules({rule_with({ttl})})).program);
    Ruleset ruleset = with_rules({rule_with({ttl})}, 1);
    EXPECT_EQ(compiled(ruleset).diags.error_count(), 1U);
    ruleset = with_rules({}, 1);
    ruleset.ipv4.chains.push_back({"user", std::nullopt, {}, {{rule_with({ttl}), {}}}, {}});
    EXPECT_TRUE(compiled(ruleset).program);
    parser::Rule jump;
    jump.target = {parser::Target::Kind::Goto, "user", {}};
    ruleset.ipv4.chains[1].rules.push_back({jump, {}});
    const Compiled refused = compiled(ruleset);
    EXPECT_FALSE(refused.program);
    ASSERT_EQ(refused.diags.error_count(), 1U);
    EXPECT_EQ(refused.diags.all()[0].kind(), parser::Mistake::Unsupported);
    EXPECT_NE(refused.told()[0].find("TTL"), std::string::npos);
}

TEST(Bytecode, ThatTheKernelRefusesIsRefused) {
    const Compiled got = compiled(with_rules({rule_with({bytecode({{BPF_JMP, 0, 0, 9}, kYes})})}));
    EXPECT_FALSE(got.program);
    ASSERT_EQ(got.diags.error_count(), 1U);
    EXPECT_EQ(got.diags.all()[0].kind(), parser::Mistake::Refused);
}

TEST(Bytecode, OfWhatXdpDoesNotKnowIsRefusedByName) {
    const auto queue = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_QUEUE);
    const Compiled got = compiled(
        with_rules({rule_with({bytecode({{BPF_LD | BPF_W | BPF_ABS, 0, 0, queue}, kYes})})}));
    EXPECT_FALSE(got.program);
    ASSERT_EQ(got.diags.error_count(), 1U);
    EXPECT_EQ(got.diags.all()[0].kind(), parser::Mistake::Unsupported);
}

TEST(Stages, NameTheGraphs) {
    const auto names = stage_names();
    EXPECT_EQ(names.front(), "lower");
    EXPECT_NE(std::find(names.begin(), names.end(), "filter"), names.end());
    const Ruleset ruleset = with_rules({rule_with({pcap("tcp port 80")})});
    parser::Diagnostics diags;
    for (const std::string& stage : names) {
        const std::string text = dump_after(stage, ruleset, {}, diags);
        const bool graph = stage.rfind("filter", 0) == 0;
        EXPECT_EQ(text.rfind(graph ? "filter 0: tcp port 80\n" : "ipv4", 0), 0U) << stage << text;
    }
    EXPECT_NE(dump_after("lower", ruleset, {}, diags).find("filter 0, drop"), std::string::npos);
}

}  // namespace
}  // namespace bpfw::compiler
