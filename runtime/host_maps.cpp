// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces and addresses -> bpfw_interfaces, bpfw_vlans, bpfw_local. The doors are
// size_host_maps() before the load and fill_host_maps() after it.
#include "runtime/host_maps.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr std::size_t kLeastInterfaces = 64;
// bpfw_interfaces is an array by ifindex: 384 MiB at this. The kernel counts up by one for each
// new interface; `ip link add ... index N` can name any.
constexpr std::uint32_t kHighestIndex = (1U << 24) - 1;

// A free or equal slot from `home` on, within the probes a program makes.
template <std::size_t Slots, typename IsFree>
std::optional<std::size_t> free_slot(std::uint32_t home, const IsFree& is_free) {
    for (std::uint32_t step = 0; step < BPFW_LOCAL_PROBES; ++step) {
        const std::size_t slot = (home + step) % Slots;
        if (is_free(slot)) return slot;
    }
    return std::nullopt;
}

void put_v4(bpfw_local& table, std::uint32_t address) {
    const auto slot = free_slot<BPFW_LOCAL4_SLOTS>(bpfw_hash4(address), [&](std::size_t candidate) {
        return table.v4[candidate] == 0 || table.v4[candidate] == address;
    });
    if (slot) table.v4[*slot] = address;
}

void put_v6(bpfw_local& table, const std::array<std::uint32_t, 4>& words) {
    constexpr std::array<std::uint32_t, 4> kEmpty = {};
    const std::uint32_t home = bpfw_hash6(words[0], words[1], words[2], words[3]);
    const auto slot = free_slot<BPFW_LOCAL6_SLOTS>(home, [&](std::size_t candidate) {
        return std::memcmp(table.v6[candidate], kEmpty.data(), sizeof(kEmpty)) == 0 ||
               std::memcmp(table.v6[candidate], words.data(), sizeof(words)) == 0;
    });
    if (slot) std::memcpy(table.v6[*slot], words.data(), sizeof(words));
}

Result<void> resize(bpf_object* object, const char* name, std::size_t entries) {
    bpf_map* map = ::bpf_object__find_map_by_name(object, name);
    if (map == nullptr) return failure("find map", name, ENOENT, "not in the object");
    const auto wanted = static_cast<std::uint32_t>(entries);
    if (::bpf_map__max_entries(map) >= wanted) return {};
    if (const int error = ::bpf_map__set_max_entries(map, wanted); error != 0)
        return refused("size map", name, -error);
    return {};
}

Result<void> put(const bpf_object* object, const char* name, const void* key, const void* value) {
    const int fd = ::bpf_object__find_map_fd_by_name(object, name);
    if (fd < 0) return failure("find map", name, ENOENT, "not in the object");
    if (::bpf_map_update_elem(fd, key, value, BPF_ANY) != 0)
        return refused("fill map", name, errno);
    return {};
}

}  // namespace

std::vector<bpfw_interface> interface_table(const std::vector<Interface>& interfaces) {
    std::size_t size = kLeastInterfaces;
    for (const Interface& interface : interfaces)
        while (size <= interface.index) size *= 2;
    std::vector<bpfw_interface> table(size);
    for (const Interface& interface : interfaces) {
        bpfw_interface& entry = table[interface.index];
        const std::size_t length = std::min(interface.name.size(), sizeof(entry.name) - 1);
        std::memcpy(entry.name, interface.name.data(), length);
        if (begins_with_ip(interface)) entry.flags |= BPFW_IF_RAW_IP;
    }
    return table;
}

bool any_raw_ip(const std::vector<Interface>& interfaces) {
    return std::any_of(interfaces.begin(), interfaces.end(), begins_with_ip);
}

std::vector<std::pair<bpfw_vlan_key, std::uint32_t>> vlan_table(
    const std::vector<Interface>& interfaces) {
    std::vector<std::pair<bpfw_vlan_key, std::uint32_t>> table;
    for (const Interface& interface : interfaces)
        if (interface.kind == "vlan" && interface.lower != 0)
            table.push_back({{.ifindex = interface.lower,
                              .vid = interface.vlan_id,
                              .protocol = interface.vlan_protocol},
                             interface.index});
    return table;
}

bpfw_local local_table(const std::vector<Address>& addresses) {
    bpfw_local table = {};
    for (const Address& address : addresses)
        if (address.family == 4)
            put_v4(table, address.words[0]);
        else
            put_v6(table, address.words);
    return table;
}

Result<void> size_host_maps(bpf_object* object, const std::vector<Interface>& interfaces) {
    for (const Interface& interface : interfaces)
        if (interface.index > kHighestIndex)
            return failure("take interface", interface.name, ERANGE,
                           fmt::format("its index {} is above {}", interface.index, kHighestIndex));
    auto sized = resize(object, BPFW_MAP_INTERFACES, interface_table(interfaces).size());
    if (sized) sized = resize(object, BPFW_MAP_VLANS, vlan_table(interfaces).size());
    return sized;
}

Result<void> fill_host_maps(const bpf_object* object, const std::vector<Interface>& interfaces,
                            const std::vector<Address>& addresses) {
    const auto table = interface_table(interfaces);
    for (std::uint32_t index = 0; index < table.size(); ++index) {
        if (table[index].name[0] == '\0') continue;
        auto done = put(object, BPFW_MAP_INTERFACES, &index, &table[index]);
        if (!done) return done;
    }
    for (const auto& [key, device] : vlan_table(interfaces)) {
        auto done = put(object, BPFW_MAP_VLANS, &key, &device);
        if (!done) return done;
    }
    const std::uint32_t first = 0;
    const bpfw_local local = local_table(addresses);
    return put(object, BPFW_MAP_LOCAL, &first, &local);
}

}  // namespace bpfw::runtime
