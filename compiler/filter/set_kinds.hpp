// SPDX-License-Identifier: GPL-2.0-or-later
// The ways in which a key is looked up in the table section: for each, its data and its code.
// Only the set table and the table of decisions (compiler/emit/lookup_table.cpp) include this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/graph.hpp"
#include "compiler/filter/set_table.hpp"

namespace bpfw::compiler::filter {

// A set, or a part of one.
struct Ranges {
    std::uint8_t words = 1;
    std::span<const SetRange> ranges;
};

// Where control goes: on a miss to the next instruction.
struct Lookups {
    Assembler& as;
    const LookupRegs& regs;
    Label member;
};

// Appends `value`, least significant byte first, as eBPF loads it.
void put_u32(std::vector<std::byte>& bytes, std::uint32_t value);
void put_u64(std::vector<std::byte>& bytes, std::uint64_t value);

// ------------------------------------------------------------------------ compares
// On a miss control falls through or jumps to `miss`.
void emit_compares(const Lookups& to, const Ranges& set, Label miss);

// -------------------------------------------------------------------------- bitmap
// One bit for each value from `base` on, 2^word_bits words of 64. One-word sets only.
struct Bitmap {
    std::uint32_t base = 0;
    std::uint32_t span = 0;  // the last member, less `base`
    std::uint32_t word_bits = 0;
};
Bitmap bitmap_of(const Ranges& set);
void put_bitmap(std::vector<std::byte>& bytes, const Bitmap& bitmap, const Ranges& set);
void emit_bitmap(const Lookups& to, const Bitmap& bitmap, std::uint32_t offset, Label miss);

// ---------------------------------------------------------------------------- hash
// A key's two halves: {0, key}, {0, both words} or {the first two, the last two}.
using HashKey = std::array<std::uint64_t, 2>;
// h = key * multiplier (64 bits). The top bucket_bits of h choose a displacement d, the top
// slot_bits of h * d the only slot where the key can be. bucket_bits 0: d is 1 and not stored.
struct HashShape {
    std::uint32_t bucket_bits = 0;
    std::uint32_t slot_bits = 0;
    std::uint32_t seed = 0;  // of the multipliers
};
HashKey hash_key(const std::array<std::uint32_t, 4>& key, std::uint8_t words);
// Appends the table. Nothing when no seed that was tried gives each key a slot of its own.
// `values`: one for each key, or none at all.
std::optional<HashShape> put_hash(std::vector<std::byte>& bytes, std::uint8_t words,
                                  const std::vector<HashKey>& keys,
                                  const std::vector<std::uint32_t>& values = {});
void emit_hash(const Lookups& to, std::uint8_t words, const HashShape& shape, std::uint32_t offset,
               Label miss);
// Of a table with values: falls through with the key's in scratch[0], or jumps to `miss`.
void emit_hash_value(Assembler& as, const LookupRegs& regs, std::uint8_t words,
                     const HashShape& shape, std::uint32_t offset, Label miss);

// -------------------------------------------------------------------------- search
// The values at which membership changes, ascending, filled up at the front with zeros to
// 2^steps - 1: a key is a member when the number of those <= key is odd (less the filling).
struct Search {
    std::uint8_t words = 1;  // trailing words that never decide are left out
    std::uint32_t steps = 0;
    std::uint32_t filling = 0;
};
Search search_of(const Ranges& set);
void put_search(std::vector<std::byte>& bytes, const Search& search, const Ranges& set);
void emit_search(const Lookups& to, const Search& search, std::uint32_t offset);

// The same with a value for each range: behind the values at which something changes stands what
// a key gets when so many of those are <= it; 0 when no range holds it.
Search value_search_of(const Ranges& set);
void put_value_search(std::vector<std::byte>& bytes, const Search& search, const Ranges& set,
                      std::span<const std::uint32_t> values);
// Leaves the value in scratch[0].
void emit_search_value(Assembler& as, const LookupRegs& regs, const Search& search,
                       std::uint32_t offset);

}  // namespace bpfw::compiler::filter
