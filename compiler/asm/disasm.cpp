// SPDX-License-Identifier: GPL-2.0-or-later
// Function -> text, instruction by instruction. Disassembly is the door.
#include "compiler/asm/disasm.hpp"

#include <fmt/format.h>
#include <linux/bpf.h>

#include <string_view>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// Of the helpers that the emitted code calls.
std::string_view helper_name(std::int32_t id) {
    return id == BPF_FUNC_map_lookup_elem ? "bpf_map_lookup_elem" : "helper";
}

std::string_view type_name(Size size) {
    switch (size) {
        case Size::U8:
            return "u8";
        case Size::U16:
            return "u16";
        case Size::U32:
            return "u32";
        case Size::U64:
            return "u64";
    }
    BPFW_BUG("a size outside the enum");
}

std::string_view sign(Alu alu) {
    switch (alu) {
        case Alu::Mov:
        case Alu::Neg:
            return "=";
        case Alu::Add:
            return "+=";
        case Alu::Sub:
            return "-=";
        case Alu::And:
            return "&=";
        case Alu::Or:
            return "|=";
        case Alu::Xor:
            return "^=";
        case Alu::Lsh:
            return "<<=";
        case Alu::Rsh:
            return ">>=";
        case Alu::Arsh:
            return "s>>=";
        case Alu::Mul:
            return "*=";
        case Alu::Div:
            return "/=";
        case Alu::Mod:
            return "%=";
    }
    BPFW_BUG("an operation outside the enum");
}

std::string_view sign(Jmp jmp) {
    switch (jmp) {
        case Jmp::Eq:
            return "==";
        case Jmp::Ne:
            return "!=";
        case Jmp::Gt:
            return ">";
        case Jmp::Ge:
            return ">=";
        case Jmp::Lt:
            return "<";
        case Jmp::Le:
            return "<=";
        case Jmp::Set:
            return "&";
        case Jmp::Sgt:
            return "s>";
        case Jmp::Sge:
            return "s>=";
        case Jmp::Slt:
            return "s<";
        case Jmp::Sle:
            return "s<=";
    }
    BPFW_BUG("a jump outside the enum");
}

bool is_signed(Jmp jmp) {
    return jmp == Jmp::Sgt || jmp == Jmp::Sge || jmp == Jmp::Slt || jmp == Jmp::Sle;
}

bool is_bitwise(Alu alu) { return alu == Alu::And || alu == Alu::Or || alu == Alu::Xor; }

std::string name(Reg reg, Width width) {
    return fmt::format("{}{}", width == Width::W32 ? 'w' : 'r', static_cast<int>(reg));
}

enum class Notation : std::uint8_t { Decimal, Hex };

// Hex shows the 32 bits of a W32 immediate; a negative one of W64 is sign-extended by the
// kernel and therefore shown as the number it stands for.
std::string text(const Operand& operand, Width width, Notation notation) {
    if (const auto* reg = std::get_if<Reg>(&operand)) return name(*reg, width);
    const std::int32_t imm = std::get<std::int32_t>(operand);
    if (notation == Notation::Decimal || (width == Width::W64 && imm < 0))
        return fmt::format("{}", imm);
    return fmt::format("0x{:x}", static_cast<std::uint32_t>(imm));
}

std::string memory(Size size, Reg base, int offset) {
    return fmt::format("*({} *)({} {} {})", type_name(size), name(base, Width::W64),
                       offset < 0 ? '-' : '+', offset < 0 ? -offset : offset);
}

std::string text(const op::Arithmetic& alu) {
    const std::string dst = name(alu.dst, alu.width);
    if (alu.alu == Alu::Neg) return fmt::format("{} = -{}", dst, dst);
    const Notation notation = is_bitwise(alu.alu) ? Notation::Hex : Notation::Decimal;
    return fmt::format("{} {} {}", dst, sign(alu.alu), text(alu.operand, alu.width, notation));
}

std::string condition(const op::Branch& branch) {
    const Notation notation = is_signed(branch.jmp) ? Notation::Decimal : Notation::Hex;
    return fmt::format("{} {} {}", name(branch.dst, branch.width), sign(branch.jmp),
                       text(branch.operand, branch.width, notation));
}

}  // namespace

