// SPDX-License-Identifier: GPL-2.0-or-later
// Set -> a program that looks a key up in it.
#include "tests/support/set_program.hpp"

#include <linux/bpf.h>

#include <array>
#include <cstddef>

namespace bpfw::test {

using namespace compiler;
using namespace compiler::filter;

SetProgram set_program(const Set& set, KeyAt key_at) {
    constexpr std::array kKey = {Reg::R2, Reg::R3, Reg::R4, Reg::R5};
    constexpr std::array kRegs = {Reg::R6, Reg::R7, Reg::R8, Reg::R9};
    SetProgram out;
    // Other data before it, so that its offset matters.
    out.program.tables.assign(24, std::byte{0xff});
    out.placed = place(set, out.program.tables);
    Assembler as;
    const Label member = as.label();
    const Label end = as.label();
    as.mov32_imm(Reg::R0, 0);
    if (key_at == KeyAt::Frame) {
        as.load(Size::U32, Reg::R2, Reg::R1, offsetof(xdp_md, data_end));
        as.load(Size::U32, Reg::R1, Reg::R1, offsetof(xdp_md, data));
        as.mov(Reg::R3, Reg::R1);
        as.add_imm(Reg::R3, 16);
        as.jgt(Reg::R3, Reg::R2, end);
    }
    for (std::size_t word = 0; word < set.words; ++word)
        as.load(Size::U32, kKey.at(word), Reg::R1, static_cast<std::int64_t>(4 * word));
    const auto key = std::span<const Reg>(kKey).first(set.words);
    emit_lookup(as, set, out.placed, {key, kRegs}, member);
    as.bind(end);
    as.exit();
    as.bind(member);
    as.mov32_imm(Reg::R0, 1);
    as.exit();
    out.program.functions.push_back(std::move(as).finish("lookup"));
    return out;
}

}  // namespace bpfw::test
