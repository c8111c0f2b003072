// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_counters + bpfw_carried -> CounterValues (class Counters).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <cerrno>

#include "bpf-templates/abi.h"
#include "runtime/ruleset.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

bpfw_counter* element(const Mapping& carried, std::uint32_t slot) {
    return static_cast<bpfw_counter*>(carried.get()) + slot;
}

}  // namespace

Result<CounterValue> sum_over_cpus(int map, std::uint32_t slot) {
    static const int kCpus = ::libbpf_num_possible_cpus();
    std::vector<bpfw_counter> values(static_cast<std::size_t>(kCpus));
    if (::bpf_map_lookup_elem(map, &slot, values.data()) != 0)
        return refused("read counter", fmt::format("{}", slot), errno);
    CounterValue sum;
    for (const bpfw_counter& value : values) {
        sum.packets += value.packets;
        sum.bytes += value.bytes;
    }
    return sum;
}

Result<Counters> Counters::open(Fd counters, const Fd& carried) {
    const auto info = map_info(counters.get());
    if (!info) return tl::unexpected(info.error());
    auto mapping = map_memory(carried.get(), info->max_entries * sizeof(bpfw_counter));
    if (!mapping) return tl::unexpected(mapping.error());
    return Counters(std::move(counters), std::move(*mapping), info->max_entries);
}

CounterValue Counters::carried(std::uint32_t slot) const {
    const bpfw_counter* value = element(carried_, slot);
    return {.packets = value->packets, .bytes = value->bytes};
}

Result<CounterValue> Counters::read_live(std::uint32_t slot) const {
    return sum_over_cpus(live_.get(), slot);
}

Result<std::vector<CounterValue>> Counters::read() const {
    std::vector<CounterValue> values;
    values.reserve(slots_);
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
        const auto live = read_live(slot);
        if (!live) return tl::unexpected(live.error());
        const CounterValue base = carried(slot);
        values.push_back({live->packets + base.packets, live->bytes + base.bytes});
    }
    return values;
}

Result<void> Counters::set(std::uint32_t slot, CounterValue value) {
    const auto live = read_live(slot);
    if (!live) return tl::unexpected(live.error());
    set_carried(slot, {value.packets - live->packets, value.bytes - live->bytes});
    return {};
}

void Counters::set_carried(std::uint32_t slot, CounterValue value) {
    *element(carried_, slot) = {.packets = value.packets, .bytes = value.bytes};
}

}  // namespace bpfw::runtime