Disassembly::Disassembly(const Function& function)
    : function_(function), labels_(function.insns.size()) {
    for (const Relocation& one : function.relocations)
        if (!one.symbol.empty()) symbols_.emplace(one.at, &one.symbol);
    for (std::size_t i = 0; i < labels_.size(); ++i)
        if (const auto to = flow(i).target) labels_.at(*to) = 1;
    std::uint32_t number = 0;
    for (std::uint32_t& label : labels_)
        if (label != 0) label = ++number;
}

Operation Disassembly::operation(std::size_t at) const {
    const Insn& insn = function_.insns.at(at);
    const auto decoded = decode(insn);
    if (!decoded)
        BPFW_BUG(fmt::format("function '{}': instruction {} has the unknown opcode 0x{:02x}",
                             function_.name, at, insn.opcode));
    return *decoded;
}

Flow Disassembly::flow(std::size_t at) const {
    const auto after = [&](std::int64_t offset) {
        return static_cast<std::size_t>(static_cast<std::int64_t>(at) + 1 + offset);
    };
    const Operation decoded = operation(at);
    if (const auto* branch = std::get_if<op::Branch>(&decoded))
        return {after(branch->offset), true};
    if (const auto* jump = std::get_if<op::Goto>(&decoded)) return {after(jump->offset), false};
    return {std::nullopt, !std::holds_alternative<op::Exit>(decoded)};
}

const std::string* Disassembly::symbol(std::size_t at) const {
    const auto found = symbols_.find(at);
    return found == symbols_.end() ? nullptr : found->second;
}

std::string Disassembly::label(std::size_t at) const {
    return labels_.at(at) == 0 ? "" : fmt::format("L{}", labels_[at]);
}

std::string Disassembly::target(std::size_t at) const { return label(*flow(at).target); }

std::string Disassembly::constant(const op::LoadLow& load, std::size_t at) const {
    const std::string dst = name(load.dst, Width::W64);
    if (const std::string* map = symbol(at)) return fmt::format("{} = map[{}] ll", dst, *map);
    if (load.constant == op::Constant::MapValue)
        return fmt::format("{} = tables[{}] ll", dst, static_cast<std::uint32_t>(load.low));
    const auto* const high = at + 1 < function_.insns.size() ? &function_.insns[at + 1] : nullptr;
    const auto bits = static_cast<std::uint32_t>(high == nullptr ? 0 : high->imm);
    return fmt::format("{} = 0x{:x} ll", dst,
                       std::uint64_t{bits} << 32U | static_cast<std::uint32_t>(load.low));
}

std::string Disassembly::call(const op::Call& call, std::size_t at) const {
    if (const std::string* function = symbol(at)) return "call " + *function;
    if (call.callee != op::Callee::Helper) return fmt::format("call {:+}", call.id);
    return fmt::format("call {}#{}", helper_name(call.id), call.id);
}

std::string Disassembly::text(std::size_t at) const {
    return std::visit(
        overloaded{
            [](const op::Load& load) {
                return fmt::format("{} = {}", name(load.dst, Width::W64),
                                   memory(load.size, load.base, load.offset));
            },
            [](const op::Store& store) {
                return fmt::format("{} = {}", memory(store.size, store.base, store.offset),
                                   compiler::text(store.value, Width::W64, Notation::Decimal));
            },
            [](const op::Arithmetic& alu) { return compiler::text(alu); },
            [](const op::Swap& swap) {
                const std::string dst = name(swap.dst, Width::W64);
                return fmt::format("{} = be{} {}", dst, swap.size == Size::U16 ? 16 : 32, dst);
            },
            [&](const op::Branch& branch) {
                return fmt::format("if {} goto {}", condition(branch), target(at));
            },
            [&](const op::Goto& jump) {
                return (jump.reach == op::Reach::Far ? "gotol " : "goto ") + target(at);
            },
            [&](const op::LoadLow& load) { return constant(load, at); },
            [](const op::LoadHigh&) { return std::string(); },
            [&](const op::Call& one) { return call(one, at); },
            [](const op::Exit&) { return std::string("exit"); },
        },
        operation(at));
}

std::string source_line(const LineMark& mark) {
    std::string place = mark.file;
    if (!place.empty() && mark.line != 0) place += fmt::format(":{}", mark.line);
    if (!place.empty() && mark.line != 0 && mark.column != 0)
        place += fmt::format(":{}", mark.column);
    return place.empty() ? mark.text : place + ": " + mark.text;
}

}  // namespace bpfw::compiler
