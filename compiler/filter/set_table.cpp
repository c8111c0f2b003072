// SPDX-License-Identifier: GPL-2.0-or-later
// A Set -> the way to look it up that costs least, its data and its code. place() and
// emit_lookup() are the doors.
#include "compiler/filter/set_table.hpp"

#include <algorithm>

#include "compiler/filter/set_kinds.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Up to here compares cost no more than a table, which has to come into the cache.
constexpr std::size_t kFew = 6;
constexpr std::size_t kCacheLine = 64;
constexpr std::uint32_t kBitmapBytes = 8192;  // all ports
// Ranges of up to so many keys become keys of the hash table; so many longer ones are asked by
// compares in front of it.
constexpr std::uint64_t kNarrow = 8;
constexpr std::size_t kWideBesideHash = 8;
constexpr std::uint32_t kByteMask = 0xff;

Ranges all_of(const Set& set) { return {set.words, set.ranges}; }

// How many keys, at most kNarrow + 1.
std::uint64_t keys_in(const SetRange& range, std::uint8_t words) {
    for (std::size_t i = 0; i + 1U < words; ++i)
        if (range.first.at(i) != range.last.at(i)) return kNarrow + 1;
    const std::uint64_t more =
        std::uint64_t{range.last.at(words - 1U)} - range.first.at(words - 1U);
    return std::min(more, kNarrow) + 1;
}

bool is_wide(const SetRange& range, std::uint8_t words) { return keys_in(range, words) > kNarrow; }

std::vector<SetRange> wide_ranges(const Set& set) {
    std::vector<SetRange> out;
    for (const SetRange& range : set.ranges)
        if (is_wide(range, set.words)) out.push_back(range);
    return out;
}

std::vector<HashKey> narrow_keys(const Set& set) {
    std::vector<HashKey> out;
    out.reserve(set.ranges.size());
    for (const SetRange& range : set.ranges) {
        if (is_wide(range, set.words)) continue;
        std::array<std::uint32_t, 4> key = range.first;
        const std::uint64_t count = keys_in(range, set.words);
        for (std::uint64_t i = 0; i < count; ++i) {
            out.push_back(hash_key(key, set.words));
            ++key.at(set.words - 1U);
        }
    }
    return out;
}

// Not when a hash of the same keys, or a search, would take much less memory.
bool close_together(const Set& set) {
    if (set.words != 1) return false;
    const std::uint32_t bytes = (set.ranges.back().last[0] - set.ranges.front().first[0]) / 8;
    return bytes <= kBitmapBytes || bytes / 8 <= set.ranges.size();
}

void align(std::vector<std::byte>& tables) {
    while (tables.size() % kCacheLine != 0) tables.push_back(std::byte{0});
}

PlacedSet place_bitmap(const Set& set, std::vector<std::byte>& tables) {
    const auto offset = static_cast<std::uint32_t>(tables.size());
    put_bitmap(tables, bitmap_of(all_of(set)), all_of(set));
    return {Lookup::Bitmap, offset, 0, 0};
}

std::optional<PlacedSet> place_hash(const Set& set, std::vector<std::byte>& tables) {
    if (wide_ranges(set).size() > kWideBesideHash) return std::nullopt;
    const std::vector<HashKey> keys = narrow_keys(set);
    if (keys.empty()) return std::nullopt;
    const auto offset = static_cast<std::uint32_t>(tables.size());
    const auto shape = put_hash(tables, set.words, keys);
    if (!shape) return std::nullopt;
    return PlacedSet{Lookup::Hash, offset, shape->bucket_bits << 8U | shape->slot_bits,
                     shape->seed};
}

PlacedSet place_search(const Set& set, std::vector<std::byte>& tables) {
    const auto offset = static_cast<std::uint32_t>(tables.size());
    put_search(tables, search_of(all_of(set)), all_of(set));
    return {Lookup::Search, offset, 0, 0};
}

}  // namespace

void put_u32(std::vector<std::byte>& bytes, std::uint32_t value) {
    std::array<std::byte, sizeof value> out{};
    for (std::byte& byte : out) {
        byte = static_cast<std::byte>(value & kByteMask);
        value >>= 8U;
    }
    bytes.insert(bytes.end(), out.begin(), out.end());
}

void put_u64(std::vector<std::byte>& bytes, std::uint64_t value) {
    put_u32(bytes, static_cast<std::uint32_t>(value));
    put_u32(bytes, static_cast<std::uint32_t>(value >> 32U));
}

PlacedSet place(const Set& set, std::vector<std::byte>& tables) {
    if (set.ranges.size() <= kFew) return {};
    align(tables);
    if (close_together(set)) return place_bitmap(set, tables);
    if (const auto hashed = place_hash(set, tables)) return *hashed;
    return place_search(set, tables);
}

void emit_lookup(Assembler& as, const Set& set, const PlacedSet& placed, const LookupRegs& regs,
                 Label member) {
    if (regs.key.size() != set.words || regs.scratch.size() < 4)
        BPFW_BUG("a set lookup with too few registers");
    const Lookups to{as, regs, member};
    const Label miss = as.label();
    switch (placed.lookup) {
        case Lookup::Compares:
            emit_compares(to, all_of(set), miss);
            break;
        case Lookup::Bitmap:
            emit_bitmap(to, bitmap_of(all_of(set)), placed.offset, miss);
            break;
        case Lookup::Hash: {
            const std::vector<SetRange> wide = wide_ranges(set);
            const Label hash = as.label();
            emit_compares(to, {set.words, wide}, hash);
            as.bind(hash);
            const HashShape shape{placed.size >> 8U, placed.size & kByteMask, placed.seed};
            emit_hash(to, set.words, shape, placed.offset, miss);
            break;
        }
        case Lookup::Search:
            emit_search(to, search_of(all_of(set)), placed.offset);
            break;
    }
    as.bind(miss);
}

}  // namespace bpfw::compiler::filter
