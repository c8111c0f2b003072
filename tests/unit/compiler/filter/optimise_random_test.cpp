// SPDX-License-Identifier: GPL-2.0-or-later
// Every pass keeps every answer: random graphs, random frames, cut at every length.
#include <gtest/gtest.h>

#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/filter/passes.hpp"
#include "tests/support/random_graph.hpp"

namespace bpfw::test {
namespace {

using namespace compiler::filter;

constexpr std::size_t kFrameBytes = 48;

// Calls `each` with frames of every length up to kFrameBytes.
template <typename Each>
void for_frames(Random& random, std::size_t frames, const Each& each) {
    for (std::size_t i = 0; i < frames; ++i) {
        const std::vector<std::byte> bytes = random_frame(random, kFrameBytes);
        for (std::size_t length = 0; length <= bytes.size(); ++length) {
            Frame frame;
            frame.bytes = std::span(bytes).first(length);
            frame.length = random.percent(50) ? kFrameBytes : random.below(400);
            frame.direction = random.percent(50) ? Frame::Direction::In : Frame::Direction::Out;
            each(frame);
        }
    }
}

void expect_same(const Graph& before, const Graph& after, Random& random, std::size_t frames) {
    check(after);
    for_frames(random, frames, [&](const Frame& frame) {
        if (evaluate(before, frame) == evaluate(after, frame)) return;
        std::string bytes;
        for (const std::byte byte : frame.bytes)
            bytes += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U],
                bytes += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
        FAIL() << "frame " << bytes << "\nbefore " << evaluate(before, frame) << "\n"
               << to_text(before) << "after " << evaluate(after, frame) << "\n"
               << to_text(after);
    });
}

struct NamedPass {
    const char* name;
    Graph (*run)(Graph);
};
class RandomGraphs : public testing::TestWithParam<NamedPass> {};

TEST_P(RandomGraphs, KeepTheirAnswers) {
    Random random(7);
    for (int i = 0; i < 1500 && !HasFatalFailure(); ++i) {
        const Graph graph = random_graph(random, random.between(0, 30));
        check(graph);
        expect_same(graph, GetParam().run(graph), random, 6);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Passes, RandomGraphs,
    testing::Values(NamedPass{"simplify_tests", simplify_tests}, NamedPass{"jump_over", jump_over},
                    NamedPass{"merge_blocks", merge_blocks}, NamedPass{"compact", compact},
                    NamedPass{"gather_chains", gather_chains}, NamedPass{"thread", thread},
                    NamedPass{"optimise", optimise}),
    [](const auto& named) { return std::string(named.param.name); });

TEST(RandomGraph, ThreadedGraphsAreSmallerAndStayAsTheyAre) {
    Random random(8);
    std::size_t before = 0;
    std::size_t after = 0;
    for (int i = 0; i < 300; ++i) {
        const Graph graph = random_graph(random, 30);
        const Graph threaded = thread(graph);
        before += graph.blocks.size();
        after += threaded.blocks.size();
        EXPECT_LE(threaded.blocks.size(), graph.blocks.size());
        EXPECT_EQ(thread(graph), threaded);
    }
    EXPECT_LT(after, before * 8 / 10);
}

// A frame with fewer bytes than are asked for at a block ends as if it had aborted there.
TEST(RandomGraph, AnticipatedBytesChangeNoAnswer) {
    Random random(9);
    std::size_t asked = 0;
    for (int i = 0; i < 1500; ++i) {
        Graph graph = random_graph(random, random.between(1, 20));
        if (random.percent(50)) graph = optimise(std::move(graph));
        const std::vector<std::uint32_t> bytes = anticipated_bytes(graph);
        ASSERT_EQ(bytes.size(), graph.blocks.size());
        for (BlockId id = 0; id < bytes.size(); ++id) {
            Graph here = graph;
            here.entry = to_block(id);
            Graph aborted = graph;
            aborted.entry = graph.blocks[id].abort;
            for_frames(random, 1, [&](const Frame& frame) {
                if (frame.bytes.size() >= bytes[id]) return;
                ++asked;
                ASSERT_EQ(evaluate(here, frame), evaluate(aborted, frame))
                    << "block " << id << ", " << bytes[id] << " bytes\n"
                    << to_text(graph);
            });
        }
    }
    EXPECT_GT(asked, 10000U);
}

TEST(RandomGraph, AnticipatedBytesFromABaseChangeNoAnswer) {
    Random random(10);
    std::size_t asked = 0;
    for (int i = 0; i < 400; ++i) {
        Graph graph = random_graph(random, random.between(1, 20));
        if (random.percent(50)) graph = optimise(std::move(graph));
        std::vector<ValueId> bases;
        for (const Value& value : graph.values)
            if (const auto* load = std::get_if<Load>(&value); load && load->base != kNoValue)
                bases.push_back(load->base);
        if (bases.empty()) continue;
        const ValueId base = random.pick(bases);
        const std::vector<std::uint32_t> bytes = anticipated_bytes(graph, base);
        for (BlockId id = 0; id < bytes.size(); ++id) {
            if (bytes[id] == 0) continue;
            Graph here = graph;
            here.entry = to_block(id);
            Graph aborted = graph;
            aborted.entry = graph.blocks[id].abort;
            // The base, when it can be computed; 0xffff when not.
            Graph at{to_block(0), graph.values, {}, {}, graph.origins};
            for_frames(random, 1, [&](const Frame& frame) {
                std::uint64_t start = 0xffff;
                for (std::uint32_t guess = 0; guess < 64; ++guess) {
                    Graph probe = at;
                    Values values(probe.values);
                    probe.blocks = {{Compare{Relation::Equal, base, values.constant(guess)},
                                     give(1), give(0), give(0), 0}};
                    if (evaluate(probe, frame) == 1) start = guess;
                }
                if (start == 0xffff || start + bytes[id] <= frame.bytes.size()) return;
                ++asked;
                ASSERT_EQ(evaluate(here, frame), evaluate(aborted, frame))
                    << "block " << id << ", " << bytes[id] << " bytes from v" << base << "\n"
                    << to_text(graph);
            });
        }
    }
    EXPECT_GT(asked, 1000U);
}

}  // namespace
}  // namespace bpfw::test
