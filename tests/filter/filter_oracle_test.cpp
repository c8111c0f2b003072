// SPDX-License-Identifier: GPL-2.0-or-later
// The oracle itself: that the frames and expressions are worth trying, and that our classic
// machine answers as libpcap's does where both can.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/filter/classic_machine.hpp"
#include "tests/filter/expressions.hpp"
#include "tests/filter/headers.hpp"
#include "tests/filter/libpcap_oracle.hpp"

namespace bpfw::test::filter {
namespace {

TEST(Corpus, is_the_same_for_one_seed_and_has_every_short_length) {
    const auto samples = corpus(7, 2000);
    const auto again = corpus(7, 2000);
    ASSERT_EQ(samples.size(), 2000u);
    for (std::size_t i = 0; i < samples.size(); ++i)
        ASSERT_EQ(samples[i].bytes, again[i].bytes) << "frame " << i;
    for (std::size_t size = 0; size <= 100; ++size)
        EXPECT_TRUE(std::any_of(samples.begin(), samples.end(),
                                [&](const Sample& s) { return s.bytes.size() == size; }))
            << size << " bytes";
    EXPECT_TRUE(std::any_of(samples.begin(), samples.end(),
                            [](const Sample& s) { return s.length > s.bytes.size(); }));
}

TEST(Expressions, nearly_all_are_accepted_and_most_match_something) {
    const auto samples = corpus(1, 3000);
    LibpcapOracle oracle;
    Random random(3);
    constexpr int kTried = 300;
    int accepted = 0;
    int matching = 0;
    for (int i = 0; i < kTried; ++i) {
        if (!oracle.prepare(random_expression(random))) continue;
        accepted++;
        matching += std::any_of(samples.begin(), samples.end(), [&](const Sample& sample) {
            return oracle.judge(sample) == Verdict::Yes;
        });
    }
    EXPECT_GT(accepted, kTried * 93 / 100);
    EXPECT_GT(matching, kTried * 55 / 100);
}

TEST(Oracle, says_in_other_words_what_libpcap_gets_wrong) {
    EXPECT_EQ(for_libpcap("byte 12 & 8"), "(ether[12] & 8 != 0)");
    EXPECT_EQ(for_libpcap("tcp or byte 0x1|2"), "tcp or (ether[0x1] | 2 != 0)");
    EXPECT_EQ(for_libpcap("byte 12 = 8 and host 1.1.1.1"), "byte 12 = 8 and host 1.1.1.1");
    EXPECT_EQ(for_libpcap("inbound and not outbound"), "(len >= 0) and not (len < 0)");
    EXPECT_EQ(for_libpcap("ifindex 2"), "(len - len + 2 = 1)");
}

TEST(ClassicMachine, answers_as_bpf_filter_does) {
    const auto samples = corpus(2, 1500);
    LibpcapOracle oracle;
    Random random(5);
    for (int i = 0; i < 300; ++i) {
        const std::string expression = random_expression(random);
        if (expression.find("protochain") != std::string::npos || !oracle.prepare(expression))
            continue;
        for (const PcapProgram* program : {&oracle.optimised(), &oracle.unoptimised()})
            for (const Sample& sample : samples) {
                const Outcome ours = run_classic(*program, sample, Protochain::AsLibpcap);
                if (ours.uninitialised) continue;
                ASSERT_EQ(ours.accepted,
                          bpf_filter(program->data(), sample.bytes.data(), sample.length,
                                     static_cast<std::uint32_t>(sample.bytes.size())))
                    << expression;
            }
    }
}

TEST(ClassicMachine, sees_scratch_words_that_only_a_comparison_wrote) {
    LibpcapOracle oracle;
    Sample sample{frame(eth() / ip4() / udp({.dport = 6081}) / geneve({}) / eth() / ip4()), 0};
    sample.length = static_cast<std::uint32_t>(sample.bytes.size());
    ASSERT_TRUE(oracle.prepare("(len > 0 or geneve) and ip"));
    EXPECT_EQ(oracle.judge(sample), Verdict::Uninitialised);
    ASSERT_TRUE(oracle.prepare("len > 0 and geneve and ip and ip[0] + ip[1] = 0x45"));
    EXPECT_EQ(oracle.judge(sample), Verdict::Yes);
}

struct ChainCase {
    const char* name;
    Packet packet;
    const char* expression;
    Verdict verdict;
};

class Chain : public testing::TestWithParam<ChainCase> {};

const ChainCase kChains[] = {
    {"tcp_behind_ah", eth() / ip4() / auth() / tcp(), "ip protochain 6", Verdict::Yes},
    {"tcp_behind_two_ah", eth() / ip6() / auth() / auth() / tcp(), "ip6 protochain 6",
     Verdict::Yes},
    {"udp_is_not_tcp", eth() / ip6() / auth() / auth() / udp(), "ip6 protochain 6", Verdict::No},
    {"behind_options", eth() / ip6() / ext6() / ext6({.kind = 60}) / tcp(), "protochain 6",
     Verdict::Yes},
    {"behind_a_fragment_header", eth() / ip6() / frag6() / auth() / tcp(), "ip6 protochain 6",
     Verdict::Yes},
};

TEST_P(Chain, behind_ah_headers_goes_on_at_the_right_place) {
    LibpcapOracle oracle;
    ASSERT_TRUE(oracle.prepare(GetParam().expression)) << oracle.why();
    Sample sample{frame(GetParam().packet), 0};
    sample.length = static_cast<std::uint32_t>(sample.bytes.size());
    EXPECT_EQ(oracle.judge(sample), GetParam().verdict);
}

INSTANTIATE_TEST_SUITE_P(Protochain, Chain, testing::ValuesIn(kChains),
                         [](const auto& tried) { return std::string(tried.param.name); });

}  // namespace
}  // namespace bpfw::test::filter
