// SPDX-License-Identifier: GPL-2.0-or-later
// The carried ruleset text -> what its counter slots count; slots_of() is the only door. The text
// is canonical (we wrote it): the target, where there is one, is always the line's last two words.
#include "cli/slots.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "parser/base/result.hpp"
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
    std::uint32_t frames = 0;
    for (runtime::SlotLine& line : runtime::slot_lines(ruleset)) {
        Slot slot;
        slot.family = line.family == "ipv6" ? parser::Family::Ipv6 : parser::Family::Ipv4;
        slot.chain = std::move(line.chain);
        slot.text = std::move(line.text);
        if (line.family == "frames") {
            slot.kind = SlotKind::Frame;
            slot.chain = slot.text.substr(0, slot.text.find(' '));
            slot.number = ++frames;
            if (slot.chain != "log") slot.ends = slot.chain == "drop" ? Ends::Drop : Ends::Accept;
        } else if (slot.text.front() == ':') {
            slot.kind = SlotKind::Policy;
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
    switch (slot.kind) {
        case SlotKind::Policy:
            return "policy " + slot.chain;
        case SlotKind::Rule:
            return fmt::format("{}:{}", slot.chain, slot.number);
        case SlotKind::Frame:
            return fmt::format("{} #{}", slot.chain, slot.number);
    }
    BPFW_BUG("a slot of no kind");
}

}  // namespace bpfw::cli
