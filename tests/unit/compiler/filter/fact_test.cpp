// SPDX-License-Identifier: GPL-2.0-or-later
// A fact never leaves out a value that is possible: facts beside the sets they stand for.
#include "compiler/filter/fact.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/random.hpp"

namespace bpfw::test {
namespace {

using namespace compiler::filter;
using Values = std::set<std::uint32_t>;

std::uint32_t number(Random& random) {
    static constexpr std::uint32_t kTops[] = {0, 0, 0, 0x8000, 0x80000000, 0xffffffc0};
    return random.pick(kTops) + random.below(64);
}

bool holds(Relation relation, std::uint32_t left, std::uint32_t right) {
    switch (relation) {
        case Relation::Equal:
            return left == right;
        case Relation::Greater:
            return left > right;
        case Relation::GreaterEqual:
            return left >= right;
        case Relation::AnyBit:
            return (left & right) != 0;
    }
    return false;
}

struct Pair {
    Fact fact;
    Values values;

    void check(const char* after) const {
        for (const std::uint32_t value : values) {
            ASSERT_TRUE(fact.can_be(value)) << after << " " << value;
            ASSERT_LE(fact.least(), value) << after;
            ASSERT_GE(fact.most(), value) << after;
            ASSERT_EQ(value & fact.known(), fact.bits()) << after;
        }
        for (const std::uint32_t choice : fact.choices()) ASSERT_TRUE(fact.can_be(choice)) << after;
        ASSERT_TRUE(values.empty() || !fact.is_impossible()) << after;
    }
};

Pair start(Random& random) {
    Pair pair;
    const std::uint32_t count = random.between(1, 12);
    for (std::uint32_t i = 0; i < count; ++i) pair.values.insert(number(random));
    pair.fact = Fact::impossible();
    if (random.percent(50))
        pair.fact = {};
    else
        for (const std::uint32_t value : pair.values)
            pair.fact = pair.fact.either(Fact::exactly(value));
    return pair;
}

void ask(Pair& pair, Random& random) {
    const auto relation = static_cast<Relation>(random.below(4));
    const std::uint32_t right = number(random);
    const bool answer = random.percent(50);
    pair.fact = pair.fact.when(relation, right, answer);
    std::erase_if(pair.values,
                  [&](std::uint32_t value) { return holds(relation, value, right) != answer; });
    pair.check("when");
}

void compute(Pair& pair, Random& random) {
    const auto op = static_cast<Operator>(random.below(11));
    const bool shift = op == Operator::ShiftLeft || op == Operator::ShiftRight;
    const std::uint32_t right = shift ? random.below(34) : number(random);
    Values results;
    for (const std::uint32_t value : pair.values)
        if (const auto result = apply(op, value, right)) results.insert(*result);
    pair.fact = pair.fact.after(op, right);
    pair.values = results;
    pair.check("after");
}

TEST(Fact, NeverLeavesOutWhatIsPossible) {
    Random random(11);
    for (int i = 0; i < 20000 && !testing::Test::HasFatalFailure(); ++i) {
        Pair one = start(random);
        one.check("start");
        for (int step = 0; step < 6; ++step) {
            const std::uint32_t kind = random.below(100);
            if (kind < 50) {
                ask(one, random);
            } else if (kind < 65) {
                compute(one, random);
            } else {
                Pair other = start(random);
                ask(other, random);
                Values joined;
                for (const std::uint32_t value : one.values)
                    if (kind >= 85 || other.values.count(value) != 0) joined.insert(value);
                if (kind >= 85) joined.insert(other.values.begin(), other.values.end());
                one.fact = kind >= 85 ? one.fact.either(other.fact) : one.fact.both(other.fact);
                one.values = joined;
                one.check(kind >= 85 ? "either" : "both");
            }
        }
    }
}

TEST(Fact, SaysWhatItCan) {
    const Fact byte = Fact::between(0, 255);
    EXPECT_TRUE(byte.when(Relation::Greater, 255, true).is_impossible());
    EXPECT_TRUE(byte.when(Relation::GreaterEqual, 0, false).is_impossible());
    EXPECT_TRUE(byte.when(Relation::Equal, 256, true).is_impossible());
    EXPECT_TRUE(byte.when(Relation::AnyBit, 0xff00, true).is_impossible());
    EXPECT_FALSE(byte.when(Relation::Equal, 6, false).can_be(6));
    EXPECT_EQ(byte.when(Relation::AnyBit, 0x80, true).least(), 0x80U);
    EXPECT_EQ(byte.when(Relation::AnyBit, 0xf0, false).most(), 15U);
    EXPECT_EQ(byte.after(Operator::And, 15).after(Operator::ShiftLeft, 2).most(), 60U);
    const Fact ip = Fact::exactly(0x800).either(Fact::exactly(0x86dd));
    EXPECT_EQ(ip.choices().size(), 2U);
    EXPECT_FALSE(ip.can_be(0x806));
    EXPECT_TRUE(ip.when(Relation::Equal, 0x800, false).is_constant());
    const Fact neither = Fact().when(Relation::Equal, 1000, false).either(Fact::exactly(5));
    EXPECT_FALSE(neither.can_be(1000));
}

}  // namespace
}  // namespace bpfw::test
