// SPDX-License-Identifier: GPL-2.0-or-later
// Builds one Function, instruction by instruction. Labels are values; finish() alone turns
// them into offsets and makes jumps that leave 16 bits long.
//
//     Assembler as;
//     const Label other = as.label();
//     as.mark("web.rules", 3, 1, "-A INPUT -p tcp --dport 22 -j DROP");
//     as.load(Size::U32, kField, kPacket, offsetof(bpfw_packet, l4_dst));
//     as.jne32(kField, 6U << 16 | 22, other);
//     as.mov32(kResult, BPFW_DROP);
//     as.exit();
//     as.bind(other);
//     ...
//     Function function = std::move(as).finish("bpfw_ipv4_input");
//
// Names ending in 32 work on the lower half (and clear the upper); the others on 64 bits.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "compiler/asm/encode.hpp"
#include "compiler/asm/regs.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// A place in the code, of the Assembler that made it.
class Label {
public:
    bool operator==(const Label&) const = default;

private:
    friend class Assembler;
    explicit Label(std::uint32_t number) : number_(number) {}
    std::uint32_t number_;
};

class Assembler {
public:
    [[nodiscard]] Label label();
    // The label stands for the next instruction; BPFW_BUG when it is bound already.
    void bind(Label label);
    // Instructions so far; finish() may add to it where jumps are far.
    [[nodiscard]] std::size_t size() const { return items_.size(); }

    // The source line of what follows, until the next mark. `line_mark.at` is set here.
    void mark(LineMark line_mark);
    void mark(std::string file, std::uint32_t line, std::uint32_t column, std::string text);

    void load(Size size, Reg dst, Reg base, std::int64_t offset);
    void store(Size size, Reg base, std::int64_t offset, Reg src);
    void store_imm(Size size, Reg base, std::int64_t offset, std::int32_t imm);
    void ld_imm64(Reg dst, std::uint64_t value);
    // A pointer to the map of this name; the object's linker fills it in.
    void ld_map(Reg dst, std::string map_name);

    // A pointer to the template's variable of this name, in .rodata.
    void ld_variable(Reg dst, std::string name);
    // A pointer to this byte of Program::tables.
    void ld_table(Reg dst, std::uint32_t offset);

    // 64 bits: the immediate is sign-extended by the kernel; BPFW_BUG when it is not an int32.
    void alu(Alu alu, Reg dst, std::int64_t imm);
    void alu(Alu alu, Reg dst, Reg src);
    void alu32(Alu alu, Reg dst, std::uint32_t imm);
    void alu32(Alu alu, Reg dst, Reg src);

