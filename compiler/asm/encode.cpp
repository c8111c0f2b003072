// SPDX-License-Identifier: GPL-2.0-or-later
// Operation <-> Insn <-> 8 bytes. encode(), decode(), to_bytes() and from_bytes() are the
// doors; nothing else in bpfw touches opcode bits.
#include "compiler/asm/encode.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <utility>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// gotol: BPF_JMP32 | BPF_JA with the distance in imm (kernel 6.6's cpu v4 set).
constexpr std::uint8_t kGotol = BPF_JMP32 | BPF_JA;
constexpr std::uint8_t kLdImm64 = BPF_LD | BPF_IMM | BPF_DW;
constexpr std::uint8_t kToBigEndian = BPF_ALU | BPF_END | BPF_TO_BE;
constexpr std::uint8_t kCall = BPF_JMP | BPF_CALL;
constexpr std::uint8_t kExit = BPF_JMP | BPF_EXIT;

// One entry per enumerator, in the enum's order.
constexpr std::array<std::uint8_t, 4> kSizes = {BPF_B, BPF_H, BPF_W, BPF_DW};
constexpr std::array<std::uint8_t, 13> kAlus = {BPF_MOV, BPF_ADD, BPF_SUB, BPF_AND,  BPF_OR,
                                                BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MUL,
                                                BPF_NEG, BPF_DIV, BPF_MOD};
constexpr std::array<std::uint8_t, 11> kJmps = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,
                                                BPF_JLT,  BPF_JLE,  BPF_JSET, BPF_JSGT,
                                                BPF_JSGE, BPF_JSLT, BPF_JSLE};
constexpr std::array<std::uint8_t, 3> kConstants = {0, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE};
constexpr std::array<std::uint8_t, 3> kCallees = {0, BPF_PSEUDO_CALL, BPF_PSEUDO_KFUNC_CALL};

template <typename Enum, std::size_t N>
std::uint8_t bits(const std::array<std::uint8_t, N>& table, Enum value) {
    return table.at(static_cast<std::size_t>(value));
}

template <typename Enum, std::size_t N>
std::optional<Enum> member(const std::array<std::uint8_t, N>& table, int value) {
    const auto* const found = std::find(table.begin(), table.end(), value);
    if (found == table.end()) return std::nullopt;
    return static_cast<Enum>(found - table.begin());
}

std::uint8_t number(Reg reg) { return static_cast<std::uint8_t>(reg); }

std::uint8_t opcode(int parts) { return static_cast<std::uint8_t>(parts); }

// Fills src or imm and the source bit of an ALU or jump instruction.
Insn with_operand(Insn insn, const Operand& operand) {
    if (const auto* reg = std::get_if<Reg>(&operand)) {
        insn.opcode = opcode(insn.opcode | BPF_X);
        insn.src = number(*reg);
    } else {
        insn.imm = std::get<std::int32_t>(operand);
    }
    return insn;
}

Insn encode_store(const op::Store& store) {
    Insn insn{.dst = number(store.base), .offset = store.offset};
    if (const auto* reg = std::get_if<Reg>(&store.value)) {
        insn.opcode = opcode(BPF_STX | BPF_MEM | bits(kSizes, store.size));
        insn.src = number(*reg);
    } else {
        insn.opcode = opcode(BPF_ST | BPF_MEM | bits(kSizes, store.size));
        insn.imm = std::get<std::int32_t>(store.value);
    }
    return insn;
}

Insn encode_goto(const op::Goto& jump) {
    if (jump.reach == op::Reach::Far) return {.opcode = kGotol, .imm = jump.offset};
    if (!std::in_range<std::int16_t>(jump.offset)) BPFW_BUG("a near jump out of 16 bits");
    return {.opcode = BPF_JMP | BPF_JA, .offset = static_cast<std::int16_t>(jump.offset)};
}

// ------------------------------------------------------------------------ decoding
bool valid(const Insn& insn) { return insn.dst <= 10 && insn.src <= 10; }

Reg reg(std::uint8_t value) { return static_cast<Reg>(value); }

