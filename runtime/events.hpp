// SPDX-License-Identifier: GPL-2.0-or-later
// What `log` rules record, read from this namespace's pinned ring buffer: EventReader is the
// door. The buffer outlives a change of rules: the new ruleset writes where the old one did, so
// a reader that follows goes on. `bpfw unload` takes it away.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "parser/base/result.hpp"
#include "runtime/fd.hpp"

namespace bpfw::runtime {

struct Event {
    std::chrono::nanoseconds time{};   // since boot (CLOCK_BOOTTIME)
    std::uint32_t ifindex = 0;         // where the frame came in
    std::uint32_t slot = 0;            // counter slot of the rule, in the ruleset of that moment
    std::uint32_t length = 0;          // of the frame on the wire
    std::span<const std::byte> bytes;  // its first ones, as tcpdump sees them; until the next event
};

// Each event goes to one reader: of two that follow, each gets some. A ring buffer is made for
// one consumer, so they take turns (flock on the pins' directory).
class EventReader {
public:
    using Take = std::function<void(const Event&)>;

    // ENOENT when no ruleset with a `log` rule was loaded in this namespace since the last
    // unload. Events that nobody has read yet are still there.
    static Result<EventReader> open();
    EventReader(EventReader&&) noexcept;
    EventReader& operator=(EventReader&&) noexcept;
    ~EventReader();

    // Waits until there are events, at most for `timeout`, and gives up to `most` of them to
    // `take`; the others stay, and so it ends under a flood too. How many it gave; EINTR when a
    // signal came, EAGAIN when another reader had the turn all the time.
    Result<std::size_t> poll(std::chrono::milliseconds timeout, std::size_t most, const Take& take);
    // Events that found the buffer full, since it was made.
    [[nodiscard]] Result<std::uint64_t> lost() const;
    // False when unload() has taken the buffer away: nothing will come here any more.
    [[nodiscard]] bool still_there() const;

private:
    struct State;
    explicit EventReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace bpfw::runtime
