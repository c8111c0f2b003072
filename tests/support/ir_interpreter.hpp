// SPDX-License-Identifier: GPL-2.0-or-later
// What an IR means: a plain walk over its rules, to hold passes and emitted code against.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/ir/ir.hpp"

namespace bpfw::test {

enum class Outcome : std::uint8_t { No, Yes, Hotdrop };

// The interpreted packet, and which filters its frame matches.
struct Subject {
    Subject(const bpfw_packet& of, std::uint32_t matching = 0) : packet(of), filters(matching) {}
    const bpfw_packet& packet;
    std::uint32_t filters;  // bit n: filter n
};

Outcome evaluate(const compiler::Expr& expr, const Subject& subject);

struct Walk {
    std::uint32_t decision = 0;          // as a chain function returns it
    std::vector<std::uint32_t> counted;  // slots counted on the way, the deciding one not
    bool operator==(const Walk&) const = default;
};

// From base chain `base` (0 INPUT, 1 FORWARD, 2 OUTPUT).
Walk walk(const compiler::Ir& ir, compiler::ChainId base, const Subject& subject);

}  // namespace bpfw::test
