// SPDX-License-Identifier: GPL-2.0-or-later
// What `bpfw log` shows of a frame.
#include "cli/frame_summary.hpp"

#include <gtest/gtest.h>

#include "tests/support/packets.hpp"

namespace bpfw::cli {
namespace {

using test::eth, test::ip4, test::ip6, test::tcp, test::udp, test::vlan;

struct Case {
    const char* name;
    test::Packet packet;
    const char* line;
};

class FrameSummary : public testing::TestWithParam<Case> {};

TEST_P(FrameSummary, Says) {
    const test::Bytes bytes = test::frame(GetParam().packet);
    EXPECT_EQ(frame_summary(std::as_bytes(std::span(bytes))), GetParam().line);
}

const Case kCases[] = {
    {"tcp", eth() / ip4() / tcp({.sport = 40000, .dport = 80}),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 192.0.2.2:40000 > 192.0.2.1:80 tcp"},
    {"udp6", eth() / ip6() / udp({.sport = 40000, .dport = 53}),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 2001:db8::2.40000 > 2001:db8::1.53 udp"},
    {"tagged", eth() / vlan({.id = 5}) / ip4() / test::icmp(),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, vlan 5, 192.0.2.2 > 192.0.2.1 icmp"},
    {"later_fragment", eth() / ip4({.offset = 3, .protocol = 17}) / test::payload(8),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 192.0.2.2 > 192.0.2.1 udp fragment"},
    {"other_protocol", eth() / ip4({.protocol = 89}),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 192.0.2.2 > 192.0.2.1 proto 89"},
    {"arp", eth({.type = 0x0806}) / test::payload(28),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, ARP"},
    {"lldp", eth({.type = 0x88cc}) / test::payload(8),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, type 0x88cc"},
    {"stp", eth({.type = 38}) / test::payload(38),
     "02:00:00:00:00:02 > 02:00:00:00:00:01, 802.3 length 0x0026"},
};
INSTANTIATE_TEST_SUITE_P(Frames, FrameSummary, testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.name; });

TEST(FrameSummaryCut, NeverReadsBeyondTheEnd) {
    const test::Bytes whole = test::frame(eth() / vlan() / ip6() / tcp());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const test::Bytes cut = test::truncated(whole, size);  // of its own size: sanitizers look
        EXPECT_FALSE(frame_summary(std::as_bytes(std::span(cut))).empty());
    }
    const test::Bytes headers = test::truncated(test::frame(eth() / ip4() / tcp()), 34);
    EXPECT_EQ(frame_summary(std::as_bytes(std::span(headers))),
              "02:00:00:00:00:02 > 02:00:00:00:00:01, 192.0.2.2 > 192.0.2.1 tcp");
}

}  // namespace
}  // namespace bpfw::cli
