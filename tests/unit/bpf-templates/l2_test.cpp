// SPDX-License-Identifier: GPL-2.0-or-later
// Ethernet, VLAN tags in the frame and in the skb, devices without Ethernet, and what the
// egress program leaves alone.
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <string>

#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

constexpr std::uint32_t kNotIp = BPFW_NOT_IP;
constexpr std::uint32_t kMalformed = BPFW_MALFORMED;
constexpr std::uint32_t kNotOurs = BPFW_NOT_OURS;

std::string name_of(const std::uint32_t words[4]) {
    return std::string(reinterpret_cast<const char*>(words));
}

// Frames come in on the namespace's loopback (index 1), which the test calls eth0.
class L2 : public KernelTest {
protected:
    static Harness& harness() {
        static Harness one(BPFW_NEEDS_INTERFACES);
        static const bool named = [] {
            one.name_interface(1, "eth0");
            one.name_interface(7, "eth0.5");
            one.name_interface(8, "eth0.5.9");
            one.add_vlan(1, 5, 7);
            one.add_vlan(7, 9, 8);
            one.add_vlan(1, 5, 9, 0x88a8);
            one.name_interface(9, "service");
            return true;
        }();
        EXPECT_TRUE(named);
        return one;
    }
    // XDP, TC with the tags in the frame, TC with the outermost one in the skb: all the same.
    static Outcome tagged(Tag outer, const Packet& behind) {
        const VlanFields tag = {.id = static_cast<std::uint16_t>(outer.tci & 0xfff),
                                .priority = static_cast<std::uint8_t>(outer.tci >> 13),
                                .tpid = outer.protocol};
        const Bytes whole = frame(eth() / vlan(tag) / behind);
        const Outcome xdp = harness().run(Entry::Xdp, whole);
        const Outcome inside = harness().run(Entry::Ingress, whole);
        const Outcome outside = harness().run_tagged(frame(eth() / behind), outer);
        for (const Outcome& other : {inside, outside}) {
            EXPECT_EQ(other.chain, xdp.chain);
            EXPECT_EQ(other.action, xdp.action);
            EXPECT_EQ(other.trace.reason, xdp.trace.reason);
            EXPECT_EQ(other.packet.l4_dst, xdp.packet.l4_dst);
            EXPECT_EQ(other.packet.length, xdp.packet.length);
            EXPECT_EQ(name_of(other.packet.in_name), name_of(xdp.packet.in_name));
        }
        return xdp;
    }
};

TEST_F(L2, FramesThatAreNotIpPassUntouched) {
    harness().answer(BPFW_DROP);
    for (const int type : {ETH_P_ARP, ETH_P_LLDP, ETH_P_PPP_SES, 0x0100, 0x88b5}) {
        const Bytes bytes = frame(eth({.type = static_cast<std::uint16_t>(type)}) / payload(40));
        for (const Entry entry : {Entry::Xdp, Entry::Ingress, Entry::Egress}) {
            const Outcome got = harness().run(entry, bytes);
            EXPECT_TRUE(got.passed()) << type;
            EXPECT_EQ(got.trace.reason, kNotIp) << type;
            EXPECT_EQ(got.trace.family, 0u);
        }
    }
    EXPECT_EQ(tagged({.tci = 5}, vlan({.id = 9, .type = ETH_P_ARP}) / payload(40)).trace.reason,
              kNotIp);
    harness().answer(BPFW_ACCEPT);
}

TEST_F(L2, UpToFourTagsAreLookedThrough) {
    Packet behind = ip4() / tcp({.dport = 77});
    for (int tags = 1; tags <= 4; ++tags) {
        const Outcome got = tagged({.tci = 100}, behind);
        EXPECT_EQ(got.chain, "bpfw_ipv4_input") << tags;
        EXPECT_EQ(got.packet.l4_dst, 6u << 16 | 77) << tags;
        behind = vlan({.id = 101}) / behind;
    }
    const Outcome five = tagged({.tci = 100}, behind);
    EXPECT_TRUE(five.dropped());
    EXPECT_EQ(five.trace.reason, kMalformed);
}

