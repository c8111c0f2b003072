// SPDX-License-Identifier: GPL-2.0-or-later
// Emitted filters in the kernel against evaluate(): random graphs, frames cut at every length, at
// XDP and at TC, by packet pointers and by the slow twin. Needs root.
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <cstdlib>

#include "bpf-templates/abi.h"
#include "compiler/filter/evaluate.hpp"
#include "tests/support/filter_kernel.hpp"
#include "tests/support/random_graph.hpp"

namespace bpfw::compiler::filter {
namespace {

using test::FilterKernel;
using test::Random;
using Entry = FilterKernel::Entry;

constexpr std::uint32_t kLoopback = 1;  // ifindex that BPF_PROG_TEST_RUN gives a frame
constexpr std::size_t kShortest = 14;   // frame that it takes

std::size_t trials(std::size_t usual) {
    const char* asked = std::getenv("BPFW_TRIALS");
    return asked == nullptr ? usual : std::strtoul(asked, nullptr, 10);
}

std::uint32_t expected(const Graph& graph, std::span<const std::byte> bytes) {
    Frame frame;
    frame.bytes = bytes;
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.ifindex = kLoopback;
    return evaluate(graph, frame);
}

// Some with the frame's bytes asked only, which become programs of their own.
Graph random_graph(Random& random) {
    Graph graph = test::random_graph(random, random.between(1, 40));
    if (random.percent(50)) return graph;
    for (Block& block : graph.blocks)
        if (!std::holds_alternative<Member>(block.test) &&
            !std::holds_alternative<Compare>(block.test))
            block.test = Compare{Relation::Equal, 0, 1};
    return graph;
}

class EmitFilter : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }

    // Every entry gives what evaluate() gives for the frame, and logs the same.
    static void expect_alike(FilterKernel& kernel, const Graph& graph,
                             std::span<const std::byte> frame) {
        const std::uint32_t result = expected(graph, frame);
        std::optional<std::uint32_t> slots;
        for (const Entry entry :
             {Entry::Xdp, Entry::Slow, Entry::Frags, Entry::Tc, Entry::Partial}) {
            const auto answer = kernel.run(entry, frame);
            if (!answer) continue;  // SCHED_CLS takes no IPv4 frame below 34 bytes
            ++compared;
            ASSERT_EQ(answer->result, result)
                << "entry " << static_cast<int>(entry) << ", " << frame.size() << " bytes\n"
                << to_text(graph);
            if (!slots) slots = answer->slots;
            ASSERT_EQ(answer->slots, *slots) << "entry " << static_cast<int>(entry);
        }
        if (const auto answer = kernel.run(Entry::MatchXdp, frame)) {
            ASSERT_EQ(answer->result == XDP_DROP, result != 0) << to_text(graph);
        }
        if (const auto answer = kernel.run(Entry::MatchTc, frame)) {
            ASSERT_EQ(answer->result == TC_ACT_SHOT, result != 0) << to_text(graph);
        }
    }
    static inline std::uint64_t compared = 0;
};

TEST_F(EmitFilter, RandomGraphs) {
    for (std::size_t seed = 0; seed < trials(60); ++seed) {
        Random random(seed);
        const Graph graph = random_graph(random);
        FilterKernel kernel(graph, FILTER_TEMPLATE);
        ASSERT_TRUE(kernel.loaded()) << "seed " << seed << "\n" << to_text(graph) << kernel.log();
        for (int n = 0; n < 12; ++n) {
            const auto frame = test::random_frame(random, random.between(kShortest, 60));
            expect_alike(kernel, graph, frame);
            if (HasFatalFailure()) FAIL() << "seed " << seed;
        }
        const auto frame = test::random_frame(random, 50);
        for (std::size_t size = kShortest; size < frame.size(); ++size) {
            expect_alike(kernel, graph, std::span(frame).first(size));
            if (HasFatalFailure()) FAIL() << "seed " << seed;
        }
    }
    EXPECT_GT(compared, 1000U);
}

