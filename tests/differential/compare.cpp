// SPDX-License-Identifier: GPL-2.0-or-later
// Answer and Observation -> difference.
#include "tests/differential/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/packet_view.hpp"

namespace bpfw::test {
namespace {

std::map<Position, parser::Counters> sums(const Answer& answer) {
    std::map<Position, parser::Counters> all;
    for (const Position& position : answer.counted) {
        all[position].packets++;
        all[position].bytes += answer.bytes;
    }
    return all;
}

std::string to_text(const compiler::Table& table,
                    const std::map<Position, parser::Counters>& counted) {
    std::string out;
    for (const auto& [position, counters] : counted)
        out += fmt::format(" {}={}/{}", to_text(table, position), counters.packets, counters.bytes);
    return out.empty() ? " nothing" : out;
}

std::map<std::uint32_t, parser::Counters> slots(const Tables& tables, const Answer& answer) {
    std::map<std::uint32_t, parser::Counters> all;
    for (const auto& [position, counters] : sums(answer))
        all[slot_of(tables, answer.family, position)] = counters;
    return all;
}

// The frame carries a fragment that is not the first, of a packet that the hook sees whole.
bool judged_by_first_fragment(const Bytes& frame, Hook hook) {
    const Seen seen = look(frame, hook);
    if (seen.outcome != Outcome::Accept || hook == Hook::Forward) return false;
    if (hook == Hook::Input && seen.packet.family == parser::Family::Ipv6) return false;
    const auto transport = find_transport(seen.packet);
    return !transport || transport->fragment != 0;
}

// What the program must have stored as its decision.
std::uint32_t expected_decision(const Tables& tables, const Answer& answer) {
    if (answer.outcome == Outcome::Hotdrop) return BPFW_HOTDROP;
    const std::uint32_t slot = slot_of(tables, answer.family, *answer.decided);
    return slot << BPFW_VERDICT_BITS |
           (answer.outcome == Outcome::Accept ? BPFW_ACCEPT : BPFW_DROP);
}

bool same_decision(const Tables& tables, const Answer& answer, const bpfw_trace& trace) {
    constexpr std::uint32_t kVerdict = (1u << BPFW_VERDICT_BITS) - 1;
    if (trace.reason != BPFW_BY_RULE) return false;
    const std::uint32_t expected = expected_decision(tables, answer);
    // A hotdrop has no deciding rule: its slot bits say nothing.
    if (answer.outcome == Outcome::Hotdrop) return (trace.decision & kVerdict) == expected;
    return trace.decision == expected;
}

bool agrees(const Tables& tables, const Answer& answer, const BpfAnswer& bpf,
            const TestPacket& packet) {
    constexpr std::size_t kMostTags = 4;  // bpf-templates/l2.h: what is behind more is dropped
    if (tag_count(packet.frame) > kMostTags)
        return bpf.dropped && bpf.trace.reason == BPFW_MALFORMED && bpf.counted.empty();
    switch (answer.outcome) {
        case Outcome::NotIp:
            return !bpf.dropped && bpf.trace.reason == BPFW_NOT_IP && bpf.counted.empty();
        case Outcome::Refused:
            return true;  // the kernel drops it, whatever bpfw says
        case Outcome::Accept:
        case Outcome::Drop:
        case Outcome::Hotdrop:
            break;
    }
    if (bpf.trace.reason == BPFW_LATER_FRAGMENT)
        return !bpf.dropped && bpf.counted.empty() &&
               judged_by_first_fragment(packet.frame, packet.place.hook);
    return bpf.dropped == (answer.outcome != Outcome::Accept) &&
           same_decision(tables, answer, bpf.trace) && bpf.counted == slots(tables, answer);
}

std::string to_text(const Tables& tables, const BpfAnswer& bpf, parser::Family family) {
    const compiler::Table& table = tables.of(family);
    std::string counted;
    for (std::uint32_t chain = 0; chain < table.chains.size(); chain++)
        for (std::uint32_t rule = 0; rule <= table.chains[chain].rules.size(); rule++) {
            if (rule == 0 && !table.chains[chain].policy) continue;
            const Position position{chain, rule};
            const auto found = bpf.counted.find(slot_of(tables, family, position));
            if (found != bpf.counted.end())
                counted += fmt::format(" {}={}/{}", to_text(table, position), found->second.packets,
                                       found->second.bytes);
        }
    return fmt::format("{}, decision {:#x} (slot {}) reason {}, counted{}",
                       bpf.dropped ? "DROP" : "ACCEPT", bpf.trace.decision,
                       bpf.trace.decision >> BPFW_VERDICT_BITS, bpf.trace.reason,
                       counted.empty() ? " nothing" : counted);
}

const char* name(Outcome outcome) {
    switch (outcome) {
        case Outcome::Accept:
            return "ACCEPT";
        case Outcome::Drop:
            return "DROP";
        case Outcome::Hotdrop:
            return "DROP (hotdrop)";
        case Outcome::NotIp:
            return "not IP";
        case Outcome::Refused:
            return "refused before the rules";
    }
    return "";
}

}  // namespace

std::string to_text(const compiler::Table& table, const Answer& answer) {
    return fmt::format("{}, counted{}", name(answer.outcome), to_text(table, sums(answer)));
}

std::string to_text(const compiler::Table& table, const Observation& kernel) {
    if (!kernel.seen) return "not seen";
    return fmt::format("{}, counted{}", kernel.accepted ? "ACCEPT" : "DROP",
                       to_text(table, kernel.counted));
}

std::string difference(const compiler::Table& table, const Answer& answer,
                       const Observation& kernel) {
    if (!kernel.seen) return "";
    const bool accepted = answer.outcome == Outcome::Accept;
    const bool judged = answer.outcome != Outcome::NotIp && answer.outcome != Outcome::Refused;
    if (judged && accepted == kernel.accepted && sums(answer) == kernel.counted) return "";
    return fmt::format("kernel:      {}\ninterpreter: {}\n", to_text(table, kernel),
                       to_text(table, answer));
}

std::string difference(const Tables& tables, const Answer& answer, const BpfAnswer& bpf,
                       const TestPacket& packet, Entry entry) {
    if (agrees(tables, answer, bpf, packet)) return "";
    return fmt::format("interpreter: {}\nbpfw {}: {}\n", to_text(tables.of(answer.family), answer),
                       name_of(entry), to_text(tables, bpf, answer.family));
}

std::string hex(const Bytes& frame) { return fmt::format("{:02x}", fmt::join(frame, "")); }

}  // namespace bpfw::test
