// SPDX-License-Identifier: GPL-2.0-or-later
// EtherTypes, LLC, and the encapsulations that move all that follows in the text.
#include "tests/unit/compiler/filter/filter_case.hpp"

namespace bpfw::test::filter {
namespace {

Packet typed(std::uint16_t type) { return eth({.type = type}) / payload(20); }
// An 802.3 frame.
Packet length(const Packet& behind) { return eth({.type = 100}) / behind; }
Packet labels(const Packet& behind) { return eth({.type = 0x8847}) / behind; }
Packet session(std::uint16_t protocol, const Packet& behind) {
    return eth({.type = 0x8864}) / pppoe({.session = 7}, protocol) / behind;
}
// GENEVE behind IPv4 with `options` bytes of IP options, or IPv6.
Packet tunnel(const GeneveFields& fields, const Packet& inner, std::size_t options = 0) {
    return eth() / ip4({.src = "9.9.9.9", .dst = "9.9.9.8", .options = Bytes(options)}) /
           udp({.dport = 6081}) / geneve(fields) / inner;
}
Packet tunnel6(const GeneveFields& fields, const Packet& inner) {
    return eth() / ip6() / udp({.dport = 6081}) / geneve(fields) / inner;
}

const FilterCase kTypes[] = {
    {"ip", typed(0x0800), 14},
    {"ip", typed(0x0801), kNever},
    {"ip6", typed(0x86dd), 14},
    {"arp", typed(0x0806), 14},
    {"rarp", typed(0x8035), 14},
    {"lat", typed(0x6004), 14},
    {"sca", typed(0x6007), 14},
    {"mopdl", typed(0x6001), 14},
    {"moprc", typed(0x6002), 14},
    {"decnet", typed(0x6003), 14},
    {"ether proto 0x88cc", typed(0x88cc), 14},
    {"ether proto 0x42", length(raw({0x42, 0x99, 3})), 15},
    {"ether proto 0x42", typed(0x4242), kNever},
    {"stp", length(raw({0x42, 0x42, 3})), 15},
    {"iso", length(raw({0xfe, 0xfe, 3, 0x83})), 16},
    {"iso", length(raw({0xfe, 0xff, 3, 0x83})), kNever},
    {"netbeui", length(raw({0xf0, 0xf0, 3})), 16},
    {"ipx", typed(0x8137), 14},
    {"ipx", length(raw({0xe0, 0xe0, 3, 0, 0, 0, 0, 0})), 22},  // SNAP is asked first
    {"ipx", length(raw({0xff, 0xff, 3, 0, 0, 0, 0, 0})), 22},
    {"ipx", length(llc(0xaa, 0xaa, 3) / snap(0, 0x8137)), 22},
    {"atalk", typed(0x809b), 14},
    {"atalk", length(llc(0xaa, 0xaa, 3) / snap(0x080007, 0x809b)), 22},
    {"atalk", length(llc(0xaa, 0xaa, 3) / snap(0, 0x809b)), kNever},
    {"aarp", length(llc(0xaa, 0xaa, 3) / snap(0, 0x80f3)), 22},
};

const FilterCase kLlc[] = {
    {"llc", length(raw({1, 2, 3})), 16},
    {"llc", length(raw({0xff, 0xff, 3})), kNever},
    {"llc", typed(0x0800), kNever},
    {"llc i", length(raw({1, 2, 0x10})), 17},
    {"llc i", length(raw({1, 2, 0x11})), kNever},
    {"llc s", length(raw({1, 2, 0x05})), 17},
    {"llc u", length(raw({1, 2, 0x13})), 17},
    {"llc rr", length(raw({1, 2, 0x01})), 17},
    {"llc rnr", length(raw({1, 2, 0x05})), 17},
    {"llc rej", length(raw({1, 2, 0x09})), 17},
    {"llc ui", length(raw({1, 2, 0x13})), 17},
    {"llc ua", length(raw({1, 2, 0x73})), 17},
    {"llc disc", length(raw({1, 2, 0x43})), 17},
    {"llc dm", length(raw({1, 2, 0x1f})), 17},
    {"llc sabme", length(raw({1, 2, 0x7f})), 17},
    {"llc test", length(raw({1, 2, 0xf3})), 17},
    {"llc xid", length(raw({1, 2, 0xaf})), 17},
    {"llc frmr", length(raw({1, 2, 0x87})), 17},
    {"llc frmr", length(raw({1, 2, 0x86})), kNever},
    {"clnp", length(raw({0xfe, 0xfe, 3, 0x81})), 18},
    {"esis", length(raw({0xfe, 0xfe, 3, 0x82})), 18},
    {"isis", length(raw({0xfe, 0xfe, 3, 0x83})), 18},
    {"iso proto 0x99", length(raw({0xfe, 0xfe, 3, 0x99})), 18},
    {"isis proto 18", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 18})), 22},
    {"l1", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 26})), 22},
    {"l2", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 26})), kNever},
    {"iih", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 17})), 22},
    {"lsp", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 20})), 22},
    {"snp", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 25})), 22},
    {"csnp", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 25})), 22},
    {"psnp", length(raw({0xfe, 0xfe, 3, 0x83, 0, 0, 0, 25})), kNever},
};

