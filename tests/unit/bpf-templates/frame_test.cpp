// SPDX-License-Identifier: GPL-2.0-or-later
// What rules that read the frame are told about it, when the short-form rules are asked and
// what their answer does, and what `log` keeps: the same at XDP and at TC.
#include <linux/if_ether.h>

#include <algorithm>
#include <cstring>

#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

constexpr std::uint32_t kDrop7 = 7U << BPFW_VERDICT_BITS | BPFW_DROP;
constexpr std::uint32_t kAccept7 = 7U << BPFW_VERDICT_BITS | BPFW_ACCEPT;

class FrameRules : public KernelTest {
protected:
    static Harness harness(std::uint32_t needs = BPFW_NEEDS_FRAMES) {
        return Harness(needs, BPFW_HOOK_AUTO, BPFW_NEEDS_TRACE, Template::RulesFrame);
    }
};

Bytes tcp_frame() { return frame(eth() / ip4() / tcp()); }

Bytes arp_frame() {
    Bytes bytes(42, 0);
    bytes[12] = 0x08;
    bytes[13] = 0x06;
    return bytes;
}

Bytes captured(const bpfw_event& event) {
    Bytes bytes(event.captured);
    std::memcpy(bytes.data(), event.bytes, std::min<std::size_t>(bytes.size(), BPFW_EVENT_BYTES));
    return bytes;
}

TEST_F(FrameRules, are_told_how_the_frame_lies) {
    Harness harness = FrameRules::harness(0);
    Bytes padded = tcp_frame();
    padded.resize(padded.size() + 6);
    for (const Entry entry : {Entry::Xdp, Entry::Ingress, Entry::Egress}) {
        const Outcome got = harness.run(entry, padded);
        ASSERT_NE(got.chain, "");
        EXPECT_EQ(got.frame.head, BPFW_HEAD_WHOLE);
        EXPECT_EQ(got.frame.partial, 0);
        EXPECT_EQ(got.frame.outbound, entry == Entry::Egress ? 1 : 0);
        EXPECT_EQ(got.frame.network, 14U);
        EXPECT_EQ(got.frame.network_end, padded.size() - 6);
    }
    const Outcome tagged = harness.run_tagged(tcp_frame(), {0x8100, 5});
    EXPECT_EQ(tagged.frame.head, BPFW_HEAD_TAG_OUT);
    EXPECT_EQ(tagged.frame.network, 14U);
    const Bytes v6 = frame(eth() / vlan({.id = 5}) / ip6() / udp());
    const Outcome inside = harness.run(Entry::Xdp, v6);
    EXPECT_EQ(inside.frame.head, BPFW_HEAD_WHOLE);
    EXPECT_EQ(inside.frame.network, 18U);
    EXPECT_EQ(inside.frame.network_end, v6.size());
}

TEST_F(FrameRules, raw_ip_has_no_head) {
    Harness harness = FrameRules::harness(BPFW_NEEDS_RAW_IP);
    harness.name_interface(1, "tun0", BPFW_IF_RAW_IP);
    const Bytes whole = tcp_frame();
    const Outcome got = harness.run(Entry::Xdp, Bytes(whole.begin() + ETH_HLEN, whole.end()));
    ASSERT_NE(got.chain, "");
    EXPECT_EQ(got.frame.head, BPFW_HEAD_NONE);
    EXPECT_EQ(got.frame.network, 0U);
    EXPECT_EQ(got.frame.network_end, whole.size() - ETH_HLEN);
}

TEST_F(FrameRules, are_asked_first_at_ingress_only_and_only_where_there_are_some) {
    Harness some = harness();
    EXPECT_EQ(some.run(Entry::Xdp, tcp_frame()).frames, 1U);
    EXPECT_EQ(some.run(Entry::Ingress, tcp_frame()).frames, 1U);
    EXPECT_EQ(some.run(Entry::Egress, tcp_frame()).frames, 0U);
    EXPECT_EQ(some.run(Entry::Xdp, arp_frame()).frames, 1U);
    EXPECT_EQ(some.run(Entry::Xdp, Bytes(14, 0x81)).frames, 1U);  // malformed
    Harness none = harness(0);
    EXPECT_EQ(none.run(Entry::Xdp, tcp_frame()).frames, 0U);
    EXPECT_EQ(none.run(Entry::Ingress, tcp_frame()).frames, 0U);
}

