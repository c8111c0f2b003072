// SPDX-License-Identifier: GPL-2.0-or-later
// What each pass makes of small graphs: the blocks before and after it.
#include "compiler/filter/optimise.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "compiler/filter/passes.hpp"

namespace bpfw::test {
namespace {

using namespace compiler::filter;

using Op = Operator;

struct Builder {
    Graph graph;
    Values values{graph.values};

    Builder() {
        graph.entry = to_block(0);
        graph.origins = {{0, "rules", 1, 0, "origin"}};
    }
    ValueId u8(std::uint32_t at, ValueId base = kNoValue) {
        return values.load(LoadSize::U8, base, at);
    }
    ValueId u16(std::uint32_t at, ValueId base = kNoValue) {
        return values.load(LoadSize::U16, base, at);
    }
    ValueId op(Op o, ValueId left, std::uint32_t right) {
        return values.binary(o, left, values.constant(right));
    }
    Builder& block(const Test& test, Target yes, Target no, Target abort = give(0)) {
        graph.blocks.push_back({test, yes, no, abort, 0});
        return *this;
    }
    Test is(ValueId left, std::uint32_t right, Relation relation = Relation::Equal) {
        return Compare{relation, left, values.constant(right)};
    }
    Test in(ValueId key, const std::vector<std::uint32_t>& members) {
        Set set{1, {}};
        for (const std::uint32_t member : members) set.ranges.push_back({{member}, {member}});
        graph.sets.push_back(set);
        return Member{{key}, static_cast<SetId>(graph.sets.size() - 1)};
    }
};

// Values written out, sets by number, single blanks: "b0 frame[12:2] == 0x800 yes b1 no give 0
// abort give 0".
std::string blocks_of(const Graph& graph) {
    std::istringstream lines(to_text(graph));
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        if (line[0] != 'b') continue;
        std::istringstream words(line.substr(0, line.find(';')));
        std::string word;
        for (bool first = true; words >> word; first = false) out += (first ? "" : " ") + word;
        out += '\n';
    }
    return graph.entry.kind == Target::Kind::Return
               ? "give " + std::to_string(graph.entry.value) + "\n" + out
               : out;
}

struct Case {
    const char* name;
    std::function<void(Builder&)> build;
    const char* before;
    const char* after;
};

void expect_all(Graph (*pass)(Graph), const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        Builder builder;
        one.build(builder);
        check(builder.graph);
        EXPECT_EQ(blocks_of(builder.graph), one.before);
        const Graph after = pass(builder.graph);
        check(after);
        EXPECT_EQ(blocks_of(after), one.after);
    }
}

