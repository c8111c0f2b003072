// SPDX-License-Identifier: GPL-2.0-or-later
// Which rules a classifier takes over, and that it decides as the chain does.
#include "compiler/classify/segment.hpp"

#include <gtest/gtest.h>

#include "tests/support/ir_interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::classify;

IrRule rule(std::vector<Expr> conditions, ActionKind action, std::uint32_t slot) {
    IrRule out;
    out.conditions = std::move(conditions);
    out.action.kind = action;
    out.slot = slot;
    return out;
}

Expr port(std::uint32_t number) { return equals(Field::L4Dst, 6U << 16U | number); }

IrChain chain_of(std::vector<IrRule> rules) {
    IrChain chain;
    chain.policy = ActionKind::Accept;
    chain.policy_slot = 1000;
    chain.rules = std::move(rules);
    return chain;
}

TEST(Segment, EndsWhereAClassifierCannotDecide) {
    const IrRule plain = rule({port(80)}, ActionKind::Drop, 1);
    const struct {
        const char* name;
        IrRule second;
        std::size_t rules;
    } cases[] = {
        {"verdict", rule({port(81)}, ActionKind::Accept, 2), 3},
        {"log", rule({port(81)}, ActionKind::None, 2), 1},
        {"jump", rule({port(81)}, ActionKind::Jump, 2), 1},
        {"return", rule({port(81)}, ActionKind::Return, 2), 1},
        {"interface", rule({equals(Field::InName0, 7)}, ActionKind::Drop, 2), 1},
        {"slot_before", rule({port(81)}, ActionKind::Accept, 0), 1},
        {"not_counted", rule({port(81)}, ActionKind::Accept, kNoSlot), 1},
        {"never_matches", rule({never()}, ActionKind::Accept, 2), 3},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        const IrRule third = rule({}, ActionKind::Drop, 3);
        EXPECT_EQ(take_segment(chain_of({plain, one.second, third}), 0).rules, one.rules);
    }
}

TEST(Segment, BeginsWhereItIsAsked) {
    const IrChain chain = chain_of({rule({}, ActionKind::None, 1), rule({}, ActionKind::Drop, 2)});
    EXPECT_EQ(take_segment(chain, 0).rules, 0U);
    EXPECT_EQ(take_segment(chain, 1).rules, 1U);
    EXPECT_EQ(take_segment(chain, 2).rules, 0U);
}

TEST(Segment, DecidesAsTheChainDoes) {
    Random random(61);
    for (int round = 0; round < 50; ++round) {
        Ir ir;
        ir.packets = PacketClass::Regular;
        ir.chains.resize(3);
        std::vector<IrRule> rules;
        for (std::uint32_t slot = 1; slot <= 40; ++slot) {
            Expr condition = random.percent(50)
                                 ? port(random.below(20))
                                 : masked(Field::Saddr0, 0xfffffffc, 4 * random.below(4));
            if (random.percent(50)) condition = in_range(Field::Saddr0, random.below(9), 12);
            if (random.percent(20)) condition = negate(condition);
            const bool accept = random.percent(50);
            rules.push_back(rule({condition, masked(Field::TcpFlags, 2, random.below(2) * 2)},
                                 accept ? ActionKind::Accept : ActionKind::Drop, slot));
        }
        ir.chains[0] = chain_of(std::move(rules));
        const Segment segment = take_segment(ir.chains[0], 0);
        ASSERT_EQ(segment.rules, ir.chains[0].rules.size());
        const auto built = build(parser::Family::Ipv4, segment.boxes);
        ASSERT_TRUE(built);
        for (int i = 0; i < 200; ++i) {
            bpfw_packet packet{};
            packet.saddr[0] = random.below(16);
            packet.protocol = 6;
            packet.l4_src = 6U << 16U;
            packet.l4_dst = 6U << 16U | random.below(24);
            packet.tcp_flags = static_cast<std::uint8_t>(random.below(4));
            const std::uint32_t rank = classify::walk(*built, packet);
            const std::uint32_t policy = 1000U << BPFW_VERDICT_BITS | BPFW_ACCEPT;
            ASSERT_EQ(rank == kNoMatch ? policy : rank, test::walk(ir, 0, packet).decision);
        }
    }
}

}  // namespace
}  // namespace bpfw::test
