// SPDX-License-Identifier: GPL-2.0-or-later
// Ten thousand rules and more that differ in one match: the kernel takes them, the right rule
// decides, and the counters are exact, of those that nothing met too.
#include <fmt/format.h>

#include <random>

#include "bpf-templates/abi.h"
#include "tests/differential/compile_text.hpp"
#include "tests/e2e/runtime/lab.hpp"
#include "tests/support/draft.hpp"

namespace bpfw::runtime {
namespace {

using parser::Family;

// A different one for each number.
std::uint32_t scatter(std::uint32_t number) { return number * 2654435761U; }

void put(std::uint8_t* at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::string dotted(std::uint32_t a) {
    return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

struct LongRun {
    const char* name;
    Family family;
    std::uint32_t rules;
    std::string (*match)(std::uint32_t number);             // of a rule
    void (*aim)(test::Draft& draft, std::uint32_t number);  // to meet that match
};

void PrintTo(const LongRun& run, std::ostream* os) { *os << run.name; }

// Single addresses in the upper half of all, prefixes in the lower one: none holds another.
std::uint32_t address(std::uint32_t n) { return scatter(n) | 0x80000000U; }
std::uint32_t network(std::uint32_t n) { return (scatter(n / 2) & 0x7ffffU) << 12U; }

std::string source(std::uint32_t n) { return "-s " + dotted(address(n)); }
void aim_source(test::Draft& draft, std::uint32_t n) { put(draft.source.bytes.data(), address(n)); }

// A /24, and behind it the /20 around it.
std::string prefix(std::uint32_t n) {
    return "-s " + dotted(network(n)) + (n % 2 == 0 ? "/24" : "/20");
}
void aim_prefix(test::Draft& draft, std::uint32_t n) {
    put(draft.source.bytes.data(), network(n) | (n % 2 == 0 ? 0x55 : 0x855));
}

std::string mixed(std::uint32_t n) { return n % 10 == 0 ? prefix(n) : source(n); }
void aim_mixed(test::Draft& draft, std::uint32_t n) {
    n % 10 == 0 ? aim_prefix(draft, n) : aim_source(draft, n);
}

std::string source6(std::uint32_t n) {
    return fmt::format("-s 2001:db8:{:x}:{:x}::{:x}{}", scatter(n) >> 16, scatter(n) & 0xffff, n,
                       n % 3 == 0 ? "/64" : "");
}
void aim_source6(test::Draft& draft, std::uint32_t n) {
    put(draft.source.bytes.data(), 0x20010db8);
    put(draft.source.bytes.data() + 4, scatter(n));
    put(draft.source.bytes.data() + 12, n);
}

std::string mac(std::uint32_t n) {
    const std::uint32_t m = scatter(n);
    return fmt::format("-m mac --mac-source 02:00:{:02x}:{:02x}:{:02x}:{:02x}", m >> 24,
                       m >> 16 & 255, m >> 8 & 255, m & 255);
}
void aim_mac(test::Draft& draft, std::uint32_t n) {
    draft.source_mac = {2, 0, 0, 0, 0, 0};
    put(draft.source_mac.data() + 2, scatter(n));
}

std::string port(std::uint32_t n) { return fmt::format("-p tcp --dport {}", n * 5 % 65536); }
void aim_port(test::Draft& draft, std::uint32_t n) {
    draft.transport[2] = static_cast<std::uint8_t>(n * 5 % 65536 >> 8);
    draft.transport[3] = static_cast<std::uint8_t>(n * 5 % 256);
}

const LongRun kRuns[] = {
    {"sources", Family::Ipv4, 10'000, source, aim_source},
    {"a_hundred_thousand_sources", Family::Ipv4, 100'000, source, aim_source},
    {"prefixes", Family::Ipv4, 10'000, prefix, aim_prefix},
    {"sources_and_prefixes", Family::Ipv4, 10'000, mixed, aim_mixed},
    {"ipv6_sources_and_prefixes", Family::Ipv6, 10'000, source6, aim_source6},
    {"macs", Family::Ipv4, 25'000, mac, aim_mac},
    {"ports", Family::Ipv4, 10'000, port, aim_port},
};

class RunsTest : public ::testing::TestWithParam<LongRun> {
protected:
    void SetUp() override {
        if (const std::string what = lab::missing(); !what.empty()) GTEST_SKIP() << what;
    }
};

bool accepts(std::uint32_t rule) { return rule % 7 == 0; }

std::string text_of(const LongRun& run) {
    std::string out = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    for (std::uint32_t n = 0; n < run.rules; ++n)
        out += fmt::format("-A INPUT {} -j {}\n", run.match(n), accepts(n) ? "ACCEPT" : "DROP");
    return out + "COMMIT\n";
}

// The deciding slot of a packet aimed at rule `number`; beyond the rules: the policy's.
std::uint32_t slot_of(const LongRun& run, std::uint32_t number, std::uint32_t family_slots) {
    return number >= run.rules ? family_slots : family_slots + 3 + number;
}

std::vector<std::byte> frame_to(const LongRun& run, std::uint32_t number) {
    test::Draft draft;
    draft.family = run.family;
    if (run.family == Family::Ipv6) aim_source6(draft, 0xffffff);
    draft.transport.assign(20, 0);
    draft.transport[12] = 5 << 4;
    run.aim(draft, number);
    std::vector<std::byte> out;
    for (const std::uint8_t byte : test::draft_frame(draft)) out.push_back(std::byte{byte});
    return out;
}

TEST_P(RunsTest, TheRightRuleDecidesAndCounts) {
    const LongRun& run = GetParam();
    const bool v4 = run.family == Family::Ipv4;
    const auto object = test::compile_text(v4 ? text_of(run) : "", v4 ? "" : text_of(run));
    ASSERT_TRUE(object) << to_text(object.error());
    Tester::Options options;
    options.hook = TestHook::Input;
    auto tester = Tester::open(*object, options);
    ASSERT_TRUE(tester) << to_text(tester.error()) << tester.error().log.substr(0, 2000);
    std::vector<std::uint64_t> packets(tester->counters()->size(), 0);
    std::mt19937 random(1);
    for (std::uint32_t n = 0; n < 400; ++n) {
        const bool hit = n % 4 != 0;
        const auto drawn = static_cast<std::uint32_t>(random());
        const std::uint32_t number = drawn % run.rules + (hit ? 0 : run.rules);
        const std::uint32_t slot = slot_of(run, number, v4 ? 0 : 3);
        const bool accepted = hit && accepts(number);
        const auto decided = tester->run(frame_to(run, number));
        ASSERT_TRUE(decided) << to_text(decided.error());
        ASSERT_EQ(decided->trace_decision,
                  slot << BPFW_VERDICT_BITS | (accepted ? BPFW_ACCEPT : BPFW_DROP))
            << number;
        EXPECT_EQ(decided->dropped, !accepted);
        ++packets[slot];
    }
    const auto counters = tester->counters();
    ASSERT_TRUE(counters);
    for (std::size_t slot = 0; slot < packets.size(); ++slot)
        ASSERT_EQ((*counters)[slot].packets, packets[slot]) << slot;
}

INSTANTIATE_TEST_SUITE_P(Runs, RunsTest, testing::ValuesIn(kRuns),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bpfw::runtime
