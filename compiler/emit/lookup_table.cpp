// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses how a lookup is done, places its data once and emits its code. LookupTables is the
// door.
#include "compiler/emit/lookup_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "compiler/filter/set_kinds.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

using filter::SetRange;

constexpr std::size_t kCacheLine = 64;
constexpr std::uint64_t kNarrow = 8;  // ranges of up to so many keys become keys of the hash

std::uint8_t words_of(const IrLookup& lookup) {
    return static_cast<std::uint8_t>(lookup.key.size());
}

bool is_narrow(const LookupRange& range, std::size_t words) {
    for (std::size_t i = 0; i + 1 < words; ++i)
        if (range.first.at(i) != range.last.at(i)) return false;
    return range.last.at(words - 1) - range.first.at(words - 1) < kNarrow;
}

// What a hash in front of the search does not know.
std::vector<LookupRange> wide_ranges(const IrLookup& lookup) {
    std::vector<LookupRange> out;
    for (const LookupRange& range : lookup.ranges)
        if (!is_narrow(range, lookup.key.size())) out.push_back(range);
    return out;
}

std::vector<SetRange> set_ranges(const std::vector<LookupRange>& ranges) {
    std::vector<SetRange> out;
    out.reserve(ranges.size());
    for (const LookupRange& range : ranges) out.push_back({range.first, range.last});
    return out;
}

Size size_of(Field field) {
    return field_layout(field).width == FieldWidth::W8    ? Size::U8
           : field_layout(field).width == FieldWidth::W16 ? Size::U16
                                                          : Size::U32;
}

// One word leaves the registers that a call saves alone.
constexpr std::array kShortKey = {Reg::R2};
constexpr std::array kShortScratch = {kResult, Reg::R1, Reg::R3, Reg::R4};
constexpr std::array kLongKey = {Reg::R1, Reg::R2, Reg::R3, Reg::R4};
constexpr std::array kLongScratch = {kResult, Reg::R5, Reg::R8, Reg::R9};

filter::LookupRegs emit_key(Assembler& as, const IrLookup& lookup) {
    const bool one = lookup.key.size() == 1;
    const auto key = one ? std::span<const Reg>(kShortKey)
                         : std::span<const Reg>(kLongKey).first(lookup.key.size());
    for (std::size_t i = 0; i < lookup.key.size(); ++i)
        as.load(size_of(lookup.key[i]), key[i], kPacket, field_layout(lookup.key[i]).offset);
    return {key, one ? kShortScratch : kLongScratch};
}

}  // namespace

// A hash costs about four steps of a search. In front of one it pays when most ranges need no
// search then.
LookupKind kind_of(const IrLookup& lookup) {
    const auto narrow = static_cast<std::size_t>(std::count_if(
        lookup.ranges.begin(), lookup.ranges.end(),
        [&](const LookupRange& range) { return is_narrow(range, lookup.key.size()); }));
    if (narrow == lookup.ranges.size()) return LookupKind::Hash;
    return 2 * narrow > lookup.ranges.size() ? LookupKind::HashThenSearch : LookupKind::Search;
}

std::string to_text(LookupKind kind, std::size_t lookups) {
    const bool one = lookups == 1;
    const std::string count = one ? "one" : fmt::format("{}", lookups);
    switch (kind) {
        case LookupKind::Hash:
            return count + (one ? " hash lookup" : " hash lookups");
        case LookupKind::Search:
            return count + (one ? " binary search" : " binary searches");
        case LookupKind::HashThenSearch:
            return count +
                   (one ? " hash lookup and binary search" : " hash lookups and binary searches");
    }
    BPFW_BUG("unknown kind of lookup");
}

std::optional<LookupTables::Hash> LookupTables::put_hash(const IrLookup& lookup) {
    std::vector<filter::HashKey> keys;
    std::vector<std::uint32_t> decisions;
    for (const LookupRange& range : lookup.ranges) {
        if (!is_narrow(range, lookup.key.size())) continue;
        LookupKey key = range.first;
        std::uint32_t& word = key.at(lookup.key.size() - 1);
        for (std::uint32_t more = range.last.at(lookup.key.size() - 1) - word;; ++word, --more) {
            keys.push_back(filter::hash_key(key, words_of(lookup)));
            decisions.push_back(range.decision);
            if (more == 0) break;
        }
    }
    align();
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    const auto shape = filter::put_hash(bytes_, words_of(lookup), keys, decisions);
    if (!shape) return std::nullopt;
    return Hash{offset, *shape};
}

LookupTables::Search LookupTables::put_search(const std::vector<LookupRange>& ranges,
                                              std::uint8_t words) {
    const std::vector<SetRange> sets = set_ranges(ranges);
    std::vector<std::uint32_t> decisions;
    for (const LookupRange& range : ranges) decisions.push_back(range.decision);
    const filter::Search search = filter::value_search_of({words, sets});
    align();
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    filter::put_value_search(bytes_, search, {words, sets}, decisions);
    return {offset, search};
}

void LookupTables::align() {
    while (bytes_.size() % kCacheLine != 0) bytes_.push_back(std::byte{0});
}

// The search knows everything when there is no hash, or no hash could be made.
LookupTables::Placed LookupTables::place(const IrLookup& lookup) {
    Placed out{lookup, std::nullopt, std::nullopt};
    const LookupKind kind = kind_of(lookup);
    if (kind != LookupKind::Search) out.hash = put_hash(lookup);
    if (!out.hash)
        out.search = put_search(lookup.ranges, words_of(lookup));
    else if (kind == LookupKind::HashThenSearch)
        out.search = put_search(wide_ranges(lookup), words_of(lookup));
    return out;
}

const LookupTables::Placed& LookupTables::placed(const IrLookup& lookup) {
    const std::uint32_t name = lookup.ranges.front().decision;
    const auto [first, last] = placed_.equal_range(name);
    const auto same =
        std::find_if(first, last, [&](const auto& entry) { return entry.second.lookup == lookup; });
    if (same != last) return same->second;
    return placed_.emplace(name, place(lookup))->second;
}

void LookupTables::emit(Assembler& as, const IrLookup& lookup, std::optional<Label> found) {
    const auto decided = [&] { found ? as.ja(*found) : as.exit(); };
    const Placed& table = placed(lookup);
    const Label miss = as.label();
    if (table.hash) {
        const Label wide = table.search ? as.label() : miss;
        const filter::LookupRegs regs = emit_key(as, lookup);
        filter::emit_hash_value(as, regs, words_of(lookup), table.hash->shape, table.hash->offset,
                                wide);
        decided();
        if (table.search) as.bind(wide);
    }
    if (table.search) {
        const filter::LookupRegs regs = emit_key(as, lookup);
        filter::emit_search_value(as, regs, table.search->shape, table.search->offset);
        as.jeq32(kResult, 0, miss);
        decided();
    }
    as.bind(miss);
}

}  // namespace bpfw::compiler
