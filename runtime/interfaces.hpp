// SPDX-License-Identifier: GPL-2.0-or-later
// What rtnetlink says about this namespace's interfaces and addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::runtime {

// Where XDP finds a frame's VLAN tag: in the frame, or nowhere, because the driver (or, on veth,
// the sender's) has moved it into the descriptor.
enum class VlanTags : std::uint8_t { InFrame, TakenOff };

struct Interface {
    std::uint32_t index = 0;
    std::string name;
    std::string kind;                 // IFLA_INFO_KIND ("veth", "vlan", "bridge"); "": hardware, lo
    std::uint16_t type = 0;           // ARPHRD_*
    std::uint32_t flags = 0;          // IFF_*
    std::uint32_t master = 0;         // index of the bridge, bond, vrf ...; 0: none
    std::uint32_t lower = 0;          // index, in this namespace, of what it sits on; 0: none
    std::uint16_t vlan_id = 0;        // kind "vlan" only
    std::uint16_t vlan_protocol = 0;  // 0x8100 or 0x88a8, host byte order
    VlanTags vlan_tags = VlanTags::InFrame;
    std::uint8_t xdp_attached = 0;  // XDP_ATTACHED_*
    std::uint32_t xdp_program = 0;  // id; 0: none
};

// No Ethernet header (tun, wireguard, ppp, IP tunnels): frames begin with the IP header.
bool begins_with_ip(const Interface& interface);

// An address of this host. Words in host byte order, most significant first; IPv4 in [0].
struct Address {
    std::uint8_t family = 0;  // 4 or 6
    std::array<std::uint32_t, 4> words = {};
    bool operator==(const Address&) const = default;
};

Result<std::vector<Interface>> read_interfaces();
Result<std::vector<Address>> read_addresses();
// Any filter on the clsact qdisc of this interface, on either side?
Result<bool> clsact_has_filters(std::uint32_t ifindex);

}  // namespace bpfw::runtime
