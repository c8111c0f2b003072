// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/packets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bpfw::test {
namespace {

TEST(Packets, TcpFrameByHand) {
    const Bytes expected = {
        2,    0,    0, 0,  0,   1, 2, 0, 0,  0, 0,    2,    8,    0,  // Ethernet
        0x45, 0,    0, 40, 0,   1, 0, 0, 64, 6, 0xf6, 0xcb,           // IPv4
        192,  0,    2, 2,  192, 0, 2, 1,                              //
        0x9c, 0x40, 0, 22, 0,   0, 0, 1, 0,  0, 0,    0,    0x50, 2, 4, 0, 0x8b, 0x87, 0, 0};
    EXPECT_EQ(frame(eth() / ip4() / tcp({.dport = 22})), expected);
}

TEST(Packets, TagsAnnounceThemselvesToTheLayerBefore) {
    const Bytes bytes = frame(eth() / vlan({.id = 7, .tpid = 0x88a8}) / vlan({.id = 9}) / ip6());
    EXPECT_EQ(Bytes(bytes.begin() + 12, bytes.begin() + 22),
              (Bytes{0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x86, 0xdd}));
}

TEST(Packets, ExtensionHeadersChain) {
    const Bytes bytes = frame(ip6() / ext6() / frag6({.offset = 2, .more = true}) / udp());
    EXPECT_EQ(bytes.size(), 40u + 8 + 8 + 8);
    EXPECT_EQ(bytes[6], 0);    // hop-by-hop
    EXPECT_EQ(bytes[5], 24);   // payload length
    EXPECT_EQ(bytes[40], 44);  // fragment
    EXPECT_EQ(bytes[48], 17);  // UDP
    EXPECT_EQ(bytes[51], 2 << 3 | 1);
}

TEST(Packets, OptionsLengthenTheHeader) {
    const Bytes bytes =
        frame(ip4({.options = {1, 1, 1, 1, 0}}) / tcp({.options = {2, 4, 5, 0xb4}}));
    EXPECT_EQ(bytes[0], 0x47);
    EXPECT_EQ(bytes.size(), 28u + 24);
    EXPECT_EQ(bytes[28 + 12], 0x60);
}

TEST(Packets, KnobsOverrideWhatIsComputed) {
    const Bytes bytes =
        frame(ip4({.protocol = 6, .version = 5, .ihl = 4, .tot_len = 3, .checksum = 0x1234}));
    EXPECT_EQ(bytes[0], 0x54);
    EXPECT_EQ(bytes[3], 3);
    EXPECT_EQ(bytes[9], 6);
    EXPECT_EQ(bytes[10], 0x12);
    EXPECT_EQ(bytes[11], 0x34);
}

TEST(Packets, ChecksumsAddUpToZero) {
    const Bytes bytes = frame(ip4() / icmp() / payload(3));
    EXPECT_EQ(internet_checksum(Bytes(bytes.begin(), bytes.begin() + 20)), 0);
    EXPECT_EQ(internet_checksum(Bytes(bytes.begin() + 20, bytes.end())), 0);
}

TEST(Packets, WrongAddressIsTheTestsBug) {
    EXPECT_THROW(static_cast<void>(frame(ip4({.src = "1.2.3"}))), std::invalid_argument);
}

}  // namespace
}  // namespace bpfw::test
