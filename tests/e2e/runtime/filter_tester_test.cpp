// SPDX-License-Identifier: GPL-2.0-or-later
// FilterTester: frames through one expression's programs, attached to nothing. Tester: what a
// short-form rule's decision looks like.
#include <fmt/format.h>

#include <cerrno>

#include "bpf-templates/abi.h"
#include "compiler/compile.hpp"
#include "compiler/filter/compile_filter.hpp"
#include "compiler/object/object.hpp"
#include "parser/pcap/pcap.hpp"
#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

parser::pcap::Expression expression(const std::string& text) {
    parser::Diagnostics diags;
    auto parsed = parser::pcap::parse({text, {}}, {}, parser::system_names(), diags);
    if (!parsed) throw std::runtime_error("no expression: " + text);
    return *parsed;
}

std::vector<std::byte> object_of(const std::string& text) {
    parser::Diagnostics diags;
    const auto program = compiler::filter::compile_filter(expression(text), {}, diags);
    if (!program) throw std::runtime_error("cannot be compiled: " + text);
    return *compiler::write_object(*program);
}

// ARP from `mark`, padded.
std::vector<std::byte> arp(std::uint8_t mark, std::size_t size) {
    std::vector<std::byte> frame(size, std::byte{mark});
    frame.at(12) = std::byte{0x08};
    frame.at(13) = std::byte{0x06};
    return frame;
}

class FilterTesterTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string what = lab::missing(); !what.empty()) GTEST_SKIP() << what;
    }
    static bool matches(const std::string& text, const std::vector<std::byte>& frame,
                        FilterTester::Hook hook) {
        auto tester = FilterTester::open(object_of(text), hook);
        if (!tester) throw std::runtime_error(to_text(tester.error()) + tester.error().log);
        const auto match = tester->match(frame, static_cast<std::uint32_t>(frame.size()));
        if (!match) throw std::runtime_error(to_text(match.error()));
        return *match;
    }
};

TEST_F(FilterTesterTest, tells_matches_at_xdp_and_tc) {
    for (const auto hook : {FilterTester::Hook::Xdp, FilterTester::Hook::Tc}) {
        EXPECT_TRUE(matches("arp and ether[20] = 7", arp(7, 60), hook));
        EXPECT_FALSE(matches("arp and ether[20] = 8", arp(7, 60), hook));
        EXPECT_FALSE(matches("not ether[60] = 0", arp(7, 60), hook));
        EXPECT_TRUE(matches("", arp(7, 60), hook));
    }
}

// IPv6 with a fragment header (44), UDP behind it.
std::vector<std::byte> fragment() {
    std::vector<std::byte> frame(14 + 40 + 8 + 8);
    frame.at(12) = std::byte{0x86};
    frame.at(13) = std::byte{0xdd};
    frame.at(14) = std::byte{0x60};
    frame.at(20) = std::byte{44};
    frame.at(54) = std::byte{17};
    return frame;
}

TEST_F(FilterTesterTest, no_header_has_a_number_above_255) {
    for (const auto hook : {FilterTester::Hook::Xdp, FilterTester::Hook::Tc}) {
        for (const unsigned number : {44U, 17U})
            EXPECT_TRUE(matches(fmt::format("ip6 protochain {}", number), fragment(), hook));
        for (const unsigned number : {256U + 44, 512U + 17, 256U, 0xffffff11U})
            EXPECT_FALSE(matches(fmt::format("ip6 protochain {}", number), fragment(), hook))
                << number;
    }
}

TEST_F(FilterTesterTest, sees_all_of_a_frame_beyond_a_page) {
    for (const std::size_t size : {3000U, 3072U, 3073U, 3600U, 5000U, 9000U, 20000U}) {
        std::vector<std::byte> frame = arp(7, size);
        frame.back() = std::byte{99};
        const auto hook = FilterTester::Hook::Xdp;
        EXPECT_TRUE(matches("len = " + std::to_string(size), frame, hook)) << size;
        EXPECT_TRUE(matches("ether[len - 1] = 99 and ether[len - 2] = 7", frame, hook)) << size;
    }
}

TEST_F(FilterTesterTest, says_which_frames_the_kernel_cannot_be_shown) {
    auto tester = FilterTester::open(object_of("arp"));
    ASSERT_TRUE(tester);
    EXPECT_EQ(tester->match(arp(7, 60), 61).error().error_number, EMSGSIZE);
    EXPECT_EQ(tester->match(std::vector<std::byte>(13), 13).error().error_number, EINVAL);
    EXPECT_TRUE(tester->match(arp(7, 14), 14).value());
    auto tc = FilterTester::open(object_of("arp"), FilterTester::Hook::Tc);
    ASSERT_TRUE(tc);
    EXPECT_EQ(tc->match(arp(7, 9000), 9000).error().error_number, EINVAL);
}

TEST_F(FilterTesterTest, a_short_form_rule_decides_with_its_slot) {
    compiler::Ruleset ruleset;
    ruleset.frames.push_back({{parser::FrameAction::Log, expression("ether[20] = 7"), {}}, {}});
    ruleset.frames.push_back({{parser::FrameAction::Drop, expression("arp"), {}}, {}});
    parser::Diagnostics diags;
    const auto program = compiler::compile(ruleset, {}, diags);
    ASSERT_TRUE(program);
    const auto object = compiler::write_object(*program);
    ASSERT_TRUE(object);
    for (const bool tc : {false, true}) {
        Tester::Options options;
        options.tc = tc;
        auto tester = Tester::open(*object, options);
        ASSERT_TRUE(tester) << to_text(tester.error()) << tester.error().log;
        const auto decision = tester->run(arp(7, 60));
        ASSERT_TRUE(decision);
        EXPECT_TRUE(decision->dropped);
        EXPECT_EQ(decision->reason, BPFW_BY_FRAME_RULE);
        EXPECT_EQ(decision->trace_decision, 7U << BPFW_VERDICT_BITS | BPFW_DROP);
        EXPECT_EQ(tester->counters()->at(6).packets, 1U);
        EXPECT_EQ(tester->counters()->at(7).bytes, 60U);
    }
}

}  // namespace
}  // namespace bpfw::runtime