TEST(Thread, jumps_over_what_is_known) {
    expect_all(
        thread,
        {
            {"one EtherType is not another",
             [](Builder& b) {
                 const ValueId type = b.u16(12);
                 b.block(b.is(type, 0x800), to_block(1), give(0));
                 b.block(b.is(type, 0x86dd), give(0), to_block(2));
                 b.block(b.is(b.u8(23), 6), give(1), give(0));
             },
             "b0 v0 == 0x800 yes b1 no give 0 abort give 0\n"
             "b1 v0 == 0x86dd yes give 0 no b2 abort give 0\n"
             "b2 v3 == 6 yes give 1 no give 0 abort give 0\n",
             "b0 v0 == 0x800 yes b1 no give 0 abort give 0\n"
             "b1 v2 == 6 yes give 1 no give 0 abort give 0\n"},
            {"the second rule's guard is known after the first's",
             [](Builder& b) {
                 b.block(b.is(b.u16(12), 0x800), to_block(1), to_block(2), to_block(2));
                 b.block(b.is(b.u8(23), 6), give(6), to_block(2), to_block(2));
                 b.block(b.is(b.u16(12), 0x800), to_block(3), give(0));
                 b.block(b.is(b.u8(23), 17), give(10), give(0));
             },
             "b0 v0 == 0x800 yes b1 no b2 abort b2\n"
             "b1 v2 == 6 yes give 6 no b2 abort b2\n"
             "b2 v0 == 0x800 yes b3 no give 0 abort give 0\n"
             "b3 v2 == 0x11 yes give 10 no give 0 abort give 0\n",
             "b0 v0 == 0x800 yes b1 no give 0 abort give 0\n"
             "b1 v2 == 6 yes give 6 no b2 abort give 0\n"
             "b2 v2 == 0x11 yes give 10 no give 0 abort give 0\n"},
            {"a load that may be missing is not left out",
             [](Builder& b) { b.block(b.is(b.op(Op::And, b.u8(40), 0), 0), give(1), give(2)); },
             "b0 v2 == 0 yes give 1 no give 2 abort give 0\n",
             "b0 v2 == 0 yes give 1 no give 1 abort give 0\n"},
            {"one that has been done is",
             [](Builder& b) {
                 b.block(b.is(b.u16(60), 5), to_block(1), give(2));
                 b.block(b.is(b.op(Op::And, b.u8(40), 0), 0), give(1), give(2));
             },
             "b0 v0 == 5 yes b1 no give 2 abort give 0\n"
             "b1 v4 == 0 yes give 1 no give 2 abort give 0\n",
             "b0 v0 == 5 yes give 1 no give 2 abort give 0\n"},
            {"bits follow from a value, and a value rules bits out",
             [](Builder& b) {
                 const ValueId flags = b.u8(47);
                 b.block(b.is(flags, 0x12), to_block(1), give(0));
                 b.block(b.is(flags, 2, Relation::AnyBit), to_block(2), give(3));
                 b.block(b.is(b.op(Op::And, flags, 0xf0), 0x10), to_block(3), give(4));
                 b.block(b.is(flags, 0x13, Relation::Greater), give(5), give(1));
             },
             "b0 v0 == 0x12 yes b1 no give 0 abort give 0\n"
             "b1 v0 & 2 yes b2 no give 3 abort give 0\n"
             "b2 v4 == 0x10 yes b3 no give 4 abort give 0\n"
             "b3 v0 > 0x13 yes give 5 no give 1 abort give 0\n",
             "b0 v0 == 0x12 yes give 1 no give 0 abort give 0\n"},
            {"a member of a set is one of a larger set, and none of another",
             [](Builder& b) {
                 const ValueId protocol = b.u8(23);
                 b.block(b.in(protocol, {6, 17}), to_block(1), give(0));
                 b.block(b.in(protocol, {6, 17, 132}), to_block(2), give(2));
                 b.block(b.is(protocol, 1), give(3), give(1));
             },
             "b0 (v0) in s0 yes b1 no give 0 abort give 0\n"
             "b1 (v0) in s1 yes b2 no give 2 abort give 0\n"
             "b2 v0 == 1 yes give 3 no give 1 abort give 0\n",
             "b0 (v0) in s0 yes give 1 no give 0 abort give 0\n"},
            {"either of two values is no third one",
             [](Builder& b) {
                 const ValueId type = b.u16(12);
                 b.block(b.is(type, 0x800), to_block(2), to_block(1));
                 b.block(b.is(type, 0x86dd), to_block(2), give(0));
                 b.block(b.is(b.values.add(FrameLength{}), 100, Relation::Greater), to_block(3),
                         give(0));
                 b.block(b.is(type, 0x806), give(2), give(1));
             },
             "b0 v0 == 0x800 yes b2 no b1 abort give 0\n"
             "b1 v0 == 0x86dd yes b2 no give 0 abort give 0\n"
             "b2 v3 > 0x64 yes b3 no give 0 abort give 0\n"
             "b3 v0 == 0x806 yes give 2 no give 1 abort give 0\n",
             "b0 v0 == 0x800 yes b2 no b1 abort give 0\n"
             "b1 v0 == 0x86dd yes b2 no give 0 abort give 0\n"
             "b2 v3 > 0x64 yes give 1 no give 0 abort give 0\n"},
            {"equal blocks are one",
             [](Builder& b) {
                 b.block(b.is(b.u8(0), 1), to_block(1), to_block(2));
                 b.block(b.is(b.u8(9), 7), give(1), give(0));
                 b.block(b.is(b.u8(9), 7), give(1), give(0));
             },
             "b0 v0 == 1 yes b1 no b2 abort give 0\n"
             "b1 v2 == 7 yes give 1 no give 0 abort give 0\n"
             "b2 v2 == 7 yes give 1 no give 0 abort give 0\n",
             "b0 v0 == 1 yes b1 no b1 abort give 0\n"
             "b1 v2 == 7 yes give 1 no give 0 abort give 0\n"},
            {"what was too short for one rule is for the next",
             [](Builder& b) {
                 b.block(b.is(b.u8(40), 1), give(6), to_block(1), to_block(1));
                 b.block(b.is(b.u16(40), 0x102), give(10), to_block(2), to_block(2));
                 b.block(b.is(b.u8(40), 3), give(14), give(0));
             },
             "b0 v0 == 1 yes give 6 no b1 abort b1\n"
             "b1 v2 == 0x102 yes give 10 no b2 abort b2\n"
             "b2 v0 == 3 yes give 14 no give 0 abort give 0\n",
             "b0 v0 == 1 yes give 6 no b1 abort give 0\n"
             "b1 v2 == 0x102 yes give 10 no b2 abort b2\n"
             "b2 v0 == 3 yes give 14 no give 0 abort give 0\n"},
            {"what is logged stays",
             [](Builder& b) {
                 b.block(Log{3}, to_block(1), to_block(1), to_block(1));
                 b.block(Log{3}, give(1), give(1), give(1));
             },
             "b0 log 3 yes b1 no b1 abort b1\n"
             "b1 log 3 yes give 1 no give 1 abort give 1\n",
             "b0 log 3 yes b1 no b1 abort b1\n"
             "b1 log 3 yes give 1 no give 1 abort give 1\n"},
            {"nothing can match",
             [](Builder& b) {
                 b.block(b.is(b.u8(23), 6), to_block(1), give(0));
                 b.block(b.is(b.u8(23), 17), give(1), give(0));
             },
             "b0 v0 == 6 yes b1 no give 0 abort give 0\n"
             "b1 v0 == 0x11 yes give 1 no give 0 abort give 0\n",
             "give 0\n"},
        });
}

