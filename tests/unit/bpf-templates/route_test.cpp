// SPDX-License-Identifier: GPL-2.0-or-later
// INPUT or FORWARD, against a routing table: frames come in on bpfw-rt-in (index 21).
#include <cstring>
#include <memory>
#include <string>

#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

constexpr Context kOutside = {.ifindex = 21};

class Route : public KernelTest {
protected:
    void SetUp() override {
        KernelTest::SetUp();
        if (IsSkipped()) return;
        build_network();
        harness_ = std::make_unique<Harness>(BPFW_NEEDS_INTERFACES);
        harness_->name_interface(20, "bpfw-rt-out");
        harness_->name_interface(21, "bpfw-rt-in");
    }
    static void build_network() {
        static bool built = false;
        if (built) return;
        built = true;
        ip("link add bpfw-rt-out index 20 type veth peer name bpfw-rt-in index 21");
        for (const char* end : {"bpfw-rt-out", "bpfw-rt-in"}) {
            ip(std::string("link set ") + end + " up");
        }
        ip("address add 10.9.0.1/24 dev bpfw-rt-out");
        ip("address add 10.7.0.1/24 dev bpfw-rt-in");
        ip("-6 address add 2001:db8:9::1/64 dev bpfw-rt-out nodad");
        ip("-6 address add 2001:db8:7::1/64 dev bpfw-rt-in nodad");
        ip("neighbour add 10.9.0.2 lladdr 02:00:00:00:00:09 dev bpfw-rt-out");
        ip("route add 10.8.0.0/16 via 10.9.0.2");
        ip("-6 route add 2001:db8:8::/48 via 2001:db8:9::2");
        for (const char* kind : {"blackhole", "unreachable", "prohibit"}) {
            static int subnet = 60;
            ip(std::string("route add ") + kind + " 10." + std::to_string(++subnet) + ".0.0/16");
        }
        ip("-6 route add blackhole 2001:db8:66::/48");
        forwarding(true);
    }
    static void forwarding(bool on) {
        write_sysctl("net/ipv4/ip_forward", on ? "1" : "0");
        write_sysctl("net/ipv6/conf/all/forwarding", on ? "1" : "0");
    }
    // "input", "forward" or "forward:DEVICE", the same at XDP and TC.
    std::string way(const Packet& packet, const Context& context = kOutside) {
        const Bytes bytes = frame(eth() / packet);
        const Outcome xdp = harness_->run(Entry::Xdp, bytes, context);
        const Outcome tc = harness_->run(Entry::Ingress, bytes, context);
        EXPECT_EQ(xdp.chain, tc.chain);
        EXPECT_EQ(std::memcmp(xdp.packet.out_name, tc.packet.out_name, 16), 0);
        EXPECT_EQ(std::memcmp(xdp.packet.in_name, tc.packet.in_name, 16), 0);
        const std::string out(reinterpret_cast<const char*>(xdp.packet.out_name));
        const bool forward = xdp.chain.find("forward") != std::string::npos;
        const bool input = xdp.chain.find("input") != std::string::npos;
        return (forward ? "forward"
                : input ? "input"
                        : "unjudged") +
               (out.empty() ? "" : ":" + out);
    }
    std::string way4(const std::string& to) {
        return way(ip4({.src = "10.7.0.5", .dst = to}) / udp());
    }
    std::string way6(const std::string& to) {
        return way(ip6({.src = "2001:db8:7::5", .dst = to}) / udp());
    }

    std::unique_ptr<Harness> harness_;
};

TEST_F(Route, Ipv4) {
    EXPECT_EQ(way4("10.9.0.2"), "forward:bpfw-rt-out");   // neighbour known
    EXPECT_EQ(way4("10.9.0.77"), "forward:bpfw-rt-out");  // neighbour unknown
    EXPECT_EQ(way4("10.8.1.1"), "forward:bpfw-rt-out");   // by a gateway
    for (const char* to : {"10.61.0.1", "10.62.0.1", "10.63.0.1"}) EXPECT_EQ(way4(to), "forward");
    // Own addresses, not in the hash; broadcast, multicast, nothing, and no route.
    for (const char* to : {"10.7.0.1", "10.9.0.1", "10.7.0.255", "10.9.0.255", "255.255.255.255",
                           "224.0.0.1", "239.1.2.3", "0.0.0.0", "203.0.113.1"}) {
        EXPECT_EQ(way4(to), "input") << to;
    }
}

TEST_F(Route, Ipv6) {
    EXPECT_EQ(way6("2001:db8:9::2"), "forward:bpfw-rt-out");
    EXPECT_EQ(way6("2001:db8:8::1"), "forward:bpfw-rt-out");
    EXPECT_EQ(way6("2001:db8:66::1"), "forward");
    for (const char* to : {"2001:db8:7::1", "2001:db8:9::1", "ff02::1", "ff0e::1", "fe80::1",
                           "febf::1", "::", "2001:db8:ffff::1"}) {
        EXPECT_EQ(way6(to), "input") << to;
    }
}

// The kernel routes :: as any other address: where there is a default route, it forwards it.
TEST_F(Route, TheUnspecifiedIpv6AddressIsForwarded) {
    ip("-6 route add default via 2001:db8:9::2");
    EXPECT_EQ(way6("::"), "forward:bpfw-rt-out");
    EXPECT_EQ(way6("fe80::1"), "input");
    forwarding(false);
    EXPECT_EQ(way6("::"), "input");
    forwarding(true);
    ip("-6 route del default");
}