// Graphs that have to be cut in parts, and ones that nearly have to.
TEST_F(EmitFilter, LargeRandomGraphs) {
    for (std::size_t seed = 0; seed < trials(2); ++seed) {
        Random random(1000 + seed);
        const Graph graph = test::random_graph(random, random.between(100, 1500));
        FilterKernel kernel(graph, FILTER_TEMPLATE);
        ASSERT_TRUE(kernel.loaded()) << "seed " << seed << kernel.log();
        for (int n = 0; n < 30; ++n) {
            const auto frame = test::random_frame(random, random.between(kShortest, 60));
            expect_alike(kernel, graph, frame);
            if (HasFatalFailure()) FAIL() << "seed " << seed;
        }
    }
}

// An IPv4 and an IPv6 packet's bytes after twelve zeroes and the EtherType.
std::vector<std::byte> ethernet_before(std::span<const std::byte> packet, std::uint16_t type) {
    std::vector<std::byte> frame(14);
    frame[12] = static_cast<std::byte>(type >> 8U);
    frame[13] = static_cast<std::byte>(type);
    frame.insert(frame.end(), packet.begin(), packet.end());
    return frame;
}

TEST_F(EmitFilter, WithoutEthernetHeader) {
    for (std::size_t seed = 0; seed < trials(20); ++seed) {
        Random random(2000 + seed);
        const Graph graph = random_graph(random);
        FilterKernel kernel(graph, FILTER_TEMPLATE, BPFW_NEEDS_RAW_IP);
        ASSERT_TRUE(kernel.loaded()) << "seed " << seed << kernel.log();
        for (std::size_t size = kShortest; size < 50; ++size) {
            auto packet = test::random_frame(random, size);
            packet[0] = static_cast<std::byte>(random.percent(50) ? 0x45 : 0x60);
            const bool ipv6 = packet[0] == std::byte{0x60};
            const auto frame = ethernet_before(packet, ipv6 ? 0x86dd : 0x0800);
            for (const Entry entry : {Entry::Xdp, Entry::Frags}) {
                const auto answer = kernel.run(entry, packet);
                ASSERT_TRUE(answer);
                ASSERT_EQ(answer->result, expected(graph, frame)) << "seed " << seed;
            }
            const auto answer = kernel.run(Entry::MatchXdp, packet);
            ASSERT_TRUE(answer);
            ASSERT_EQ(answer->result == XDP_DROP, expected(graph, frame) != 0);
        }
    }
}

// The kernel has taken the outermost tag out of the frame: the filter sees it in its place.
TEST_F(EmitFilter, TagTakenOut) {
    std::uint64_t seen = 0;
    for (std::size_t seed = 0; seed < trials(20); ++seed) {
        Random random(3000 + seed);
        const Graph graph = random_graph(random);
        FilterKernel kernel(graph, FILTER_TEMPLATE);
        ASSERT_TRUE(kernel.loaded()) << "seed " << seed << kernel.log();
        for (std::size_t size = kShortest; size < 50; ++size) {
            auto inner = test::random_frame(random, size);
            inner[12] = std::byte{0x08};  // ARP: taken at any length
            inner[13] = std::byte{0x06};
            const std::uint32_t protocol = random.percent(50) ? 0x8100 : 0x88a8;
            const std::uint32_t tci = random.percent(50) ? 0 : random.below(0x10000);
            std::vector<std::byte> frame(inner.begin(), inner.begin() + 12);
            for (const std::uint32_t part :
                 {protocol >> 8U, protocol & 255U, tci >> 8U, tci & 255U})
                frame.push_back(static_cast<std::byte>(part));
            frame.insert(frame.end(), inner.begin() + 12, inner.end());
            const auto answer = kernel.run_tagged(inner, static_cast<std::uint16_t>(protocol),
                                                  static_cast<std::uint16_t>(tci));
            if (!answer) continue;
            ++seen;
            ASSERT_EQ(answer->result == TC_ACT_SHOT, expected(graph, frame) != 0)
                << "seed " << seed << to_text(graph);
        }
    }
    EXPECT_GT(seen, 100U);
}

