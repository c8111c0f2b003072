// SPDX-License-Identifier: GPL-2.0-or-later
// Which maps an object's `log` rules write to: the pinned ones, which a reader (events.hpp) may
// be following, or new ones. The doors are choose_event_maps() before the load of the object and
// pin_event_maps() before it is put in force.
#pragma once

#include <cstdint>

#include "parser/base/result.hpp"
#include "runtime/pins.hpp"

struct bpf_object;

namespace bpfw::runtime {

// The pinned maps where they are there and of the right kind, else new ones; none when the rules
// do not log (`needs`: BPFW_NEEDS_*).
Result<void> choose_event_maps(bpf_object* object, const Pins& pins, std::uint32_t needs);
// Without pins (test runs): new ones, or none.
Result<void> choose_event_maps(bpf_object* object, std::uint32_t needs);
// Pins those of the loaded object that are not pinned yet.
Result<void> pin_event_maps(const bpf_object* object, const Pins& pins);

}  // namespace bpfw::runtime
