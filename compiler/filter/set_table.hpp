// SPDX-License-Identifier: GPL-2.0-or-later
// A Set as data in the object's table section, and the code that looks a key up in it: no helper
// call, no loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

// How a set is looked up: chosen by its size and shape when it is placed.
enum class Lookup : std::uint8_t {
    Compares,  // few ranges: compares with immediates, no data
    Bitmap,    // one word, members close together: ports
    Hash,      // exact keys: each has one slot; short ranges are keys, a few long ones compared
    Search,    // ranges: unrolled binary search
};
struct PlacedSet {
    Lookup lookup = Lookup::Compares;
    std::uint32_t offset = 0;  // of its data, in the table section
    std::uint32_t size = 0;    // its parameters, as set_table.cpp understands them
    std::uint32_t seed = 0;
};

// Appends the set's data to `tables` (aligned as needed).
PlacedSet place(const Set& set, std::vector<std::byte>& tables);

// Registers the code may use beside the key's; it leaves the key registers changed or not as it
// likes, and keeps all others.
struct LookupRegs {
    std::span<const Reg> key;      // one u32 (zero-extended) a word, most significant first
    std::span<const Reg> scratch;  // at least four
};
// Falls through when the key is not in the set, jumps to `member` when it is.
void emit_lookup(Assembler& as, const Set& set, const PlacedSet& placed, const LookupRegs& regs,
                 Label member);

}  // namespace bpfw::compiler::filter
