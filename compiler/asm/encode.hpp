// SPDX-License-Identifier: GPL-2.0-or-later
// One instruction as a typed value (op::*), as an Insn, and as the 8 bytes of struct
// bpf_insn; each direction back again. The only place that knows opcode bits
// (Documentation/bpf/standardization/instruction-set.rst).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "compiler/asm/regs.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

enum class Size : std::uint8_t { U8, U16, U32, U64 };
enum class Width : std::uint8_t { W32, W64 };
// Div and Mod are unsigned; by zero: 0, and the dividend.
enum class Alu : std::uint8_t { Mov, Add, Sub, And, Or, Xor, Lsh, Rsh, Arsh, Mul, Neg, Div, Mod };
// Gt Ge Lt Le compare unsigned, Sgt ... signed; Set: (dst & operand) != 0.
enum class Jmp : std::uint8_t { Eq, Ne, Gt, Ge, Lt, Le, Set, Sgt, Sge, Slt, Sle };

// A register or an immediate. In W64 instructions the kernel sign-extends the immediate.
using Operand = std::variant<Reg, std::int32_t>;

namespace op {

struct Load {
    Size size = Size::U64;
    Reg dst = Reg::R0;
    Reg base = Reg::R0;
    std::int16_t offset = 0;
    bool operator==(const Load&) const = default;
};
struct Store {
    Size size = Size::U64;
    Reg base = Reg::R0;
    std::int16_t offset = 0;
    Operand value;
    bool operator==(const Store&) const = default;
};
struct Arithmetic {
    Alu alu = Alu::Mov;
    Width width = Width::W64;
    Reg dst = Reg::R0;
    Operand operand;  // Neg: the immediate 0
    bool operator==(const Arithmetic&) const = default;
};
// Big endian <-> host order of the lower 16 or 32 bits; the rest becomes 0.
struct Swap {
    Size size = Size::U16;
    Reg dst = Reg::R0;
    bool operator==(const Swap&) const = default;
};
struct Branch {
    Jmp jmp = Jmp::Eq;
    Width width = Width::W64;
    Reg dst = Reg::R0;
    Operand operand;
    std::int16_t offset = 0;  // in instructions, from the next one
    bool operator==(const Branch&) const = default;
};
enum class Reach : std::uint8_t { Near, Far };  // ja (16 bits) or gotol (32 bits, cpu v4)
struct Goto {
    Reach reach = Reach::Near;
    std::int32_t offset = 0;
    bool operator==(const Goto&) const = default;
};
// ld_imm64 takes two instructions: the low half with the register, then the high half.
// MapFd, MapValue: a linker fills it in.
enum class Constant : std::uint8_t { Plain, MapFd, MapValue };
struct LoadLow {
    Constant constant = Constant::Plain;
    Reg dst = Reg::R0;
    std::int32_t low = 0;
    bool operator==(const LoadLow&) const = default;
};
struct LoadHigh {
    std::int32_t high = 0;
    bool operator==(const LoadHigh&) const = default;
};
enum class Callee : std::uint8_t { Helper, Function, Kfunc };
struct Call {
    Callee callee = Callee::Helper;
    std::int32_t id = 0;  // helper number, distance to the function, or BTF id
    bool operator==(const Call&) const = default;
};
struct Exit {
    bool operator==(const Exit&) const = default;
};

}  // namespace op

using Operation = std::variant<op::Load, op::Store, op::Arithmetic, op::Swap, op::Branch, op::Goto,
                               op::LoadLow, op::LoadHigh, op::Call, op::Exit>;

Insn encode(const Operation& operation);
// Nothing when the instruction is none of the above, or has a field set that must be 0.
std::optional<Operation> decode(const Insn& insn);

// struct bpf_insn, little endian (the only byte order bpfw emits).
std::array<std::byte, 8> to_bytes(const Insn& insn);
Insn from_bytes(std::span<const std::byte, 8> bytes);

// The jump that is taken exactly when this one is not; nothing for Set, which has none.
std::optional<Jmp> inverse(Jmp jmp);

}  // namespace bpfw::compiler
