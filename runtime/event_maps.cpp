// SPDX-License-Identifier: GPL-2.0-or-later
// An opened object and the namespace's pins -> the maps its events go to.
#include "runtime/event_maps.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "bpf-templates/abi.h"
#include "runtime/bpf_syscall.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr std::array kEventMaps = {BPFW_MAP_EVENTS, BPFW_MAP_LOST};

bool fits(const MapInfo& info, std::string_view name) {
    if (name == BPFW_MAP_EVENTS)
        return info.type == BPF_MAP_TYPE_RINGBUF && info.max_entries == BPFW_EVENTS_SIZE;
    return info.type == BPF_MAP_TYPE_ARRAY && info.value_size == sizeof(std::uint64_t);
}

// Nothing when none is pinned, or one that another version of bpfw has left.
std::optional<Fd> usable_pin(const Pins& pins, const char* name) {
    auto fd = open_pin(pins.path(name));
    if (!fd) return std::nullopt;
    const auto info = map_info(fd->get());
    if (!info || !fits(*info, name)) return std::nullopt;
    return std::move(*fd);
}

// Both or none: a lost counter belongs to its buffer.
bool both_usable(const Pins& pins) {
    return std::all_of(kEventMaps.begin(), kEventMaps.end(),
                       [&](const char* name) { return usable_pin(pins, name).has_value(); });
}

// The filter template has no such maps, nor has a ruleset that never reads the frame.
bpf_map* map_of(const bpf_object* object, const char* name) {
    return ::bpf_object__find_map_by_name(object, name);
}

}  // namespace

Result<void> choose_event_maps(bpf_object* object, std::uint32_t needs) {
    for (const char* name : kEventMaps) {
        bpf_map* map = map_of(object, name);
        if (map == nullptr || (needs & BPFW_NEEDS_EVENTS) != 0) continue;
        if (const int error = ::bpf_map__set_autocreate(map, false); error != 0)
            return refused("leave out map", name, -error);
    }
    return {};
}

Result<void> choose_event_maps(bpf_object* object, const Pins& pins, std::uint32_t needs) {
    if ((needs & BPFW_NEEDS_EVENTS) == 0 || !both_usable(pins))
        return choose_event_maps(object, needs);
    for (const char* name : kEventMaps) {
        bpf_map* map = map_of(object, name);
        if (map == nullptr) return failure("find map", name, ENOENT, "not in the object");
        const auto pinned = open_pin(pins.path(name));
        if (!pinned) return tl::unexpected(pinned.error());
        if (const int error = ::bpf_map__reuse_fd(map, pinned->get()); error != 0)
            return refused("take over map", pins.path(name), -error);
    }
    return {};
}

Result<void> pin_event_maps(const bpf_object* object, const Pins& pins) {
    if (both_usable(pins)) return {};
    for (const char* name : kEventMaps) {
        const bpf_map* map = map_of(object, name);
        if (map == nullptr || ::bpf_map__fd(map) < 0) continue;
        const std::string path = pins.path(name);
        ::unlink(path.c_str());
        if (::bpf_obj_pin(::bpf_map__fd(map), path.c_str()) != 0)
            return refused("pin map", path, errno);
    }
    return {};
}

}  // namespace bpfw::runtime