TEST(Tests, are_written_in_one_way) {
    expect_all(
        simplify_tests,
        {
            {"masks go to the constant's side",
             [](Builder& b) {
                 b.block(b.is(b.op(Op::And, b.u16(20), 0x1fff), 0), give(1), give(0));
             },
             "b0 v2 == 0 yes give 1 no give 0 abort give 0\n",
             "b0 v0 & 0x1fff yes give 0 no give 1 abort give 0\n"},
            {"one bit",
             [](Builder& b) { b.block(b.is(b.op(Op::And, b.u8(47), 2), 2), give(1), give(0)); },
             "b0 v2 == 2 yes give 1 no give 0 abort give 0\n",
             "b0 v0 & 2 yes give 1 no give 0 abort give 0\n"},
            {"sums",
             [](Builder& b) { b.block(b.is(b.op(Op::Add, b.u8(0), 5), 12), give(1), give(0)); },
             "b0 v2 == 0xc yes give 1 no give 0 abort give 0\n",
             "b0 v0 == 7 yes give 1 no give 0 abort give 0\n"},
            {"shifts",
             [](Builder& b) {
                 const ValueId length = b.op(Op::ShiftLeft, b.op(Op::And, b.u8(14), 15), 2);
                 b.block(b.is(length, 20, Relation::Greater), give(1), give(0));
             },
             "b0 v4 > 0x14 yes give 1 no give 0 abort give 0\n",
             "b0 v2 >= 6 yes give 1 no give 0 abort give 0\n"},
            {"the constant stands right",
             [](Builder& b) {
                 b.block(Compare{Relation::Greater, b.values.constant(8), b.u8(0)}, give(1),
                         give(0));
             },
             "b0 8 > v1 yes give 1 no give 0 abort give 0\n",
             "b0 v1 >= 8 yes give 0 no give 1 abort give 0\n"},
            {"the part of a load that counts ends where the whole did",
             [](Builder& b) { b.block(b.is(b.op(Op::And, b.u16(12), 0x3f), 5), give(1), give(0)); },
             "b0 v2 == 5 yes give 1 no give 0 abort give 0\n",
             "b0 v2 == 5 yes give 1 no give 0 abort give 0\n"},
            {"a mask that leaves nothing stays: the load may be missing",
             [](Builder& b) { b.block(b.is(b.op(Op::And, b.u8(40), 0), 0), give(1), give(0)); },
             "b0 v2 == 0 yes give 1 no give 0 abort give 0\n",
             "b0 v2 == 0 yes give 1 no give 0 abort give 0\n"},
        });
    Builder b;
    b.block(b.is(b.op(Op::And, b.u16(12), 0x3f), 5), give(1), give(0));
    const Graph after = simplify_tests(b.graph);
    EXPECT_EQ(after.values[1], Value(Load{LoadSize::U8, kNoValue, 13}));
}

