// SPDX-License-Identifier: GPL-2.0-or-later
// A table as iptables 1.8.9 prints it: -L, -S, the save format and the echo of -v.
#pragma once

#include <optional>
#include <string>

#include "compat/lookup.hpp"
#include "compat/match_details.hpp"
#include "compiler/ruleset.hpp"

namespace bpfw::compat {

enum class Counts : std::uint8_t { Hidden, Scaled, Exact };  // without -v, -v, -v -x
enum class LineNumbers : std::uint8_t { No, Yes };

struct ListFormat {
    Numbers numbers = Numbers::Named;
    Counts counts = Counts::Hidden;
    LineNumbers line_numbers = LineNumbers::No;
};

// What is asked for: every chain, one chain, or one rule (1-based) of a chain. The chain
// exists; a rule that does not prints nothing.
struct Selection {
    std::optional<std::string> chain;
    std::optional<std::uint32_t> position;
};

// -L
std::string list_table(const compiler::Table& table, parser::Family family,
                       const Selection& selection, const ListFormat& format, const Lookup& lookup);
// -S; Counts::Hidden or any other for "-c PACKETS BYTES".
std::string print_rules(const compiler::Table& table, parser::Family family,
                        const Selection& selection, Counts counts);
// The line that -v prints for a rule put in, taken away or looked for.
std::string echo_rule(const parser::Rule& rule, parser::Family family);
// 99999 -> "99999", 100000 -> "100K" ...: right-aligned as in a column and one blank behind.
std::string scaled_column(std::uint64_t number);

}  // namespace bpfw::compat
