// SPDX-License-Identifier: GPL-2.0-or-later
// The carried ruleset text -> what its counter slots count; slots_of() is the only door. The text
// is canonical (we wrote it): the target, where there is one, is always the line's last two words.
#include "cli/slots.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "runtime/ruleset_text.hpp"

namespace bpfw::cli {
namespace {

Ends ending(std::string_view target) {
    if (target == "ACCEPT") return Ends::Accept;
    return target == "DROP" ? Ends::Drop : Ends::No;
}

void set_target(Slot& slot) {
    const std::string_view line = slot.text;
    const std::size_t blank = line.rfind(' ');
    const std::string_view target = line.substr(blank + 1);
    const std::string_view before = line.substr(0, blank);
    const std::string_view option = before.substr(before.rfind(' ') + 1);
    if (option != "-j" && option != "-g") return;
    if (target.back() == '"') return;  // the end of a comment
    slot.ends = ending(target);
    if (slot.ends == Ends::No && target != "RETURN") slot.jumps_to = target;
}

}  // namespace

std::vector<Slot> slots_of(std::string_view ruleset) {
    std::vector<Slot> slots;
    std::map<std::pair<parser::Family, std::string>, std::uint32_t> rules;  // of a chain, so far
    for (runtime::SlotLine& line : runtime::slot_lines(ruleset)) {
        Slot slot;
        slot.family = line.family == "ipv6" ? parser::Family::Ipv6 : parser::Family::Ipv4;
        slot.chain = std::move(line.chain);
        slot.text = std::move(line.text);
        if (slot.text.front() == ':') {
            slot.ends = ending(std::string_view(slot.text).substr(slot.text.rfind(' ') + 1));
        } else {
            slot.number = ++rules[{slot.family, slot.chain}];
            set_target(slot);
        }
        slots.push_back(std::move(slot));
    }
    return slots;
}

std::string decider(const Slot& slot) {
    return slot.number == 0 ? "policy " + slot.chain
                            : fmt::format("{}:{}", slot.chain, slot.number);
}

}  // namespace bpfw::cli
