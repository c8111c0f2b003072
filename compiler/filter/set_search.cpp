// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges of keys -> the sorted values where membership changes, and an unrolled binary search
// over them without branches. put_search() and emit_search() are the doors.
#include <algorithm>
#include <bit>
#include <limits>

#include "compiler/filter/set_kinds.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kMost = 0xffffffff;

// Words from the end on in which every range goes from 0 to all ones don't decide.
std::uint8_t deciding_words(const Ranges& set) {
    std::uint8_t words = set.words;
    const auto whole = [&](const SetRange& range) {
        return range.first.at(words - 1U) == 0 && range.last.at(words - 1U) == kMost;
    };
    while (words > 1 && std::all_of(set.ranges.begin(), set.ranges.end(), whole)) --words;
    return words;
}

// The next key; false when there is none.
bool advance(std::array<std::uint32_t, 4>& key, std::uint8_t words) {
    for (std::size_t i = words; i-- > 0;)
        if (++key.at(i) != 0) return true;
    return false;
}

// One step: `less` becomes 1 when the value at pointer + at is <= the key, else 0; the key's
// last word is one more than it was.
struct Step {
    Reg pointer;
    Reg less;
    Reg word;
    Reg address;
};

void emit_step(Assembler& as, const LookupRegs& regs, const Step& step, std::uint8_t words,
               std::uint32_t at) {
    Reg base = step.pointer;
    if (at + 16 > std::uint32_t{std::numeric_limits<std::int16_t>::max()}) {
        as.mov(step.address, step.pointer);
        as.add_imm(step.address, at);
        base = step.address;
        at = 0;
    }
    for (std::uint32_t i = words; i-- > 0;) {
        const bool first = i + 1U == words;
        as.load(Size::U32, first ? step.less : step.word, base, at + 4 * i);
        if (!first) as.add(step.less, step.word);
        as.sub(step.less, regs.key[i]);
        if (i > 0)
            as.arsh_imm(step.less, 63);  // the borrow
        else
            as.rsh_imm(step.less, 63);
    }
}

// No mask from a shift: the verifier would follow `-1 & x` and `0 & x` each on its own
// (6.18, maybe_fork_scalars()).
void emit_advance(Assembler& as, const Step& step, std::uint32_t bytes) {
    if (std::has_single_bit(bytes))
        as.lsh_imm(step.less, static_cast<std::uint32_t>(std::countr_zero(bytes)));
    else
        as.mul_imm(step.less, bytes);
    as.add(step.pointer, step.less);
}

// All steps but the last.
Step emit_descent(Assembler& as, const LookupRegs& regs, const Search& search,
                  std::uint32_t offset) {
    const auto scratch = regs.scratch;
    const Step step{scratch[0], scratch[1], scratch[2], scratch[3]};
    const std::uint32_t stride = 4U * search.words;
    as.ld_table(step.pointer, offset);
    as.add_imm(regs.key[search.words - 1U], 1);
    for (std::uint32_t half = 1U << (search.steps - 1); half > 1; half /= 2) {
        emit_step(as, regs, step, search.words, (half - 1) * stride);
        emit_advance(as, step, half * stride);
    }
    return step;
}

// From `key` on the keys are in set.ranges[range], or in none.
constexpr std::size_t kNoRange = std::numeric_limits<std::size_t>::max();
struct Change {
    std::array<std::uint32_t, 4> key{};
    std::size_t range = kNoRange;
};

std::vector<Change> changes_of(const Ranges& set, std::uint8_t words) {
    std::vector<Change> out;
    out.reserve(2 * set.ranges.size());
    for (std::size_t i = 0; i < set.ranges.size(); ++i) {
        const SetRange& range = set.ranges[i];
        const bool touches =
            !out.empty() && out.back().range == kNoRange &&
            std::equal(range.first.begin(), range.first.begin() + words, out.back().key.begin());
        if (touches) out.pop_back();
        out.push_back({range.first, i});
        std::array<std::uint32_t, 4> end = range.last;
        if (advance(end, words)) out.push_back({end, kNoRange});
    }
    return out;
}

}  // namespace

Search search_of(const Ranges& set) {
    Search search;
    search.words = deciding_words(set);
    const auto& end = set.ranges.back().last;
    const bool open = std::all_of(end.begin(), end.begin() + search.words,
                                  [](std::uint32_t word) { return word == kMost; });
    const std::size_t changes = 2 * set.ranges.size() - (open ? 1 : 0);
    search.steps = static_cast<std::uint32_t>(std::bit_width(changes));
    search.filling = static_cast<std::uint32_t>((std::size_t{1} << search.steps) - 1 - changes);
    return search;
}

void put_search(std::vector<std::byte>& bytes, const Search& search, const Ranges& set) {
    for (std::uint32_t i = 0; i < search.filling * search.words; ++i) put_u32(bytes, 0);
    const auto put = [&](const std::array<std::uint32_t, 4>& key) {
        for (std::size_t i = 0; i < search.words; ++i) put_u32(bytes, key.at(i));
    };
    for (const SetRange& range : set.ranges) {
        put(range.first);
        std::array<std::uint32_t, 4> end = range.last;
        if (advance(end, search.words)) put(end);
    }
}

void emit_search(const Lookups& to, const Search& search, std::uint32_t offset) {
    const Step step = emit_descent(to.as, to.regs, search, offset);
    // This one alone decides between odd and even.
    emit_step(to.as, to.regs, step, search.words, 0);
    to.as.jump(search.filling % 2 == 0 ? Jmp::Ne : Jmp::Eq, step.less, std::int64_t{0}, to.member);
}

Search value_search_of(const Ranges& set) {
    Search search;
    search.words = deciding_words(set);
    const std::size_t changes = changes_of(set, search.words).size();
    search.steps = static_cast<std::uint32_t>(std::bit_width(changes));
    search.filling = static_cast<std::uint32_t>((std::size_t{1} << search.steps) - 1 - changes);
    return search;
}

void put_value_search(std::vector<std::byte>& bytes, const Search& search, const Ranges& set,
                      std::span<const std::uint32_t> values) {
    const std::vector<Change> changes = changes_of(set, search.words);
    for (std::uint32_t i = 0; i < search.filling * search.words; ++i) put_u32(bytes, 0);
    for (const Change& change : changes)
        for (std::size_t i = 0; i < search.words; ++i) put_u32(bytes, change.key.at(i));
    const auto put_value = [&](std::uint32_t value) {
        put_u32(bytes, value);
        bytes.resize(bytes.size() + 4U * (search.words - 1U));
    };
    for (std::uint32_t i = 0; i <= search.filling; ++i) put_value(0);
    for (const Change& change : changes)
        put_value(change.range == kNoRange ? 0 : values[change.range]);
}

void emit_search_value(Assembler& as, const LookupRegs& regs, const Search& search,
                       std::uint32_t offset) {
    const std::uint32_t stride = 4U * search.words;
    const Step step = emit_descent(as, regs, search, offset);
    emit_step(as, regs, step, search.words, 0);
    emit_advance(as, step, stride);
    as.add_imm(step.pointer, ((std::int64_t{1} << search.steps) - 1) * stride);
    as.load(Size::U32, step.pointer, step.pointer, 0);
}

}  // namespace bpfw::compiler::filter