TEST(Chains, become_sets_trees_and_likely_orders) {
    const auto chain = [](std::uint32_t count, std::uint32_t targets) {
        return [=](Builder& b) {
            const ValueId key = b.u16(36);
            for (std::uint32_t i = 0; i < count; ++i)
                b.block(b.is(key, 10 * i), give(1 + i % targets),
                        i + 1 == count ? give(0) : to_block(i + 1));
        };
    };
    const auto after = [&](std::uint32_t count, std::uint32_t targets) {
        Builder b;
        chain(count, targets)(b);
        const Graph graph = gather_chains(b.graph);
        check(graph);
        return graph;
    };
    EXPECT_EQ(blocks_of(after(7, 1)).find("in s0"), std::string::npos);
    const Graph set = after(8, 1);
    EXPECT_EQ(blocks_of(set), "b0 (v0) in s0 yes give 1 no give 0 abort give 0\n");
    EXPECT_EQ(set.sets.at(0).ranges.size(), 8U);
    EXPECT_EQ(blocks_of(after(8, 8)),
              "b0 v0 >= 0x28 yes b6 no b1 abort give 0\n"
              "b1 v0 >= 0x14 yes b4 no b2 abort give 0\n"
              "b2 v0 == 0 yes give 1 no b3 abort give 0\n"
              "b3 v0 == 0xa yes give 2 no give 0 abort give 0\n"
              "b4 v0 == 0x14 yes give 3 no b5 abort give 0\n"
              "b5 v0 == 0x1e yes give 4 no give 0 abort give 0\n"
              "b6 v0 >= 0x3c yes b9 no b7 abort give 0\n"
              "b7 v0 == 0x28 yes give 5 no b8 abort give 0\n"
              "b8 v0 == 0x32 yes give 6 no give 0 abort give 0\n"
              "b9 v0 == 0x3c yes give 7 no b10 abort give 0\n"
              "b10 v0 == 0x46 yes give 8 no give 0 abort give 0\n");
    EXPECT_EQ(after(100, 2).blocks.size(), 2U);
    EXPECT_LE(after(1000, 1000).blocks.size(), 1600U);
    expect_all(gather_chains, {{"IPv4 comes first",
                                [](Builder& b) {
                                    const ValueId type = b.u16(12);
                                    b.block(b.is(type, 0x86dd), to_block(1), to_block(2));
                                    b.block(b.is(b.u8(20), 6), give(1), give(0));
                                    b.block(b.is(type, 0x800), to_block(3), give(0));
                                    b.block(b.is(b.u8(23), 6), give(1), give(0));
                                },
                                "b0 v0 == 0x86dd yes b1 no b2 abort give 0\n"
                                "b1 v2 == 6 yes give 1 no give 0 abort give 0\n"
                                "b2 v0 == 0x800 yes b3 no give 0 abort give 0\n"
                                "b3 v5 == 6 yes give 1 no give 0 abort give 0\n",
                                "b0 v0 == 0x800 yes b3 no b1 abort give 0\n"
                                "b1 v0 == 0x86dd yes b2 no give 0 abort give 0\n"
                                "b2 v2 == 6 yes give 1 no give 0 abort give 0\n"
                                "b3 v5 == 6 yes give 1 no give 0 abort give 0\n"}});
}

TEST(Optimise, tells_what_is_always_so) {
    Builder b;
    b.block(b.is(b.u8(23), 6), to_block(1), give(0));
    b.block(b.is(b.u8(23), 17), give(1), give(0));
    EXPECT_FALSE(always_gives(b.graph, 0));
    EXPECT_TRUE(always_gives(optimise(b.graph), 0));
    EXPECT_FALSE(always_gives(optimise(b.graph), 1));
    Builder other;
    other.block(other.is(other.u8(23), 6), give(1), give(0));
    EXPECT_FALSE(always_gives(optimise(other.graph), 0));
}