std::optional<Operation> decode_load(const Insn& insn) {
    const auto size = member<Size>(kSizes, BPF_SIZE(insn.opcode));
    if (BPF_MODE(insn.opcode) != BPF_MEM || insn.imm != 0) return std::nullopt;
    return op::Load{*size, reg(insn.dst), reg(insn.src), insn.offset};
}

std::optional<Operation> decode_store(const Insn& insn) {
    const auto size = member<Size>(kSizes, BPF_SIZE(insn.opcode));
    if (BPF_MODE(insn.opcode) != BPF_MEM) return std::nullopt;
    if (BPF_CLASS(insn.opcode) == BPF_STX) {
        if (insn.imm != 0) return std::nullopt;
        return op::Store{*size, reg(insn.dst), insn.offset, reg(insn.src)};
    }
    if (insn.src != 0) return std::nullopt;
    return op::Store{*size, reg(insn.dst), insn.offset, insn.imm};
}

std::optional<Operation> decode_swap(const Insn& insn) {
    if (insn.src != 0 || insn.offset != 0 || (insn.imm != 16 && insn.imm != 32))
        return std::nullopt;
    return op::Swap{insn.imm == 16 ? Size::U16 : Size::U32, reg(insn.dst)};
}

// The register or immediate of an ALU or jump instruction; the other field must be 0.
std::optional<Operand> decode_operand(const Insn& insn) {
    if (BPF_SRC(insn.opcode) == BPF_X) {
        if (insn.imm != 0) return std::nullopt;
        return reg(insn.src);
    }
    if (insn.src != 0) return std::nullopt;
    return insn.imm;
}

std::optional<Operation> decode_alu(const Insn& insn, Width width) {
    const auto alu = member<Alu>(kAlus, BPF_OP(insn.opcode));
    const auto operand = decode_operand(insn);
    if (!alu || !operand || insn.offset != 0) return std::nullopt;
    if (*alu == Alu::Neg && *operand != Operand{std::int32_t{0}}) return std::nullopt;
    return op::Arithmetic{*alu, width, reg(insn.dst), *operand};
}

std::optional<Operation> decode_jump(const Insn& insn, Width width) {
    const bool bare = insn.dst == 0 && insn.src == 0;
    if (insn.opcode == (BPF_JMP | BPF_JA) && bare && insn.imm == 0)
        return op::Goto{op::Reach::Near, insn.offset};
    if (insn.opcode == kGotol && bare && insn.offset == 0)
        return op::Goto{op::Reach::Far, insn.imm};
    if (insn.opcode == kExit && bare && insn.offset == 0 && insn.imm == 0) return op::Exit{};
    if (insn.opcode == kCall && insn.dst == 0 && insn.offset == 0) {
        const auto callee = member<op::Callee>(kCallees, insn.src);
        if (!callee) return std::nullopt;
        return op::Call{*callee, insn.imm};
    }
    const auto jmp = member<Jmp>(kJmps, BPF_OP(insn.opcode));
    const auto operand = decode_operand(insn);
    if (!jmp || !operand) return std::nullopt;
    return op::Branch{*jmp, width, reg(insn.dst), *operand, insn.offset};
}

std::optional<Operation> decode_constant(const Insn& insn) {
    if (insn.opcode == 0) {
        if (insn.dst != 0 || insn.src != 0 || insn.offset != 0) return std::nullopt;
        return op::LoadHigh{insn.imm};
    }
    const auto constant = member<op::Constant>(kConstants, insn.src);
    if (insn.opcode != kLdImm64 || !constant || insn.offset != 0) return std::nullopt;
    return op::LoadLow{*constant, reg(insn.dst), insn.imm};
}

}  // namespace

