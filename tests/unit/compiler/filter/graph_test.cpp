// SPDX-License-Identifier: GPL-2.0-or-later
// Values are folded and shared, never an abort lost; the text and the rules of a Graph.
#include "compiler/filter/graph.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "compiler/filter/evaluate.hpp"

namespace bpfw::compiler::filter {
namespace {

using Op = Operator;

struct Builder {
    Graph graph;
    Values values{graph.values};
    ValueId byte = values.load(LoadSize::U8, kNoValue, 14);
    ValueId length = values.add(FrameLength{});

    ValueId with(Op op, ValueId left, std::uint32_t right) {
        return values.binary(op, left, values.constant(right));
    }
};

TEST(Values, EqualValuesHaveOneId) {
    Builder b;
    EXPECT_EQ(b.values.load(LoadSize::U8, kNoValue, 14), b.byte);
    EXPECT_NE(b.values.load(LoadSize::U16, kNoValue, 14), b.byte);
    EXPECT_EQ(b.values.binary(Op::Add, b.byte, b.length),
              b.values.binary(Op::Add, b.length, b.byte));
    EXPECT_NE(b.values.binary(Op::Divide, b.byte, b.length),
              b.values.binary(Op::Divide, b.length, b.byte));
    Values again(b.graph.values);
    const std::size_t before = b.graph.values.size();
    EXPECT_EQ(again.load(LoadSize::U8, kNoValue, 14), b.byte);
    EXPECT_EQ(b.graph.values.size(), before);
}

TEST(Values, ConstantsAreFolded) {
    struct Case {
        Op op;
        std::uint32_t left, right, result;
    };
    const Case cases[] = {
        {Op::Add, 0xffffffff, 2, 1},
        {Op::Subtract, 1, 2, 0xffffffff},
        {Op::Multiply, 0x10000, 0x10000, 0},
        {Op::Divide, 7, 2, 3},
        {Op::Modulo, 7, 4, 3},
        {Op::And, 6, 3, 2},
        {Op::Or, 6, 3, 7},
        {Op::Xor, 6, 3, 5},
        {Op::ShiftLeft, 1, 31, 0x80000000},
        {Op::ShiftLeft, 1, 32, 0},
        {Op::ShiftRight, 4, 1, 2},
        {Op::ShiftRight, 4, 33, 0},
        {Op::Equal, 4, 4, 1},
        {Op::Equal, 4, 5, 0},
    };
    Builder b;
    for (const Case& c : cases) {
        EXPECT_EQ(b.values.constant_of(b.with(c.op, b.values.constant(c.left), c.right)), c.result);
        EXPECT_EQ(apply(c.op, c.left, c.right), c.result);
    }
}

TEST(Values, WhatChangesNothingIsDropped) {
    Builder b;
    EXPECT_EQ(b.with(Op::Add, b.byte, 0), b.byte);
    EXPECT_EQ(b.with(Op::Subtract, b.byte, 0), b.byte);
    EXPECT_EQ(b.with(Op::Multiply, b.byte, 1), b.byte);
    EXPECT_EQ(b.with(Op::Divide, b.byte, 1), b.byte);
    EXPECT_EQ(b.with(Op::And, b.byte, 0xff), b.byte);
    EXPECT_EQ(b.with(Op::And, b.length, 0xffffffff), b.length);
    EXPECT_EQ(b.with(Op::Modulo, b.byte, 256), b.byte);
    EXPECT_EQ(b.values.binary(Op::And, b.byte, b.byte), b.byte);
    EXPECT_EQ(b.with(Op::Subtract, b.with(Op::Add, b.byte, 5), 5), b.byte);
    EXPECT_EQ(b.with(Op::Multiply, b.byte, 4), b.with(Op::ShiftLeft, b.byte, 2));
    EXPECT_EQ(b.with(Op::Modulo, b.byte, 4), b.with(Op::And, b.byte, 3));
}

TEST(Values, AnAbortIsNeverFoldedAway) {
    Builder b;
    const ValueId zero = b.values.constant(0);
    const auto alive = [&](ValueId id) { return b.values.may_abort(id) && id != zero; };
    EXPECT_TRUE(alive(b.with(Op::And, b.byte, 0)));
    EXPECT_TRUE(alive(b.with(Op::Multiply, b.byte, 0)));
    EXPECT_TRUE(alive(b.with(Op::Modulo, b.byte, 1)));
    EXPECT_TRUE(alive(b.with(Op::ShiftRight, b.byte, 8)));
    EXPECT_TRUE(alive(b.with(Op::ShiftLeft, b.with(Op::ShiftLeft, b.byte, 20), 20)));
    EXPECT_TRUE(alive(b.with(Op::Equal, b.byte, 256)));
    EXPECT_TRUE(alive(b.values.binary(Op::Subtract, b.byte, b.byte)));
    EXPECT_TRUE(alive(b.values.binary(Op::Divide, zero, b.byte)));
    EXPECT_TRUE(alive(b.values.binary(Op::Divide, b.values.constant(1), zero)));
    EXPECT_TRUE(alive(b.values.binary(Op::Modulo, b.length, b.length)));
    // Without a load there is nothing to keep.
    EXPECT_EQ(b.with(Op::And, b.length, 0), zero);
    EXPECT_EQ(b.values.binary(Op::Subtract, b.length, b.length), zero);
    EXPECT_EQ(b.with(Op::ShiftLeft, b.length, 32), zero);
}

TEST(Values, ALoadTakesItsBasesConstant) {
    Builder b;
    const ValueId header = b.with(Op::ShiftLeft, b.with(Op::And, b.byte, 15), 2);
    EXPECT_EQ(b.values.load(LoadSize::U16, b.with(Op::Add, header, 14), 2),
              b.values.load(LoadSize::U16, header, 16));
    EXPECT_EQ(b.values.load(LoadSize::U16, b.values.constant(12), 2),
              b.values.load(LoadSize::U16, kNoValue, 14));
    // length + 0xffffffff wraps: length - 1 is in the frame.
    const ValueId last = b.with(Op::Subtract, b.length, 1);
    EXPECT_NE(b.values.load(LoadSize::U8, last, 0),
              b.values.load(LoadSize::U8, b.length, 0xffffffff));
}

TEST(Values, AMillionTakeNoTime) {
    Builder b;
    const auto start = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < 1000000; ++i) {
        b.with(Op::Equal, b.length, i);
    }
    EXPECT_EQ(b.graph.values.size(), 2000002U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Largest, ByMasksWidthsAndShifts) {
    Builder b;
    const ValueId nibble = b.with(Op::And, b.byte, 15);
    const std::pair<ValueId, std::uint32_t> cases[] = {
        {b.byte, 255},
        {b.length, 0xffffffff},
        {nibble, 15},
        {b.with(Op::ShiftLeft, nibble, 2), 60},
        {b.with(Op::Add, b.with(Op::ShiftLeft, nibble, 2), 14), 74},
        {b.with(Op::ShiftRight, b.byte, 4), 15},
        {b.with(Op::Modulo, b.length, 9), 8},
        {b.with(Op::Or, nibble, 16), 31},
        {b.values.binary(Op::ShiftLeft, b.byte, nibble), 0xffffffff},
        {b.with(Op::Divide, b.byte, 10), 25},
        {b.with(Op::Multiply, b.byte, 3), 765},
        {b.with(Op::Equal, b.byte, 3), 1},
        {b.with(Op::Subtract, b.byte, 1), 0xffffffff},
    };
    for (const auto& [value, expected] : cases) {
        EXPECT_EQ(largest(b.graph, value), expected) << value;
        EXPECT_EQ(b.values.largest(value), expected) << value;
    }
}

Graph one_block() {
    Builder b;
    b.graph.entry = to_block(0);
    b.graph.sets = {{1, {{{5}, {5}}, {{9}, {11}}}}};
    b.graph.blocks = {{Member{{b.byte}, 0}, give(1), give(0), give(0), 0}};
    b.graph.origins = {{0, "rules", 1, 1, "host 5"}};
    return b.graph;
}

TEST(Text, IsATable) {
    EXPECT_EQ(to_text(one_block()),
              "entry b0\n"
              "v0   = frame[14:1]\n"
              "v1   = length\n"
              "s0   = 5 9-0xb\n"
              "b0   (v0) in s0               yes give 1  no give 0  abort give 0  ; host 5\n");
}

TEST(Check, PassesAGoodGraph) { check(one_block()); }

TEST(CheckDeathTest, NamesTheBrokenRule) {
    struct Case {
        const char* what;
        void (*spoil)(Graph&);
    };
    const Case cases[] = {
        {"earlier value is equal", [](Graph& g) { g.values.push_back(g.values[0]); }},
        {"operand not before",
         [](Graph& g) {
             g.values.push_back(Binary{Op::Add, 0, 99});
         }},
        {"touching ranges", [](Graph& g) { g.sets[0].ranges[0].last = {8}; }},
        {"reversed range", [](Graph& g) { g.sets[0].ranges[1].last = {7}; }},
        {"wrong key", [](Graph& g) { std::get<Member>(g.blocks[0].test).key.push_back(0); }},
        {"no later block", [](Graph& g) { g.blocks[0].yes = to_block(0); }},
        {"no such origin", [](Graph& g) { g.origins.clear(); }},
    };
    for (const Case& c : cases) {
        Graph graph = one_block();
        c.spoil(graph);
        EXPECT_DEATH(check(graph), c.what);
    }
}

}  // namespace
}  // namespace bpfw::compiler::filter
