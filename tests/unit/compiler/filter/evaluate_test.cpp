// SPDX-License-Identifier: GPL-2.0-or-later
// What graphs built by hand give for frames of a few bytes.
#include "compiler/filter/evaluate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bpfw::compiler::filter {
namespace {

using Op = Operator;

// Gives 1 for yes, 0 for no, 2 for an abort.
struct Built {
    Graph graph;
    Values values{graph.values};

    ValueId byte(std::uint32_t at) { return values.load(LoadSize::U8, kNoValue, at); }
    std::uint32_t run(const Test& test, const std::vector<std::uint8_t>& bytes,
                      std::uint32_t length = 0) {
        graph.entry = to_block(0);
        graph.blocks = {{test, give(1), give(0), give(2), 0}};
        graph.origins = {{}};
        check(graph);
        Frame frame{std::as_bytes(std::span(bytes)), length, 7, Frame::Direction::In};
        return evaluate(graph, frame);
    }
    std::uint32_t result(ValueId value, std::uint32_t expected,
                         const std::vector<std::uint8_t>& bytes) {
        return run(Compare{Relation::Equal, value, values.constant(expected)}, bytes);
    }
};

TEST(Evaluate, LoadsAreBigEndianAndWhollyInTheFrame) {
    Built b;
    const std::vector<std::uint8_t> bytes = {1, 2, 3, 4, 5};
    EXPECT_EQ(b.result(b.values.load(LoadSize::U32, kNoValue, 1), 0x02030405, bytes), 1U);
    EXPECT_EQ(b.result(b.values.load(LoadSize::U16, kNoValue, 3), 0x0405, bytes), 1U);
    EXPECT_EQ(b.result(b.values.load(LoadSize::U16, kNoValue, 4), 0, bytes), 2U);
    EXPECT_EQ(b.result(b.values.load(LoadSize::U8, kNoValue, 5), 0, bytes), 2U);
    EXPECT_EQ(b.result(b.values.load(LoadSize::U8, b.byte(0), 3), 5, bytes), 1U);
    // Base and offset do not wrap around, arithmetic does.
    const ValueId minus_one = b.values.binary(Op::Subtract, b.byte(0), b.byte(1));
    EXPECT_EQ(b.result(b.values.load(LoadSize::U8, minus_one, 1), 1, bytes), 2U);
    const ValueId wrapped = b.values.binary(Op::Add, minus_one, b.byte(0));
    EXPECT_EQ(b.result(b.values.load(LoadSize::U8, wrapped, 0), 1, bytes), 1U);
}

TEST(Evaluate, Arithmetic) {
    Built b;
    const std::vector<std::uint8_t> bytes = {32, 0, 7};
    const ValueId shift = b.byte(0);
    const ValueId zero = b.byte(1);
    const ValueId seven = b.byte(2);
    EXPECT_EQ(b.result(b.values.binary(Op::ShiftLeft, seven, shift), 0, bytes), 1U);
    EXPECT_EQ(b.result(b.values.binary(Op::ShiftRight, seven, shift), 0, bytes), 1U);
    EXPECT_EQ(b.result(b.values.binary(Op::Divide, seven, zero), 0, bytes), 2U);
    EXPECT_EQ(b.result(b.values.binary(Op::Modulo, seven, zero), 0, bytes), 2U);
    EXPECT_EQ(b.result(b.values.binary(Op::Subtract, zero, seven), 0xfffffff9, bytes), 1U);
    EXPECT_EQ(b.run(Compare{Relation::Greater, shift, shift}, bytes), 0U);
    EXPECT_EQ(b.run(Compare{Relation::GreaterEqual, shift, shift}, bytes), 1U);
    EXPECT_EQ(b.run(Compare{Relation::AnyBit, seven, shift}, bytes), 0U);
    EXPECT_EQ(b.run(Compare{Relation::Equal, b.values.add(FrameLength{}), b.values.constant(60)},
                    bytes, 60),
              1U);
}

TEST(Evaluate, SharedValuesAreComputedOnce) {
    Built b;
    ValueId value = b.byte(0);
    for (int i = 0; i < 200; ++i) {
        value = b.values.binary(Op::Add, value, value);
        value = b.values.binary(Op::Xor, value, b.byte(1));
    }
    EXPECT_EQ(b.result(value, 1, {0, 1}), 0U);
    EXPECT_EQ(b.result(value, 1, {0}), 2U);
}

TEST(Evaluate, Sets) {
    Built b;
    b.graph.sets = {{2, {{{1, 5}, {1, 5}}, {{2, 0}, {2, 10}}}}};
    const Member member{{b.byte(0), b.byte(1)}, 0};
    EXPECT_EQ(b.run(member, {1, 5}), 1U);
    EXPECT_EQ(b.run(member, {1, 6}), 0U);
    EXPECT_EQ(b.run(member, {2, 10}), 1U);
    EXPECT_EQ(b.run(member, {2, 11}), 0U);
    EXPECT_EQ(b.run(member, {0, 5}), 0U);
    EXPECT_EQ(b.run(member, {1}), 2U);
}

TEST(Evaluate, Protochain) {
    struct Case {
        parser::Family family;
        std::vector<std::uint8_t> headers;  // from the first header's number on
        std::uint8_t number;
        std::uint32_t expected;
    };
    // IPv4: protocol at 9, 20 bytes of header; IPv6: next header at 6, 40 bytes.
    const auto v4 = parser::Family::Ipv4;
    const auto v6 = parser::Family::Ipv6;
    const std::vector<std::uint8_t> ah = {6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};  // 12 bytes
    std::vector<std::uint8_t> ah_ah = {51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    ah_ah.insert(ah_ah.end(), ah.begin(), ah.end());
    std::vector<std::uint8_t> hop_routing = {43, 0, 0, 0, 0, 0, 0, 0};
    hop_routing.insert(hop_routing.end(), {17, 1, 0, 0, 0, 0, 0, 0});
    std::vector<std::uint8_t> endless;
    for (int i = 0; i < 64; ++i) {
        endless.insert(endless.end(), {60, 0, 0, 0, 0, 0, 0, 0});
    }
    const auto first = [](std::uint8_t number, std::vector<std::uint8_t> rest) {
        rest.insert(rest.begin(), number);
        return rest;
    };
    const Case cases[] = {
        {v4, first(6, {}), 6, 1},
        {v4, first(17, {}), 6, 0},
        {v4, first(51, ah), 6, 1},
        {v4, first(51, ah), 17, 0},
        {v4, first(51, {}), 6, 2},
        {v4, first(51, {6}), 6, 2},
        {v4, first(51, {6, 9}), 6, 1},
        {v4, first(51, ah_ah), 6, 1},
        {v4, first(60, hop_routing), 17, 0},
        {v6, first(0, hop_routing), 17, 1},
        {v6, first(0, hop_routing), 43, 1},
        {v6, first(0, hop_routing), 6, 0},
        {v6, first(51, ah_ah), 6, 1},
        {v6, first(59, hop_routing), 43, 0},
        {v6, first(59, {}), 59, 1},
        {v6, first(60, endless), 6, 0},
    };
    for (const Case& c : cases) {
        Built b;
        std::vector<std::uint8_t> bytes(c.family == v4 ? 20 : 40);
        bytes[0] = 0x45;
        bytes[c.family == v4 ? 9 : 6] = c.headers[0];
        bytes.insert(bytes.end(), c.headers.begin() + 1, c.headers.end());
        EXPECT_EQ(b.run(InProtochain{c.family, b.values.constant(0), c.number}, bytes), c.expected)
            << "case " << &c - cases;
    }
}

}  // namespace
}  // namespace bpfw::compiler::filter
