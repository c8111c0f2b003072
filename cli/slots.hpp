// SPDX-License-Identifier: GPL-2.0-or-later
// The text that an object carries -> what each of its counter slots counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/ast.hpp"

namespace bpfw::cli {

enum class Ends : std::uint8_t { Accept, Drop, No };  // what a matching packet's way does here
enum class SlotKind : std::uint8_t { Policy, Rule, Frame };

struct Slot {
    SlotKind kind = SlotKind::Rule;
    parser::Family family = parser::Family::Ipv4;  // a frame rule has none
    std::string chain;                             // a frame rule's: its action, "drop"
    std::uint32_t number = 0;  // 1-based, in its chain or among all frame rules; 0: a policy
    Ends ends = Ends::No;
    std::string jumps_to;  // -j or -g CHAIN
    std::string text;      // the line, without counters
};

// `ruleset` as bpf-templates/abi.h describes it (BPFW_RULESET_SECTION); in the slots' order.
std::vector<Slot> slots_of(std::string_view ruleset);

// "INPUT:3", "policy INPUT", "drop #2".
std::string decider(const Slot& slot);

}  // namespace bpfw::cli
