// SPDX-License-Identifier: GPL-2.0-or-later
#include "compiler/asm/encode.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace bpfw::compiler {
namespace {

constexpr std::int32_t kImms[] = {0, 1, -1, std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max()};
constexpr std::int16_t kOffsets[] = {0, 1, -1, std::numeric_limits<std::int16_t>::min(),
                                     std::numeric_limits<std::int16_t>::max()};

std::vector<Operand> operands() {
    std::vector<Operand> all = {Reg::R0, Reg::R7, Reg::R10};
    for (const std::int32_t imm : kImms) all.emplace_back(imm);
    return all;
}

std::vector<Operation> memory_operations() {
    std::vector<Operation> all;
    for (int size = 0; size < 4; ++size) {
        for (const std::int16_t offset : kOffsets) {
            all.push_back(op::Load{static_cast<Size>(size), Reg::R3, Reg::R10, offset});
            for (const Operand& operand : operands())
                all.push_back(op::Store{static_cast<Size>(size), Reg::R6, offset, operand});
        }
    }
    return all;
}

std::vector<Operation> computing_operations() {
    std::vector<Operation> all;
    for (const Width width : {Width::W32, Width::W64}) {
        for (const Operand& operand : operands()) {
            for (int alu = 0; alu <= static_cast<int>(Alu::Mod); ++alu)
                if (static_cast<Alu>(alu) != Alu::Neg)
                    all.push_back(op::Arithmetic{static_cast<Alu>(alu), width, Reg::R9, operand});
            for (int jmp = 0; jmp <= static_cast<int>(Jmp::Sle); ++jmp)
                for (const std::int16_t offset : kOffsets)
                    all.push_back(
                        op::Branch{static_cast<Jmp>(jmp), width, Reg::R2, operand, offset});
        }
        all.push_back(op::Arithmetic{Alu::Neg, width, Reg::R4, std::int32_t{0}});
    }
    return all;
}

std::vector<Operation> other_operations() {
    std::vector<Operation> all = {op::Exit{}, op::Swap{Size::U16, Reg::R3},
                                  op::Swap{Size::U32, Reg::R9}};
    for (const std::int16_t offset : kOffsets) all.push_back(op::Goto{op::Reach::Near, offset});
    for (const std::int32_t imm : kImms) {
        all.push_back(op::Goto{op::Reach::Far, imm});
        all.push_back(op::LoadHigh{imm});
        for (int kind = 0; kind < 3; ++kind) {
            all.push_back(op::LoadLow{static_cast<op::Constant>(kind), Reg::R8, imm});
            all.push_back(op::Call{static_cast<op::Callee>(kind), imm});
        }
    }
    return all;
}

TEST(Encode, EveryOperationSurvivesTheRoundTrip) {
    std::size_t checked = 0;
    for (const auto& operations :
         {memory_operations(), computing_operations(), other_operations()}) {
        for (const Operation& operation : operations) {
            const Insn insn = encode(operation);
            EXPECT_EQ(from_bytes(to_bytes(insn)), insn);
            const auto back = decode(insn);
            ASSERT_TRUE(back.has_value()) << "opcode " << int{insn.opcode};
            EXPECT_EQ(*back, operation) << "opcode " << int{insn.opcode};
            ++checked;
        }
    }
    EXPECT_GT(checked, 1000U);
}

// Whatever decodes encodes to the same instruction again: no bit is lost or invented.
TEST(Encode, EveryOpcodeThatDecodesEncodesBack) {
    std::size_t known = 0;
    for (int opcode = 0; opcode < 256; ++opcode) {
        for (std::uint8_t src = 0; src < 16; ++src) {
            for (const std::int32_t imm : {0, 7}) {
                const Insn insn{static_cast<std::uint8_t>(opcode), 0, src, 0, imm};
                const auto operation = decode(insn);
                if (!operation) continue;
                EXPECT_EQ(encode(*operation), insn) << "opcode " << opcode;
                ++known;
            }
        }
    }
    EXPECT_GT(known, 200U);
}

TEST(Encode, BytesAreThoseOfStructBpfInsn) {
    struct Case {
        Operation operation;
        std::array<int, 8> bytes;
    };
    // As llvm-objdump -d prints them for the same instructions.
    const Case cases[] = {
        {op::Load{Size::U32, Reg::R2, Reg::R6, 32}, {0x61, 0x62, 0x20, 0, 0, 0, 0, 0}},
        {op::Store{Size::U8, Reg::R10, -8, Reg::R1}, {0x73, 0x1a, 0xf8, 0xff, 0, 0, 0, 0}},
        {op::Store{Size::U64, Reg::R10, -16, std::int32_t{-1}},
         {0x7a, 0x0a, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {op::Arithmetic{Alu::Mov, Width::W32, Reg::R0, std::int32_t{2}},
         {0xb4, 0, 0, 0, 2, 0, 0, 0}},
        {op::Arithmetic{Alu::Xor, Width::W64, Reg::R2, Reg::R3}, {0xaf, 0x32, 0, 0, 0, 0, 0, 0}},
        {op::Arithmetic{Alu::Div, Width::W32, Reg::R2, Reg::R3}, {0x3c, 0x32, 0, 0, 0, 0, 0, 0}},
        {op::Arithmetic{Alu::Mod, Width::W32, Reg::R2, std::int32_t{7}},
         {0x94, 0x02, 0, 0, 7, 0, 0, 0}},
        {op::Swap{Size::U16, Reg::R2}, {0xdc, 0x02, 0, 0, 16, 0, 0, 0}},
        {op::Swap{Size::U32, Reg::R5}, {0xdc, 0x05, 0, 0, 32, 0, 0, 0}},
        {op::Branch{Jmp::Ne, Width::W32, Reg::R2, std::int32_t{0x16}, 3},
         {0x56, 0x02, 3, 0, 0x16, 0, 0, 0}},
        {op::Goto{op::Reach::Near, -2}, {0x05, 0, 0xfe, 0xff, 0, 0, 0, 0}},
        {op::Goto{op::Reach::Far, 40000}, {0x06, 0, 0, 0, 0x40, 0x9c, 0, 0}},
        {op::LoadLow{op::Constant::MapFd, Reg::R1, 0}, {0x18, 0x11, 0, 0, 0, 0, 0, 0}},
        {op::Call{op::Callee::Helper, 1}, {0x85, 0, 0, 0, 1, 0, 0, 0}},
        {op::Call{op::Callee::Function, -1}, {0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff}},
        {op::Exit{}, {0x95, 0, 0, 0, 0, 0, 0, 0}},
    };
    for (const Case& one : cases) {
        const auto bytes = to_bytes(encode(one.operation));
        for (std::size_t i = 0; i < bytes.size(); ++i)
            EXPECT_EQ(std::to_integer<int>(bytes[i]), one.bytes[i]) << "byte " << i;
    }
}

TEST(Decode, RefusesWhatItDoesNotKnow) {
    const Insn cases[] = {
        {.opcode = 0x61, .dst = 11},           // no such register
        {.opcode = 0x61, .imm = 1},            // a field that must be 0
        {.opcode = 0xc3, .imm = 0},            // atomic add
        {.opcode = 0x85, .src = 5},            // no such kind of call
        {.opcode = 0x07, .src = 1, .imm = 1},  // immediate and register
        {.opcode = 0x87, .imm = 1},            // neg has no operand
        {.opcode = 0xd4, .imm = 16},           // le16: not emitted
        {.opcode = 0xdc, .imm = 64},           // be64: not emitted
        {.opcode = 0x20},                      // legacy packet access
    };
    for (const Insn& insn : cases) EXPECT_FALSE(decode(insn).has_value()) << int{insn.opcode};
}

TEST(Jmp, InverseIsTakenExactlyOtherwise) {
    for (int jmp = 0; jmp <= static_cast<int>(Jmp::Sle); ++jmp) {
        const auto inverted = inverse(static_cast<Jmp>(jmp));
        EXPECT_EQ(inverted.has_value(), static_cast<Jmp>(jmp) != Jmp::Set);
        if (inverted) {
            EXPECT_EQ(inverse(*inverted), static_cast<Jmp>(jmp));
        }
    }
}

}  // namespace
}  // namespace bpfw::compiler
