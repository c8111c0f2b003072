// SPDX-License-Identifier: GPL-2.0-or-later
// Which programs may read what forwarding changes: by examples, and by changing those bytes under
// random programs.
#include <gtest/gtest.h>
#include <linux/filter.h>

#include <array>

#include "tests/support/classic_reference.hpp"
#include "tests/support/random_classic.hpp"

namespace bpfw::compiler::filter {
namespace {

TEST(ClassicChanges, WhatForwardingChanges) {
    const auto load = [](std::uint16_t size, std::uint32_t k) {
        return ClassicProgram{{static_cast<std::uint16_t>(BPF_LD | BPF_ABS | size), 0, 0, k},
                              {BPF_RET | BPF_A, 0, 0, 0}};
    };
    const auto ipv4 = [](const ClassicProgram& p) {
        return reads_what_forwarding_changes(p, parser::Family::Ipv4);
    };
    const auto ipv6 = [](const ClassicProgram& p) {
        return reads_what_forwarding_changes(p, parser::Family::Ipv6);
    };
    EXPECT_TRUE(ipv4(load(BPF_B, 8)));
    EXPECT_FALSE(ipv4({{BPF_JMP | BPF_JA, 0, 0, 9}, {BPF_RET | BPF_A, 0, 0, 0}}));
    EXPECT_FALSE(ipv4(load(BPF_B, 9)));
    EXPECT_TRUE(ipv4(load(BPF_H, 9)));
    EXPECT_TRUE(ipv4(load(BPF_B, 11)));
    EXPECT_FALSE(ipv4(load(BPF_W, 12)));
    EXPECT_FALSE(ipv4(load(BPF_W, 4)));
    EXPECT_TRUE(ipv6(load(BPF_W, 4)));
    EXPECT_FALSE(ipv6(load(BPF_B, 6)));
    EXPECT_FALSE(ipv6(load(BPF_W, 8)));
    const auto from_network = static_cast<std::uint32_t>(SKF_NET_OFF);
    const auto from_link = static_cast<std::uint32_t>(SKF_LL_OFF);
    EXPECT_TRUE(ipv4(load(BPF_B, from_network + 8)));
    EXPECT_FALSE(ipv4(load(BPF_B, from_network + 9)));
    EXPECT_TRUE(ipv4(load(BPF_B, from_link + 22)));
    EXPECT_FALSE(ipv4(load(BPF_B, from_link + 8)));
    EXPECT_FALSE(ipv4({{BPF_LD | BPF_B | BPF_IND, 0, 0, 40}, {BPF_RET | BPF_A, 0, 0, 0}}));
    EXPECT_TRUE(ipv4({{BPF_LDX | BPF_W | BPF_LEN, 0, 0, 0},
                      {BPF_LD | BPF_B | BPF_IND, 0, 0, 40},
                      {BPF_RET | BPF_A, 0, 0, 0}}));
    const auto behind = [&](ClassicProgram::value_type first, std::uint32_t k) {
        return ClassicProgram{
            first, {BPF_LD | BPF_H | BPF_IND, 0, 0, k}, {BPF_RET | BPF_A, 0, 0, 0}};
    };
    const ClassicProgram::value_type header{BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0};
    EXPECT_FALSE(ipv4(behind(header, 2)));
    EXPECT_FALSE(ipv4(behind(header, from_network)));
    EXPECT_TRUE(ipv4(behind(header, from_link)));
    EXPECT_TRUE(ipv6(behind(header, 2)));
    EXPECT_FALSE(ipv6(behind(header, 8)));
    EXPECT_TRUE(ipv4(behind(header, 0xfffffff8)));
    EXPECT_TRUE(ipv4(behind({BPF_LDX | BPF_B | BPF_MSH, 0, 0, 1}, 2)));
    EXPECT_TRUE(ipv4(behind({BPF_LDX | BPF_IMM, 0, 0, 8}, 0)));
    EXPECT_FALSE(ipv4(behind({BPF_LDX | BPF_IMM, 0, 0, 12}, 0)));
    EXPECT_FALSE(ipv4({{BPF_LD | BPF_W | BPF_LEN, 0, 0, 0}, {BPF_RET | BPF_A, 0, 0, 0}}));
    EXPECT_TRUE(ipv4({{BPF_LDX | BPF_B | BPF_MSH, 0, 0, 8}, {BPF_RET | BPF_A, 0, 0, 0}}));
}

std::uint32_t run(const ClassicProgram& program, std::span<const std::uint8_t> frame) {
    return test::run_classic(program,
                             {.packet = frame.subspan(14), .link = frame, .protocol = 0x0800});
}

TEST(ClassicChanges, NobodyElseSeesThem) {
    test::Random random(77);
    int harmless = 0;
    for (int n = 0; n < 8000; ++n) {
        const ClassicProgram program = test::random_classic(
            random,
            {.most_instructions = 12, .extensions = test::ClassicTaste::Extensions::Translated});
        const bool ipv4 = random.percent(50);
        const auto family = ipv4 ? parser::Family::Ipv4 : parser::Family::Ipv6;
        if (reads_what_forwarding_changes(program, family)) continue;
        ++harmless;
        for (int k = 0; k < 10; ++k) {
            std::array<std::uint8_t, 140> frame{};
            for (auto& byte : frame)
                byte =
                    random.percent(40) ? random.byte() : static_cast<std::uint8_t>(random.below(8));
            frame[14] =
                static_cast<std::uint8_t>(ipv4 ? 0x45 + random.below(11) : 0x60 + random.below(16));
            auto changed = frame;
            for (const std::size_t at :
                 ipv4 ? std::vector<std::size_t>{8, 10, 11} : std::vector<std::size_t>{7})
                changed[14 + at] = random.byte();
            ASSERT_EQ(run(program, frame), run(program, changed))
                << to_text(program, ClassicForm::Listing);
        }
    }
    EXPECT_GT(harmless, 3000);
}

}  // namespace
}  // namespace bpfw::compiler::filter
