// SPDX-License-Identifier: GPL-2.0-or-later
// The ruleset's text as the object carries it -> its counter slots, and which slot of an old
// ruleset goes on in which slot of a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bpfw::runtime {

// The line of one counter slot: a rule ("-A INPUT ..."), a policy (":INPUT DROP") or a short-form
// rule ("drop arp").
struct SlotLine {
    std::string family;  // "ipv4", "ipv6", "frames"; "" when no "# bpfw" line stands above
    std::string chain;   // "" of a short-form rule
    std::string text;    // the line without counters
    bool operator==(const SlotLine&) const = default;
};

// In slot order (abi.h says which lines have a slot).
std::vector<SlotLine> slot_lines(std::string_view ruleset);

// For every slot of `now` the slot of `before` whose counter it goes on with. Lines pair up
// within their chain: the equal ones at its beginning and its end by position, so that one
// insertion or deletion moves no counter, those between by text, first with first.
std::vector<std::optional<std::uint32_t>> match_slots(const std::vector<SlotLine>& before,
                                                      const std::vector<SlotLine>& now);

}  // namespace bpfw::runtime
