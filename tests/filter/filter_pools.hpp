// SPDX-License-Identifier: GPL-2.0-or-later
// The few values that random filter expressions and the frames of the corpus are both made of,
// so that a good share of the frames matches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/random.hpp"

namespace bpfw::test::filter {

inline const std::vector<std::string> kHosts4 = {
    "10.1.1.1",      "10.1.1.2",        "10.2.2.2",  "10.1.2.3", "192.168.1.1",
    "192.168.1.255", "172.16.0.1",      "128.3.0.1", "0.0.0.10", "255.255.255.255",
    "224.0.0.5",     "239.255.255.250", "240.0.0.1", "1.2.3.4",  "127.0.0.1",
};
inline const std::vector<std::string> kHosts6 = {
    "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "2001:db8:0:1::1",
    "fe80::1",     "ff02::1",     "ff02::fb",      "::ffff:10.1.1.1",
    "::1",         "::",
};
inline const std::vector<std::string> kMacs = {
    "00:11:22:33:44:55", "00:11:22:33:44:56", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05",
    "33:33:00:00:00:01", "02:00:00:00:00:01", "01:80:c2:00:00:00", "00:00:00:00:00:00",
};
inline const std::vector<std::uint16_t> kFilterPorts = {
    0, 1, 20, 22, 25, 53, 67, 80, 81, 123, 443, 1023, 1024, 6000, 6081, 8080, 32768, 65535};
inline const std::vector<std::uint16_t> kVlanIds = {0, 1, 2, 5, 100, 200, 4095};
inline const std::vector<std::uint32_t> kLabels = {0, 2, 3, 16, 100, 1024, 1048575};
inline const std::vector<std::uint16_t> kSessions = {0, 1, 0x11, 0x1234, 65535};
inline const std::vector<std::uint32_t> kVnis = {0, 1, 10, 100, 0xabcdef, 16777215};
// Of IP and of IPv6: ICMP, IGMP, TCP, IGRP, UDP, IPv6's, GRE, ESP, AH, PIM, VRRP, SCTP, ...
inline const std::vector<std::uint8_t> kProtocols = {0,  1,  2,  4,  6,  9,  17,  41,  43,  44,
                                                     47, 50, 51, 58, 59, 60, 103, 112, 132, 255};
inline const std::vector<std::uint16_t> kEtherTypes = {
    0x0800, 0x0806, 0x8035, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847, 0x8848, 0x8863,
    0x8864, 0x6001, 0x6002, 0x6003, 0x6004, 0x6007, 0x8137, 0x809b, 0x80f3, 0x9000,
    0x05dc, 0x05dd, 0x0600, 0x0000, 0x002e, 0xffff, 0x88cc, 0x6558};
inline const std::vector<std::uint8_t> kSaps = {0x42, 0xfe, 0xe0, 0xf0, 0xaa, 0xff, 0x06, 0x00};
inline const std::vector<std::uint8_t> kIcmpTypes = {0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 17, 18};
inline const std::vector<std::uint8_t> kIcmp6Types = {1,   2,   3,   4,   128, 129, 130,
                                                      133, 134, 135, 136, 137, 143, 153};
// What bytes and numbers in arithmetic are: likely to be equal to something.
inline const std::vector<std::uint32_t> kNumbers = {
    0,  1,  2,  3,  4,  5,  6,   7,   8,   13,   14,   15,     16,         17,         20, 28,
    31, 32, 40, 60, 64, 80, 100, 128, 255, 0xff, 1500, 0xffff, 0x80000000, 0xffffffff, 69};

// An address of the pool, mostly; else one of a few thousand neighbours, or any.
std::string host4(Random& random);
std::string host6(Random& random);
std::uint16_t port(Random& random);

}  // namespace bpfw::test::filter
