// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of short-form rules, and what blocks say of where they come from.
#include "bpf-templates/abi.h"
#include "tests/unit/compiler/filter/filter_case.hpp"

namespace bpfw::test::filter {
namespace {

using compiler::filter::Lists;
using compiler::filter::Step;
using Action = Step::Action;

constexpr std::uint32_t decision(std::uint32_t verdict, std::uint32_t slot) {
    return verdict | slot << BPFW_VERDICT_BITS;
}

class Steps : public testing::Test {
protected:
    void add(const char* text, Action action, std::uint32_t slot) {
        expressions_.push_back(std::make_unique<parser::pcap::Expression>(parsed(text)));
        const auto line = static_cast<std::uint32_t>(expressions_.size());
        steps_.push_back(
            {expressions_.back().get(), action, slot, {{0, "r", line, 1, rule_text_}, nullptr}});
    }
    compiler::filter::Graph lowered() {
        auto graph = compiler::filter::lower(std::span(steps_), Lists::AsSets);
        compiler::filter::check(graph);
        return graph;
    }
    std::uint32_t decide(const Packet& packet) {
        const Bytes bytes = frame(packet);
        return compiler::filter::evaluate(
            lowered(), {std::as_bytes(std::span(bytes)), static_cast<std::uint32_t>(bytes.size()),
                        3, compiler::filter::Frame::Direction::In});
    }

    std::string rule_text_ = "x";

private:
    std::vector<std::unique_ptr<parser::pcap::Expression>> expressions_;
    std::vector<Step> steps_;
};

TEST_F(Steps, TheFirstThatMatchesDecides) {
    add("udp port 53", Action::Accept, 4);
    add("udp", Action::Drop, 5);
    add("len > 0", Action::Log, 6);
    add("arp", Action::Accept, 7);
    EXPECT_EQ(decide(eth() / ip4() / udp({.dport = 53})), decision(BPFW_ACCEPT, 4));
    EXPECT_EQ(decide(eth() / ip4() / udp({.dport = 54})), decision(BPFW_DROP, 5));
    EXPECT_EQ(decide(eth() / ip4() / tcp()), BPFW_CONTINUE);
    EXPECT_EQ(decide(eth({.type = 0x0806}) / arp({})), decision(BPFW_ACCEPT, 7));
}

TEST_F(Steps, WhatIsCutOffForOneIsNoMatchOfThatOneOnly) {
    add("ether[1000] = 0 or len > 0", Action::Drop, 1);
    add("not tcp[100] = 0", Action::Log, 2);
    add("tcp", Action::Accept, 3);
    EXPECT_EQ(decide(eth() / ip4() / tcp()), decision(BPFW_ACCEPT, 3));
    EXPECT_EQ(decide(eth() / ip4() / udp()), BPFW_CONTINUE);
}

TEST_F(Steps, EncapsulationOfOneIsNotTheNexts) {
    add("vlan 7", Action::Drop, 1);
    add("ip", Action::Accept, 2);
    EXPECT_EQ(decide(eth() / ip4()), decision(BPFW_ACCEPT, 2));
}

TEST_F(Steps, LogGoesOn) {
    add("ip", Action::Log, 9);
    add("ip", Action::Drop, 10);
    EXPECT_EQ(decide(eth() / ip4()), decision(BPFW_DROP, 10));
    const auto graph = lowered();
    EXPECT_EQ(std::count_if(graph.blocks.begin(), graph.blocks.end(),
                            [](const auto& block) {
                                const auto* log = std::get_if<compiler::filter::Log>(&block.test);
                                return log != nullptr && log->slot == 9;
                            }),
              1);
}

// At ingress, so no frame can be outbound: known before any is seen.
TEST_F(Steps, NothingIsOutbound) {
    add("outbound", Action::Drop, 1);
    add("not inbound", Action::Drop, 2);
    EXPECT_TRUE(lowered().blocks.empty());
    add("inbound and tcp", Action::Drop, 3);
    EXPECT_EQ(decide(eth() / ip4() / tcp()), decision(BPFW_DROP, 3));
}

TEST_F(Steps, NoneGivesContinue) { EXPECT_EQ(decide(eth() / ip4()), BPFW_CONTINUE); }

TEST_F(Steps, BlocksNameTheirPrimitiveAndLine) {
    add("udp port 53", Action::Drop, 1);
    add("host 1.2.3.4 or host 1.2.3.5", Action::Drop, 2);
    const auto graph = lowered();
    ASSERT_EQ(graph.origins.size(), 2U);
    const auto& last = graph.origins[graph.blocks.front().origin];
    EXPECT_EQ(last.text, "udp port 53");
    EXPECT_EQ(last.line, 1U);
    const auto& first = graph.origins[graph.blocks.back().origin];
    EXPECT_EQ(first.text, "host 1.2.3.4 or ... (2 in all)");
    EXPECT_EQ(first.file, "r");
    EXPECT_EQ(first.line, 2U);
}

// 20,000 parts of one rule each kept room for all of its text: 19 GB.
TEST_F(Steps, OriginsTakeNoRoomForTheWholeRule) {
    rule_text_.assign(1 << 20, 'x');
    add("dst port 1 and len > 9", Action::Log, 1);
    for (const auto& origin : lowered().origins) EXPECT_LT(origin.text.capacity(), 100U);
}

}  // namespace
}  // namespace bpfw::test::filter
