// SPDX-License-Identifier: GPL-2.0-or-later
// Counter slots, by the text that an object carries (bpf-templates/abi.h).
#include "cli/slots.hpp"

#include <gtest/gtest.h>

namespace bpfw::cli {
namespace {

constexpr const char* kText =
    "# bpfw ipv4\n*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
    ":web - [0:0]\n"
    "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
    "-A INPUT -g web\n"
    "-A web -m comment --comment \"ends in -j DROP\"\n"
    "-A INPUT -j RETURN\n"
    "COMMIT\n"
    "# bpfw ipv6\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT DROP [0:0]\n"
    "-A INPUT -j DROP\nCOMMIT\n"
    "# bpfw frames\nlog arp\ndrop arp\naccept udp port 53\n";

TEST(Slots, PoliciesAndRulesInTheOrderOfTheirLines) {
    const std::vector<Slot> slots = slots_of(kText);
    std::vector<std::string> names;
    for (const Slot& slot : slots) {
        names.push_back((slot.family == parser::Family::Ipv4 ? "4 " : "6 ") + decider(slot));
    }
    EXPECT_EQ(names, (std::vector<std::string>{
                         "4 policy INPUT", "4 policy FORWARD", "4 policy OUTPUT", "4 INPUT:1",
                         "4 INPUT:2", "4 web:1", "4 INPUT:3", "6 policy INPUT", "6 policy FORWARD",
                         "6 policy OUTPUT", "6 INPUT:1", "4 log #1", "4 drop #2", "4 accept #3"}));
}

TEST(Slots, KnowWhereAPacketsWayEnds) {
    const std::vector<Slot> slots = slots_of(kText);
    EXPECT_EQ(slots[0].ends, Ends::Drop);
    EXPECT_EQ(slots[1].ends, Ends::Accept);
    EXPECT_EQ(slots[3].ends, Ends::Accept);
    EXPECT_EQ(slots[4].jumps_to, "web");
    EXPECT_EQ(slots[5].ends, Ends::No) << "a comment is no target";
    EXPECT_EQ(slots[5].jumps_to, "");
    EXPECT_EQ(slots[6].ends, Ends::No);
    EXPECT_EQ(slots[6].jumps_to, "") << "RETURN is no chain";
    EXPECT_EQ(slots[10].ends, Ends::Drop);
    EXPECT_EQ(slots[11].ends, Ends::No) << "log does not decide";
    EXPECT_EQ(slots[12].ends, Ends::Drop);
    EXPECT_EQ(slots[13].ends, Ends::Accept);
    EXPECT_EQ(slots[13].kind, SlotKind::Frame);
}

TEST(Slots, OfNothingAreNone) { EXPECT_TRUE(slots_of("").empty()); }

}  // namespace
}  // namespace bpfw::cli
