// SPDX-License-Identifier: GPL-2.0-or-later
// A classic program -> what is wrong with it, by the rules of net/core/filter.c
// (bpf_check_classic() and check_load_and_stores()). Doors: fault_of() and refusal_of() of
// classic.hpp.
#include <fmt/format.h>
#include <linux/filter.h>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/classic_extensions.hpp"

namespace bpfw::compiler::filter {
namespace {

using parser::ClassicInstruction;
using Fault = std::optional<std::string>;

bool is_known(std::uint16_t code) {
    switch (code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
        case BPF_LD | BPF_W | BPF_IND:
        case BPF_LD | BPF_H | BPF_IND:
        case BPF_LD | BPF_B | BPF_IND:
        case BPF_LD | BPF_W | BPF_LEN:
        case BPF_LDX | BPF_W | BPF_LEN:
        case BPF_LD | BPF_IMM:
        case BPF_LDX | BPF_IMM:
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
        case BPF_LDX | BPF_B | BPF_MSH:
        case BPF_ST:
        case BPF_STX:
        case BPF_ALU | BPF_NEG:
        case BPF_MISC | BPF_TAX:
        case BPF_MISC | BPF_TXA:
        case BPF_RET | BPF_K:
        case BPF_RET | BPF_A:
        case BPF_JMP | BPF_JA:
            return true;
        default:
            break;
    }
    switch (code & ~BPF_X) {
        case BPF_ALU | BPF_ADD:
        case BPF_ALU | BPF_SUB:
        case BPF_ALU | BPF_MUL:
        case BPF_ALU | BPF_DIV:
        case BPF_ALU | BPF_MOD:
        case BPF_ALU | BPF_AND:
        case BPF_ALU | BPF_OR:
        case BPF_ALU | BPF_XOR:
        case BPF_ALU | BPF_LSH:
        case BPF_ALU | BPF_RSH:
        case BPF_JMP | BPF_JEQ:
        case BPF_JMP | BPF_JGT:
        case BPF_JMP | BPF_JGE:
        case BPF_JMP | BPF_JSET:
            return true;
        default:
            return false;
    }
}

bool is_conditional(std::uint16_t code) {
    return BPF_CLASS(code) == BPF_JMP && BPF_OP(code) != BPF_JA;
}

Fault jump_fault(const ClassicInstruction& insn, std::size_t at, std::size_t size) {
    const std::size_t left = size - at - 1;  // instructions behind this one
    const auto beyond = [&](std::string_view which, std::uint64_t distance) -> Fault {
        return fmt::format("{} leads to instruction {}, the last one is {}", which,
                           at + 1 + distance, size - 1);
    };
    if (insn.code == (BPF_JMP | BPF_JA)) {
        return insn.k >= left ? beyond("the jump", insn.k) : std::nullopt;
    }
    if (insn.jt >= left) return beyond("jt", insn.jt);
    if (insn.jf >= left) return beyond("jf", insn.jf);
    return std::nullopt;
}

Fault operand_fault(const ClassicInstruction& insn) {
    switch (insn.code) {
        case BPF_ALU | BPF_DIV | BPF_K:
            if (insn.k == 0) return "division by zero";
            break;
        case BPF_ALU | BPF_MOD | BPF_K:
            if (insn.k == 0) return "modulus by zero";
            break;
        case BPF_ALU | BPF_LSH | BPF_K:
        case BPF_ALU | BPF_RSH | BPF_K:
            if (insn.k >= 32) return fmt::format("a shift by {} bits (0-31)", insn.k);
            break;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
        case BPF_ST:
        case BPF_STX:
            if (insn.k >= BPF_MEMWORDS) return fmt::format("no scratch word M[{}] (0-15)", insn.k);
            break;
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
            if (insn.k >= static_cast<std::uint32_t>(SKF_AD_OFF) && extension_of(insn.k) == nullptr)
                return fmt::format("no extension SKF_AD_OFF + {}",
                                   insn.k - static_cast<std::uint32_t>(SKF_AD_OFF));
            break;
        default:
            break;
    }
    return std::nullopt;
}

Fault instruction_fault(const ClassicInstruction& insn, std::size_t at, std::size_t size) {
    if (!is_known(insn.code)) return fmt::format("no such instruction code {:#x}", insn.code);
    if (BPF_CLASS(insn.code) == BPF_JMP) return jump_fault(insn, at, size);
    return operand_fault(insn);
}

// A scratch word must have been written on every way to its load. As in the kernel, a return
// leads to the next instruction: what may be known there is what was known before it.
Fault scratch_fault(const ClassicProgram& program) {
    std::vector<std::uint16_t> written(program.size(), 0xffff);
    std::uint16_t now = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const ClassicInstruction& insn = program[at];
        now &= written[at];
        const auto leave_for = [&](std::size_t target) { written[target] &= now; };
        if (insn.code == BPF_ST || insn.code == BPF_STX) {
            now = static_cast<std::uint16_t>(now | 1U << insn.k);
        } else if (insn.code == (BPF_LD | BPF_MEM) || insn.code == (BPF_LDX | BPF_MEM)) {
            if ((now >> insn.k & 1) == 0)
                return fmt::format("instruction {}: M[{}] may not have been written yet", at,
                                   insn.k);
        } else if (insn.code == (BPF_JMP | BPF_JA)) {
            leave_for(at + 1 + insn.k);
            now = 0xffff;
        } else if (is_conditional(insn.code)) {
            leave_for(at + 1 + insn.jt);
            leave_for(at + 1 + insn.jf);
            now = 0xffff;
        }
    }
    return std::nullopt;
}

}  // namespace

Fault fault_of(const ClassicProgram& program) {
    if (program.empty()) return "a program without instructions";
    if (program.size() > BPF_MAXINSNS)
        return fmt::format("{} instructions, at most {}", program.size(), BPF_MAXINSNS);
    for (std::size_t at = 0; at < program.size(); ++at) {
        if (const Fault fault = instruction_fault(program[at], at, program.size()))
            return fmt::format("instruction {}: {}", at, *fault);
    }
    if (BPF_CLASS(program.back().code) != BPF_RET)
        return fmt::format("instruction {}: the last one must be a ret", program.size() - 1);
    return scratch_fault(program);
}

Fault refusal_of(const ClassicProgram& program) {
    for (std::size_t at = 0; at < program.size(); ++at) {
        const std::uint16_t code = program[at].code;
        if (BPF_CLASS(code) != BPF_LD || BPF_MODE(code) != BPF_ABS) continue;
        const Extension* extension = extension_of(program[at].k);
        if (extension != nullptr && !extension->refusal.empty())
            return fmt::format("instruction {}: {} is not supported: {}", at, extension->name,
                               extension->refusal);
    }
    return std::nullopt;
}

}  // namespace bpfw::compiler::filter