const FilterCase kVlan[] = {
    {"vlan", eth() / vlan({.id = 5}) / ip4(), 14},
    {"vlan", eth() / vlan({.id = 5, .tpid = 0x88a8}) / ip4(), 14},
    {"vlan", eth() / vlan({.id = 5, .tpid = 0x9100}) / ip4(), 14},
    {"vlan 5", eth() / vlan({.id = 5, .priority = 7, .dei = true}) / ip4(), 16},
    {"vlan 6", eth() / vlan({.id = 5}) / ip4(), kNever},
    {"vlan and ip", eth() / vlan({.id = 5}) / ip4(), 18},
    {"ip and vlan", eth() / vlan({.id = 5}) / ip4(), kNever},
    {"vlan or ip", eth() / vlan({.id = 5}) / ip4(), 14},
    {"vlan or ip", eth() / ip4(), kNever},  // the type behind a tag that is not there
    {"not vlan and ip", eth() / ip4(), kNever},
    {"ip or (vlan and ip)", eth() / vlan({.id = 5}) / ip4(), 18},
    {"vlan 5 and vlan 6 and ip", eth() / vlan({.id = 5}) / vlan({.id = 6}) / ip4(), 22},
    {"vlan and ether[12:2] = 0x8100", eth() / vlan({.id = 5}) / ip4(), 14},
    {"vlan and udp port 53", eth() / vlan({.id = 5}) / ip4() / udp({.dport = 53}), 42},
    {"vlan and host 10.1.1.1", eth() / vlan({.id = 5}) / ip4({.dst = "10.1.1.1"}), 38},
};

const FilterCase kMpls[] = {
    {"mpls", labels(mpls({})), 14},
    {"mpls", eth({.type = 0x8848}) / mpls({}), kNever},
    {"mpls 16", labels(mpls({.label = 16})), 18},
    {"mpls 17", labels(mpls({.label = 16})), kNever},
    {"mpls and ip", labels(mpls({}) / ip4()), 19},
    {"mpls and ip", labels(mpls({.bottom = false}) / ip4()), kNever},
    {"mpls and ip6", labels(mpls({}) / ip6()), 19},
    {"mpls and ip6", labels(mpls({}) / ip4()), kNever},
    {"mpls 16 and mpls 17 and ip",
     labels(mpls({.label = 16, .bottom = false}) / mpls({.label = 17}) / ip4()), 23},
    {"mpls and mpls", labels(mpls({}) / mpls({})), kNever},
    {"mpls and host 10.1.1.1", labels(mpls({}) / ip4({.src = "10.1.1.1"})), 34},
    {"mpls and udp port 53", labels(mpls({}) / ip4() / udp({.dport = 53})), 42},
    {"vlan and mpls and ip", eth() / vlan({.type = 0x8847}) / mpls({}) / ip4(), 23},
};

const FilterCase kPppoe[] = {
    {"pppoed", eth({.type = 0x8863}) / pppoe_discovery(7), 14},
    {"pppoes", session(0x21, ip4()), 14},
    {"pppoes 7", session(0x21, ip4()), 18},
    {"pppoes 8", session(0x21, ip4()), kNever},
    {"pppoes and ip", session(0x21, ip4()), 22},
    {"pppoes and ip6", session(0x57, ip6()), 22},
    {"pppoes and ip", session(0x57, ip4()), kNever},
    {"pppoes and iso", session(0x23, payload(4)), 22},
    {"pppoes and ether[0:2] = 0x21", session(0x21, ip4()), 22},
    {"pppoes and ip[0] = 0x45", session(0x21, ip4()), 23},
    {"pppoes and host 10.1.1.1", session(0x21, ip4({.src = "10.1.1.1"})), 38},
    {"pppoes and mpls and ip", session(0x281, mpls({}) / ip4()), 27},
};

