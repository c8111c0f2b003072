// SPDX-License-Identifier: GPL-2.0-or-later
// Graphs as classic programs: what libpcap's bpf_filter() makes of them is what the graph says.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <pcap/pcap.h>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/classic_assembler.hpp"
#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/optimise.hpp"
#include "tests/support/random_graph.hpp"

namespace bpfw::compiler::filter {
namespace {

using test::Random;

// What a classic program can say: one answer, no sets of several words, no log.
Graph sayable(Graph graph) {
    for (Block& block : graph.blocks) {
        // libpcap's interpreter has no direction either.
        const auto* member = std::get_if<Member>(&block.test);
        const bool foreign = std::holds_alternative<IsOutbound>(block.test) ||
                             std::holds_alternative<Log>(block.test) ||
                             (member != nullptr && member->key.size() != 1);
        if (foreign) block.test = Compare{Relation::GreaterEqual, 0, 0};
        block.abort = give(0);
        for (Target* to : {&block.yes, &block.no})
            if (to->kind == Target::Kind::Return) to->value &= 1;
    }
    return graph;
}

std::uint32_t run_libpcap(const ClassicProgram& program, std::span<const std::byte> frame,
                          std::uint32_t length) {
    std::vector<bpf_insn> insns;
    for (const auto& insn : program) insns.push_back({insn.code, insn.jt, insn.jf, insn.k});
    return bpf_filter(insns.data(), reinterpret_cast<const u_char*>(frame.data()), length,
                      static_cast<u_int>(frame.size()));
}

class Verdicts {
public:
    void compare(const Graph& graph, Random& random) {
        std::string why;
        const auto program = to_classic(graph, 262144, why);
        if (!program) {
            ASSERT_EQ(why, "the expression needs more than 16 scratch words");
            ++refused;
            return;
        }
        ASSERT_EQ(fault_of(*program), std::nullopt)
            << to_text(graph) << to_text(*program, ClassicForm::Listing);
        for (int n = 0; n < 60; ++n) {
            const auto bytes = test::random_frame(random, random.below(70));
            const auto length = static_cast<std::uint32_t>(bytes.size() + random.below(3));
            const std::uint32_t want = evaluate(graph, {.bytes = bytes, .length = length});
            ASSERT_EQ(run_libpcap(*program, bytes, length), want != 0 ? 262144U : 0U)
                << to_text(graph) << to_text(*program, ClassicForm::Listing);
            ++(want != 0 ? matches : others);
        }
        instructions += program->size();
    }
    std::size_t matches = 0;
    std::size_t others = 0;
    std::size_t instructions = 0;
    std::size_t refused = 0;
};

TEST(ToClassic, RandomGraphs) {
    Random random(31);
    Verdicts verdicts;
    for (int n = 0; n < 3000; ++n) {
        const Graph graph = sayable(test::random_graph(random, 1 + random.below(24)));
        check(graph);
        ASSERT_NO_FATAL_FAILURE(verdicts.compare(graph, random)) << n;
        ASSERT_NO_FATAL_FAILURE(verdicts.compare(optimise(graph), random)) << n;
    }
    EXPECT_GT(verdicts.matches, 20000U);
    EXPECT_GT(verdicts.others, 20000U);
    EXPECT_LT(verdicts.refused, 30U);
}

// Jumps over more than 255 instructions.
TEST(ToClassic, LongGraphs) {
    Random random(32);
    Verdicts verdicts;
    for (int n = 0; n < 60; ++n) {
        const Graph graph = sayable(test::random_graph(random, 120 + random.below(100)));
        ASSERT_NO_FATAL_FAILURE(verdicts.compare(graph, random)) << n;
    }
    EXPECT_GT(verdicts.instructions, 20000U);
}

TEST(ToClassic, WhatClassicBpfCannotSay) {
    const auto why_of = [](const Graph& graph) {
        std::string why;
        EXPECT_FALSE(to_classic(graph, 1, why));
        return why;
    };
    Graph graph;
    Values values(graph.values);
    const ValueId type = values.load(LoadSize::U16, kNoValue, 12);
    graph.origins = {{}};
    graph.entry = to_block(0);
    graph.blocks = {{Compare{Relation::Equal, type, type}, give(1), give(0), give(0)}};
    std::string why;
    EXPECT_TRUE(to_classic(graph, 1, why));
    graph.blocks[0].abort = give(1);
    EXPECT_EQ(why_of(graph), "a classic program ends where a load goes beyond the frame");
    graph.blocks[0].abort = give(0);
    graph.blocks[0].yes = give(6);
    EXPECT_EQ(why_of(graph), "a classic program has no answer but match and no match");
    graph.blocks[0].yes = give(1);
    graph.blocks[0].test = Log{};
    EXPECT_EQ(why_of(graph), "classic BPF has no log");
    graph.sets = {make_set(2, {{{1, 2}, {1, 2}}})};
    graph.blocks[0].test = Member{{type, type}, 0};
    EXPECT_EQ(why_of(graph), "classic BPF has no sets of more than 32 bits");
}

TEST(ToClassic, MetadataAsLibpcapReadsIt) {
    Graph graph;
    Values values(graph.values);
    const ValueId index = values.add(InterfaceIndex{});
    const ValueId four = values.constant(4);
    graph.origins = {{}};
    graph.entry = to_block(0);
    graph.blocks = {{IsOutbound{}, give(0), to_block(1), give(0)},
                    {Compare{Relation::Equal, index, four}, give(1), give(0), give(0)}};
    std::string why;
    EXPECT_EQ(to_text(*to_classic(graph, 262144, why), ClassicForm::Listing),
              "(000) ldh      [type]\n"
              "(001) jeq      #0x4             jt 5\tjf 2\n"
              "(002) ld       [ifidx]\n"
              "(003) jeq      #0x4             jt 4\tjf 5\n"
              "(004) ret      #262144\n"
              "(005) ret      #0\n");
}

TEST(ToClassic, SetsAreCompares) {
    Graph graph;
    Values values(graph.values);
    const ValueId port = values.load(LoadSize::U16, kNoValue, 36);
    graph.origins = {{}};
    graph.entry = to_block(0);
    graph.sets = {make_set(1, {{{22}, {22}}, {{80}, {88}}, {{443}, {443}}})};
    graph.blocks = {{Member{{port}, 0}, give(1), give(0), give(0)}};
    std::string why;
    EXPECT_EQ(to_text(*to_classic(graph, 1, why), ClassicForm::Listing),
              "(000) ldh      [36]\n"
              "(001) jeq      #0x16            jt 5\tjf 2\n"
              "(002) jge      #0x50            jt 3\tjf 6\n"
              "(003) jgt      #0x58            jt 4\tjf 5\n"
              "(004) jeq      #0x1bb           jt 5\tjf 6\n"
              "(005) ret      #1\n"
              "(006) ret      #0\n");
}

TEST(ClassicAssembler, FarWaysGoByJa) {
    for (const int between : {254, 255, 256, 300}) {
        ClassicAssembler as;
        const ClassicLabel near = as.label();
        const ClassicLabel far = as.label();
        as.branch(BPF_JMP | BPF_JEQ | BPF_K, 7, far, near);
        as.bind(near);
        for (int n = 0; n < between; ++n) as.emit(BPF_MISC | BPF_TAX);
        as.emit(BPF_RET | BPF_K, 1);
        as.bind(far);
        as.emit(BPF_RET | BPF_K, 2);
        const ClassicProgram program = std::move(as).finish();
        const bool direct = between + 1 <= 255;
        EXPECT_EQ(program.size(), static_cast<std::size_t>(between) + (direct ? 3 : 4));
        EXPECT_EQ(program[0].jt, direct ? between + 1 : 0);
        EXPECT_EQ(program[0].jf, direct ? 0 : 1);
        EXPECT_EQ(1 + (direct ? program[0].jt : 1 + program[1].k), program.size() - 1);
    }
}

}  // namespace
}  // namespace bpfw::compiler::filter
