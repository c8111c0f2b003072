// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset text -> SlotLines; two lists of them -> who inherits whose counter.
#include "runtime/ruleset_text.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace bpfw::runtime {
namespace {

constexpr std::string_view kFamilyPrefix = "# bpfw ";
constexpr std::string_view kFrames = "frames";

std::string_view next_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

// ":INPUT DROP [12:3400]" -> ":INPUT DROP"; "" when the chain has no policy.
std::string_view policy_line(std::string_view line) {
    const std::size_t name_end = line.find(' ');
    if (name_end == std::string_view::npos) return "";
    const std::string_view policy = first_word(line.substr(name_end + 1));
    if (policy.empty() || policy == "-") return "";
    return line.substr(0, name_end + 1 + policy.size());
}

using Slots = std::vector<std::uint32_t>;

std::map<std::pair<std::string, std::string>, Slots> by_chain(const std::vector<SlotLine>& lines) {
    std::map<std::pair<std::string, std::string>, Slots> chains;
    for (std::uint32_t slot = 0; slot < lines.size(); ++slot)
        chains[{lines[slot].family, lines[slot].chain}].push_back(slot);
    return chains;
}

struct Pairing {
    const std::vector<SlotLine>& before;
    const std::vector<SlotLine>& now;
    std::vector<std::optional<std::uint32_t>>& result;

    bool pair(std::uint32_t old_slot, std::uint32_t new_slot) const {
        if (before[old_slot].text != now[new_slot].text) return false;
        result[new_slot] = old_slot;
        return true;
    }
};

void pair_by_text(const Pairing& pairing, const Slots& before, const Slots& now) {
    std::map<std::string_view, std::deque<std::uint32_t>> waiting;
    for (const std::uint32_t slot : before) waiting[pairing.before[slot].text].push_back(slot);
    for (const std::uint32_t slot : now) {
        const auto found = waiting.find(pairing.now[slot].text);
        if (found == waiting.end() || found->second.empty()) continue;
        pairing.result[slot] = found->second.front();
        found->second.pop_front();
    }
}

void pair_chain(const Pairing& pairing, Slots before, Slots now) {
    std::size_t head = 0;
    while (head < before.size() && head < now.size() && pairing.pair(before[head], now[head]))
        ++head;
    before.erase(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(head));
    now.erase(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(head));
    while (!before.empty() && !now.empty() && pairing.pair(before.back(), now.back())) {
        before.pop_back();
        now.pop_back();
    }
    pair_by_text(pairing, before, now);
}

}  // namespace

std::vector<SlotLine> slot_lines(std::string_view ruleset) {
    std::vector<SlotLine> lines;
    std::string family;
    while (!ruleset.empty()) {
        const std::string_view line = next_line(ruleset);
        if (line.substr(0, kFamilyPrefix.size()) == kFamilyPrefix) {
            family = std::string(line.substr(kFamilyPrefix.size()));
        } else if (family == kFrames) {
            lines.push_back({family, "", std::string(line)});
        } else if (line.substr(0, 3) == "-A ") {
            lines.push_back({family, std::string(first_word(line.substr(3))), std::string(line)});
        } else if (line.substr(0, 1) == ":") {
            const std::string_view policy = policy_line(line);
            if (!policy.empty())
                lines.push_back(
                    {family, std::string(first_word(line.substr(1))), std::string(policy)});
        }
    }
    return lines;
}

std::vector<std::optional<std::uint32_t>> match_slots(const std::vector<SlotLine>& before,
                                                      const std::vector<SlotLine>& now) {
    std::vector<std::optional<std::uint32_t>> result(now.size());
    const Pairing pairing = {before, now, result};
    const auto old_chains = by_chain(before);
    for (const auto& [chain, slots] : by_chain(now)) {
        const auto found = old_chains.find(chain);
        if (found != old_chains.end()) pair_chain(pairing, found->second, slots);
    }
    return result;
}

}  // namespace bpfw::runtime
