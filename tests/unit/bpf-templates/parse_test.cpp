// SPDX-License-Identifier: GPL-2.0-or-later
// Every field of struct bpfw_packet, every odd bit, every length of a packet.
#include <cstring>
#include <vector>

#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

constexpr std::uint32_t kMalformed = BPFW_MALFORMED;

class Parse : public KernelTest {
protected:
    static Harness& harness() {
        static Harness one(BPFW_NEEDS_TCP_OPTIONS | BPFW_NEEDS_MAC, BPFW_HOOK_INPUT);
        return one;
    }
    // Both ingress programs must see the same: the answer is XDP's.
    static Outcome ingress(const Bytes& bytes) {
        const Outcome xdp = harness().run(Entry::Xdp, bytes);
        const std::size_t least = bytes.size() > 13 && bytes[12] == 0x86 ? 54 : 34;
        if (bytes.size() < least) return xdp;  // BPF_PROG_TEST_RUN refuses them at TC
        const Outcome tc = harness().run(Entry::Ingress, bytes);
        EXPECT_EQ(tc.chain, xdp.chain);
        EXPECT_EQ(tc.action, xdp.action);
        EXPECT_EQ(tc.trace.reason, xdp.trace.reason);
        EXPECT_EQ(tc.trace.family, xdp.trace.family);
        EXPECT_EQ(std::memcmp(&tc.packet, &xdp.packet, sizeof(tc.packet)), 0);
        return xdp;
    }
    static Outcome ingress(const Packet& packet) { return ingress(frame(packet)); }
    static std::uint32_t odd(const Packet& packet) { return ingress(packet).packet.odd; }
};

TEST_F(Parse, Ipv4Fields) {
    const Outcome got =
        ingress(eth({.dst = "02:00:00:00:00:01", .src = "02:11:22:33:44:55"}) /
                ip4({.src = "10.1.2.3", .dst = "192.168.4.5", .tos = 0xb8, .ttl = 17}) /
                tcp({.sport = 1234, .dport = 443, .flags = kSyn | kEce}) / payload(7));
    EXPECT_EQ(got.chain, "bpfw_ipv4_input");
    EXPECT_EQ(got.packet.saddr[0], 0x0a010203u);
    EXPECT_EQ(got.packet.daddr[0], 0xc0a80405u);
    EXPECT_EQ(got.packet.l4_src, 6u << 16 | 1234);
    EXPECT_EQ(got.packet.l4_dst, 6u << 16 | 443);
    EXPECT_EQ(got.packet.length, 47u);
    EXPECT_EQ(got.packet.protocol, 6);
    EXPECT_EQ(got.packet.tcp_flags, kSyn | kEce);
    EXPECT_EQ(got.packet.hop_limit, 17);
    EXPECT_EQ(got.packet.tos, 0xb8);
    EXPECT_EQ(got.packet.odd, 0u);
    EXPECT_EQ(got.packet.hook, BPFW_HOOK_INPUT);
    EXPECT_EQ(got.packet.mac_high, 0x02112233u);
    EXPECT_EQ(got.packet.mac_low, 0x4455u);
    EXPECT_EQ(got.trace.family, 4u);
    EXPECT_EQ(got.counter.packets, 1u);
    EXPECT_EQ(got.counter.bytes, 47u);
    for (int i = 1; i < 4; ++i) EXPECT_EQ(got.packet.saddr[i] | got.packet.daddr[i], 0u);
    for (const std::uint32_t word : got.packet.tcp_options) EXPECT_EQ(word, 0u);
}

