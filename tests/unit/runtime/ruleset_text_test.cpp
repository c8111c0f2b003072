// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/ruleset_text.hpp"

#include <gtest/gtest.h>

namespace bpfw::runtime {
namespace {

using Pairs = std::vector<std::optional<std::uint32_t>>;
constexpr auto kNew = std::nullopt;

TEST(SlotLines, rules_and_policies_in_order) {
    const auto lines = slot_lines(
        "# bpfw ipv4\n*filter\n:INPUT DROP [1:2]\n:OUTPUT ACCEPT\n:USER - [0:0]\n"
        "-A INPUT -s 10.0.0.1/32 -j USER\n-A USER -j ACCEPT\nCOMMIT\n"
        "# bpfw ipv6\n*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT");
    const std::vector<SlotLine> expected = {
        {"ipv4", "INPUT", ":INPUT DROP"},
        {"ipv4", "OUTPUT", ":OUTPUT ACCEPT"},
        {"ipv4", "INPUT", "-A INPUT -s 10.0.0.1/32 -j USER"},
        {"ipv4", "USER", "-A USER -j ACCEPT"},
        {"ipv6", "INPUT", ":INPUT ACCEPT"},
        {"ipv6", "INPUT", "-A INPUT -j DROP"},
    };
    EXPECT_EQ(lines, expected);
}

TEST(SlotLines, short_form_rules_come_last) {
    const auto lines = slot_lines(
        "# bpfw ipv4\n*filter\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n"
        "# bpfw frames\ndrop arp\nlog\naccept ip proto 6 or ip6 proto 6\n");
    const std::vector<SlotLine> expected = {
        {"ipv4", "INPUT", ":INPUT DROP"},
        {"ipv4", "INPUT", "-A INPUT -j DROP"},
        {"frames", "", "drop arp"},
        {"frames", "", "log"},
        {"frames", "", "accept ip proto 6 or ip6 proto 6"},
    };
    EXPECT_EQ(lines, expected);
}

TEST(SlotLines, odd_texts) {
    EXPECT_TRUE(slot_lines("").empty());
    EXPECT_TRUE(slot_lines("\n\n:\n:X\n:X -\n-AINPUT\n").empty());
}

struct Case {
    const char* name;
    const char* before;
    const char* now;
    Pairs expected;
};
const Case kCases[] = {
    {"same", "-A I a\n-A I b\n", "-A I a\n-A I b\n", {0, 1}},
    {"inserted_first", "-A I a\n-A I b\n", "-A I n\n-A I a\n-A I b\n", {kNew, 0, 1}},
    {"inserted_between", "-A I a\n-A I b\n", "-A I a\n-A I n\n-A I b\n", {0, kNew, 1}},
    {"deleted", "-A I a\n-A I b\n-A I c\n", "-A I a\n-A I c\n", {0, 2}},
    {"replaced", "-A I a\n-A I b\n-A I c\n", "-A I a\n-A I n\n-A I c\n", {0, kNew, 2}},
    // The twin that was inserted before the others begins at 0.
    {"twin_inserted_first",
     "-A I a\n-A I b\n-A I a\n",
     "-A I a\n-A I a\n-A I b\n-A I a\n",
     {0, kNew, 1, 2}},
    {"twin_deleted", "-A I a\n-A I a\n-A I a\n", "-A I a\n-A I a\n", {0, 1}},
    {"swapped", "-A I a\n-A I b\n", "-A I b\n-A I a\n", {1, 0}},
    {"another_chain_is_another_rule", "-A I a\n", "-A O a\n", {kNew}},
    {"chains_moved", "-A I a\n-A O b\n", "-A O b\n-A I a\n", {1, 0}},
    {"families_apart", "# bpfw ipv4\n-A I a\n# bpfw ipv6\n-A I a\n", "# bpfw ipv6\n-A I a\n", {1}},
    {"policy_kept_without_its_counters", ":I DROP [5:6]\n", ":I DROP [0:0]\n", {0}},
    {"policy_changed", ":I DROP\n-A I a\n", ":I ACCEPT\n-A I a\n", {kNew, 1}},
    {"everything_new", "-A I a\n", "-A I b\n-A I c\n", {kNew, kNew}},
    {"from_nothing", "", "-A I b\n", {kNew}},
};

TEST(MatchSlots, short_form_rules_keep_their_counters) {
    const std::string chains = "# bpfw ipv4\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n";
    EXPECT_EQ(match_slots(slot_lines(chains + "# bpfw frames\ndrop arp\nlog udp\n"),
                          slot_lines(chains + "# bpfw frames\ndrop icmp\ndrop arp\nlog udp\n")),
              (Pairs{0, kNew, 1, 2}));
}

TEST(MatchSlots, table) {
    for (const Case& test : kCases)
        EXPECT_EQ(match_slots(slot_lines(test.before), slot_lines(test.now)), test.expected)
            << test.name;
}

}  // namespace
}  // namespace bpfw::runtime
