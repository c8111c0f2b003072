// SPDX-License-Identifier: GPL-2.0-or-later
// The pinned ring buffer (event_maps.hpp) -> events. EventReader is the only door.
#include "runtime/events.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "bpf-templates/abi.h"
#include "runtime/bpf_syscall.hpp"
#include "runtime/pins.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {

struct EventReader::State {
    struct Free {
        void operator()(ring_buffer* ring) const { ::ring_buffer__free(ring); }
    };
    std::unique_ptr<ring_buffer, Free> ring;
    Fd lost;
    std::string path;
    std::uint32_t map_id = 0;
    const Take* take = nullptr;  // during poll()

    static int on_event(void* state, void* data, std::size_t size) {
        static_cast<State*>(state)->give(data, size);
        return 0;
    }
    void give(const void* data, std::size_t size) const {
        bpfw_event head = {};
        constexpr std::size_t kHead = offsetof(bpfw_event, bytes);
        if (size < kHead) return;
        std::memcpy(&head, data, kHead);
        const auto* bytes = static_cast<const std::byte*>(data) + kHead;
        const std::size_t there = std::min<std::size_t>(head.captured, size - kHead);
        (*take)({std::chrono::nanoseconds(head.time),
                 head.ifindex,
                 head.slot,
                 head.length,
                 {bytes, there}});
    }
};

EventReader::EventReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

Result<EventReader> EventReader::open() {
    if (auto allowed = require_capabilities("read events"); !allowed)
        return tl::unexpected(allowed.error());
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    const auto events = open_pin(pins->path(BPFW_MAP_EVENTS));
    if (!events) return tl::unexpected(events.error());
    const auto info = map_info(events->get());
    if (!info) return tl::unexpected(info.error());
    auto lost = open_pin(pins->path(BPFW_MAP_LOST));
    if (!lost) return tl::unexpected(lost.error());
    auto state = std::make_unique<State>(
        State{nullptr, std::move(*lost), pins->path(BPFW_MAP_EVENTS), info->id, nullptr});
    const LibbpfLog log;
    state->ring.reset(::ring_buffer__new(events->get(), State::on_event, state.get(), nullptr));
    if (!state->ring) return refused("read events", state->path, errno, log.text());
    return EventReader(std::move(state));
}

Result<std::size_t> EventReader::poll(std::chrono::milliseconds timeout, const Take& take) {
    state_->take = &take;
    const int count = ::ring_buffer__poll(state_->ring.get(), static_cast<int>(timeout.count()));
    state_->take = nullptr;
    if (count < 0) return refused("read events", state_->path, -count);
    return static_cast<std::size_t>(count);
}

Result<std::uint64_t> EventReader::lost() const {
    const std::uint32_t key = 0;
    std::uint64_t value = 0;
    if (::bpf_map_lookup_elem(state_->lost.get(), &key, &value) != 0)
        return refused("read map", BPFW_MAP_LOST, errno);
    return value;
}

bool EventReader::still_there() const {
    const auto now = open_pin(state_->path);
    if (!now) return false;
    const auto info = map_info(now->get());
    return info && info->id == state_->map_id;
}

}  // namespace bpfw::runtime