TEST_F(L2, TheVlanDeviceIsTheInputDevice) {
    const Packet ip = ip6() / udp({.dport = 1});
    EXPECT_EQ(name_of(tagged({.tci = 5}, ip).packet.in_name), "eth0.5");
    EXPECT_EQ(name_of(tagged({.tci = 3 << 13 | 5}, ip).packet.in_name), "eth0.5");
    EXPECT_EQ(name_of(tagged({.protocol = 0x88a8, .tci = 5}, ip).packet.in_name), "service");
    EXPECT_EQ(name_of(tagged({.tci = 6}, ip).packet.in_name), "eth0");
    EXPECT_EQ(name_of(tagged({.tci = 5}, vlan({.id = 9}) / ip).packet.in_name), "eth0.5.9");
    // VLAN 0 is a priority only; behind a tag of no device no device is found any more.
    EXPECT_EQ(name_of(tagged({.tci = 0}, vlan({.id = 5}) / ip).packet.in_name), "eth0.5");
    EXPECT_EQ(name_of(tagged({.tci = 6}, vlan({.id = 5}) / ip).packet.in_name), "eth0");
}

TEST_F(L2, UnknownInterfacesHaveNoName) {
    ip("link add bpfw-templ0 index 100 type veth peer name bpfw-templ0p");
    const Outcome got =
        harness().run(Entry::Ingress, frame(eth() / ip4() / tcp()), {.ifindex = 100});
    EXPECT_EQ(got.chain, "bpfw_ipv4_input");
    EXPECT_EQ(name_of(got.packet.in_name), "");
}

TEST_F(L2, PacketType) {
    ip("link add bpfw-templ2 index 102 type veth peer name bpfw-templ2p");
    const auto type = [](const std::string& mac) {
        const Bytes bytes = frame(eth({.dst = mac}) / ip4());
        const int xdp = harness().run(Entry::Xdp, bytes).packet.packet_type;
        EXPECT_EQ(harness().run(Entry::Ingress, bytes, {.ifindex = 102}).packet.packet_type, xdp);
        EXPECT_EQ(harness().run(Entry::Egress, bytes).packet.packet_type, PACKET_HOST);
        return xdp;
    };
    EXPECT_EQ(type("02:00:00:00:00:01"), PACKET_HOST);
    EXPECT_EQ(type("ff:ff:ff:ff:ff:ff"), PACKET_BROADCAST);
    EXPECT_EQ(type("01:00:5e:00:00:01"), PACKET_MULTICAST);
    EXPECT_EQ(type("ff:ff:ff:ff:ff:fe"), PACKET_MULTICAST);
}

TEST_F(L2, MacOnlyOnEthernetDevices) {
    Harness with_mac(BPFW_NEEDS_MAC);
    ip("link add bpfw-templ1 index 101 type veth peer name bpfw-templ1p");
    const Bytes bytes = frame(eth({.src = "0a:0b:0c:0d:0e:0f"}) / ip4({.mf = true}));
    for (const Entry entry : {Entry::Xdp, Entry::Ingress}) {
        const Outcome loopback = with_mac.run(entry, bytes);
        EXPECT_EQ(loopback.packet.odd, BPFW_ODD_NO_MAC);
        EXPECT_EQ(loopback.chain, "bpfw_ipv4_input_odd");
    }
    const Outcome veth = with_mac.run(Entry::Ingress, bytes, {.ifindex = 101});
    EXPECT_EQ(veth.packet.odd, 0u);
    EXPECT_EQ(veth.packet.mac_high, 0x0a0b0c0du);
    EXPECT_EQ(veth.packet.mac_low, 0x0e0fu);
}

