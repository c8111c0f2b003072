// SPDX-License-Identifier: GPL-2.0-or-later
// The tables behind pools.hpp.
#include "tests/support/pools.hpp"

#include <arpa/inet.h>

namespace bpfw::test {
namespace {

using parser::Address;
using parser::Family;

std::vector<Address> read(int family, const std::vector<const char*>& texts) {
    std::vector<Address> out;
    for (const char* text : texts) {
        Address address;
        inet_pton(family, text, address.bytes.data());
        out.push_back(address);
    }
    return out;
}

}  // namespace

const std::vector<std::uint8_t>& protocols(Family family) {
    static const std::vector<std::uint8_t> v4 = {1, 6, 17, 33, 41, 47, 50, 51, 132, 136, 253, 255};
    static const std::vector<std::uint8_t> v6 = {58, 6, 17, 33, 41, 47, 50, 59, 132, 136, 253, 255};
    return family == Family::Ipv4 ? v4 : v6;
}

const std::vector<Address>& addresses(Family family) {
    static const auto v4 = read(
        AF_INET, {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "10.128.0.1", "10.255.255.255",
                  "11.0.0.1", "192.168.0.1", "192.168.0.200", "192.168.7.200", "172.16.9.9",
                  "8.8.8.8", "128.0.0.1", "126.255.255.255", "203.0.113.77", "223.255.255.255"});
    static const auto v6 =
        read(AF_INET6, {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1",
                        "2001:db8:8000::1", "2001:db9::1", "2001:db8::ffff:ffff:ffff:ffff",
                        "2001:db8:0:0:8000::1", "fd00::1", "fd00::1:0:0:1", "64:ff9b::808:808",
                        "8000::1", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
    return family == Family::Ipv4 ? v4 : v6;
}

const std::vector<Address>& masks(Family family) {
    static const auto v4 =
        read(AF_INET, {"255.255.255.255", "255.255.255.255", "255.255.255.254", "255.255.255.0",
                       "255.255.0.0", "255.0.0.0", "128.0.0.0", "255.0.255.0", "0.0.0.255"});
    static const auto v6 =
        read(AF_INET6,
             {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
              "ffff:ffff:ffff:ffff::", "ffff:ffff:ffff::", "ffff:ffff:8000::", "ffff:ffff::",
              "ffff::", "8000::", "ffff:ffff:ffff:ffff:8000::", "::ffff", "ffff::ffff:0:0:ffff"});
    return family == Family::Ipv4 ? v4 : v6;
}

const std::vector<std::array<std::uint8_t, 6>>& macs() {
    static const std::vector<std::array<std::uint8_t, 6>> all = {{2, 0, 0, 0, 0, 0x21},
                                                                 {2, 0, 0, 0, 0, 0x22},
                                                                 {2, 0, 0, 0, 1, 0x21},
                                                                 {0x02, 0xff, 0xfe, 0x80, 0, 0x21}};
    return all;
}

std::size_t address_bytes(Family family) { return family == Family::Ipv4 ? 4 : 16; }

Address masked(Address address, const Address& mask) {
    for (std::size_t i = 0; i < address.bytes.size(); i++) address.bytes[i] &= mask.bytes[i];
    return address;
}

}  // namespace bpfw::test