TEST_F(FrameRules, decide_before_the_chains_or_leave_it_to_them) {
    Harness harness = FrameRules::harness();
    harness.answer(3U << BPFW_VERDICT_BITS | BPFW_DROP);
    for (const Entry entry : {Entry::Xdp, Entry::Ingress}) {
        harness.answer_frames(kAccept7);
        const Outcome accepted = harness.run(entry, tcp_frame());
        EXPECT_TRUE(accepted.passed());
        EXPECT_EQ(accepted.chain, "");
        EXPECT_EQ(accepted.trace.reason, BPFW_BY_FRAME_RULE);
        EXPECT_EQ(accepted.trace.decision, kAccept7);
        harness.answer_frames(kDrop7);
        EXPECT_TRUE(harness.run(entry, arp_frame()).dropped());
        harness.answer_frames(BPFW_CONTINUE);
        const Outcome asked = harness.run(entry, tcp_frame());
        EXPECT_TRUE(asked.dropped());
        EXPECT_EQ(asked.chain, "bpfw_ipv4_input");
        EXPECT_EQ(asked.trace.reason, BPFW_BY_RULE);
    }
}

TEST_F(FrameRules, count_the_frame_as_it_was_on_the_wire) {
    Harness harness = FrameRules::harness();
    harness.answer(kDrop7);  // Outcome::counter is of this slot
    harness.answer_frames(kDrop7);
    EXPECT_EQ(harness.run(Entry::Xdp, tcp_frame()).counter.bytes, tcp_frame().size());
    EXPECT_EQ(harness.run(Entry::Ingress, tcp_frame()).counter.packets, 1U);
    EXPECT_EQ(harness.run_tagged(tcp_frame(), {0x8100, 5}).counter.bytes, tcp_frame().size() + 4);
}

TEST_F(FrameRules, log_keeps_what_tcpdump_would_see) {
    Harness harness = FrameRules::harness();
    harness.answer(7U << BPFW_VERDICT_BITS | BPFW_ACCEPT);
    harness.answer_frames(BPFW_CONTINUE, 7);
    const Bytes tagged = frame(eth() / vlan({.id = 5}) / ip4() / tcp() / payload(300));
    Bytes untagged = tagged;
    untagged.erase(untagged.begin() + 12, untagged.begin() + 16);
    for (const std::size_t size :
         {std::size_t{34}, std::size_t{100}, std::size_t{239}, std::size_t{240}, std::size_t{256},
          std::size_t{257}, std::size_t{300}}) {
        Bytes whole(tagged.begin(), tagged.begin() + static_cast<std::ptrdiff_t>(size) + 4);
        Bytes cut(untagged.begin(), untagged.begin() + static_cast<std::ptrdiff_t>(size));
        const Bytes wanted(
            whole.begin(),
            whole.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(whole.size(), 256)));
        for (const Outcome& got :
             {harness.run(Entry::Xdp, whole), harness.run_tagged(cut, {0x8100, 5})}) {
            ASSERT_EQ(got.events.size(), 1U);
            EXPECT_EQ(got.events[0].slot, 7U);
            EXPECT_EQ(got.events[0].length, whole.size());
            EXPECT_EQ(got.events[0].ifindex, 1U);
            EXPECT_EQ(captured(got.events[0]), wanted);
            EXPECT_NE(got.events[0].time, 0U);
        }
    }
}

TEST_F(FrameRules, log_counts_and_decides_nothing) {
    Harness harness = FrameRules::harness();
    harness.answer_frames(kDrop7, 3);
    const Outcome got = harness.run(Entry::Xdp, arp_frame());
    EXPECT_TRUE(got.dropped());
    EXPECT_EQ(got.counter.packets, 1U);  // of slot 3, which Harness::answer() names
    EXPECT_EQ(got.counter.bytes, arp_frame().size());
    EXPECT_EQ(captured(got.events.at(0)), arp_frame());
}

}  // namespace
}  // namespace bpfw::test
