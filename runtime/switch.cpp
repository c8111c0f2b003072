// SPDX-License-Identifier: GPL-2.0-or-later
// The pinned maps of the root object -> Switch. Only Switch::open() opens them.
#include "runtime/switch.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <atomic>
#include <cerrno>

#include "bpf-templates/abi.h"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

std::uint32_t slot_of(std::uint64_t generation, RulesetHook hook) {
    const auto base = static_cast<std::uint32_t>(generation % BPFW_GENERATIONS) * 2;
    switch (hook) {
        case RulesetHook::Xdp:
            return base;
        case RulesetHook::TcIngress:
            return base + BPFW_TC_INGRESS;
        case RulesetHook::TcEgress:
            return base + BPFW_TC_EGRESS;
    }
    BPFW_BUG("an unknown hook");
}

Result<void> put(int map, std::uint32_t slot, int program) {
    if (::bpf_map_update_elem(map, &slot, &program, BPF_ANY) != 0)
        return refused("put the program into its slot", fmt::format("{}", slot), errno);
    return {};
}

}  // namespace

Result<Switch> Switch::open(const Pins& pins) {
    auto xdp = open_pin(pins.path(BPFW_MAP_XDP_PROGS));
    if (!xdp) return tl::unexpected(xdp.error());
    auto tc = open_pin(pins.path(BPFW_MAP_TC_PROGS));
    if (!tc) return tl::unexpected(tc.error());
    const auto generation = open_pin(pins.path(BPFW_MAP_GENERATION));
    if (!generation) return tl::unexpected(generation.error());
    const auto info = map_info(generation->get());
    if (!info) return tl::unexpected(info.error());
    auto word = map_memory(generation->get(), sizeof(std::uint64_t));
    if (!word) return tl::unexpected(word.error());
    return Switch(std::move(*xdp), std::move(*tc), std::move(*word), info->id);
}

std::uint64_t Switch::generation() const {
    return std::atomic_ref(*static_cast<std::uint64_t*>(word_.get()))
        .load(std::memory_order_acquire);
}

// Through the mapping, because a map update is a memcpy and promises no single store.
void Switch::set_generation(std::uint64_t generation) {
    std::atomic_ref(*static_cast<std::uint64_t*>(word_.get()))
        .store(generation, std::memory_order_release);
}

std::uint32_t Switch::program_id(std::uint64_t generation, RulesetHook hook) const {
    const int map = hook == RulesetHook::Xdp ? xdp_.get() : tc_.get();
    const std::uint32_t slot = slot_of(generation, hook);
    std::uint32_t id = 0;
    return ::bpf_map_lookup_elem(map, &slot, &id) == 0 ? id : 0;
}

Result<void> Switch::fill(std::uint64_t generation, const RulesetPrograms& programs) {
    auto done = put(xdp_.get(), slot_of(generation, RulesetHook::Xdp), programs.xdp);
    if (done)
        done = put(tc_.get(), slot_of(generation, RulesetHook::TcIngress), programs.tc_ingress);
    if (done) done = put(tc_.get(), slot_of(generation, RulesetHook::TcEgress), programs.tc_egress);
    if (!done) clear(generation);
    return done;
}

void Switch::clear(std::uint64_t generation) {
    const auto base = static_cast<std::uint32_t>(generation % BPFW_GENERATIONS) * 2;
    for (const std::uint32_t slot : {base, base + 1}) {
        ::bpf_map_delete_elem(xdp_.get(), &slot);
        ::bpf_map_delete_elem(tc_.get(), &slot);
    }
}

void Switch::clear_others(std::uint64_t generation) {
    for (std::uint64_t other = generation + 1; other < generation + BPFW_GENERATIONS; ++other)
        clear(other);
}

}  // namespace bpfw::runtime