TEST_F(Parse, Ipv6Fields) {
    const Outcome got = ingress(eth() /
                                ip6({.src = "2001:db8:1:2:3:4:5:6",
                                     .dst = "fd00::abcd",
                                     .traffic_class = 0x5a,
                                     .flow = 0xfffff,
                                     .hop_limit = 3}) /
                                udp({.sport = 5353, .dport = 53}) / payload(4));
    EXPECT_EQ(got.chain, "bpfw_ipv6_input");
    const std::uint32_t source[4] = {0x20010db8, 0x00010002, 0x00030004, 0x00050006};
    const std::uint32_t destination[4] = {0xfd000000, 0, 0, 0xabcd};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(got.packet.saddr[i], source[i]);
        EXPECT_EQ(got.packet.daddr[i], destination[i]);
    }
    EXPECT_EQ(got.packet.l4_src, 17u << 16 | 5353);
    EXPECT_EQ(got.packet.l4_dst, 17u << 16 | 53);
    EXPECT_EQ(got.packet.length, 52u);
    EXPECT_EQ(got.packet.protocol, 17);
    EXPECT_EQ(got.packet.hop_limit, 3);
    EXPECT_EQ(got.packet.tos, 0x5a);
    EXPECT_EQ(got.packet.odd, 0u);
    EXPECT_EQ(got.trace.family, 6u);
}

TEST_F(Parse, IcmpTypesAndPortsOfOtherProtocols) {
    EXPECT_EQ(ingress(eth() / ip4() / icmp({.type = 3, .code = 4})).packet.l4_dst,
              1u << 16 | 3 << 8 | 4);
    EXPECT_EQ(ingress(eth() / ip4() / icmp({.type = 3, .code = 4})).packet.l4_src, 1u << 16);
    EXPECT_EQ(ingress(eth() / ip6() / icmp6({.type = 135, .code = 1})).packet.l4_dst,
              58u << 16 | 135 << 8 | 1);
    EXPECT_EQ(ingress(eth() / ip4() / sctp({.sport = 7, .dport = 8})).packet.l4_dst,
              132u << 16 | 8);
    EXPECT_EQ(ingress(eth() / ip4() / dccp({.sport = 7, .dport = 8})).packet.l4_src, 33u << 16 | 7);
    EXPECT_EQ(ingress(eth() / ip4() / udp({.dport = 9, .protocol = 136})).packet.l4_dst,
              136u << 16 | 9);
    // The other family's ICMP, and an unknown protocol: nothing to read, nothing missing.
    EXPECT_EQ(ingress(eth() / ip4({.protocol = 58})).packet.odd, 0u);
    EXPECT_EQ(ingress(eth() / ip6({.next = 1})).packet.odd, 0u);
    EXPECT_EQ(ingress(eth() / ip4({.protocol = 47})).packet.l4_dst, 47u << 16);
}

TEST_F(Parse, EveryHeaderLength) {
    for (unsigned ihl = 5; ihl <= 15; ++ihl) {
        const Outcome got = ingress(eth() / ip4({.options = Bytes((ihl - 5) * 4, 1)}) /
                                    tcp({.dport = static_cast<std::uint16_t>(1000 + ihl)}));
        EXPECT_EQ(got.packet.l4_dst, 6u << 16 | (1000 + ihl)) << ihl;
        EXPECT_EQ(got.packet.length, ihl * 4 + 20) << ihl;
        EXPECT_EQ(got.packet.odd, 0u) << ihl;
    }
}

TEST_F(Parse, RefusedHeadersAreDroppedUnjudged) {
    const Packet refused[] = {
        ip4({.version = 6}) / tcp(),
        ip4({.version = 0}) / tcp(),
        ip4({.ihl = 4}) / tcp(),
        ip4({.ihl = 0}) / tcp(),
        ip4({.ihl = 11}) / tcp(),
        ip4({.tot_len = 41}) / tcp(),
        ip4({.tot_len = 19}) / tcp(),
        ip4({.tot_len = 0}) / tcp(),
        ip6({.version = 4, .payload_len = 20}) / tcp(),
        ip6({.payload_len = 21}) / tcp(),
        ip6({.src = "ff02::1"}) / tcp(),
        ip6({.dst = "ff00::1"}) / tcp(),
        ip6({.dst = "ff01::1"}) / tcp(),
        ip6({.dst = "::1"}) / tcp(),
        ip6({.src = "::1"}) / tcp(),
        ip6({.next = 0}) / raw({6, 0, 0, 0}),
        ip6() / ext6({.length = 1}),
    };
    for (const Packet& packet : refused) {
        const Outcome got = ingress(eth() / packet);
        EXPECT_EQ(got.chain, "");
        EXPECT_TRUE(got.dropped());
        EXPECT_EQ(got.trace.reason, kMalformed);
        EXPECT_EQ(got.counter.packets, 0u);
    }
}

