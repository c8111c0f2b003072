// SPDX-License-Identifier: GPL-2.0-or-later
// The few values that random rules and random packets are both made of, so that they meet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parser/ast.hpp"

namespace bpfw::test {

// The devices of the world that the rules are tried in (kernel_oracle.hpp).
inline const std::vector<std::string> kInDevices = {"eth0", "eth1", "lan0", "longinterface1"};
inline const std::vector<std::string> kOutDevices = {"wan0", "wan1"};

inline const std::vector<std::uint16_t> kPorts = {0,    1,    22,   53,    79,    80,    81,   443,
                                                  1023, 1024, 8080, 32768, 50000, 65534, 65535};
inline const std::vector<std::uint8_t> kHopLimits = {0, 1, 2, 3, 63, 64, 65, 128, 254, 255};
inline const std::vector<std::uint8_t> kTos = {0, 4, 8, 0x10, 0x28, 0x2e, 0x48, 0xb8, 0xff};
inline const std::vector<std::uint8_t> kTcpFlags = {0, 1, 2, 4, 8, 16, 18, 20, 32, 41, 63};
inline const std::vector<std::uint8_t> kTcpOptions = {1, 2, 3, 4, 5, 8, 30, 127, 253, 255};
inline const std::vector<std::uint8_t> kIcmpTypes4 = {0, 3, 5, 8, 11, 13, 255};
inline const std::vector<std::uint8_t> kIcmpTypes6 = {1, 2, 3, 4, 128, 129, 135, 255};
inline const std::vector<std::uint8_t> kIcmpCodes = {0, 1, 3, 4, 15, 255};

// Transport protocols; IPv6 has its own ICMP, and AH is an extension header there.
const std::vector<std::uint8_t>& protocols(parser::Family family);
// Addresses that route to every hook of the oracle's world; some one bit apart.
const std::vector<parser::Address>& addresses(parser::Family family);
const std::vector<parser::Address>& masks(parser::Family family);
// Source MAC addresses.
const std::vector<std::array<std::uint8_t, 6>>& macs();

std::size_t address_bytes(parser::Family family);
parser::Address masked(parser::Address address, const parser::Address& mask);

}  // namespace bpfw::test
