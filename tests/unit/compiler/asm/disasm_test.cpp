// SPDX-License-Identifier: GPL-2.0-or-later
#include "compiler/asm/disasm.hpp"

#include <gtest/gtest.h>

namespace bpfw::compiler {
namespace {

TEST(Disassembly, OneInstruction) {
    constexpr auto kW32 = Width::W32;
    constexpr auto kW64 = Width::W64;
    struct Case {
        Operation operation;
        const char* text;
    };
    const Case cases[] = {
        {op::Load{Size::U32, Reg::R2, Reg::R6, 32}, "r2 = *(u32 *)(r6 + 32)"},
        {op::Load{Size::U8, Reg::R2, Reg::R6, 0}, "r2 = *(u8 *)(r6 + 0)"},
        {op::Load{Size::U64, Reg::R0, Reg::R10, -8}, "r0 = *(u64 *)(r10 - 8)"},
        {op::Store{Size::U16, Reg::R10, -32768, Reg::R1}, "*(u16 *)(r10 - 32768) = r1"},
        {op::Store{Size::U32, Reg::R6, 124, std::int32_t{-7}}, "*(u32 *)(r6 + 124) = -7"},
        {op::Arithmetic{Alu::Mov, kW64, Reg::R6, Reg::R1}, "r6 = r1"},
        {op::Arithmetic{Alu::Mov, kW32, Reg::R0, std::int32_t{2}}, "w0 = 2"},
        {op::Arithmetic{Alu::Mov, kW64, Reg::R0, std::int32_t{-1}}, "r0 = -1"},
        {op::Arithmetic{Alu::Add, kW64, Reg::R2, std::int32_t{-4}}, "r2 += -4"},
        {op::Arithmetic{Alu::Sub, kW32, Reg::R2, Reg::R3}, "w2 -= w3"},
        {op::Arithmetic{Alu::And, kW32, Reg::R2, std::int32_t{-256}}, "w2 &= 0xffffff00"},
        {op::Arithmetic{Alu::And, kW64, Reg::R2, std::int32_t{-256}}, "r2 &= -256"},
        {op::Arithmetic{Alu::Or, kW64, Reg::R4, Reg::R2}, "r4 |= r2"},
        {op::Arithmetic{Alu::Xor, kW32, Reg::R2, std::int32_t{0x16}}, "w2 ^= 0x16"},
        {op::Arithmetic{Alu::Lsh, kW64, Reg::R2, std::int32_t{32}}, "r2 <<= 32"},
        {op::Arithmetic{Alu::Rsh, kW32, Reg::R2, std::int32_t{16}}, "w2 >>= 16"},
        {op::Arithmetic{Alu::Arsh, kW64, Reg::R2, std::int32_t{1}}, "r2 s>>= 1"},
        {op::Arithmetic{Alu::Mul, kW64, Reg::R2, Reg::R3}, "r2 *= r3"},
        {op::Arithmetic{Alu::Neg, kW32, Reg::R2, std::int32_t{0}}, "w2 = -w2"},
        {op::Arithmetic{Alu::Div, kW32, Reg::R2, Reg::R3}, "w2 /= w3"},
        {op::Arithmetic{Alu::Mod, kW32, Reg::R2, std::int32_t{10}}, "w2 %= 10"},
        {op::Swap{Size::U16, Reg::R2}, "r2 = be16 r2"},
        {op::Swap{Size::U32, Reg::R2}, "r2 = be32 r2"},
        {op::Branch{Jmp::Eq, kW64, Reg::R1, std::int32_t{0}, -1}, "if r1 == 0x0 goto L1"},
        {op::Branch{Jmp::Ne, kW32, Reg::R2, std::int32_t{0x16}, -1}, "if w2 != 0x16 goto L1"},
        {op::Branch{Jmp::Gt, kW32, Reg::R2, std::int32_t{-1}, -1}, "if w2 > 0xffffffff goto L1"},
        {op::Branch{Jmp::Ge, kW64, Reg::R2, std::int32_t{-1}, -1}, "if r2 >= -1 goto L1"},
        {op::Branch{Jmp::Lt, kW64, Reg::R2, Reg::R3, -1}, "if r2 < r3 goto L1"},
        {op::Branch{Jmp::Le, kW32, Reg::R2, Reg::R3, -1}, "if w2 <= w3 goto L1"},
        {op::Branch{Jmp::Set, kW32, Reg::R2, std::int32_t{8}, -1}, "if w2 & 0x8 goto L1"},
        {op::Branch{Jmp::Sgt, kW32, Reg::R2, std::int32_t{-1}, -1}, "if w2 s> -1 goto L1"},
        {op::Branch{Jmp::Sge, kW64, Reg::R2, std::int32_t{3}, -1}, "if r2 s>= 3 goto L1"},
        {op::Branch{Jmp::Slt, kW64, Reg::R2, std::int32_t{3}, -1}, "if r2 s< 3 goto L1"},
        {op::Branch{Jmp::Sle, kW64, Reg::R2, std::int32_t{3}, -1}, "if r2 s<= 3 goto L1"},
        {op::Goto{op::Reach::Near, -1}, "goto L1"},
        {op::Goto{op::Reach::Far, -1}, "gotol L1"},
        {op::Call{op::Callee::Helper, 1}, "call bpf_map_lookup_elem#1"},
        {op::Call{op::Callee::Helper, 9999}, "call helper#9999"},
        {op::Call{op::Callee::Function, 12}, "call +12"},
        {op::LoadLow{op::Constant::Plain, Reg::R1, -1}, "r1 = 0xffffffff ll"},
        {op::LoadLow{op::Constant::MapValue, Reg::R3, 64}, "r3 = tables[64] ll"},
        {op::LoadHigh{0}, ""},
        {op::Exit{}, "exit"},
    };
    for (const Case& one : cases) {
        const Function function{"f", {encode(one.operation)}, {}, {}};
        EXPECT_EQ(Disassembly(function).text(0), one.text);
    }
}

TEST(Disassembly, NamesComeFromTheFunction) {
    const Function function{
        "f",
        {encode(op::LoadLow{op::Constant::MapFd, Reg::R1, 0}), encode(op::LoadHigh{0}),
         encode(op::LoadLow{op::Constant::Plain, Reg::R2, 0x55667788}),
         encode(op::LoadHigh{0x11223344}), encode(op::Call{op::Callee::Function, -1}),
         encode(op::Branch{Jmp::Eq, Width::W64, Reg::R0, std::int32_t{0}, 1}),
         encode(op::Goto{op::Reach::Near, -7}), encode(op::Exit{})},
        {{Relocation::Kind::Map, 0, "bpfw_counters"}, {Relocation::Kind::Function, 4, "chain_1"}},
        {}};
    const Disassembly code(function);
    EXPECT_EQ(code.text(0), "r1 = map[bpfw_counters] ll");
    EXPECT_EQ(code.text(2), "r2 = 0x1122334455667788 ll");
    EXPECT_EQ(code.text(4), "call chain_1");
    EXPECT_EQ(code.text(5), "if r0 == 0x0 goto L2");
    EXPECT_EQ(code.text(6), "goto L1");
    EXPECT_EQ(code.label(0), "L1");
    EXPECT_EQ(code.label(7), "L2");
    EXPECT_EQ(code.label(3), "");
    EXPECT_EQ(code.flow(5), (Flow{7, true}));
    EXPECT_EQ(code.flow(6), (Flow{0, false}));
    EXPECT_EQ(code.flow(7), (Flow{std::nullopt, false}));
    EXPECT_EQ(code.flow(4), (Flow{std::nullopt, true}));
}

TEST(SourceLine, LeavesOutWhatIsNotKnown) {
    EXPECT_EQ(source_line({0, "a.rules", 3, 5, "-A X"}), "a.rules:3:5: -A X");
    EXPECT_EQ(source_line({0, "a.rules", 3, 0, "-A X"}), "a.rules:3: -A X");
    EXPECT_EQ(source_line({0, "a.rules", 0, 0, "-A X"}), "a.rules: -A X");
    EXPECT_EQ(source_line({0, "", 0, 0, "policy"}), "policy");
}

TEST(DisassemblyDeathTest, AnUnknownOpcodeStops) {
    const Function function{"f", {{.opcode = 0xff}}, {}, {}};
    EXPECT_DEATH(Disassembly{function}, "unknown opcode 0xff");
}

}  // namespace
}  // namespace bpfw::compiler