const FilterCase kGeneve[] = {
    {"geneve", tunnel({}, payload(0)), 46},
    {"geneve", tunnel6({}, payload(0)), 66},
    {"geneve", tunnel({.version = 1}, payload(4)), kNever},
    {"geneve", eth() / ip4() / udp({.sport = 6081}) / geneve({}), kNever},
    {"geneve 5", tunnel({.vni = 5}, payload(0)), 50},
    {"geneve 6", tunnel({.vni = 5}, payload(0)), kNever},
    {"geneve and ip", tunnel({}, eth() / ip4()), 64},
    {"geneve and ip", tunnel6({}, eth() / ip4()), 84},
    {"geneve and ip", tunnel({.options = Bytes(8)}, eth() / ip4()), 72},
    {"geneve and ip", tunnel({}, eth() / ip4(), 4), 68},
    {"geneve and ip", tunnel({.protocol = 0x0800}, ip4()), 46},
    {"geneve and ip6", tunnel({}, eth() / ip4()), kNever},
    {"geneve and host 10.1.1.1", tunnel({}, eth() / ip4({.src = "10.1.1.1"})), 80},
    {"geneve and host 10.1.1.1", tunnel({.protocol = 0x0800}, ip4({.src = "10.1.1.1"})), 66},
    {"geneve and host 9.9.9.9", tunnel({}, eth() / ip4({.src = "10.1.1.1"})), kNever},
    {"geneve and tcp port 80", tunnel6({}, eth() / ip4() / tcp({.dport = 80})), 108},
    {"geneve and tcp[13] = 2", tunnel({}, eth() / ip4({.options = Bytes(4)}) / tcp()), 102},
    {"geneve and ether host 02:00:00:00:00:07",
     tunnel({}, eth({.src = "02:00:00:00:00:07"}) / ip4()), 62},
    {"geneve and ether host 02:00:00:00:00:07", tunnel({.protocol = 0x0800}, ip4()), kNever},
    {"geneve and broadcast", tunnel({}, eth({.dst = "ff:ff:ff:ff:ff:ff"}) / ip4()), 56},
    {"geneve and vlan 5 and ip", tunnel({}, eth() / vlan({.id = 5}) / ip4()), 68},
    {"geneve and mpls and ip", tunnel({}, labels(mpls({}) / ip4())), 69},
    {"vlan and geneve and ip",
     eth() / vlan() / ip4() / udp({.dport = 6081}) / geneve({}) / eth() / ip4(), 68},
    {"geneve and geneve and ip", tunnel({}, tunnel6({}, eth() / ip4())), 134},
    {"geneve and ether[0 - 1] = 7", tunnel({.options = {1, 2, 3, 7}}, eth() / ip4()), 54},
};

// Where there is no GENEVE header there are no headers inside of it, whichever way led there.
const FilterCase kNoGeneve[] = {
    {"geneve or ip", tunnel({}, eth() / ip6()), 46},
    {"geneve or ip", eth() / ip4() / udp(), kNever},
    {"not geneve and ip", eth() / ip4() / tcp(), kNever},
    {"not geneve and not ip", eth() / ip4() / tcp(), kNever},
    {"not geneve and len > 0", eth() / ip4() / tcp(), 24},
    {"not (geneve and ip) and len > 0", eth() / ip4() / tcp(), 24},
    {"ip or geneve", eth() / ip4() / tcp(), 14},
    {"(greater 1 or geneve) and ip", tunnel({}, eth() / ip4()), 64},
    {"(greater 1 or geneve) and ip", tunnel({}, eth() / ip6()), kNever},
    {"(greater 1 or geneve 5) and ip", tunnel({.vni = 6}, eth() / ip4()), kNever},
    {"(greater 1 or geneve) and broadcast", tunnel({}, eth({.dst = "ff:ff:ff:ff:ff:ff"}) / ip4()),
     56},
    {"((greater 1 or geneve) and geneve) and ip", tunnel({}, tunnel({}, eth() / ip4())), 114},
};

class Links : public testing::TestWithParam<FilterCase> {};
TEST_P(Links, MatchFromSoManyBytesOn) { expect(GetParam()); }
INSTANTIATE_TEST_SUITE_P(Types, Links, testing::ValuesIn(kTypes));
INSTANTIATE_TEST_SUITE_P(Llc, Links, testing::ValuesIn(kLlc));
INSTANTIATE_TEST_SUITE_P(Vlan, Links, testing::ValuesIn(kVlan));
INSTANTIATE_TEST_SUITE_P(Mpls, Links, testing::ValuesIn(kMpls));
INSTANTIATE_TEST_SUITE_P(Pppoe, Links, testing::ValuesIn(kPppoe));
INSTANTIATE_TEST_SUITE_P(Geneve, Links, testing::ValuesIn(kGeneve));
INSTANTIATE_TEST_SUITE_P(NoGeneve, Links, testing::ValuesIn(kNoGeneve));

}  // namespace
}  // namespace bpfw::test::filter
