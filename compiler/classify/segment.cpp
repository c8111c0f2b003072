// SPDX-License-Identifier: GPL-2.0-or-later
// Rules of a chain -> ranked boxes. take_segment() is the door.
#include "compiler/classify/segment.hpp"

#include <optional>

namespace bpfw::compiler::classify {
namespace {

constexpr std::uint32_t kMostSlots = 1U << (32 - BPFW_VERDICT_BITS);

std::optional<std::uint32_t> decision_of(const IrRule& rule) {
    const bool accept = rule.action.kind == ActionKind::Accept;
    if (!accept && rule.action.kind != ActionKind::Drop) return std::nullopt;
    if (rule.slot >= kMostSlots) return std::nullopt;
    return rule.slot << BPFW_VERDICT_BITS | (accept ? BPFW_ACCEPT : BPFW_DROP);
}

}  // namespace

Segment take_segment(const IrChain& chain, std::size_t first) {
    Segment out;
    std::uint32_t last = 0;  // no decision
    for (std::size_t i = first; i < chain.rules.size(); ++i) {
        const auto decision = decision_of(chain.rules[i]);
        if (!decision || *decision <= last) break;
        const auto boxes = to_boxes(chain.rules[i].conditions);
        if (!boxes) break;
        for (const Box& box : *boxes) out.boxes.push_back({box, *decision});
        last = *decision;
        ++out.rules;
    }
    return out;
}

}  // namespace bpfw::compiler::classify
