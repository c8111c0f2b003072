// SPDX-License-Identifier: GPL-2.0-or-later
// IP protocols, protochain, ports, arithmetic, lengths, and how the words join.
#include "tests/unit/compiler/filter/filter_case.hpp"

namespace bpfw::test::filter {
namespace {

Packet fragment(std::uint16_t offset, const Packet& behind) {
    return eth() / ip4({.offset = offset, .protocol = 6}) / behind;
}

const FilterCase kProtocols[] = {
    {"tcp", eth() / ip4() / tcp(), 24},
    {"tcp", eth() / ip6() / tcp(), 21},
    {"tcp", eth() / ip6() / frag6() / tcp(), 55},
    {"tcp", eth() / ip6() / ext6() / tcp(), kNever},
    {"udp", eth() / ip4() / tcp(), kNever},
    {"sctp", eth() / ip4() / sctp(), 24},
    {"pim", eth() / ip6({.next = 103}), 21},
    {"ah", eth() / ip4() / auth() / tcp(), 24},
    {"esp", eth() / ip4({.protocol = 50}), 24},
    {"icmp", eth() / ip4() / icmp(), 24},
    {"icmp", eth() / ip6({.next = 1}), kNever},
    {"igmp", eth() / ip4({.protocol = 2}), 24},
    {"igrp", eth() / ip4({.protocol = 9}), 24},
    {"vrrp", eth() / ip4({.protocol = 112}), 24},
    {"carp", eth() / ip4({.protocol = 112}), 24},
    {"icmp6", eth() / ip6() / icmp6(), 21},
    {"icmp6", eth() / ip6() / frag6() / icmp6(), 55},
    {"icmp6", eth() / ip4({.protocol = 58}), kNever},
    {"ip proto 89", eth() / ip4({.protocol = 89}), 24},
    {"ip6 proto 89", eth() / ip6({.next = 89}), 21},
    {"ip6 proto 44", eth() / ip6() / frag6() / tcp(), 21},
    {"proto 89", eth() / ip4({.protocol = 89}), 24},
    {"proto 300", eth() / ip4({.protocol = 44}), kNever},
    {"not ip proto 300", eth() / ip4(), 24},
    {"tcp or udp", eth() / ip6() / udp(), 21},
    {"tcp or udp or esp", eth() / ip6() / frag6() / udp(), 55},
    {"proto 6 or 44", eth() / ip6() / frag6() / udp(), 55},
    {"proto 44 or 6", eth() / ip6() / frag6() / udp(), 21},
};

const FilterCase kChains[] = {
    {"protochain 6", eth() / ip4() / tcp(), 24},
    {"protochain 6", eth() / ip4() / auth() / tcp(), 36},
    {"protochain 6", eth() / ip4() / auth() / auth() / tcp(), 52},
    {"ip protochain 6", eth() / ip6() / tcp(), kNever},
    {"ip6 protochain 17", eth() / ip6() / ext6() / frag6() / ext6({.kind = 43}) / udp(), 72},
    {"ip6 protochain 17", eth() / ip6() / ext6() / frag6() / ext6({.kind = 43}) / tcp(), kNever},
    {"ip6 protochain 43", eth() / ip6() / ext6() / frag6() / ext6({.kind = 43}) / tcp(), 64},
    {"not protochain 300", eth() / ip4() / auth() / tcp(), 36},
    {"vlan and protochain 6", eth() / vlan() / ip4() / auth() / tcp(), 40},
};

const FilterCase kPorts[] = {
    {"port 80", eth() / ip4() / tcp({.dport = 80}), 38},
    {"port 80", eth() / ip4() / udp({.sport = 80}), 36},
    {"port 80", eth() / ip4({.options = Bytes(8)}) / tcp({.dport = 80}), 46},
    {"port 80", eth() / ip6() / sctp({.dport = 80}), 58},
    {"port 80", eth() / ip6() / frag6() / tcp({.dport = 80}), kNever},
    {"port 80", fragment(1, tcp({.dport = 80})), kNever},
    {"port 80", fragment(0, tcp({.dport = 80})), 38},
    {"port 80", eth() / ip4() / dccp({.dport = 80}), kNever},
    {"tcp port 80", eth() / ip4() / udp({.dport = 80}), kNever},
    {"udp port 80", eth() / ip4() / udp({.dport = 80}), 38},
    {"sctp port 80", eth() / ip4() / sctp({.dport = 80}), 38},
    {"src port 80", eth() / ip4() / tcp({.sport = 80}), 36},
    {"dst port 80", eth() / ip4() / tcp({.sport = 80, .dport = 81}), kNever},
    {"src and dst port 80", eth() / ip4() / tcp({.sport = 80, .dport = 80}), 38},
    {"portrange 80-90", eth() / ip4() / tcp({.dport = 90}), 38},
    {"portrange 80-90", eth() / ip4() / tcp({.dport = 91}), kNever},
    {"dst portrange 80-90", eth() / ip6() / tcp({.dport = 80}), 58},
    {"not port 80", eth() / ip4() / tcp({.dport = 81}), 38},
    {"port 80 or 443 or 8080", eth() / ip4() / tcp({.dport = 8080}), 38},
    {"port 80 or 443 or 8080", eth() / ip4() / tcp({.sport = 80}), 36},
    {"port 80 or 443 or 8080", eth() / ip4() / tcp({.sport = 443}), 38},
    {"dst port 80 or dst portrange 443-445", eth() / ip6() / udp({.dport = 444}), 58},
    {"not port 80 and not port 81", eth() / ip4() / tcp({.dport = 82}), 38},
};

const FilterCase kArithmetic[] = {
    {"ip[0] & 0xf = 5", eth() / ip4() / tcp(), 15},
    {"ip[0] & 0xf != 5", eth() / ip4({.options = Bytes(4)}) / tcp(), 15},
    {"ip[2:2] > 30", eth() / ip4() / tcp(), 18},
    {"ip6[6] = 6", eth() / ip6() / tcp(), 21},
    {"tcp[13] & 2 != 0", eth() / ip4() / tcp({.flags = kSyn}), 48},
    {"tcp[13] & 2 != 0", eth() / ip4({.options = Bytes(4)}) / tcp({.flags = kSyn}), 52},
    {"tcp[13] & 2 != 0", eth() / ip6() / tcp({.flags = kSyn}), kNever},
    {"tcp[0] >= 0", fragment(1, tcp()), kNever},
    {"icmp[0] = 8", eth() / ip4() / icmp(), 35},
    {"icmp6[0] = 128", eth() / ip6() / icmp6(), 55},
    {"icmp6[0] = 128", eth() / ip6() / frag6() / icmp6(), kNever},
    {"udp[4:2] = 8", eth() / ip4() / udp(), 40},
    {"arp[6:2] = 1", eth({.type = 0x0806}) / arp({}), 22},
    {"tcp[tcp[12] >> 2] = 0", eth() / ip4() / tcp() / payload(1), 55},
    {"tcp[0 - 1] = 1", eth() / ip4({.dst = "192.0.2.1"}) / tcp(), 34},
    {"ether[0 - 1] = 0", eth() / ip4() / tcp(), kNever},
    {"ether[len - 1] = 3", eth({.type = 0x1234}) / payload(4), 18},
    {"not ether[60] = 0", eth({.type = 0x1234}) / payload(48), 61},
    {"ether[60] = 1 or len > 0", eth({.type = 0x1234}) / payload(8), kNever},
    {"len > 0 or ether[60] = 1", eth({.type = 0x1234}) / payload(8), 0},
    {"ether[60] & 0 = 0", eth({.type = 0x1234}) / payload(48), 61},
    {"ether[0] / ether[14] = 0", eth({.type = 0x1234}) / payload(4), kNever},
    {"not ether[0] / ether[14] = 0", eth({.type = 0x1234}) / payload(4), kNever},
    {"ether[0] % ether[15] = 0", eth({.type = 0x1234}) / payload(4), 16},
    {"1 << (ether[15] * 32) = 0", eth({.type = 0x1234}) / payload(4), 16},
    {"ether[0] - 3 > 0xffff", eth({.type = 0x1234}) / payload(4), 1},
    {"-ether[0] = 0xfffffffe", eth({.type = 0x1234}) / payload(4), 1},
    {"ether[0] < 3", eth({.type = 0x1234}) / payload(4), 1},
    {"ether[0] <= 1", eth({.type = 0x1234}) / payload(4), kNever},
    // The guards of both sides come first; of a sum only the left one's.
    {"ether[0] = tcp[0] or len > 0", eth() / ip4() / udp(), 24},
    {"ether[0] + tcp[3] = 10", eth() / ip4() / udp({.dport = 8}), 38},
    {"tcp[3] + ether[0] = 10", eth() / ip4() / udp({.dport = 8}), kNever},
    {"1 = 1", eth() / ip4(), 0},
    {"1 = 2", eth() / ip4(), kNever},
};

const FilterCase kOthers[] = {
    {"", eth() / ip4(), 0},
    {"less 34", eth() / ip4(), 0},
    {"less 33", eth() / ip4(), kNever},
    {"greater 34", eth() / ip4(), 0},
    {"greater 35", eth() / ip4(), kNever},
    {"len = 34", eth() / ip4(), 0},
    {"byte 0 = 2", eth() / ip4(), 1},
    {"byte 0 < 3", eth() / ip4(), 1},
    {"byte 0 > 2", eth() / ip4(), kNever},
    {"byte 0 & 3", eth() / ip4(), 1},
    {"byte 0 & 1", eth() / ip4(), kNever},
    {"byte 1 | 0", eth() / ip4(), kNever},
    {"byte 1 | 4", eth() / ip4(), 2},
    {"inbound", eth() / ip4(), 0},
    {"outbound", eth() / ip4(), kNever},
    {"ifindex 1", eth() / ip4(), 0},
    {"ifindex 2", eth() / ip4(), kNever},
    {"tcp or udp and len < 10", eth() / ip4() / tcp(), kNever},
    {"tcp or (udp and len < 10)", eth() / ip4() / tcp(), 24},
    {"not (not tcp or not len > 10)", eth() / ip4() / tcp(), 24},
    {"not (tcp and udp)", eth() / ip4() / tcp(), 24},
    {"udp or tcp[40] = 0", eth() / ip4() / udp(), 24},
    {"tcp[40] = 0 or tcp", eth() / ip4() / tcp(), kNever},
};

class Protocols : public testing::TestWithParam<FilterCase> {};
TEST_P(Protocols, MatchFromSoManyBytesOn) { expect(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Words, Protocols, testing::ValuesIn(kProtocols));
INSTANTIATE_TEST_SUITE_P(Chains, Protocols, testing::ValuesIn(kChains));
INSTANTIATE_TEST_SUITE_P(Ports, Protocols, testing::ValuesIn(kPorts));
INSTANTIATE_TEST_SUITE_P(Arithmetic, Protocols, testing::ValuesIn(kArithmetic));
INSTANTIATE_TEST_SUITE_P(Others, Protocols, testing::ValuesIn(kOthers));

}  // namespace
}  // namespace bpfw::test::filter
