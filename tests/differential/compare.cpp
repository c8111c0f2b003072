// SPDX-License-Identifier: GPL-2.0-or-later
// Answer and Observation -> difference.
#include "tests/differential/compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string hex(const Bytes& frame) { return fmt::format("{:02x}", fmt::join(frame, "")); }

}  // namespace bpfw::test
