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

void emit_step(const Lookups& to, const Step& step, std::uint8_t words, std::uint32_t at) {
    Assembler& as = to.as;
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
        as.sub(step.less, to.regs.key[i]);
        if (i > 0)
            as.arsh_imm(step.less, 63);  // the borrow
        else
            as.rsh_imm(step.less, 63);
    }
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
    Assembler& as = to.as;
    const auto scratch = to.regs.scratch;
    const Step step{scratch[0], scratch[1], scratch[2], scratch[3]};
    const std::uint32_t stride = 4U * search.words;
    as.ld_table(step.pointer, offset);
    as.add_imm(to.regs.key[search.words - 1U], 1);
    for (std::uint32_t half = 1U << (search.steps - 1); half > 1; half /= 2) {
        emit_step(to, step, search.words, (half - 1) * stride);
        // No mask from a shift: the verifier would follow `-1 & x` and `0 & x` each on its own
        // (6.18, maybe_fork_scalars()).
        if (std::has_single_bit(stride))
            as.lsh_imm(step.less, static_cast<std::uint32_t>(std::countr_zero(half * stride)));
        else
            as.mul_imm(step.less, half * stride);
        as.add(step.pointer, step.less);
    }
    emit_step(to, step, search.words, 0);  // this one alone decides between odd and even
    as.jump(search.filling % 2 == 0 ? Jmp::Ne : Jmp::Eq, step.less, std::int64_t{0}, to.member);
}

}  // namespace bpfw::compiler::filter
