// SPDX-License-Identifier: GPL-2.0-or-later
// A classic program -> the text that tcpdump -d, -dd and -ddd print for it (libpcap's bpf_image()
// and bpf_dump()). Door: to_text() of classic.hpp.
#include <fmt/format.h>
#include <linux/filter.h>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/classic_extensions.hpp"

namespace bpfw::compiler::filter {
namespace {

using parser::ClassicInstruction;

std::string_view mnemonic(std::uint16_t code) {
    switch (code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_W | BPF_IND:
        case BPF_LD | BPF_W | BPF_LEN:
        case BPF_LD | BPF_IMM:
        case BPF_LD | BPF_MEM:
            return "ld";
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_H | BPF_IND:
            return "ldh";
        case BPF_LD | BPF_B | BPF_ABS:
        case BPF_LD | BPF_B | BPF_IND:
            return "ldb";
        case BPF_LDX | BPF_IMM:
        case BPF_LDX | BPF_MEM:
            return "ldx";
        case BPF_LDX | BPF_B | BPF_MSH:
            return "ldxb";
        case BPF_ST:
            return "st";
        case BPF_STX:
            return "stx";
        case BPF_JMP | BPF_JA:
            return "ja";
        case BPF_RET | BPF_K:
        case BPF_RET | BPF_A:
            return "ret";
        case BPF_MISC | BPF_TAX:
            return "tax";
        case BPF_MISC | BPF_TXA:
            return "txa";
        case BPF_ALU | BPF_NEG:
            return "neg";
        default:
            return "";
    }
}

// Of those that take K or X alike: arithmetic and conditional jumps.
std::string_view binary_mnemonic(std::uint16_t code) {
    switch (code & ~BPF_X) {
        case BPF_ALU | BPF_ADD:
            return "add";
        case BPF_ALU | BPF_SUB:
            return "sub";
        case BPF_ALU | BPF_MUL:
            return "mul";
        case BPF_ALU | BPF_DIV:
            return "div";
        case BPF_ALU | BPF_MOD:
            return "mod";
        case BPF_ALU | BPF_AND:
            return "and";
        case BPF_ALU | BPF_OR:
            return "or";
        case BPF_ALU | BPF_XOR:
            return "xor";
        case BPF_ALU | BPF_LSH:
            return "lsh";
        case BPF_ALU | BPF_RSH:
            return "rsh";
        case BPF_JMP | BPF_JEQ:
            return "jeq";
        case BPF_JMP | BPF_JGT:
            return "jgt";
        case BPF_JMP | BPF_JGE:
            return "jge";
        case BPF_JMP | BPF_JSET:
            return "jset";
        default:
            return "";
    }
}

std::string address(std::uint32_t k) {
    const Extension* extension = extension_of(k);
    return extension != nullptr ? fmt::format("[{}]", extension->listing)
                                : fmt::format("[{}]", static_cast<std::int32_t>(k));
}

std::string binary_operand(const ClassicInstruction& insn) {
    if (BPF_SRC(insn.code) == BPF_X) return "x";
    const bool bits = BPF_CLASS(insn.code) == BPF_JMP || BPF_OP(insn.code) == BPF_AND ||
                      BPF_OP(insn.code) == BPF_OR || BPF_OP(insn.code) == BPF_XOR;
    return bits ? fmt::format("#{:#x}", insn.k)
                : fmt::format("#{}", static_cast<std::int32_t>(insn.k));
}

std::string operand(const ClassicInstruction& insn, std::size_t at) {
    const auto signed_k = static_cast<std::int32_t>(insn.k);
    switch (insn.code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
            return address(insn.k);
        case BPF_LD | BPF_W | BPF_IND:
        case BPF_LD | BPF_H | BPF_IND:
        case BPF_LD | BPF_B | BPF_IND:
            return fmt::format("[x + {}]", signed_k);
        case BPF_LD | BPF_W | BPF_LEN:
            return "#pktlen";
        case BPF_LD | BPF_IMM:
        case BPF_LDX | BPF_IMM:
            return fmt::format("#{:#x}", insn.k);
        case BPF_LDX | BPF_B | BPF_MSH:
            return fmt::format("4*([{}]&0xf)", signed_k);
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
        case BPF_ST:
        case BPF_STX:
            return fmt::format("M[{}]", signed_k);
        case BPF_JMP | BPF_JA:
            return fmt::format("{}", static_cast<std::int32_t>(at + 1 + insn.k));
        case BPF_RET | BPF_K:
            return fmt::format("#{}", signed_k);
        default:
            return "";
    }
}

// "(005) jeq      #0x50            jt 21	jf 6"
std::string image(const ClassicInstruction& insn, std::size_t at) {
    if (const std::string_view name = binary_mnemonic(insn.code); !name.empty()) {
        const std::string k = binary_operand(insn);
        if (BPF_CLASS(insn.code) != BPF_JMP) return fmt::format("({:03}) {:<8} {}", at, name, k);
        return fmt::format("({:03}) {:<8} {:<16} jt {}\tjf {}", at, name, k, at + 1 + insn.jt,
                           at + 1 + insn.jf);
    }
    const std::string_view name = mnemonic(insn.code);
    if (!name.empty()) return fmt::format("({:03}) {:<8} {}", at, name, operand(insn, at));
    const std::string code = fmt::format("{:#x}", insn.code);
    if (BPF_CLASS(insn.code) != BPF_JMP || BPF_OP(insn.code) == BPF_JA)
        return fmt::format("({:03}) {:<8} {}", at, "unimp", code);
    return fmt::format("({:03}) {:<8} {:<16} jt {}\tjf {}", at, "unimp", code, at + 1 + insn.jt,
                       at + 1 + insn.jf);
}

}  // namespace

std::string to_text(const ClassicProgram& program, ClassicForm form) {
    std::string out;
    if (form == ClassicForm::Numbers) out = fmt::format("{}\n", program.size());
    for (std::size_t at = 0; at < program.size(); ++at) {
        const ClassicInstruction& insn = program[at];
        switch (form) {
            case ClassicForm::Listing:
                out += image(insn, at) + "\n";
                break;
            case ClassicForm::Array:
                out += fmt::format("{{ {:#x}, {}, {}, 0x{:08x} }},\n", insn.code, insn.jt, insn.jf,
                                   insn.k);
                break;
            case ClassicForm::Numbers:
                out += fmt::format("{} {} {} {}\n", insn.code, insn.jt, insn.jf, insn.k);
                break;
        }
    }
    return out;
}

}  // namespace bpfw::compiler::filter