    void mov(Reg dst, Reg src) { alu(Alu::Mov, dst, src); }
    void mov_imm(Reg dst, std::int64_t imm) { alu(Alu::Mov, dst, imm); }
    void mov32(Reg dst, Reg src) { alu32(Alu::Mov, dst, src); }
    void mov32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Mov, dst, imm); }
    void add(Reg dst, Reg src) { alu(Alu::Add, dst, src); }
    void add_imm(Reg dst, std::int64_t imm) { alu(Alu::Add, dst, imm); }
    void add32(Reg dst, Reg src) { alu32(Alu::Add, dst, src); }
    void add32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Add, dst, imm); }
    void sub(Reg dst, Reg src) { alu(Alu::Sub, dst, src); }
    void sub_imm(Reg dst, std::int64_t imm) { alu(Alu::Sub, dst, imm); }
    void sub32(Reg dst, Reg src) { alu32(Alu::Sub, dst, src); }
    void sub32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Sub, dst, imm); }
    void and_(Reg dst, Reg src) { alu(Alu::And, dst, src); }
    void and_imm(Reg dst, std::int64_t imm) { alu(Alu::And, dst, imm); }
    void and32(Reg dst, Reg src) { alu32(Alu::And, dst, src); }
    void and32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::And, dst, imm); }
    void or_(Reg dst, Reg src) { alu(Alu::Or, dst, src); }
    void or_imm(Reg dst, std::int64_t imm) { alu(Alu::Or, dst, imm); }
    void or32(Reg dst, Reg src) { alu32(Alu::Or, dst, src); }
    void or32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Or, dst, imm); }
    void xor_(Reg dst, Reg src) { alu(Alu::Xor, dst, src); }
    void xor_imm(Reg dst, std::int64_t imm) { alu(Alu::Xor, dst, imm); }
    void xor32(Reg dst, Reg src) { alu32(Alu::Xor, dst, src); }
    void xor32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Xor, dst, imm); }
    void lsh_imm(Reg dst, std::uint32_t imm) { alu(Alu::Lsh, dst, std::int64_t{imm}); }
    void lsh32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Lsh, dst, imm); }
    void rsh_imm(Reg dst, std::uint32_t imm) { alu(Alu::Rsh, dst, std::int64_t{imm}); }
    void rsh32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Rsh, dst, imm); }
    void arsh_imm(Reg dst, std::uint32_t imm) { alu(Alu::Arsh, dst, std::int64_t{imm}); }
    void arsh32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Arsh, dst, imm); }
    void mul(Reg dst, Reg src) { alu(Alu::Mul, dst, src); }
    void mul_imm(Reg dst, std::int64_t imm) { alu(Alu::Mul, dst, imm); }
    void mul32_imm(Reg dst, std::uint32_t imm) { alu32(Alu::Mul, dst, imm); }
    void neg(Reg dst) { alu(Alu::Neg, dst, std::int64_t{0}); }
    void neg32(Reg dst) { alu32(Alu::Neg, dst, std::uint32_t{0}); }

    // Big endian, as loaded from the packet, to the host's order: U16 or U32.
    void to_host(Size size, Reg dst) { emit(op::Swap{size, dst}); }

    // Conditional jumps. 64 bits: the immediate must be an int32, as above. 32 bits: any
    // u32, compared unsigned by Gt Ge Lt Le whatever its top bit is.
    void jump(Jmp jmp, Reg dst, std::int64_t imm, Label to);
    void jump(Jmp jmp, Reg dst, Reg src, Label to);
    void jump32(Jmp jmp, Reg dst, std::uint32_t imm, Label to);
    void jump32(Jmp jmp, Reg dst, Reg src, Label to);

    // clang-format off
    void jeq(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Eq, dst, imm, to); }
    void jne(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Ne, dst, imm, to); }
    void jgt(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Gt, dst, imm, to); }
    void jge(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Ge, dst, imm, to); }
    void jlt(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Lt, dst, imm, to); }
    void jle(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Le, dst, imm, to); }
    void jset(Reg dst, std::int64_t imm, Label to) { jump(Jmp::Set, dst, imm, to); }
    void jeq(Reg dst, Reg src, Label to) { jump(Jmp::Eq, dst, src, to); }
    void jne(Reg dst, Reg src, Label to) { jump(Jmp::Ne, dst, src, to); }
    void jgt(Reg dst, Reg src, Label to) { jump(Jmp::Gt, dst, src, to); }
    void jge(Reg dst, Reg src, Label to) { jump(Jmp::Ge, dst, src, to); }
    void jlt(Reg dst, Reg src, Label to) { jump(Jmp::Lt, dst, src, to); }
    void jle(Reg dst, Reg src, Label to) { jump(Jmp::Le, dst, src, to); }
    void jset(Reg dst, Reg src, Label to) { jump(Jmp::Set, dst, src, to); }
    void jeq32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Eq, dst, imm, to); }
    void jne32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Ne, dst, imm, to); }
    void jgt32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Gt, dst, imm, to); }
    void jge32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Ge, dst, imm, to); }
    void jlt32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Lt, dst, imm, to); }
    void jle32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Le, dst, imm, to); }
    void jset32(Reg dst, std::uint32_t imm, Label to) { jump32(Jmp::Set, dst, imm, to); }
    void jeq32(Reg dst, Reg src, Label to) { jump32(Jmp::Eq, dst, src, to); }
    void jne32(Reg dst, Reg src, Label to) { jump32(Jmp::Ne, dst, src, to); }
    void jgt32(Reg dst, Reg src, Label to) { jump32(Jmp::Gt, dst, src, to); }
    void jge32(Reg dst, Reg src, Label to) { jump32(Jmp::Ge, dst, src, to); }
    void jlt32(Reg dst, Reg src, Label to) { jump32(Jmp::Lt, dst, src, to); }
    void jle32(Reg dst, Reg src, Label to) { jump32(Jmp::Le, dst, src, to); }
    void jset32(Reg dst, Reg src, Label to) { jump32(Jmp::Set, dst, src, to); }
    // clang-format on

    void ja(Label to);
    void call_helper(std::int32_t id);
    // Another emitted function; the object's linker fills in the distance.
    void call(std::string function_name);
    void exit();

    // Instructions that nothing leads to are left out.
    // BPFW_BUG: a label that is used and not bound, or bound behind the last instruction;
    // code that can run off the end. A function without a mark on its first instruction
    // gets one that carries its name.
    [[nodiscard]] Function finish(std::string name) &&;

private:
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    struct Item {
        Insn insn;
        std::uint32_t target = kNone;  // label number of a jump
    };

    void emit(const Operation& operation) { items_.push_back({encode(operation), kNone}); }
    void emit_jump(const Operation& operation, Label to);
    [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(items_.size()); }

    std::vector<Item> items_;
    std::vector<std::uint32_t> labels_;  // item index, or kNone
    std::vector<Relocation> relocations_;
    std::vector<LineMark> lines_;

    friend class Layout;
};

}  // namespace bpfw::compiler
