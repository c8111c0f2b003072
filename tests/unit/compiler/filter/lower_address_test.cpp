// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts, nets, Ethernet addresses, broadcast and multicast.
#include "tests/unit/compiler/filter/filter_case.hpp"

namespace bpfw::test::filter {
namespace {

Packet v4(const char* src, const char* dst) {
    return eth() / ip4({.src = src, .dst = dst}) / udp();
}
Packet v6(const char* src, const char* dst) {
    return eth() / ip6({.src = src, .dst = dst}) / udp();
}
Packet arp_of(std::uint16_t type, const char* sender, const char* target) {
    return eth({.type = type}) / arp({.sender = sender, .target = target});
}
Packet macs(const char* src, const char* dst) {
    return eth({.dst = dst, .src = src, .type = 0x1234}) / payload(4);
}

const FilterCase kIpv4[] = {
    {"host 10.1.1.1", v4("10.1.1.1", "10.2.2.2"), 30},
    {"host 10.1.1.1", v4("10.2.2.2", "10.1.1.1"), 34},
    {"host 10.1.1.1", v4("10.2.2.2", "10.3.3.3"), kNever},
    {"src 10.1.1.1", v4("10.1.1.1", "10.2.2.2"), 30},
    {"src 10.1.1.1", v4("10.2.2.2", "10.1.1.1"), kNever},
    {"dst 10.1.1.1", v4("10.2.2.2", "10.1.1.1"), 34},
    {"dst 10.1.1.1", v4("10.1.1.1", "10.2.2.2"), kNever},
    {"src and dst 10.1.1.1", v4("10.1.1.1", "10.1.1.1"), 34},
    {"src and dst 10.1.1.1", v4("10.1.1.1", "10.2.2.2"), kNever},
    {"host 10.1.1.1", arp_of(0x0806, "10.1.1.1", "10.2.2.2"), 32},
    {"host 10.1.1.1", arp_of(0x0806, "10.2.2.2", "10.1.1.1"), 42},
    {"host 10.1.1.1", arp_of(0x8035, "10.2.2.2", "10.1.1.1"), 42},
    {"arp host 10.1.1.1", arp_of(0x8035, "10.2.2.2", "10.1.1.1"), kNever},
    {"rarp host 10.1.1.1", arp_of(0x8035, "10.2.2.2", "10.1.1.1"), 42},
    {"ip host 10.1.1.1", arp_of(0x0806, "10.1.1.1", "10.2.2.2"), kNever},
    {"not host 10.1.1.1", v4("10.2.2.2", "10.3.3.3"), 34},
    {"not host 10.1.1.1", v6("::1", "::2"), 14},
    {"net 10.1", v4("10.1.200.1", "1.1.1.1"), 30},
    {"dst net 10.1.128.0/17", v4("1.1.1.1", "10.1.200.1"), 34},
    {"dst net 10.1.128.0/17", v4("1.1.1.1", "10.1.100.1"), kNever},
    {"src net 10.0.0.1 mask 255.0.0.255", v4("10.7.8.1", "1.1.1.1"), 30},
    {"net 0.0.0.0/0", v4("1.1.1.1", "2.2.2.2"), 30},
    {"not net 0.0.0.0/0", v4("1.1.1.1", "2.2.2.2"), kNever},
};

const FilterCase kIpv6[] = {
    {"host 2001:db8::1", v6("2001:db8::1", "::2"), 38},
    {"host 2001:db8::1", v6("::2", "2001:db8::1"), 54},
    {"host 2001:db8::1", v6("::2", "::3"), kNever},
    // Words before the cut that differ are enough for a no.
    {"not host 2001:db8::1", v6("::2", "::3"), 42},
    {"not src host 2001:db8::1", v6("2001:db8::2", "::3"), 38},
    {"not src host 2001:db8::1", v6("2001:db9::1", "::3"), 26},
    {"net 2001:db8::/32", v6("2001:db8::7", "::2"), 38},
    {"dst net 2001:db8::/33", v6("::2", "2001:db8:7fff::1"), 54},
    {"dst net 2001:db8::/33", v6("::2", "2001:db8:8000::1"), kNever},
    {"src or dst host 2001:db8::1 or udp", v6("::2", "::3"), 42},
};

// The first of a list ends it where the destination is cut off, unless its source is right.
const FilterCase kLists[] = {
    {"host 10.1.1.1 or 10.2.2.2 or 10.3.3.3", v4("10.1.1.1", "1.1.1.1"), 30},
    {"host 10.1.1.1 or 10.2.2.2 or 10.3.3.3", v4("10.2.2.2", "1.1.1.1"), 34},
    {"host 10.1.1.1 or 10.2.2.2 or 10.3.3.3", v4("1.1.1.1", "10.3.3.3"), 34},
    {"src 10.1.1.1 or 10.2.2.2", v4("10.2.2.2", "1.1.1.1"), 30},
    {"not host 10.1.1.1 and not 10.2.2.2", v4("1.1.1.1", "1.1.1.2"), 34},
    {"net 10.1 or net 10.3", v4("10.3.9.9", "1.1.1.1"), 34},
    {"host 10.1.1.1 or host ::1 or host 10.2.2.2", v6("::1", "::2"), 38},
    {"host ::1 or ::2 or ::3", v6("::2", "::4"), 54},
    {"host ::1 or ::2 or ::3", v6("::1", "::4"), 38},
    {"dst host ::1 or dst host ::2 or len > 0", v6("::1", "::3"), 54},
    {"dst host ::1 or dst host ::2 or len > 0", v6("::1", "1::"), 42},
};

const FilterCase kEthernet[] = {
    {"ether host 02:00:00:00:00:07", macs("02:00:00:00:00:07", "02:00:00:00:00:01"), 12},
    {"ether host 02:00:00:00:00:07", macs("02:00:00:00:00:01", "02:00:00:00:00:07"), 12},
    {"ether dst 02:00:00:00:00:07", macs("02:00:00:00:00:01", "02:00:00:00:00:07"), 6},
    {"ether src 02:00:00:00:00:07", macs("02:00:00:00:00:01", "02:00:00:00:00:07"), kNever},
    {"not ether src 02:00:00:00:00:07", macs("02:00:00:00:00:01", "02:00:00:00:00:07"), 12},
    {"ether host 02:00:00:00:00:07 or 02:00:00:00:00:08",
     macs("02:00:00:00:00:01", "02:00:00:00:00:08"), 12},
    {"broadcast", macs("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"), 6},
    {"broadcast", macs("02:00:00:00:00:01", "ff:ff:ff:ff:ff:fe"), kNever},
    {"multicast", macs("02:00:00:00:00:01", "03:00:00:00:00:00"), 1},
    {"multicast", macs("02:00:00:00:00:01", "02:00:00:00:00:00"), kNever},
    {"ip broadcast", v4("1.1.1.1", "10.1.1.255"), 34},
    {"ip broadcast", v4("1.1.1.1", "10.1.1.0"), 34},
    {"ip broadcast", v4("1.1.1.1", "10.1.1.1"), kNever},
    {"ip multicast", v4("1.1.1.1", "224.0.0.1"), 31},
    {"ip multicast", v4("1.1.1.1", "255.255.255.255"), 31},
    {"ip multicast", v4("1.1.1.1", "223.255.255.255"), kNever},
    {"ip6 multicast", v6("::1", "ff02::1"), 39},
    {"ip6 multicast", v6("::1", "fe80::1"), kNever},
};

// 10.123 is node 0x287b, in the packet 7b 28.
const FilterCase kDecnet[] = {
    {"decnet dst 10.123", eth({.type = 0x6003}) / raw({9, 0, 0x02, 0x7b, 0x28, 1, 2, 0}), 19},
    {"decnet src 10.123", eth({.type = 0x6003}) / raw({9, 0, 0x02, 1, 2, 0x7b, 0x28, 0}), 21},
    {"decnet host 10.123", eth({.type = 0x6003}) / raw({9, 0, 0x81, 0x02, 0x7b, 0x28, 1, 2}), 22},
    {"decnet dst 10.123", eth({.type = 0x6003}) / raw({9, 0, 0x81, 0x02, 0x7b, 0x28, 1, 2}), 20},
    {"decnet dst 10.123",
     eth({.type = 0x6003}) / raw({9, 0, 0x06, 0, 0, 0, 0, 0, 0, 0x7b, 0x28, 1}), 25},
    {"decnet dst 10.124", eth({.type = 0x6003}) / raw({9, 0, 0x02, 0x7b, 0x28, 1, 2, 0}), kNever},
};

class Addresses : public testing::TestWithParam<FilterCase> {};
TEST_P(Addresses, MatchFromSoManyBytesOn) { expect(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Ipv4, Addresses, testing::ValuesIn(kIpv4));
INSTANTIATE_TEST_SUITE_P(Ipv6, Addresses, testing::ValuesIn(kIpv6));
INSTANTIATE_TEST_SUITE_P(Lists, Addresses, testing::ValuesIn(kLists));
INSTANTIATE_TEST_SUITE_P(Ethernet, Addresses, testing::ValuesIn(kEthernet));
INSTANTIATE_TEST_SUITE_P(Decnet, Addresses, testing::ValuesIn(kDecnet));

}  // namespace
}  // namespace bpfw::test::filter
