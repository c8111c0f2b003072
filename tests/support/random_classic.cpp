// SPDX-License-Identifier: GPL-2.0-or-later
// Random classic programs. Doors: random_classic(), mutated().
#include "tests/support/random_classic.hpp"

#include <linux/filter.h>

#include <algorithm>

namespace bpfw::test {
namespace {

using compiler::filter::ClassicProgram;
using parser::ClassicInstruction;

constexpr std::uint16_t kAlu[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND,
                                  BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG};
constexpr std::uint16_t kJumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
constexpr std::uint16_t kSizes[] = {BPF_W, BPF_H, BPF_B};

class Generator {
public:
    Generator(Random& random, const ClassicTaste& taste) : random_(random), taste_(taste) {}

    ClassicProgram make() {
        const std::size_t size = 1 + random_.below(taste_.most_instructions);
        ClassicProgram out(size);
        for (std::size_t at = 0; at + 1 < size; ++at) out[at] = instruction(size - at - 1);
        out.back() = result();
        return out;
    }

private:
    static ClassicInstruction insn(unsigned code, std::uint32_t k = 0) {
        return {static_cast<std::uint16_t>(code), 0, 0, k};
    }

    std::uint32_t number() {
        static constexpr std::uint32_t kEdges[] = {
            0, 1, 2, 4, 6, 0xf, 0xff, 0xffff, 0x800, 0x7fffffff, 0x80000000, 0xffffffff};
        if (random_.percent(60)) return random_.pick(kEdges);
        return random_.percent(50) ? random_.below(256) : random_.below(std::size_t{1} << 32);
    }

    std::uint32_t offset() {
        if (random_.percent(8)) return number();
        if (taste_.loads == ClassicTaste::Loads::Negative && random_.percent(12)) {
            const auto base =
                static_cast<std::uint32_t>(random_.percent(50) ? SKF_NET_OFF : SKF_LL_OFF);
            return base + random_.below(40);
        }
        return random_.below(random_.percent(80) ? 64 : 200);
    }

    ClassicInstruction result() {
        return random_.percent(30) ? insn(BPF_RET | BPF_A)
                                   : insn(BPF_RET | BPF_K, random_.percent(50) ? 0 : 0xffff);
    }

    ClassicInstruction arithmetic() {
        const std::uint16_t op = random_.pick(kAlu);
        if (op == BPF_NEG) return insn(BPF_ALU | BPF_NEG, number());
        if (random_.percent(45)) return insn(unsigned{BPF_ALU} | op | BPF_X, number());
        std::uint32_t k = number();
        if (op == BPF_LSH || op == BPF_RSH) k %= 32;
        if (op == BPF_DIV || op == BPF_MOD) k = std::max(k, 1U);
        return insn(unsigned{BPF_ALU} | op | BPF_K, k);
    }

    // `left`: instructions behind this one.
    ClassicInstruction jump(std::size_t left) {
        if (random_.percent(12))
            return insn(BPF_JMP | BPF_JA, random_.below(std::min<std::size_t>(left, 6)));
        const auto distance = [&] {
            const std::size_t far = random_.percent(15) ? 256 : 8;
            return static_cast<std::uint8_t>(random_.below(std::min(left, far)));
        };
        const unsigned source = random_.percent(30) ? BPF_X : BPF_K;
        return {static_cast<std::uint16_t>(BPF_JMP | random_.pick(kJumps) | source), distance(),
                distance(), number()};
    }

    ClassicInstruction scratch() {
        // The first instructions fill words, so that later ones find them.
        const bool store = written_ == 0 || random_.percent(40);
        if (store) {
            const std::uint32_t word = random_.below(BPF_MEMWORDS);
            if (unconditional_) written_ |= 1U << word;
            return insn(random_.percent(50) ? BPF_ST : BPF_STX, word);
        }
        std::uint32_t word = random_.below(BPF_MEMWORDS);
        while ((written_ >> word & 1) == 0) word = (word + 1) % BPF_MEMWORDS;
        return insn((random_.percent(50) ? BPF_LD : BPF_LDX) | BPF_MEM, word);
    }

