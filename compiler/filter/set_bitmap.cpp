// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges of one-word keys that lie close together -> a bitmap, and the code that reads a bit.
// put_bitmap() and emit_bitmap() are the doors.
#include <bit>

#include "compiler/filter/set_kinds.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kWordShift = 6;  // 64 bits a word

// Sets bits first..last.
void set_bits(std::vector<std::uint64_t>& words, std::uint32_t first, std::uint32_t last) {
    const auto up_from = [](std::uint32_t bit) { return ~std::uint64_t{0} << (bit & 63U); };
    const auto up_to = [](std::uint32_t bit) { return ~std::uint64_t{0} >> (63U - (bit & 63U)); };
    const std::size_t begin = first >> kWordShift;
    const std::size_t end = last >> kWordShift;
    if (begin == end) {
        words[begin] |= up_from(first) & up_to(last);
        return;
    }
    words[begin] |= up_from(first);
    for (std::size_t i = begin + 1; i < end; ++i) words[i] = ~std::uint64_t{0};
    words[end] |= up_to(last);
}

}  // namespace

Bitmap bitmap_of(const Ranges& set) {
    constexpr std::uint32_t kSixteenBits = 0xffff;
    const std::uint32_t first = set.ranges.front().first[0];
    const std::uint32_t last = set.ranges.back().last[0];
    Bitmap bitmap;
    // Ports: 8 KiB at most without it, and one subtraction less for each packet.
    if (last > kSixteenBits) bitmap.base = first & ~63U;
    bitmap.span = last - bitmap.base;
    bitmap.word_bits = static_cast<std::uint32_t>(std::bit_width(bitmap.span >> kWordShift));
    return bitmap;
}

void put_bitmap(std::vector<std::byte>& bytes, const Bitmap& bitmap, const Ranges& set) {
    std::vector<std::uint64_t> words(std::size_t{1} << bitmap.word_bits);
    for (const SetRange& range : set.ranges)
        set_bits(words, range.first[0] - bitmap.base, range.last[0] - bitmap.base);
    for (const std::uint64_t word : words) put_u64(bytes, word);
}

void emit_bitmap(const Lookups& to, const Bitmap& bitmap, std::uint32_t offset, Label miss) {
    Assembler& as = to.as;
    const Reg bit = to.regs.scratch[0];
    const Reg word = to.regs.scratch[1];
    const Reg table = to.regs.scratch[2];
    as.mov32(bit, to.regs.key[0]);
    if (bitmap.base != 0) as.sub32_imm(bit, bitmap.base);
    as.jgt32(bit, bitmap.span, miss);
    as.mov32(word, bit);
    as.rsh32_imm(word, kWordShift);
    as.and32_imm(word, (1U << bitmap.word_bits) - 1);  // the verifier's bound
    as.lsh_imm(word, 3);
    as.ld_table(table, offset);
    as.add(table, word);
    as.load(Size::U64, word, table, 0);
    as.alu(Alu::Rsh, word, bit);  // by bit & 63
    as.jset(word, 1, to.member);
}

}  // namespace bpfw::compiler::filter
