// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces + the user's wish -> Placement. The only door is place().
#include "runtime/placement.hpp"

#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <cerrno>

namespace bpfw::runtime {
namespace {

constexpr const char* kLoopbackReason =
    "loopback: generic XDP would copy every 64 kB packet into one piece";
constexpr const char* kIfbReason = "ifb: the kernel runs no ingress program there";
constexpr const char* kRawIpReason = "no Ethernet header here: XDP in the kernel counts on one";
constexpr const char* kVlanReason =
    "VLAN devices on it: XDP does not see the tags that were taken off before";
constexpr const char* kUnreadableReason =
    "neither Ethernet nor plain IP: its packets cannot be filtered";
constexpr const char* kVrfReason = "vrf: its member interfaces are hooked";

using Interfaces = std::vector<Interface>;

const Interface* by_index(const Interfaces& all, std::uint32_t index) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [index](const Interface& i) { return i.index == index; });
    return found == all.end() ? nullptr : &*found;
}

// Frames that begin with an Ethernet or an IP header; others (InfiniBand, 802.15.4 ...) the
// programs cannot read.
bool is_readable(const Interface& interface) {
    return interface.type == ARPHRD_ETHER || interface.type == ARPHRD_LOOPBACK ||
           begins_with_ip(interface);
}

// A port of a bridge, bond or team hands its packets to the master. A vrf's member does not:
// the vrf device itself never receives.
bool is_port(const Interfaces& all, const Interface& interface) {
    const Interface* master = by_index(all, interface.master);
    return master != nullptr && master->kind != "vrf";
}

bool is_taken(const std::vector<Place>& places, std::uint32_t index) {
    return std::any_of(places.begin(), places.end(),
                       [index](const Place& p) { return p.interface.index == index; });
}

// Tagged frames are judged on the device below, where bpfw_vlans maps them to this one.
void leave_vlan_ingress_to_lower(std::vector<Place>& places) {
    for (Place& place : places) {
        if (place.interface.kind != "vlan" || !is_taken(places, place.interface.lower)) continue;
        place.ingress = Wanted::No;
        place.reason = "its tagged frames are judged on the device below";
    }
}

// They take a frame over from the device below behind skb_vlan_untag() (__netif_receive_skb_core()
// of net/core/dev.c): generic XDP on them never has the tag in the frame.
bool takes_over_frames(const Interface& interface) {
    return interface.kind == "bridge" || interface.kind == "bond" || interface.kind == "team" ||
           interface.kind == "macvlan" || interface.kind == "macvtap";
}

// Tagged frames would be judged as if they had come in untagged.
bool hides_tags(const Interfaces& all, const Interface& interface) {
    return (interface.vlan_tags == VlanTags::TakenOff || takes_over_frames(interface)) &&
           std::any_of(all.begin(), all.end(), [&](const Interface& upper) {
               return upper.kind == "vlan" && upper.lower == interface.index;
           });
}

Place place_of(const Interfaces& all, const Interface& interface, Mode mode) {
    Place result = {interface, Wanted::Yes, Wanted::Yes, mode, ""};
    if (interface.type == ARPHRD_LOOPBACK) {
        result.mode = Mode::Tc;
        result.reason = kLoopbackReason;
    } else if (begins_with_ip(interface)) {
        result.mode = Mode::Tc;
        result.reason = kRawIpReason;
    } else if (hides_tags(all, interface)) {
        result.mode = Mode::Tc;
        result.reason = kVlanReason;
    }
    return result;
}

Placement place_all(const Interfaces& interfaces, Mode mode) {
    Placement placement;
    placement.origin = Origin::Found;
    for (const Interface& interface : interfaces) {
        if (is_port(interfaces, interface)) continue;
        if (interface.kind == "ifb")
            placement.skipped.push_back({interface, kIfbReason});
        else if (interface.kind == "vrf")
            placement.skipped.push_back({interface, kVrfReason});
        else if (!is_readable(interface))
            placement.skipped.push_back({interface, kUnreadableReason});
        else
            placement.places.push_back(place_of(interfaces, interface, mode));
    }
    return placement;
}

Result<Place> place_named(const Interfaces& all, const std::string& name, Mode mode) {
    constexpr const char* kOp = "attach to";
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&name](const Interface& i) { return i.name == name; });
    if (found == all.end()) return failure(kOp, name, ENODEV, "no such network device");
    if (found->kind == "ifb") return failure(kOp, name, EOPNOTSUPP, kIfbReason);
    if (!is_readable(*found)) return failure(kOp, name, EOPNOTSUPP, kUnreadableReason);
    if (mode == Mode::Auto) return place_of(all, *found, mode);
    if (mode != Mode::Tc && hides_tags(all, *found))
        return failure(kOp, name, EOPNOTSUPP,
                       std::string(kVlanReason) +
                           (takes_over_frames(*found)
                                ? "; use --mode tc or auto"
                                : "; use --mode tc or auto, or switch rx-vlan-offload off"));
    return Place{*found, Wanted::Yes, Wanted::Yes, mode, ""};
}

}  // namespace

Result<Placement> place(const std::vector<Interface>& interfaces,
                        const std::vector<std::string>& devices, Mode mode) {
    Placement placement;
    if (devices.empty()) placement = place_all(interfaces, mode);
    for (const std::string& name : devices) {
        auto named = place_named(interfaces, name, mode);
        if (!named) return tl::unexpected(named.error());
        if (!is_taken(placement.places, named->interface.index))
            placement.places.push_back(std::move(*named));
    }
    leave_vlan_ingress_to_lower(placement.places);
    return placement;
}

}  // namespace bpfw::runtime