TEST_F(Parse, EveryTruncationOfAFrameIsDropped) {
    const Packet whole[] = {
        eth() / ip4({.options = {1, 1, 1, 0}}) / tcp({.options = {2, 4, 5, 0xb4}}) / payload(5),
        eth() / vlan() / vlan() / ip4() / udp() / payload(3),
        eth() / ip6() / ext6() / frag6() / auth() / icmp6() / payload(3),
        eth() / vlan({.tpid = 0x88a8}) / ip6() / tcp(),
    };
    for (const Packet& packet : whole) {
        const Bytes bytes = frame(packet);
        ASSERT_TRUE(ingress(bytes).passed());
        for (std::size_t size = 14; size < bytes.size(); ++size) {
            const Outcome got = ingress(truncated(bytes, size));
            EXPECT_TRUE(got.dropped()) << size;
            EXPECT_EQ(got.chain, "") << size;
            EXPECT_EQ(got.trace.reason, kMalformed) << size;
        }
    }
}

// The IP header says how short the packet is: it goes to the rules, as an odd one.
TEST_F(Parse, EveryLengthOfAShortPacket) {
    struct Case {
        std::uint8_t protocol;
        std::size_t ports;   // bytes that the ports need, 0: has none
        std::size_t header;  // bytes that the matches need
        Packet layer;
    };
    const Case cases[] = {
        {6, 4, 20, tcp()},   {17, 4, 8, udp()},       {136, 4, 8, udp({.protocol = 136})},
        {132, 4, 0, sctp()}, {33, 4, 0, dccp()},      {1, 0, 8, icmp()},
        {58, 0, 8, icmp6()}, {47, 0, 0, payload(20)},
    };
    for (const Case& one : cases) {
        const Bytes l4 = frame(one.layer);
        for (std::size_t size = 0; size < l4.size(); ++size) {
            const std::uint32_t missing = (size < one.ports ? BPFW_ODD_NO_PORTS : 0) |
                                          (size < one.header ? BPFW_ODD_NO_L4 : 0);
            const Packet cut = raw(truncated(l4, size));
            if (one.protocol != 58) {
                EXPECT_EQ(odd(eth() / ip4({.protocol = one.protocol}) / cut), missing)
                    << int{one.protocol} << " " << size;
            }
            if (one.protocol != 1) {
                EXPECT_EQ(odd(eth() / ip6({.next = one.protocol}) / cut), missing)
                    << int{one.protocol} << " " << size;
            }
        }
    }
}

TEST_F(Parse, PaddingIsNotPayload) {
    const Bytes padding(30, 0x41);
    EXPECT_EQ(odd(eth() / ip4({.protocol = 6, .tot_len = 23}) / raw(padding)),
              BPFW_ODD_NO_PORTS | BPFW_ODD_NO_L4);
    EXPECT_EQ(odd(eth() / ip6({.next = 17, .payload_len = 7}) / raw(padding)), BPFW_ODD_NO_L4);
    const Outcome got = ingress(eth() / ip4({.tot_len = 28}) / udp() / raw(padding));
    EXPECT_EQ(got.packet.length, 28u);
    EXPECT_EQ(got.packet.odd, 0u);
}

TEST_F(Parse, TcpHeaderLength) {
    EXPECT_EQ(odd(eth() / ip4() / tcp({.doff = 4})), BPFW_ODD_TCP_DOFF);
    EXPECT_EQ(odd(eth() / ip4() / tcp({.doff = 0})), BPFW_ODD_TCP_DOFF);
    EXPECT_EQ(odd(eth() / ip4() / tcp({.doff = 6})), BPFW_ODD_TCP_DOFF);
    EXPECT_EQ(odd(eth() / ip4() / tcp({.doff = 6}) / payload(3)), BPFW_ODD_TCP_DOFF);
    EXPECT_EQ(odd(eth() / ip4() / tcp({.doff = 6}) / payload(4)), 0u);
    EXPECT_EQ(ingress(eth() / ip4() / tcp({.dport = 9, .doff = 6})).packet.l4_dst, 6u << 16 | 9);
}