// The source 8.0.69.1 reads like the EtherType of IPv4 and the begin of an IPv4 header, were
// the frame taken for an Ethernet one.
TEST_F(L2, DevicesWithoutEthernet) {
    Harness raw_ip(BPFW_NEEDS_RAW_IP | BPFW_NEEDS_MAC);
    const Bytes bytes =
        frame(ip4({.src = "8.0.69.1", .dst = "10.0.0.9"}) / tcp({.dport = 4242}) / payload(20));
    EXPECT_NE(raw_ip.run(Entry::Xdp, bytes).packet.l4_dst, 6u << 16 | 4242);
    raw_ip.name_interface(1, "tun0", BPFW_IF_RAW_IP);
    for (const Entry entry : {Entry::Xdp, Entry::Ingress, Entry::Egress}) {
        const Outcome got = raw_ip.run(entry, bytes);
        EXPECT_EQ(got.packet.saddr[0], 0x08004501u);
        EXPECT_EQ(got.packet.l4_dst, 6u << 16 | 4242);
        EXPECT_EQ(got.packet.odd, BPFW_ODD_NO_MAC);
    }
    const Outcome six = raw_ip.run(Entry::Xdp, frame(ip6() / udp({.dport = 6})));
    EXPECT_EQ(six.packet.l4_dst, 17u << 16 | 6);
}

TEST_F(L2, EgressJudgesWhatThisHostMade) {
    const Bytes bytes = frame(eth() / ip4() / udp());
    const Outcome ours = harness().run(Entry::Egress, bytes);
    EXPECT_EQ(ours.chain, "bpfw_ipv4_output");
    EXPECT_EQ(name_of(ours.packet.out_name), "eth0");
    EXPECT_EQ(name_of(ours.packet.in_name), "");
    EXPECT_EQ(ours.packet.hook, BPFW_HOOK_OUTPUT);
    EXPECT_EQ(harness().run(Entry::Egress, frame(eth() / ip6() / tcp())).chain, "bpfw_ipv6_output");

    const Outcome forwarded = harness().run(Entry::Egress, bytes, {.ingress_ifindex = 1});
    EXPECT_EQ(forwarded.chain, "");
    EXPECT_EQ(forwarded.trace.reason, kNotOurs);
    EXPECT_TRUE(forwarded.passed());
}

TEST_F(L2, EgressOfAVlanDeviceIsJudgedThere) {
    const Outcome tagged = harness().run(Entry::Egress, frame(eth() / vlan({.id = 5}) / ip4()));
    EXPECT_EQ(tagged.chain, "");
    EXPECT_EQ(tagged.trace.reason, kNotOurs);
    const Outcome stranger = harness().run(Entry::Egress, frame(eth() / vlan({.id = 6}) / ip4()));
    EXPECT_EQ(stranger.chain, "bpfw_ipv4_output");
}

TEST_F(L2, EgressFragmentsFollowTheFirst) {
    const auto reason = [](const Packet& packet) {
        return harness().run(Entry::Egress, frame(eth() / packet)).trace.reason;
    };
    const std::uint32_t later = BPFW_LATER_FRAGMENT;
    EXPECT_EQ(reason(ip4({.mf = true}) / udp()), 0u);
    EXPECT_EQ(reason(ip4({.offset = 1}) / udp()), later);
    EXPECT_EQ(reason(ip6() / frag6({.more = true}) / udp()), 0u);
    EXPECT_EQ(reason(ip6() / frag6({.offset = 1}) / udp()), later);
    EXPECT_EQ(reason(ip6() / frag6({.offset = 1, .next = 60}) / payload(8)), later);
}

TEST_F(L2, ForcedHookTakesItsNamesFromTheirSlots) {
    for (const std::uint32_t hook : {BPFW_HOOK_INPUT, BPFW_HOOK_FORWARD, BPFW_HOOK_OUTPUT}) {
        Harness forced(BPFW_NEEDS_INTERFACES, hook);
        forced.name_interface(1, "in0");
        forced.name_interface(2, "out0");
        const Entry entry = hook == BPFW_HOOK_OUTPUT ? Entry::Egress : Entry::Xdp;
        const Outcome got = forced.run(entry, frame(eth() / ip4({.ttl = 9}) / tcp()));
        EXPECT_EQ(name_of(got.packet.in_name), "in0");
        EXPECT_EQ(name_of(got.packet.out_name), "out0");
        EXPECT_EQ(got.packet.hook, hook);
        EXPECT_EQ(got.packet.hop_limit, hook == BPFW_HOOK_FORWARD ? 8 : 9);
    }
}

}  // namespace
}  // namespace bpfw::test