// Loads near and beyond what packet pointers reach, in frames of several buffers.
TEST_F(EmitFilter, LongFrames) {
    for (std::size_t seed = 0; seed < trials(10); ++seed) {
        Random random(4000 + seed);
        Graph graph;
        Values values(graph.values);
        constexpr LoadSize kAnySize[] = {LoadSize::U8, LoadSize::U16, LoadSize::U32};
        const std::uint32_t far[] = {60, 3000, 3500, 4000, 9000, 32762, 32764, 32767, 40000};
        for (int i = 0; i < 12; ++i) {
            const auto size = random.pick(kAnySize);
            const ValueId base = values.load(random.percent(50) ? LoadSize::U8 : LoadSize::U16,
                                             kNoValue, random.below(30));
            const ValueId at = random.percent(50) ? kNoValue : base;
            const ValueId loaded = values.load(size, at, random.pick(far));
            const BlockId next = static_cast<BlockId>(graph.blocks.size() + 1);
            const Target last = give(static_cast<std::uint32_t>(i + 5));
            graph.blocks.push_back({Compare{Relation::AnyBit, loaded, values.constant(1)}, last,
                                    i == 11 ? give(1) : to_block(next),
                                    random.percent(50) || i == 11 ? give(2) : to_block(next), 0});
        }
        graph.entry = to_block(0);
        graph.origins = {{0, "far", 1, 0, "far"}};
        check(graph);
        FilterKernel kernel(graph, FILTER_TEMPLATE);
        ASSERT_TRUE(kernel.loaded()) << "seed " << seed << kernel.log();
        for (const std::size_t size : {64U, 3400U, 3520U, 4096U, 9000U, 16000U, 40000U}) {
            const auto frame = test::random_frame(random, size);
            const auto answer = kernel.run(Entry::Frags, frame);
            ASSERT_TRUE(answer) << size;
            ASSERT_EQ(answer->result, expected(graph, frame)) << size << to_text(graph);
            if (size <= 3400) expect_alike(kernel, graph, frame);
        }
    }
}

// A tree of additions as deep as it gets: a full binary one has more leaves than registers.
ValueId full_tree(Values& values, unsigned depth, std::uint32_t& leaf) {
    if (depth == 0) return values.load(LoadSize::U8, kNoValue, leaf++ % 40);
    const ValueId left = full_tree(values, depth - 1, leaf);
    const ValueId right = full_tree(values, depth - 1, leaf);
    static constexpr Operator kOperators[] = {Operator::Subtract, Operator::Divide,
                                              Operator::Subtract, Operator::Xor};
    return values.keep(Binary{kOperators[(leaf + depth) % 4], left, right});
}

TEST_F(EmitFilter, DeepArithmetic) {
    for (const unsigned depth : {3U, 7U, 11U}) {
        Graph graph;
        Values values(graph.values);
        std::uint32_t leaf = 0;
        const ValueId tree = full_tree(values, depth, leaf);
        const Compare compare{Relation::AnyBit, tree, values.constant(1)};
        graph.blocks.push_back({compare, give(1), give(0), give(2), 0});
        graph.entry = to_block(0);
        graph.origins = {{0, "deep", 1, 0, "deep"}};
        FilterKernel kernel(graph, FILTER_TEMPLATE);
        ASSERT_TRUE(kernel.loaded()) << depth << kernel.log();
        Random random(depth);
        for (int n = 0; n < 50; ++n) {
            std::vector<std::byte> frame;
            while (frame.size() < 60) frame.push_back(static_cast<std::byte>(random.byte()));
            expect_alike(kernel, graph, frame);
            if (HasFatalFailure()) return;
        }
    }
}

}  // namespace
}  // namespace bpfw::compiler::filter