// The kernel's steps, one by one (tcp_find_option() of net/netfilter/xt_tcpudp.c).
std::vector<unsigned> kernel_options(const Bytes& options) {
    std::vector<unsigned> kinds;
    for (std::size_t i = 0; i < options.size();) {
        kinds.push_back(options[i]);
        if (options[i] < 2) {
            ++i;
        } else {
            i += i + 1 < options.size() && options[i + 1] != 0 ? options[i + 1] : 1;
        }
    }
    return kinds;
}

TEST_F(Parse, TcpOptionsAsTheKernelStepsOverThem) {
    const Bytes cases[] = {
        {2, 4, 5, 0xb4},  {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
        {0, 2, 4, 5},      // does not stop at the end of the options
        {3, 0, 3, 0},      // a length of 0 steps by 1
        {254, 1, 255, 1},  // and so does 1
        {5, 200, 2, 4},    // leaves the header
        {1, 1, 1, 30},     // a kind without its length
        Bytes(40, 1),      // 40 steps
        Bytes(40, 2),     {34, 2, 66, 2, 98, 2, 130, 2, 162, 2, 194, 2},
    };
    for (const Bytes& options : cases) {
        std::uint32_t expected[8] = {};
        for (const unsigned kind : kernel_options(options)) expected[kind / 32] |= 1u << kind % 32;
        const Outcome v4 = ingress(eth() / ip4() / tcp({.options = options}) / payload(2));
        const Outcome v6 = ingress(eth() / ip6() / ext6() / tcp({.options = options}));
        for (int i = 0; i < 8; ++i) {
            EXPECT_EQ(v4.packet.tcp_options[i], expected[i]) << int{options[0]} << " word " << i;
            EXPECT_EQ(v6.packet.tcp_options[i], expected[i]) << int{options[0]} << " word " << i;
        }
    }
}

TEST_F(Parse, Ipv4Fragments) {
    EXPECT_EQ(odd(eth() / ip4({.mf = true}) / tcp()), 0u);
    // To this host: reassembled before INPUT, so only the first one is judged.
    for (const std::uint16_t offset : std::vector<std::uint16_t>{1, 2, 8191}) {
        const Outcome got = ingress(eth() / ip4({.offset = offset}) / tcp());
        EXPECT_EQ(got.chain, "");
        EXPECT_TRUE(got.passed());
        EXPECT_EQ(got.trace.reason, static_cast<std::uint32_t>(BPFW_LATER_FRAGMENT));
    }
}

TEST_F(Parse, Ipv6ExtensionHeaders) {
    const Outcome chain = ingress(eth() / ip6() / ext6({.kind = 0}) / ext6({.kind = 60}) /
                                  ext6({.kind = 43, .data = Bytes(22)}) / frag6({.more = true}) /
                                  auth() / tcp({.dport = 99}));
    EXPECT_EQ(chain.packet.l4_dst, 6u << 16 | 99);
    EXPECT_EQ(chain.packet.odd, 0u);
    EXPECT_EQ(chain.packet.protocol, 6);

    EXPECT_EQ(ingress(eth() / ip6() / ext6()).packet.protocol, 59);  // no next header
    EXPECT_EQ(ingress(eth() / ip6() / ext6({.next = 50}) / payload(8)).packet.protocol, 50);
    // The longest header, and one that leads out of the packet: TCP, but nothing of it.
    EXPECT_EQ(odd(eth() / ip6() / ext6({.kind = 60, .data = Bytes(2046)}) / udp()), 0u);
    EXPECT_EQ(odd(eth() / ip6() / ext6({.kind = 60, .next = 6, .length = 9})),
              BPFW_ODD_NO_PORTS | BPFW_ODD_NO_L4);
}

TEST_F(Parse, Ipv6FindHdrFails) {
    const Packet lost[] = {
        ip6({.next = 60}) / raw({}),
        ip6({.next = 60}) / raw({6}),
        ip6({.next = 43}) / raw({6, 0, 0}),
        ip6({.next = 44}) / raw({6, 0, 0}),
        ip6() / frag6({.offset = 1, .next = 60}) / payload(8),
    };
    for (const Packet& packet : lost) {
        EXPECT_TRUE(odd(eth() / packet) & BPFW_ODD_NO_PROTOCOL);
        EXPECT_EQ(ingress(eth() / packet).chain, "bpfw_ipv6_input_odd");
    }
    // Two bytes of a destination header are enough to step over it; four of a routing header.
    EXPECT_EQ(odd(eth() / ip6({.next = 60}) / raw({6, 0})), BPFW_ODD_NO_PORTS | BPFW_ODD_NO_L4);
    EXPECT_EQ(odd(eth() / ip6({.next = 43}) / raw({17, 0, 0, 0})),
              BPFW_ODD_NO_PORTS | BPFW_ODD_NO_L4);
}

TEST_F(Parse, Ipv6ExtensionHeadersAreBounded) {
    Packet many = eth() / ip6();
    for (int i = 0; i < 32; ++i) many = many / ext6({.kind = 60});
    EXPECT_EQ(odd(many / tcp()), 0u);
    EXPECT_EQ(odd(many / ext6({.kind = 60}) / tcp()), BPFW_ODD_NO_PROTOCOL);
}

TEST_F(Parse, Ipv6LaterFragmentsAreJudgedAtInput) {
    const Outcome got = ingress(eth() / ip6() / frag6({.offset = 1}) / tcp());
    EXPECT_EQ(got.chain, "bpfw_ipv6_input_odd");
    EXPECT_EQ(got.packet.odd, BPFW_ODD_FRAGMENT);
    EXPECT_EQ(got.packet.protocol, 6);
    EXPECT_EQ(got.packet.l4_dst, 6u << 16);
    EXPECT_EQ(ingress(eth() / ip6() / frag6({.offset = 3, .next = 59})).packet.protocol, 59);
}

TEST_F(Parse, JumbogramHasTheLengthOfTheFrame) {
    const Outcome got = ingress(eth() / ip6({.payload_len = 0}) /
                                ext6({.data = {0xc2, 4, 0, 1, 0, 0}}) / udp() / payload(10));
    EXPECT_EQ(got.packet.length, 40u + 8 + 8 + 10);
    EXPECT_EQ(got.packet.odd, 0u);
}

TEST_F(Parse, BigTcpHasTheLengthOfTheSkb) {
    const Bytes four = frame(eth() / ip4({.tot_len = 0}) / tcp() / payload(100));
    const Bytes six = frame(eth() / ip6({.payload_len = 0}) / tcp() / payload(100));
    for (const Entry entry : {Entry::Ingress, Entry::Egress}) {
        EXPECT_EQ(harness().run(entry, four, {.gso_size = 50}).packet.length, 140u);
        EXPECT_EQ(harness().run(entry, six, {.gso_size = 50}).packet.length, 160u);
        EXPECT_TRUE(harness().run(entry, four).dropped());
    }
    EXPECT_EQ(ingress(six).packet.length, 40u);  // a header and nothing behind it
    EXPECT_EQ(ingress(six).packet.odd, BPFW_ODD_NO_PORTS | BPFW_ODD_NO_L4);
}

TEST_F(Parse, VerdictsAndCounters) {
    const Bytes bytes = frame(eth() / ip4() / udp());
    harness().answer(5u << BPFW_VERDICT_BITS | BPFW_DROP);
    EXPECT_TRUE(ingress(bytes).dropped());
    EXPECT_EQ(ingress(bytes).counter.packets, 1u);
    EXPECT_EQ(ingress(bytes).counter.bytes, 28u);
    EXPECT_EQ(ingress(bytes).trace.decision, 5u << BPFW_VERDICT_BITS | BPFW_DROP);
    for (const std::uint32_t verdict : {BPFW_HOTDROP, BPFW_CONTINUE}) {
        harness().answer(1u << BPFW_VERDICT_BITS | verdict);  // as a reason it would pass
        EXPECT_TRUE(ingress(bytes).dropped());
        EXPECT_EQ(ingress(bytes).counter.packets, 0u);
    }
    harness().answer(3u << BPFW_VERDICT_BITS | BPFW_ACCEPT);
    EXPECT_TRUE(ingress(bytes).passed());
}

}  // namespace
}  // namespace bpfw::test