    ClassicInstruction extension() {
        static constexpr int kAll[] = {
            SKF_AD_PROTOCOL, SKF_AD_PKTTYPE,   SKF_AD_IFINDEX,          SKF_AD_NLATTR,
            SKF_AD_MARK,     SKF_AD_QUEUE,     SKF_AD_NLATTR_NEST,      SKF_AD_HATYPE,
            SKF_AD_RXHASH,   SKF_AD_CPU,       SKF_AD_ALU_XOR_X,        SKF_AD_VLAN_TAG,
            SKF_AD_RANDOM,   SKF_AD_VLAN_TPID, SKF_AD_VLAN_TAG_PRESENT, SKF_AD_PAY_OFFSET};
        static constexpr int kTranslated[] = {SKF_AD_PROTOCOL, SKF_AD_PKTTYPE, SKF_AD_ALU_XOR_X,
                                              SKF_AD_VLAN_TAG_PRESENT};
        const int which = taste_.extensions == ClassicTaste::Extensions::All
                              ? random_.pick(kAll)
                              : random_.pick(kTranslated);
        return insn(unsigned{BPF_LD} | BPF_ABS | random_.pick(kSizes),
                    static_cast<std::uint32_t>(SKF_AD_OFF + which));
    }

    ClassicInstruction load() {
        const std::uint32_t kind = random_.below(100);
        if (kind < 40) {
            std::uint32_t at = offset();
            if (at >= static_cast<std::uint32_t>(SKF_AD_OFF)) at = 0;
            return insn(unsigned{BPF_LD} | BPF_ABS | random_.pick(kSizes), at);
        }
        if (kind < 60) return insn(unsigned{BPF_LD} | BPF_IND | random_.pick(kSizes), offset());
        if (kind < 70) return insn(BPF_LDX | BPF_B | BPF_MSH, offset());
        if (kind < 78) return insn(BPF_LD | BPF_IMM, number());
        if (kind < 88)
            return insn(BPF_LDX | BPF_IMM, random_.percent(70) ? random_.below(64) : number());
        if (kind < 94) return insn((random_.percent(50) ? BPF_LD : BPF_LDX) | BPF_W | BPF_LEN);
        return insn(random_.percent(50) ? BPF_MISC | BPF_TAX : BPF_MISC | BPF_TXA);
    }

    ClassicInstruction instruction(std::size_t left) {
        const std::uint32_t kind = random_.below(100);
        if (kind < 34) return load();
        if (kind < 54) return arithmetic();
        if (kind < 74) {
            unconditional_ = false;
            return jump(left);
        }
        if (kind < 90) return scratch();
        if (kind < 92) return result();
        if (taste_.extensions != ClassicTaste::Extensions::None && kind < 95) return extension();
        return insn(random_.percent(50) ? BPF_MISC | BPF_TAX : BPF_MISC | BPF_TXA);
    }

    Random& random_;
    const ClassicTaste& taste_;
    bool unconditional_ = true;  // no jump so far
    std::uint32_t written_ = 0;  // words that every way has filled
};

}  // namespace

ClassicProgram random_classic(Random& random, const ClassicTaste& taste) {
    return Generator(random, taste).make();
}

ClassicProgram mutated(ClassicProgram program, Random& random) {
    for (std::uint32_t left = 1 + random.below(3); left > 0 && !program.empty(); --left) {
        ClassicInstruction& one = program[random.below(program.size())];
        switch (random.below(9)) {
            case 0:
                one.code = static_cast<std::uint16_t>(one.code ^ 1U << random.below(9));
                break;
            case 1:
                one.code = static_cast<std::uint16_t>(random.below(0x100));
                break;
            case 2:
                one.jt = random.percent(50)
                             ? static_cast<std::uint8_t>(random.below(program.size() + 2))
                             : random.byte();
                break;
            case 3:
                one.jf = random.percent(50)
                             ? static_cast<std::uint8_t>(random.below(program.size() + 2))
                             : random.byte();
                break;
            case 4:
                one.k = random.percent(60) ? random.below(70) : random.below(std::size_t{1} << 32);
                break;
            case 5:
                one.k = static_cast<std::uint32_t>(SKF_AD_OFF) + random.below(80);
                break;
            case 6:
                std::swap(one, program[random.below(program.size())]);
                break;
            case 7:
                one = program[random.below(program.size())];
                break;
            default:
                program.pop_back();
                break;
        }
    }
    return program;
}

}  // namespace bpfw::test
