// SPDX-License-Identifier: GPL-2.0-or-later
// The pinned ring buffer (event_maps.hpp) -> events. EventReader is the only door.
#include "runtime/events.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>

#include "bpf-templates/abi.h"
#include "runtime/bpf_syscall.hpp"
#include "runtime/pins.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Two consumers of one ring buffer would read events twice, and set back each other's position
// over memory that the kernel has written anew.
class Turn {
public:
    // 0, or the errno: EAGAIN when it was another's until the deadline.
    static int take(int directory, steady_clock::time_point deadline) {
        while (::flock(directory, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return errno;
            if (steady_clock::now() >= deadline) return EAGAIN;
            std::this_thread::sleep_for(milliseconds(1));
        }
        return 0;
    }
    explicit Turn(int directory) : directory_(directory) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { ::flock(directory_, LOCK_UN); }

private:
    int directory_;
};

}  // namespace

struct EventReader::State {
    struct Free {
        void operator()(ring_buffer* ring) const { ::ring_buffer__free(ring); }
    };
    std::unique_ptr<ring_buffer, Free> ring;
    Fd lost;
    Fd directory;
    std::string path;
    std::uint32_t map_id = 0;
    const Take* take = nullptr;  // these three: during poll()
    std::size_t most = 0;
    std::size_t given = 0;

    // A negative answer ends ring_buffer__consume() behind this event.
    static int on_event(void* data_of_ring, void* data, std::size_t size) {
        auto& state = *static_cast<State*>(data_of_ring);
        state.give(data, size);
        return ++state.given < state.most ? 0 : -ECANCELED;
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
    Fd directory(::open(pins->directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0) return refused("read events", pins->directory(), errno);
    auto state = std::make_unique<State>(State{nullptr, std::move(*lost), std::move(directory),
                                               pins->path(BPFW_MAP_EVENTS), info->id});
    const LibbpfLog log;
    state->ring.reset(::ring_buffer__new(events->get(), State::on_event, state.get(), nullptr));
    if (!state->ring) return refused("read events", state->path, errno, log.text());
    return EventReader(std::move(state));
}

Result<std::size_t> EventReader::poll(milliseconds timeout, std::size_t most, const Take& take) {
    if (most == 0) return 0;
    const auto deadline = steady_clock::now() + timeout;
    epoll_event ready = {};
    const int ring = ::ring_buffer__epoll_fd(state_->ring.get());
    if (::epoll_wait(ring, &ready, 1, static_cast<int>(timeout.count())) < 0)
        return refused("read events", state_->path, errno);
    const int error = Turn::take(state_->directory.get(), deadline);
    if (error != 0) return refused("read events", state_->path, error);
    const Turn turn(state_->directory.get());
    state_->take = &take;
    state_->most = most;
    state_->given = 0;
    const int count = ::ring_buffer__consume(state_->ring.get());
    state_->take = nullptr;
    if (count < 0 && count != -ECANCELED) return refused("read events", state_->path, -count);
    return state_->given;
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
