// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/host_maps.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <string>

namespace bpfw::runtime {
namespace {

// As the programs look: home slot, then up to BPFW_LOCAL_PROBES steps, an empty slot ends it.
bool holds_v4(const bpfw_local& table, std::uint32_t address) {
    for (std::uint32_t step = 0; step < BPFW_LOCAL_PROBES; ++step) {
        const std::uint32_t entry = table.v4[(bpfw_hash4(address) + step) % BPFW_LOCAL4_SLOTS];
        if (entry == address) return true;
        if (entry == 0) return false;
    }
    return false;
}

bool holds_v6(const bpfw_local& table, const std::array<std::uint32_t, 4>& words) {
    const std::uint32_t home = bpfw_hash6(words[0], words[1], words[2], words[3]);
    for (std::uint32_t step = 0; step < BPFW_LOCAL_PROBES; ++step) {
        const auto& entry = table.v6[(home + step) % BPFW_LOCAL6_SLOTS];
        if (std::equal(words.begin(), words.end(), entry)) return true;
    }
    return false;
}

TEST(HostMaps, names_by_index) {
    Interface ethernet;
    ethernet.index = 64;
    ethernet.name = "eth0";
    ethernet.type = ARPHRD_ETHER;
    Interface tunnel;
    tunnel.index = 3;
    tunnel.name = "a-name-of-15-ch";
    tunnel.type = ARPHRD_NONE;
    Interface loopback;
    loopback.index = 1;
    loopback.name = "lo";
    loopback.type = ARPHRD_LOOPBACK;
    const auto table = interface_table({ethernet, tunnel, loopback});
    ASSERT_EQ(table.size(), 128U);
    EXPECT_EQ(std::string(table[64].name), "eth0");
    EXPECT_EQ(table[64].flags, 0U);
    EXPECT_EQ(std::string(table[3].name), "a-name-of-15-ch");
    EXPECT_EQ(table[3].flags, BPFW_IF_RAW_IP);
    EXPECT_EQ(table[1].flags, 0U);
    EXPECT_EQ(table[2].name[0], '\0');
    EXPECT_TRUE(any_raw_ip({ethernet, tunnel}));
    EXPECT_FALSE(any_raw_ip({ethernet, loopback}));
    EXPECT_EQ(interface_table({loopback}).size(), 64U);
}

TEST(HostMaps, vlans_of_this_namespace) {
    Interface vlan;
    vlan.index = 7;
    vlan.kind = "vlan";
    vlan.lower = 2;
    vlan.vlan_id = 5;
    vlan.vlan_protocol = 0x88a8;
    Interface elsewhere = vlan;
    elsewhere.lower = 0;
    const auto table = vlan_table({vlan, elsewhere});
    ASSERT_EQ(table.size(), 1U);
    EXPECT_EQ(table[0].first.ifindex, 2U);
    EXPECT_EQ(table[0].first.vid, 5U);
    EXPECT_EQ(table[0].first.protocol, 0x88a8U);
    EXPECT_EQ(table[0].second, 7U);
}

TEST(HostMaps, every_address_is_found_again) {
    std::vector<Address> addresses;
    for (std::uint32_t host = 1; host <= 200; ++host) {
        addresses.push_back({.family = 4, .words = {0x0a000000U + host, 0, 0, 0}});
        addresses.push_back({.family = 6, .words = {0x20010db8, 0, 0, host}});
    }
    const bpfw_local table = local_table(addresses);
    for (const Address& address : addresses)
        EXPECT_TRUE(address.family == 4 ? holds_v4(table, address.words[0])
                                        : holds_v6(table, address.words));
    EXPECT_FALSE(holds_v4(table, 0x0a0000ff));
    EXPECT_FALSE(holds_v6(table, {0x20010db8, 0, 0, 255}));
}

TEST(HostMaps, what_finds_no_slot_is_left_out_and_twice_is_once) {
    std::vector<Address> addresses;
    for (std::uint32_t host = 1; host <= 5000; ++host)
        addresses.push_back({.family = 4, .words = {0x0a000000U + host, 0, 0, 0}});
    const bpfw_local full = local_table(addresses);
    EXPECT_EQ(std::count(std::begin(full.v4), std::end(full.v4), 0U), 0);
    const bpfw_local one = local_table({addresses[0], addresses[0]});
    EXPECT_EQ(std::count(std::begin(one.v4), std::end(one.v4), 0x0a000001U), 1);
}

}  // namespace
}  // namespace bpfw::runtime
