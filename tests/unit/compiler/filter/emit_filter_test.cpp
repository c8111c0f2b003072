// SPDX-License-Identifier: GPL-2.0-or-later
// Emitted filters in the kernel against evaluate(): random graphs, frames cut at every length, at
// XDP and at TC, by packet pointers and by the slow twin. Needs root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

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
    }
    static inline std::uint64_t compared = 0;
};

TEST_F(EmitFilter, RandomGraphs) {
    for (std::size_t seed = 0; seed < trials(60); ++seed) {
        Random random(seed);
        const Graph graph = test::random_graph(random, random.between(1, 40));
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

}  // namespace
}  // namespace bpfw::compiler::filter
