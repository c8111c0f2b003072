// SPDX-License-Identifier: GPL-2.0-or-later
// An IrLookup as data in the table section, and the code that takes the packet's key there: a
// perfect hash for exact keys, an unrolled binary search for ranges, or the one and then the
// other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/set_kinds.hpp"
#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

// Which of the two a lookup takes, and for which ranges.
enum class LookupKind : std::uint8_t { Hash, Search, HashThenSearch };
LookupKind kind_of(const IrLookup& lookup);
// "one hash lookup", "3 hash lookups", as people read it.
std::string to_text(LookupKind kind, std::size_t lookups);

// The tables of a program. Those of equal lookups (of regular and odd packets, of the functions
// for XDP and TC) are one.
class LookupTables {
public:
    explicit LookupTables(std::vector<std::byte>& bytes) : bytes_(bytes) {}

    // Code that returns the decision from the function when the packet's key has one (or goes to
    // `found` with it in kResult), and falls through when it has none. The packet is in kPacket;
    // all registers but it and kContext may change.
    void emit(Assembler& as, const IrLookup& lookup, std::optional<Label> found = {});

private:
    struct Hash {
        std::uint32_t offset = 0;
        filter::HashShape shape;
    };
    struct Search {
        std::uint32_t offset = 0;
        filter::Search shape;
    };
    struct Placed {
        IrLookup lookup;
        std::optional<Hash> hash;
        std::optional<Search> search;  // when both: asked after the hash
    };

    const Placed& placed(const IrLookup& lookup);
    Placed place(const IrLookup& lookup);
    std::optional<Hash> put_hash(const IrLookup& lookup);
    Search put_search(const std::vector<LookupRange>& ranges, std::uint8_t words);
    void align();

    std::vector<std::byte>& bytes_;
    std::unordered_multimap<std::uint32_t, Placed> placed_;  // by their first decision
};

}  // namespace bpfw::compiler
