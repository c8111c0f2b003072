// SPDX-License-Identifier: GPL-2.0-or-later
// The carried ruleset text -> counter slots, line by line; slots_of() is the only door. The text
// is canonical (we wrote it): the target, where there is one, is always the line's last two words.
#include "cli/slots.hpp"

#include <fmt/format.h>

#include <map>

namespace bpfw::cli {
namespace {

std::string_view next_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

std::string_view word(std::string_view line, std::size_t number) {
    while (number-- > 0) {
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) return {};
        line.remove_prefix(blank + 1);
    }
    return line.substr(0, line.find(' '));
}

Ends ending(std::string_view target) {
    if (target == "ACCEPT") return Ends::Accept;
    return target == "DROP" ? Ends::Drop : Ends::No;
}

void set_target(Slot& slot, std::string_view line) {
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
    std::map<std::string, std::uint32_t, std::less<>> rules;  // of each chain, so far
    parser::Family family = parser::Family::Ipv4;
    while (!ruleset.empty()) {
        const std::string_view line = next_line(ruleset);
        if (line == "# bpfw ipv6") {
            family = parser::Family::Ipv6;
            rules.clear();
        } else if (line.substr(0, 3) == "-A ") {
            Slot slot{family, std::string(word(line, 1)), 0, Ends::No, "", std::string(line)};
            slot.number = ++rules[slot.chain];
            set_target(slot, line);
            slots.push_back(std::move(slot));
        } else if (line.substr(0, 1) == ":" && word(line, 1) != "-") {
            slots.push_back({family, std::string(word(line, 0).substr(1)), 0, ending(word(line, 1)),
                             "", std::string(line)});
        }
    }
    return slots;
}

std::string decider(const Slot& slot) {
    return slot.number == 0 ? "policy " + slot.chain
                            : fmt::format("{}:{}", slot.chain, slot.number);
}

}  // namespace bpfw::cli
