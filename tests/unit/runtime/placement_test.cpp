// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/placement.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <cerrno>

namespace bpfw::runtime {
namespace {

Interface device(std::uint32_t index, const std::string& name, const std::string& kind = "") {
    Interface interface;
    interface.index = index;
    interface.name = name;
    interface.kind = kind;
    interface.type = ARPHRD_ETHER;
    interface.flags = IFF_UP;
    return interface;
}

Interface loopback() {
    Interface interface = device(1, "lo");
    interface.type = ARPHRD_LOOPBACK;
    interface.flags |= IFF_LOOPBACK;
    return interface;
}

Interface port_of(std::uint32_t master, Interface interface) {
    interface.master = master;
    return interface;
}

Interface vlan_on(std::uint32_t lower, Interface interface) {
    interface.kind = "vlan";
    interface.lower = lower;
    return interface;
}

Interface of_type(std::uint16_t type, Interface interface) {
    interface.type = type;
    return interface;
}

// "lo:in,out,tc eth0:in,out,auto"; skipped ones as "-ifb0".
std::string text(const Placement& placement) {
    std::string result;
    for (const Place& place : placement.places)
        result += fmt::format("{}:{}{}{} ", place.interface.name,
                              place.ingress == Wanted::Yes ? "in," : "",
                              place.egress == Wanted::Yes ? "out," : "", to_text(place.mode));
    for (const Skipped& skipped : placement.skipped)
        result += fmt::format("-{} ", skipped.interface.name);
    return result.empty() ? result : result.substr(0, result.size() - 1);
}

std::string placed(const std::vector<Interface>& interfaces,
                   const std::vector<std::string>& devices = {}, Mode mode = Mode::Auto) {
    const auto placement = place(interfaces, devices, mode);
    return placement
               ? text(*placement)
               : fmt::format("{} {}", placement.error().error_number, placement.error().object);
}

TEST(Placement, loopback_by_tc_hardware_by_the_mode) {
    EXPECT_EQ(placed({loopback(), device(2, "eth0")}), "lo:in,out,tc eth0:in,out,auto");
    EXPECT_EQ(placed({loopback(), device(2, "eth0")}, {}, Mode::Native),
              "lo:in,out,tc eth0:in,out,native");
}

TEST(Placement, ports_leave_it_to_their_master) {
    EXPECT_EQ(placed({device(2, "br0", "bridge"), port_of(2, device(3, "eth0")),
                      port_of(2, device(4, "eth1"))}),
              "br0:in,out,auto");
    EXPECT_EQ(placed({device(2, "bond0", "bond"), port_of(2, device(3, "eth0"))}),
              "bond0:in,out,auto");
}

TEST(Placement, members_of_a_vrf_are_hooked_themselves) {
    EXPECT_EQ(placed({device(2, "red", "vrf"), port_of(2, device(3, "eth0"))}),
              "eth0:in,out,auto -red");
}

TEST(Placement, vlan_ingress_is_judged_below) {
    EXPECT_EQ(placed({device(2, "eth0"), vlan_on(2, device(3, "eth0.5"))}),
              "eth0:in,out,auto eth0.5:out,auto");
    EXPECT_EQ(placed({device(2, "eth0"), vlan_on(2, device(3, "eth0.5")),
                      vlan_on(3, device(4, "eth0.5.6"))}),
              "eth0:in,out,auto eth0.5:out,auto eth0.5.6:out,auto");
    EXPECT_EQ(placed({device(2, "br0", "bridge"), port_of(2, device(3, "eth0")),
                      vlan_on(3, device(4, "eth0.5"))}),
              "br0:in,out,auto eth0.5:in,out,auto")
        << "the device below is not taken";
    EXPECT_EQ(placed({device(2, "eth0"), vlan_on(2, device(3, "eth0.5"))}, {"eth0.5"}),
              "eth0.5:in,out,auto");
}

Interface without_tags(Interface interface) {
    interface.vlan_tags = VlanTags::TakenOff;
    return interface;
}

TEST(Placement, where_xdp_would_not_see_the_tags_of_vlan_devices_tc_does) {
    const Interface eth0 = without_tags(device(2, "eth0"));
    const Interface vlan = vlan_on(2, device(3, "eth0.5"));
    EXPECT_EQ(placed({eth0}), "eth0:in,out,auto") << "no VLAN device";
    EXPECT_EQ(placed({eth0, vlan}), "eth0:in,out,tc eth0.5:out,auto");
    EXPECT_EQ(placed({eth0, vlan}, {}, Mode::Native), "eth0:in,out,tc eth0.5:out,native");
    EXPECT_EQ(placed({eth0, vlan}, {"eth0"}), "eth0:in,out,tc");
    EXPECT_EQ(placed({eth0, vlan}, {"eth0"}, Mode::Native), fmt::format("{} eth0", EOPNOTSUPP));
    EXPECT_EQ(placed({eth0, vlan}, {"eth0"}, Mode::Tc), "eth0:in,out,tc");
    EXPECT_EQ(placed({device(2, "eth0"), vlan}, {"eth0"}, Mode::Native), "eth0:in,out,native");
}

TEST(Placement, masters_get_frames_whose_tag_is_off_already) {
    for (const char* kind : {"bridge", "bond", "team", "macvlan"}) {
        const Interface upper = device(2, "up0", kind);
        const Interface vlan = vlan_on(2, device(3, "up0.5"));
        EXPECT_EQ(placed({upper, vlan}), "up0:in,out,tc up0.5:out,auto") << kind;
        EXPECT_EQ(placed({upper, vlan}, {"up0"}, Mode::Generic), fmt::format("{} up0", EOPNOTSUPP))
            << kind;
    }
}

TEST(Placement, tunnels_by_tc) {
    EXPECT_EQ(placed({of_type(ARPHRD_NONE, device(2, "wg0", "wireguard"))}), "wg0:in,out,tc");
    EXPECT_EQ(placed({of_type(ARPHRD_SIT, device(2, "sit0", "sit"))}, {"sit0"}), "sit0:in,out,tc");
}

TEST(Placement, what_cannot_be_hooked) {
    const std::vector<Interface> odd = {device(2, "ifb0", "ifb"),
                                        of_type(ARPHRD_INFINIBAND, device(3, "ib0"))};
    EXPECT_EQ(placed(odd), "-ifb0 -ib0");
    EXPECT_EQ(placed(odd, {"ifb0"}), fmt::format("{} ifb0", EOPNOTSUPP));
    EXPECT_EQ(placed(odd, {"ib0"}), fmt::format("{} ib0", EOPNOTSUPP));
    EXPECT_EQ(placed(odd, {"eth9"}), fmt::format("{} eth9", ENODEV));
}

TEST(Placement, named_twice_is_taken_once_and_the_mode_is_the_users) {
    EXPECT_EQ(placed({loopback(), device(2, "eth0")}, {"eth0", "eth0"}), "eth0:in,out,auto");
    EXPECT_EQ(placed({loopback()}, {"lo"}, Mode::Generic), "lo:in,out,generic");
    EXPECT_EQ(placed({loopback()}, {"lo"}), "lo:in,out,tc");
}

}  // namespace
}  // namespace bpfw::runtime