Insn encode(const Operation& operation) {
    return std::visit(
        overloaded{
            [](const op::Load& load) {
                return Insn{.opcode = opcode(BPF_LDX | BPF_MEM | bits(kSizes, load.size)),
                            .dst = number(load.dst),
                            .src = number(load.base),
                            .offset = load.offset};
            },
            [](const op::Store& store) { return encode_store(store); },
            [](const op::Arithmetic& alu) {
                const int kind = alu.width == Width::W64 ? BPF_ALU64 : BPF_ALU;
                return with_operand(
                    {.opcode = opcode(kind | bits(kAlus, alu.alu)), .dst = number(alu.dst)},
                    alu.operand);
            },
            [](const op::Swap& swap) {
                if (swap.size != Size::U16 && swap.size != Size::U32)
                    BPFW_BUG("a swap of another size than 16 or 32 bits");
                return Insn{.opcode = kToBigEndian,
                            .dst = number(swap.dst),
                            .imm = swap.size == Size::U16 ? 16 : 32};
            },
            [](const op::Branch& branch) {
                const int kind = branch.width == Width::W64 ? BPF_JMP : BPF_JMP32;
                return with_operand({.opcode = opcode(kind | bits(kJmps, branch.jmp)),
                                     .dst = number(branch.dst),
                                     .offset = branch.offset},
                                    branch.operand);
            },
            [](const op::Goto& jump) { return encode_goto(jump); },
            [](const op::LoadLow& load) {
                return Insn{.opcode = kLdImm64,
                            .dst = number(load.dst),
                            .src = bits(kConstants, load.constant),
                            .imm = load.low};
            },
            [](const op::LoadHigh& load) { return Insn{.imm = load.high}; },
            [](const op::Call& call) {
                return Insn{.opcode = kCall, .src = bits(kCallees, call.callee), .imm = call.id};
            },
            [](const op::Exit&) { return Insn{.opcode = kExit}; },
        },
        operation);
}

std::optional<Operation> decode(const Insn& insn) {
    if (!valid(insn)) return std::nullopt;
    switch (BPF_CLASS(insn.opcode)) {
        case BPF_LD:
            return decode_constant(insn);
        case BPF_LDX:
            return decode_load(insn);
        case BPF_ST:
        case BPF_STX:
            return decode_store(insn);
        case BPF_ALU:
            return insn.opcode == kToBigEndian ? decode_swap(insn) : decode_alu(insn, Width::W32);
        case BPF_ALU64:
            return decode_alu(insn, Width::W64);
        case BPF_JMP:
            return decode_jump(insn, Width::W64);
        default:  // BPF_JMP32: the class has three bits, the other seven are above
            return decode_jump(insn, Width::W32);
    }
}

std::array<std::byte, 8> to_bytes(const Insn& insn) {
    const auto offset = static_cast<std::uint16_t>(insn.offset);
    const auto imm = static_cast<std::uint32_t>(insn.imm);
    const auto byte = [](std::uint32_t value) { return static_cast<std::byte>(value & 0xff); };
    const std::uint32_t registers = insn.src * 16U + insn.dst;
    return {byte(insn.opcode), byte(registers), byte(offset),     byte(offset >> 8U),
            byte(imm),         byte(imm >> 8U), byte(imm >> 16U), byte(imm >> 24U)};
}

Insn from_bytes(std::span<const std::byte, 8> bytes) {
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
    return {.opcode = static_cast<std::uint8_t>(at(0)),
            .dst = static_cast<std::uint8_t>(at(1) & 15U),
            .src = static_cast<std::uint8_t>(at(1) >> 4U),
            .offset = static_cast<std::int16_t>(at(2) | at(3) << 8U),
            .imm = static_cast<std::int32_t>(at(4) | at(5) << 8U | at(6) << 16U | at(7) << 24U)};
}

std::optional<Jmp> inverse(Jmp jmp) {
    switch (jmp) {
        case Jmp::Eq:
            return Jmp::Ne;
        case Jmp::Ne:
            return Jmp::Eq;
        case Jmp::Gt:
            return Jmp::Le;
        case Jmp::Ge:
            return Jmp::Lt;
        case Jmp::Lt:
            return Jmp::Ge;
        case Jmp::Le:
            return Jmp::Gt;
        case Jmp::Set:
            return std::nullopt;
        case Jmp::Sgt:
            return Jmp::Sle;
        case Jmp::Sge:
            return Jmp::Slt;
        case Jmp::Slt:
            return Jmp::Sge;
        case Jmp::Sle:
            return Jmp::Sgt;
    }
    BPFW_BUG("a jump outside the enum");
}

}  // namespace bpfw::compiler
