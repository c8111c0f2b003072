// SPDX-License-Identifier: GPL-2.0-or-later
// Scan of the boxes == walk through the data == emitted instructions, for rulesets as people
// write them and for random ones.
#include <gtest/gtest.h>

#include "compiler/classify/emit_walk.hpp"
#include "tests/support/bpf_machine.hpp"
#include "tests/support/classify_cases.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::classify;
using parser::Family;

void expect_same(const ClassifyCase& one) {
    SCOPED_TRACE(one.name);
    const auto built = build(one.family, one.boxes, one.cost);
    ASSERT_TRUE(built);
    EXPECT_LE(built->visits, kMostVisits);
    Program program;
    program.tables.assign(24, std::byte{0xff});  // so that the offset matters
    program.functions.push_back(emit_walk(*built, "classify", program.tables));
    BpfMachine machine(program);
    for (const bpfw_packet& packet : one.packets) {
        const std::uint32_t expected = scan(one.boxes, packet);
        ASSERT_EQ(walk(*built, packet), expected) << to_text(packet);
        bpfw_packet copy = packet;
        ASSERT_EQ(machine.run("classify", copy), expected) << to_text(packet);
    }
}

TEST(Classifier, FlavoursOfRulesets) {
    for (const std::size_t rules : {1, 2, 10, 100, 1000})
        for (const ClassifyCase& one : flavoured_cases(rules, 300)) expect_same(one);
}

TEST(Classifier, RandomBoxes) {
    Random random(41);
    for (int i = 0; i < 300 && !testing::Test::HasFatalFailure(); ++i)
        expect_same(random_case(random));
}

TEST(Classifier, HardBoxes) {
    for (const ClassifyCase& one : hard_cases()) expect_same(one);
}

TEST(Classifier, NoBoxes) {
    const auto built = build(Family::Ipv4, {});
    ASSERT_TRUE(built);
    EXPECT_EQ(walk(*built, bpfw_packet{}), kNoMatch);
}

TEST(Classifier, TheProgramDoesNotGrow) {
    std::vector<std::size_t> sizes;
    for (const std::size_t rules : {10, 10'000}) {
        const ClassifyCase one = flavoured_cases(rules, 1).front();
        const auto built = build(one.family, one.boxes);
        ASSERT_TRUE(built);
        std::vector<std::byte> tables;
        sizes.push_back(emit_walk(*built, "classify", tables).insns.size());
    }
    EXPECT_EQ(sizes[0], sizes[1]);
}

TEST(Classifier, LittleMemoryMeansLongLeaves) {
    ClassifyCase one = flavoured_cases(5000, 300).at(1);
    const auto usual = build(one.family, one.boxes);
    ASSERT_TRUE(usual);
    one.cost.words = usual->words.size() * 2 / 3;
    const auto small = build(one.family, one.boxes, one.cost);
    ASSERT_TRUE(small);
    EXPECT_LT(small->words.size(), one.cost.words + most_leaf_words(one.family));
    expect_same(one);
}

}  // namespace
}  // namespace bpfw::test
