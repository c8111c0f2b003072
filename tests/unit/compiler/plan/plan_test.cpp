// SPDX-License-Identifier: GPL-2.0-or-later
// From IR to instructions: every pass and every layout gives the walk that the IR means, and
// stays within the kernel's limits.
#include "compiler/plan/plan.hpp"

#include <gtest/gtest.h>

#include "compiler/emit/emit.hpp"
#include "compiler/emit/function_names.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/order.hpp"
#include "compiler/ir/prune.hpp"
#include "compiler/ir/runs.hpp"
#include "compiler/ir/specialise.hpp"
#include "compiler/plan/placement.hpp"
#include "compiler/plan/split.hpp"
#include "tests/support/bpf_machine.hpp"
#include "tests/support/ir_interpreter.hpp"
#include "tests/support/random_ir.hpp"

namespace bpfw::compiler {
namespace {

constexpr std::uint32_t kFilterFrames = 2;  // as BpfMachine takes them
constexpr std::uint32_t kSlots = 100'000;

// Regular and odd code, as compile() makes them.
struct Compiled {
    Program program;
    Ir regular;
    Ir odd;
};

Ir as_it_is(Ir ir) { return ir; }

// `runs`: what becomes of runs of rules; most of the tests are about straight-line code.
std::optional<Compiled> compiled(const Ir& ir, Signature signature = Signature::Packet,
                                 Ir (*runs)(Ir) = as_it_is) {
    const std::vector<std::uint32_t> filters(test::RandomIr::kFilters, kFilterFrames);
    Compiled out;
    const Ir folded = fold(ir);
    out.regular = split(order(runs(prune(specialise(folded, PacketClass::Regular)))));
    out.odd = split(order(runs(prune(specialise(folded, PacketClass::Odd)))));
    check(out.regular);
    check(out.odd);
    parser::Diagnostics diags;
    const auto regular = make_plan(out.regular, {.filter_frames = filters}, diags);
    if (!regular) return std::nullopt;
    const auto odd = make_plan(out.odd, {&*regular, sensitive_chains(out.odd), filters}, diags);
    if (!odd) return std::nullopt;
    out.program.counters = kSlots;
    LookupTables tables(out.program.tables);
    out.program.functions = emit(out.regular, *regular, tables, signature);
    for (Function& function : emit(out.odd, *odd, tables, signature)) {
        out.program.functions.push_back(std::move(function));
    }
    return out;
}

void expect_same_walks(const Ir& ir, const Compiled& code, test::RandomIr& random, int packets) {
    test::BpfMachine machine(code.program);
    for (int n = 0; n < packets; ++n) {
        bpfw_packet packet = random.packet();
        for (ChainId base = 0; base < 3; ++base) {
            const test::Walk expected = test::walk(ir, base, packet);
            const Ir& used = packet.odd == 0 ? code.regular : code.odd;
            ASSERT_EQ(test::walk(used, base, packet).decision, expected.decision)
                << to_text(ir) << to_text(used);
            const std::uint32_t decision = machine.run(base_function(used, base), packet);
            ASSERT_EQ(decision, expected.decision) << to_text(ir);
            ASSERT_EQ(machine.counted(), expected.counted) << to_text(ir);
        }
    }
}

TEST(Plan, RandomChainsKeepTheirMeaning) {
    test::RandomIr random(7);
    for (int round = 0; round < 1500; ++round) {
        const Ir ir = random.ir({.user_chains = random.below(12), .most_rules = 6});
        const auto code = compiled(ir);
        ASSERT_TRUE(code);
        expect_same_walks(ir, *code, random, 10);
    }
}

Ir with_user_chains(std::uint32_t chains) {
    Ir ir;
    ir.chains.resize(3 + chains);
    for (ChainId id = 0; id < ir.chains.size(); ++id) ir.chains[id].name = "c" + std::to_string(id);
    for (ChainId id = 0; id < 3; ++id) ir.chains[id].policy = ActionKind::Accept;
    return ir;
}

std::vector<IrRule> plain_rules(std::uint32_t count, std::uint32_t first_slot) {
    std::vector<IrRule> rules;
    for (std::uint32_t n = 0; n < count; ++n) {
        IrRule rule;
        rule.conditions = {equals(Field::Saddr0, first_slot + n)};
        rule.action = {ActionKind::Drop, 0};
        rule.slot = first_slot + n;
        rules.push_back(rule);
    }
    return rules;
}

TEST(Plan, RandomRunsKeepTheirMeaning) {
    test::RandomIr random(12);
    std::size_t lookups = 0;
    for (int round = 0; round < 600; ++round) {
        Ir ir = random.ir({.user_chains = random.below(5), .most_rules = 4, .depth = 1, .runs = 2});
        if (round % 2 != 0) ir.family = parser::Family::Ipv6;
        const auto code = compiled(ir, Signature::Packet, find_runs);
        ASSERT_TRUE(code);
        lookups += code->regular.lookups.size() + code->odd.lookups.size();
        expect_same_walks(ir, *code, random, 60);
    }
    EXPECT_GT(lookups, 2000u);
}

// Equal lookups, of regular and odd packets, share their data.
TEST(Plan, LookupsAreStoredOnce) {
    Ir ir = with_user_chains(0);
    ir.chains[0].rules = plain_rules(1000, 10);
    IrRule guarded = plain_rules(1, 5000).front();
    guarded.conditions = {Expr{Guard::Tcp}, equals(Field::Tos, 1)};
    ir.chains[0].rules.push_back(guarded);
    const auto code = compiled(ir, Signature::Packet, find_runs);
    ASSERT_TRUE(code);
    ASSERT_EQ(code->regular.lookups.size(), 1u);
    ASSERT_EQ(code->odd.lookups.size(), 1u);
    EXPECT_LT(code->program.tables.size(), 2u * 8 * 2048);
    test::BpfMachine machine(code->program);
    for (const std::uint32_t odd : {0u, 1u}) {
        for (const std::uint32_t source : {9u, 10u, 700u, 1009u, 1010u}) {
            bpfw_packet packet{};
            packet.odd = odd;
            packet.saddr[0] = source;
            const Ir& used = odd == 0 ? code->regular : code->odd;
            EXPECT_EQ(machine.run(base_function(used, 0), packet),
                      test::walk(ir, 0, packet).decision);
        }
    }
}

// With a context: rules ask filters of the frame, whatever is called in between.
void expect_same_walks_with_filters(const Ir& ir, Signature signature, test::RandomIr& random,
                                    int packets) {
    const auto code = compiled(ir, signature);
    ASSERT_TRUE(code);
    test::BpfMachine machine(code->program);
    for (int n = 0; n < packets; ++n) {
        bpfw_packet packet = random.packet();
        const std::uint32_t filters = random.below(1U << test::RandomIr::kFilters);
        for (ChainId base = 0; base < 3; ++base) {
            const test::Walk expected = test::walk(ir, base, {packet, filters});
            const Ir& used = packet.odd == 0 ? code->regular : code->odd;
            const std::string name = name_for(base_function(used, base), signature);
            ASSERT_EQ(machine.run(name, packet, filters), expected.decision) << to_text(ir);
            ASSERT_EQ(machine.counted(), expected.counted) << to_text(ir);
        }
    }
}

TEST(Plan, RandomChainsThatAskFiltersKeepTheirMeaning) {
    test::RandomIr random(11);
    random.ask_filters();
    for (int round = 0; round < 600; ++round) {
        const Signature signature = round % 2 == 0 ? Signature::PacketXdp : Signature::PacketTc;
        const Ir ir = random.ir({.user_chains = random.below(12), .most_rules = 6});
        expect_same_walks_with_filters(ir, signature, random, 10);
    }
    for (int round = 0; round < 60; ++round) {
        const Ir ir = random.ir(
            {.user_chains = 10 + random.below(30), .most_rules = 5, .next_only = 3, .depth = 1});
        expect_same_walks_with_filters(ir, Signature::PacketXdp, random, 10);
    }
}

// Chains that are used more than once and nested deeper than the kernel has call frames.
TEST(Plan, DeepSharedChainsKeepTheirMeaning) {
    test::RandomIr random(8);
    int refused = 0;
    for (int round = 0; round < 150; ++round) {
        const Ir ir = random.ir(
            {.user_chains = 10 + random.below(30), .most_rules = 5, .next_only = 3, .depth = 1});
        const auto code = compiled(ir);
        if (!code) {
            ++refused;
            continue;
        }
        expect_same_walks(ir, *code, random, 10);
    }
    EXPECT_EQ(refused, 0);
}

IrRule rule_to(ChainId chain, std::uint32_t slot) {
    IrRule rule;
    rule.conditions = {equals(Field::Protocol, 6)};
    rule.action = {ActionKind::Jump, chain};
    rule.slot = slot;
    return rule;
}

// 24 levels, each used twice by the one above: 16 million paths, 24 chains.
TEST(Plan, DeepNestUsedTwiceAtEveryLevel) {
    Ir ir = with_user_chains(24);
    std::uint32_t slot = 10;
    ir.chains[0].rules = {rule_to(3, 1), rule_to(3, 2)};
    for (ChainId id = 3; id + 1 < ir.chains.size(); ++id) {
        ir.chains[id].rules = {rule_to(id + 1, slot), rule_to(id + 1, slot + 1)};
        ir.chains[id].rules.push_back(plain_rules(1, slot + 2).front());
        slot += 10;
    }
    ir.chains.back().rules = plain_rules(20, 1000);
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    test::BpfMachine machine(code->program);
    bpfw_packet packet{};
    packet.protocol = 6;
    packet.saddr[0] = 1003;
    const test::Walk expected = test::walk(ir, 0, packet);
    EXPECT_EQ(machine.run("bpfw_ipv4_input", packet), expected.decision);
    EXPECT_EQ(machine.counted(), expected.counted);
}

TEST(Plan, ChainUsedAHundredTimesIsOneFunction) {
    Ir ir = with_user_chains(1);
    for (std::uint32_t n = 0; n < 100; ++n) ir.chains[0].rules.push_back(rule_to(3, n + 1));
    ir.chains[3].rules = plain_rules(1000, 1000);
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    std::size_t instructions = 0;
    for (const Function& function : code->program.functions) {
        instructions += function.insns.size();
    }
    EXPECT_LT(instructions, 10'000u);
    test::RandomIr random(9);
    expect_same_walks(ir, *code, random, 50);
}

IrRule from_source(std::uint32_t source, ActionKind kind, ChainId chain, std::uint32_t slot) {
    IrRule rule;
    rule.conditions = {equals(Field::Saddr0, source)};
    rule.action = {kind, chain};
    rule.slot = slot;
    return rule;
}

// The sources that return or go elsewhere early have a rule that drops them in a later part.
TEST(Plan, LongChainIsCutIntoParts) {
    constexpr ChainId kInlined = 4;
    constexpr ChainId kCalled = 5;
    Ir ir = with_user_chains(3);
    ir.chains[0].rules = {rule_to(3, 1)};
    ir.chains[1].rules = {rule_to(kCalled, 2)};
    ir.chains[3].rules = plain_rules(20'000, 10);
    const std::vector<IrRule> early = {from_source(15'000, ActionKind::Return, 0, 5),
                                       from_source(16'000, ActionKind::Goto, kInlined, 6),
                                       from_source(17'000, ActionKind::Goto, kCalled, 7),
                                       from_source(18'000, ActionKind::Jump, kCalled, 8)};
    ir.chains[3].rules.insert(ir.chains[3].rules.begin() + 50, early.begin(), early.end());
    ir.chains[kInlined].rules = {from_source(16'000, ActionKind::None, 0, 50'000)};
    ir.chains[kCalled].rules = plain_rules(20, 60'000);
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    for (const IrChain& chain : code->regular.chains) {
        EXPECT_LE(branches(chain), kFunctionBranches);
    }
    test::BpfMachine machine(code->program);
    for (const std::uint32_t source :
         {10u, 77u, 5'000u, 15'000u, 16'000u, 17'000u, 18'000u, 20'009u, 20'010u}) {
        bpfw_packet packet{};
        packet.protocol = 6;
        packet.saddr[0] = source;
        const test::Walk expected = test::walk(ir, 0, packet);
        EXPECT_EQ(machine.run("bpfw_ipv4_input", packet), expected.decision) << source;
        EXPECT_EQ(machine.counted(), expected.counted) << source;
    }
}

TEST(Plan, ManySharedChainsShareFunctions) {
    constexpr std::uint32_t kChains = 600;
    Ir ir = with_user_chains(kChains);
    for (std::uint32_t n = 0; n < kChains; ++n) {
        ir.chains[0].rules.push_back(rule_to(3 + n, n + 1));
        ir.chains[1].rules.push_back(rule_to(3 + n, 1000 + n));
        ir.chains[3 + n].rules = plain_rules(12, 10'000 + 20 * n);
    }
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    EXPECT_LE(code->program.functions.size(), 2 * (kFunctionsPerIr + 3));
    test::BpfMachine machine(code->program);
    for (const std::uint32_t chain : {0u, 1u, 299u, 599u}) {
        bpfw_packet packet{};
        packet.protocol = 6;
        packet.saddr[0] = 10'000 + 20 * chain + 11;
        EXPECT_EQ(machine.run("bpfw_ipv4_forward", packet), test::walk(ir, 1, packet).decision);
    }
}

// Each chain is used once, but together they are too much for one function.
TEST(Plan, ThousandsOfCalleesOfOneChainBecomeFunctions) {
    constexpr std::uint32_t kChains = 4000;
    Ir ir = with_user_chains(kChains);
    for (std::uint32_t n = 0; n < kChains; ++n) {
        ir.chains[0].rules.push_back(rule_to(3 + n, n + 1));
        ir.chains[3 + n].rules = plain_rules(5, 10'000 + 20 * n);
    }
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    test::BpfMachine machine(code->program);
    for (const std::uint32_t chain : {0u, 1999u, 3999u}) {
        bpfw_packet packet{};
        packet.protocol = 6;
        packet.saddr[0] = 10'000 + 20 * chain + 4;
        EXPECT_EQ(machine.run("bpfw_ipv4_input", packet), test::walk(ir, 0, packet).decision);
    }
}

TEST(Placements, SayWhatBecameOfEachChain) {
    Ir ir = with_user_chains(3);
    ir.chains[0].rules = {rule_to(3, 1), rule_to(4, 2), rule_to(4, 3)};
    ir.chains[1].rules = {rule_to(4, 4)};
    ir.chains[1].rules[0].conditions = {masked(Field::OutName0, 0xff, 'e')};
    ir.chains[3].rules = plain_rules(20, 100);
    ir.chains[4].rules = plain_rules(9000, 200);
    parser::Diagnostics diags;
    const Ir cut = split(ir);
    const auto plan = make_plan(cut, {}, diags);
    ASSERT_TRUE(plan);
    const auto lines = placements(cut, *plan);
    ASSERT_EQ(lines.size(), 6u);  // parts have no line
    EXPECT_NE(lines[0].text.find("XDP"), std::string::npos);
    EXPECT_EQ(lines[0].text.find("routing table"), std::string::npos);
    EXPECT_NE(lines[1].text.find("-o is what the routing table answers"), std::string::npos);
    EXPECT_NE(lines[2].text.find("TC egress"), std::string::npos);
    EXPECT_EQ(lines[3].text, "inlined where it is used; 20 rules, straight-line");
    EXPECT_EQ(lines[4].text, "called: function ipv4_c4_4; 9000 rules, straight-line");
    EXPECT_EQ(lines[5].text, "no code, no packet gets there");
}

TEST(Plan, PlacementsSayWhichRulesAreLookups) {
    Ir ir = with_user_chains(0);
    ir.packets = PacketClass::Regular;
    ir.chains[0].rules = plain_rules(9000, 10);
    ir.chains[1].rules = plain_rules(20, 10'000);
    ir.chains[1].rules.push_back(from_source(1, ActionKind::Return, 0, 50'000));
    const auto others = plain_rules(16, 20'000);
    ir.chains[1].rules.insert(ir.chains[1].rules.end(), others.begin(), others.end());
    parser::Diagnostics diags;
    const Ir cut = split(find_runs(ir));
    const auto plan = make_plan(cut, {}, diags);
    ASSERT_TRUE(plan);
    const auto lines = placements(cut, *plan);
    const auto how = [&](std::size_t id) {
        return lines.at(id).text.substr(lines.at(id).text.rfind("; ") + 2);
    };
    EXPECT_EQ(how(0), "9000 rules: 9000 by one hash lookup");
    EXPECT_EQ(how(1), "37 rules: 36 by 2 hash lookups, 1 straight-line");
}

TEST(Plan, OddPacketsShareABaseChainWithoutHeaderMatches) {
    Ir ir = with_user_chains(0);
    ir.chains[0].rules = plain_rules(100, 10);
    const auto code = compiled(ir);
    ASSERT_TRUE(code);
    for (const Function& function : code->program.functions) {
        if (function.name != "bpfw_ipv4_input_odd") continue;
        EXPECT_EQ(function.insns.size(), 2u);
    }
    test::RandomIr random(10);
    expect_same_walks(ir, *code, random, 50);
}

TEST(Plan, TooManyRulesAreCalledTooLarge) {
    Ir ir = with_user_chains(0);
    ir.chains[0].rules = plain_rules(200'000, 10);
    parser::Diagnostics diags;
    EXPECT_FALSE(make_plan(split(ir), {}, diags));
    ASSERT_EQ(diags.error_count(), 1u);
    EXPECT_NE(diags.all().front().text().find("too large"), std::string::npos);
}

TEST(Plan, NestsThatNoLayoutHoldsAreRefusedByName) {
    Ir ir = with_user_chains(100);
    std::uint32_t slot = 10;
    ir.chains[0].rules = {rule_to(3, 1), rule_to(3, 2)};
    for (ChainId id = 3; id + 1 < ir.chains.size(); ++id, slot += 10) {
        ir.chains[id].rules = {rule_to(id + 1, slot), rule_to(id + 1, slot + 1)};
    }
    ir.chains.back().rules = plain_rules(20, 5000);
    parser::Diagnostics diags;
    EXPECT_FALSE(make_plan(ir, {}, diags));
    ASSERT_EQ(diags.error_count(), 1u);
    EXPECT_NE(diags.all().front().text().find("nested too deep"), std::string::npos);
}

}  // namespace
}  // namespace bpfw::compiler
