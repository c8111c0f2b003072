// SPDX-License-Identifier: GPL-2.0-or-later
// (Classic program, frame) -> what it returns. run_classic() is the door.
#include "tests/filter/classic_machine.hpp"

#include <stdexcept>

namespace bpfw::test::filter {
namespace {

constexpr std::uint32_t kPatience = 20000;  // instructions

class Machine {
public:
    Machine(std::span<const bpf_insn> program, const Sample& sample, Protochain mode)
        : program_(program), sample_(sample), mode_(mode) {}

    Outcome run() {
        for (std::uint32_t steps = 0; steps < kPatience; ++steps) {
            const bpf_insn& insn = program_[pc_++];
            if (!step(insn)) return outcome_;
        }
        outcome_.endless = true;
        return outcome_;
    }

private:
    // Nothing left to do: outcome_ holds the answer.
    bool step(const bpf_insn& insn) {
        switch (BPF_CLASS(insn.code)) {
            case BPF_LD:
                return load(insn, a_);
            case BPF_LDX:
                return load(insn, x_);
            case BPF_ST:
                return store(insn.k, a_);
            case BPF_STX:
                return store(insn.k, x_);
            case BPF_ALU:
                return calculate(insn);
            case BPF_JMP:
                return jump(insn);
            case BPF_RET:
                return finish(BPF_RVAL(insn.code) == BPF_A ? a_ : insn.k);
            default:
                return transfer(insn);
        }
    }

    bool finish(std::uint32_t value) {
        outcome_.accepted = value;
        return false;
    }

    bool store(std::uint32_t word, std::uint32_t value) {
        memory_[word] = value;
        written_ |= 1u << word;
        since_jump_ |= 1u << word;
        return true;
    }

    // The words of a comparison's two sides are free again behind it. libpcap gives them to a
    // later GENEVE, whose offsets are then read where only the comparison wrote.
    void forget_arithmetic() {
        const bpf_insn& before = program_[pc_ - 2];
        if (before.code == (BPF_ALU | BPF_SUB | BPF_X) || before.code == (BPF_LD | BPF_MEM))
            written_ &= ~since_jump_;
        since_jump_ = 0;
    }

    bool transfer(const bpf_insn& insn) {
        if (BPF_MISCOP(insn.code) == BPF_TXA) {
            a_ = x_;
            return true;
        }
        // X is one past the AH header's start here: where the next begins lies 4 * (length + 2)
        // behind that start, which libpcap forgets to add.
        x_ = mode_ == Protochain::Mended && after_ah_length() ? x_ - 1 + a_ : a_;
        return true;
    }

    // The length byte was loaded, increased by 2 and multiplied by 4 just now.
    [[nodiscard]] bool after_ah_length() const {
        if (pc_ < 4) return false;
        const bpf_insn* const before = &program_[pc_ - 4];
        return before[0].code == (BPF_LD | BPF_IND | BPF_B) &&
               before[1].code == (BPF_ALU | BPF_ADD | BPF_K) && before[1].k == 2 &&
               before[2].code == (BPF_ALU | BPF_MUL | BPF_K) && before[2].k == 4;
    }

    bool fetch(std::uint32_t at, std::uint32_t size, std::uint32_t& into) {
        if (std::uint64_t{at} + size > sample_.bytes.size()) return finish(0);
        into = 0;
        for (std::uint32_t i = 0; i < size; ++i) into = into << 8 | sample_.bytes[at + i];
        return true;
    }

    bool load(const bpf_insn& insn, std::uint32_t& into) {
        const std::uint32_t size = BPF_SIZE(insn.code) == BPF_W   ? 4
                                   : BPF_SIZE(insn.code) == BPF_H ? 2
                                                                  : 1;
        switch (BPF_MODE(insn.code)) {
            case BPF_IMM:
                into = insn.k;
                return true;
            case BPF_LEN:
                into = sample_.length;
                return true;
            case BPF_MEM:
                if ((written_ >> insn.k & 1u) == 0) outcome_.uninitialised = true;
                into = memory_[insn.k];
                return true;
            case BPF_ABS:
                return fetch(insn.k, size, into);
            case BPF_IND:
                if (std::uint64_t{x_} + insn.k > 0xffffffffu) return finish(0);
                return fetch(x_ + insn.k, size, into);
            default:  // BPF_MSH: 4 * (byte & 15)
                if (!fetch(insn.k, 1, into)) return false;
                into = (into & 15u) * 4;
                return true;
        }
    }

    bool calculate(const bpf_insn& insn) {
        const std::uint32_t operand = BPF_SRC(insn.code) == BPF_X ? x_ : insn.k;
        switch (BPF_OP(insn.code)) {
            case BPF_ADD:
                a_ += operand;
                break;
            case BPF_SUB:
                a_ -= operand;
                break;
            case BPF_MUL:
                a_ *= operand;
                break;
            case BPF_DIV:
                if (operand == 0) return finish(0);
                a_ /= operand;
                break;
            case BPF_MOD:
                if (operand == 0) return finish(0);
                a_ %= operand;
                break;
            case BPF_AND:
                a_ &= operand;
                break;
            case BPF_OR:
                a_ |= operand;
                break;
            case BPF_XOR:
                a_ ^= operand;
                break;
            case BPF_LSH:
                a_ = operand < 32 ? a_ << operand : 0;
                break;
            case BPF_RSH:
                a_ = operand < 32 ? a_ >> operand : 0;
                break;
            case BPF_NEG:
                a_ = 0 - a_;
                break;
            default:
                throw std::logic_error("classic BPF: no such operation");
        }
        return true;
    }

    bool jump(const bpf_insn& insn) {
        if (BPF_OP(insn.code) == BPF_JA) {
            const auto distance = static_cast<std::int32_t>(insn.k);
            if (distance < 0) outcome_.rounds++;
            pc_ = static_cast<std::size_t>(static_cast<std::int64_t>(pc_) + distance);
            return true;
        }
        if (pc_ > 1) forget_arithmetic();
        const std::uint32_t operand = BPF_SRC(insn.code) == BPF_X ? x_ : insn.k;
        const auto op = BPF_OP(insn.code);
        const bool yes = op == BPF_JEQ   ? a_ == operand
                         : op == BPF_JGT ? a_ > operand
                         : op == BPF_JGE ? a_ >= operand
                                         : (a_ & operand) != 0;
        pc_ += yes ? insn.jt : insn.jf;
        return true;
    }

    std::span<const bpf_insn> program_;
    const Sample& sample_;
    Protochain mode_;
    Outcome outcome_;
    std::size_t pc_ = 0;
    std::uint32_t a_ = 0;
    std::uint32_t x_ = 0;
    std::uint32_t memory_[BPF_MEMWORDS] = {};
    std::uint32_t written_ = 0;
    std::uint32_t since_jump_ = 0;  // written_, since the last conditional jump
};

}  // namespace

Outcome run_classic(std::span<const bpf_insn> program, const Sample& sample, Protochain mode) {
    return Machine(program, sample, mode).run();
}

}  // namespace bpfw::test::filter
