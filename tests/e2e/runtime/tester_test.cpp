// SPDX-License-Identifier: GPL-2.0-or-later
// Tester: frames through a program that is attached to nothing.
#include <array>

#include "bpf-templates/abi.h"
#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

// Ethernet + IPv4 + UDP to this port, 4 bytes of payload.
std::vector<std::byte> udp_frame(std::uint8_t port) {
    const std::array<std::uint8_t, 46> bytes = {
        2,    0,    0, 0,    9, 2,  2, 0, 0,   0,   9,   1,  0x08, 0x00,  // Ethernet
        0x45, 0,    0, 32,   0, 0,  0, 0, 64,  17,  0,   0,  10,   9,    0, 1, 10, 9, 0, 2,  // IPv4
        0x30, 0x39, 0, port, 0, 12, 0, 0, 'b', 'p', 'f', 'w'};                               // UDP
    std::vector<std::byte> frame;
    for (const std::uint8_t byte : bytes) frame.push_back(std::byte{byte});
    return frame;
}

class TesterTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string what = lab::missing(); !what.empty()) GTEST_SKIP() << what;
    }
    static Tester open(const Tester::Options& options) {
        auto tester = Tester::open(lab::object_with(lab::plain_ruleset()), options);
        if (!tester) throw std::runtime_error(to_text(tester.error()) + tester.error().log);
        return std::move(*tester);
    }
};

TEST_F(TesterTest, decides_and_counts_at_xdp_and_tc) {
    for (const bool tc : {false, true}) {
        Tester::Options options;
        options.hook = TestHook::Input;
        options.tc = tc;
        Tester tester = open(options);
        const auto hit = tester.run(udp_frame(9));
        ASSERT_TRUE(hit) << to_text(hit.error());
        EXPECT_TRUE(hit->dropped);
        EXPECT_EQ(hit->trace_decision, 0U << BPFW_VERDICT_BITS | BPFW_DROP);
        EXPECT_EQ(hit->family, 4U);
        const auto miss = tester.run(udp_frame(10), 5);
        ASSERT_TRUE(miss);
        EXPECT_FALSE(miss->dropped);
        EXPECT_EQ(miss->trace_decision, 1U << BPFW_VERDICT_BITS | BPFW_ACCEPT);
        const auto counters = tester.counters();
        ASSERT_TRUE(counters);
        EXPECT_EQ((*counters)[0].packets, 1U);
        EXPECT_EQ((*counters)[1].packets, 5U);
        EXPECT_EQ((*counters)[1].bytes, 5U * 32U);
    }
}

TEST_F(TesterTest, output_runs_the_egress_program) {
    Tester::Options options;
    options.hook = TestHook::Output;
    Tester tester = open(options);
    EXPECT_TRUE(tester.run(udp_frame(7))->dropped);
    EXPECT_FALSE(tester.run(udp_frame(9))->dropped);
}

TEST_F(TesterTest, without_trace_only_the_verdict_is_told) {
    Tester::Options options;
    options.trace = false;
    Tester tester = open(options);
    const auto hit = tester.run(udp_frame(9), 1000);
    ASSERT_TRUE(hit);
    EXPECT_TRUE(hit->dropped);
    EXPECT_EQ(hit->trace_decision, 0U);
    EXPECT_GT(hit->duration_ns, 0U);
}

TEST_F(TesterTest, frames_the_kernel_refuses) {
    Tester tester = open({});
    std::vector<std::byte> frame = udp_frame(9);
    frame.resize(13);
    const auto cut = tester.run(frame);
    ASSERT_TRUE(cut);
    EXPECT_FALSE(cut->dropped);
    EXPECT_EQ(cut->reason, static_cast<std::uint32_t>(BPFW_NOT_IP));
    Tester::Options output;
    output.hook = TestHook::Output;
    Tester egress = open(output);
    frame = udp_frame(7);
    frame.resize(30);
    const auto short_ip = egress.run(frame);
    ASSERT_FALSE(short_ip);
    EXPECT_EQ(short_ip.error().error_number, EINVAL);
    EXPECT_NE(short_ip.error().reason.find("30-byte"), std::string::npos);
}

TEST_F(TesterTest, verifier_log_is_kept_whole) {
    const auto refused = Tester::open(lab::bad_object(), {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().log.find("invalid access to packet"), std::string::npos)
        << refused.error().log;
    EXPECT_NE(refused.error().log.find("processed "), std::string::npos);
}

TEST_F(TesterTest, holds_its_fds_no_longer_than_it_lives) {
    { Tester warm = open({}); }
    const std::size_t fds = lab::open_fds();
    for (int i = 0; i < 5; ++i) Tester tester = open({});
    EXPECT_EQ(lab::open_fds(), fds);
}

}  // namespace
}  // namespace bpfw::runtime