TEST_F(Route, WithoutForwardingAllIsInput) {
    forwarding(false);
    EXPECT_EQ(way4("10.9.0.2"), "input");
    EXPECT_EQ(way6("2001:db8:9::2"), "input");
    forwarding(true);
}

TEST_F(Route, TheLoopbackNeverForwards) {
    EXPECT_EQ(way(ip4({.dst = "10.9.0.2"}) / udp(), {.ifindex = 1}), "input");
    EXPECT_EQ(way(ip6({.dst = "2001:db8:9::2"}) / udp(), {.ifindex = 1}), "input");
}

// An address that would be forwarded proves that the hash was asked first.
TEST_F(Route, Ipv4AddressesOfTheHashInEveryProbeSlot) {
    const std::uint32_t address = 0x0a080101;  // 10.8.1.1
    const std::uint32_t home = bpfw_hash4(address);
    for (std::uint32_t probe = 0; probe <= BPFW_LOCAL_PROBES; ++probe) {
        bpfw_local local{};
        for (std::uint32_t i = 0; i < probe; ++i) local.v4[(home + i) % BPFW_LOCAL4_SLOTS] = 1;
        local.v4[(home + probe) % BPFW_LOCAL4_SLOTS] = address;
        harness_->set_local(local);
        EXPECT_EQ(way4("10.8.1.1"), probe < BPFW_LOCAL_PROBES ? "input" : "forward:bpfw-rt-out");
    }
    bpfw_local gap{};
    gap.v4[(home + 1) % BPFW_LOCAL4_SLOTS] = address;  // behind an empty slot: not there
    harness_->set_local(gap);
    EXPECT_EQ(way4("10.8.1.1"), "forward:bpfw-rt-out");
}

TEST_F(Route, Ipv6AddressesOfTheHashInEveryProbeSlot) {
    const std::uint32_t a[4] = {0x20010db8, 0x00080000, 0, 1};  // 2001:db8:8::1
    const std::uint32_t home = bpfw_hash6(a[0], a[1], a[2], a[3]);
    for (std::uint32_t probe = 0; probe <= BPFW_LOCAL_PROBES; ++probe) {
        bpfw_local local{};
        for (std::uint32_t i = 0; i < probe; ++i) local.v6[(home + i) % BPFW_LOCAL6_SLOTS][3] = 1;
        std::memcpy(local.v6[(home + probe) % BPFW_LOCAL6_SLOTS], a, sizeof(a));
        harness_->set_local(local);
        EXPECT_EQ(way6("2001:db8:8::1"),
                  probe < BPFW_LOCAL_PROBES ? "input" : "forward:bpfw-rt-out");
    }
}

TEST_F(Route, ForwardSeesTheDecrementedTtl) {
    const auto run = [&](const Packet& packet) {
        return harness_->run(Entry::Xdp, frame(eth() / packet), kOutside);
    };
    const std::uint32_t exceeded = BPFW_TTL_EXCEEDED;
    EXPECT_EQ(run(ip4({.dst = "10.9.0.2", .ttl = 2}) / udp()).packet.hop_limit, 1);
    EXPECT_EQ(run(ip6({.dst = "2001:db8:9::2", .hop_limit = 255}) / udp()).packet.hop_limit, 254);
    for (const std::uint8_t ttl : {std::uint8_t{0}, std::uint8_t{1}}) {
        for (const Packet& packet : {ip4({.dst = "10.9.0.2", .ttl = ttl}) / udp(),
                                     ip6({.dst = "2001:db8:9::2", .hop_limit = ttl}) / udp()}) {
            const Outcome got = run(packet);
            EXPECT_EQ(got.chain, "");
            EXPECT_EQ(got.trace.reason, exceeded);
            EXPECT_TRUE(got.passed());
        }
    }
    EXPECT_EQ(run(ip4({.dst = "10.9.0.1", .ttl = 1}) / udp()).chain, "bpfw_ipv4_input");
}

TEST_F(Route, ForwardJudgesEveryFragment) {
    const auto run = [&](const Packet& packet) {
        return harness_->run(Entry::Xdp, frame(eth() / packet), kOutside);
    };
    const Outcome one = run(ip4({.dst = "10.9.0.2", .offset = 1}) / udp());
    EXPECT_EQ(one.chain, "bpfw_ipv4_forward_odd");
    EXPECT_EQ(one.packet.odd, BPFW_ODD_FRAGMENT | BPFW_ODD_FRAGMENT_ONE);
    EXPECT_EQ(one.packet.l4_dst, 17u << 16);
    const Outcome two = run(ip4({.dst = "10.9.0.2", .offset = 2}) / udp());
    EXPECT_EQ(two.packet.odd, BPFW_ODD_FRAGMENT);
    const Outcome six = run(ip6({.dst = "2001:db8:9::2"}) / frag6({.offset = 1}) / udp());
    EXPECT_EQ(six.chain, "bpfw_ipv6_forward_odd");
    EXPECT_EQ(six.packet.odd, BPFW_ODD_FRAGMENT);
}

}  // namespace
}  // namespace bpfw::test