TEST(Optimise, many_rules_take_linear_time) {
    // Rules whose guards are all decided by the first one's, each with a result of its own.
    const auto rules = [](std::uint32_t count) {
        Builder b;
        for (std::uint32_t i = 0; i < count; ++i) {
            const BlockId at = 3 * i;
            const Target next = i + 1 == count ? give(0) : to_block(at + 3);
            b.block(b.is(b.u16(12), 0x800), to_block(at + 1), next, next);
            b.block(b.is(b.u8(23), 6), to_block(at + 2), next, next);
            b.block(b.is(b.u16(36), i), give(4 * i + 2), next, next);
        }
        return b.graph;
    };
    const Graph graph = optimise(rules(5000));
    check(graph);
    EXPECT_LE(graph.blocks.size(), 2 * 5000U + 2);
    // A tree: no way is long.
    std::vector<std::uint32_t> depth(graph.blocks.size(), 1);
    std::uint32_t deepest = 0;
    for (std::size_t id = graph.blocks.size(); id-- > 0;) {
        for (const Target& to : {graph.blocks[id].yes, graph.blocks[id].no})
            if (to.kind == Target::Kind::Block)
                depth[id] = std::max(depth[id], depth[to.value] + 1);
        deepest = std::max(deepest, depth[id]);
    }
    EXPECT_LE(deepest, 20U);
}

struct Anticipated {
    const char* name;
    std::function<void(Builder&)> build;
    std::vector<std::uint32_t> bytes;
};

TEST(AnticipatedBytes, are_those_of_every_way_but_the_abort) {
    const std::vector<Anticipated> cases = {
        {"a chain of `and`",
         [](Builder& b) {
             b.block(b.is(b.u16(12), 0x800), to_block(1), give(0));
             b.block(b.is(b.u8(23), 6), to_block(2), give(0));
             b.block(b.is(b.values.load(LoadSize::U32, kNoValue, 26), 7), give(1), give(0));
         },
         {30, 30, 30}},
        {"source or destination: a frame cut in the destination may match",
         [](Builder& b) {
             b.block(b.is(b.values.load(LoadSize::U32, kNoValue, 26), 7), give(1), to_block(1));
             b.block(b.is(b.values.load(LoadSize::U32, kNoValue, 30), 7), give(1), give(0));
         },
         {30, 34}},
        {"`not`: no way ends without a match but the abort",
         [](Builder& b) {
             b.block(b.is(b.u16(12), 0x800), to_block(1), give(1));
             b.block(b.is(b.u8(23), 6), give(0), give(1));
         },
         {14, 24}},
        {"another abort target is another matter",
         [](Builder& b) {
             b.block(b.is(b.u16(12), 0x800), to_block(1), give(0));
             b.block(b.is(b.u8(23), 6), give(1), give(0), give(1));
         },
         {14, 24}},
        {"a log comes before what is behind it",
         [](Builder& b) {
             b.block(b.is(b.u16(12), 0x800), to_block(1), give(0));
             b.block(Log{1}, to_block(2), to_block(2), to_block(2));
             b.block(b.is(b.u8(23), 6), give(1), give(0));
         },
         {14, 0, 24}},
        {"the next rule is the abort target",
         [](Builder& b) {
             b.block(b.is(b.u16(12), 0x800), to_block(1), to_block(2), to_block(2));
             b.block(b.is(b.u8(23), 6), give(6), to_block(2), to_block(2));
             b.block(b.is(b.u8(0), 1), give(10), give(0));
         },
         {24, 24, 1}},
    };
    for (const Anticipated& one : cases) {
        Builder b;
        one.build(b);
        check(b.graph);
        EXPECT_EQ(anticipated_bytes(b.graph), one.bytes) << one.name;
    }
}

TEST(AnticipatedBytes, from_a_base) {
    Builder b;
    const ValueId x = b.op(Op::ShiftLeft, b.op(Op::And, b.u8(14), 15), 2);
    b.block(b.is(b.u16(14, x), 80), give(1), to_block(1));
    b.block(b.is(b.u16(16, x), 80), give(1), give(0));
    EXPECT_EQ(anticipated_bytes(b.graph, x), (std::vector<std::uint32_t>{16, 18}));
    EXPECT_EQ(anticipated_bytes(b.graph), (std::vector<std::uint32_t>{15, 15}));
    b.graph.blocks[0].yes = to_block(1);
    EXPECT_EQ(anticipated_bytes(b.graph, x), (std::vector<std::uint32_t>{18, 18}));
}

}  // namespace
}  // namespace bpfw::test
