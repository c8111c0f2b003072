// SPDX-License-Identifier: GPL-2.0-or-later
// A plain interpreter of classic programs. Door: run_classic().
#include "tests/support/classic_reference.hpp"

#include <linux/filter.h>

#include <array>
#include <stdexcept>

namespace bpfw::test {
namespace {

using parser::ClassicInstruction;
using Number = std::optional<std::uint32_t>;  // nothing: the program ends, returning 0

class Machine {
public:
    Machine(const compiler::filter::ClassicProgram& program, const ClassicPacket& packet)
        : program_(program), packet_(packet) {}

    std::uint32_t run() {
        for (std::size_t at = 0;; ++at) {
            const ClassicInstruction& insn = program_.at(at);
            switch (BPF_CLASS(insn.code)) {
                case BPF_RET:
                    return BPF_RVAL(insn.code) == BPF_A ? a_ : insn.k;
                case BPF_LD:
                case BPF_LDX:
                    if (!load(insn)) return 0;
                    break;
                case BPF_ST:
                    scratch_.at(insn.k) = a_;
                    break;
                case BPF_STX:
                    scratch_.at(insn.k) = x_;
                    break;
                case BPF_ALU:
                    if (!arithmetic(insn)) return 0;
                    break;
                case BPF_JMP:
                    at += BPF_OP(insn.code) == BPF_JA ? insn.k : holds(insn) ? insn.jt : insn.jf;
                    break;
                default:
                    (BPF_MISCOP(insn.code) == BPF_TAX ? x_ : a_) =
                        BPF_MISCOP(insn.code) == BPF_TAX ? a_ : x_;
                    break;
            }
        }
    }

private:
    [[nodiscard]] Number bytes(std::span<const std::uint8_t> from, std::uint64_t at,
                               std::size_t size) const {
        if (at + size > from.size()) return std::nullopt;
        std::uint32_t out = 0;
        for (std::size_t i = 0; i < size; ++i) out = out << 8 | from[at + i];
        return out;
    }

    [[nodiscard]] Number read(std::uint32_t address, std::size_t size) const {
        const auto at = static_cast<std::int32_t>(address);
        if (at >= 0) return bytes(packet_.packet, address, size);
        if (at >= SKF_NET_OFF)
            return bytes(packet_.packet, static_cast<std::uint32_t>(at - SKF_NET_OFF), size);
        if (at < SKF_LL_OFF) return std::nullopt;
        const auto behind = static_cast<std::uint32_t>(at - SKF_LL_OFF);
        if (packet_.raw_ip && packet_.link) return bytes(packet_.packet, behind, size);
        return packet_.link ? bytes(*packet_.link, behind, size) : std::nullopt;
    }

    [[nodiscard]] Number extension(std::uint32_t number) const {
        switch (number) {
            case SKF_AD_PROTOCOL:
                return packet_.protocol;
            case SKF_AD_PKTTYPE:
                return packet_.type;
            case SKF_AD_ALU_XOR_X:
                return a_ ^ x_;
            case SKF_AD_VLAN_TAG_PRESENT:
                return 0;
            default:
                throw std::runtime_error("an extension without a meaning here");
        }
    }

    bool load(const ClassicInstruction& insn) {
        const std::size_t size = BPF_SIZE(insn.code) == BPF_B   ? 1
                                 : BPF_SIZE(insn.code) == BPF_H ? 2
                                                                : 4;
        Number value;
        switch (BPF_MODE(insn.code)) {
            case BPF_IMM:
                value = insn.k;
                break;
            case BPF_MEM:
                value = scratch_.at(insn.k);
                break;
            case BPF_LEN:
                value = static_cast<std::uint32_t>(packet_.packet.size());
                break;
            case BPF_MSH:
                value = read(insn.k, 1);
                if (value) value = (*value & 0xf) << 2;
                break;
            case BPF_IND:
                value = read(x_ + insn.k, size);
                break;
            default:
                value = insn.k >= static_cast<std::uint32_t>(SKF_AD_OFF)
                            ? extension(insn.k - static_cast<std::uint32_t>(SKF_AD_OFF))
                            : read(insn.k, size);
                break;
        }
        if (value) (BPF_CLASS(insn.code) == BPF_LD ? a_ : x_) = *value;
        return value.has_value();
    }

    bool arithmetic(const ClassicInstruction& insn) {
        const std::uint32_t with = BPF_SRC(insn.code) == BPF_X ? x_ : insn.k;
        switch (BPF_OP(insn.code)) {
            case BPF_ADD:
                a_ += with;
                return true;
            case BPF_SUB:
                a_ -= with;
                return true;
            case BPF_MUL:
                a_ *= with;
                return true;
            case BPF_DIV:
                if (with != 0) a_ /= with;
                return with != 0;
            case BPF_MOD:
                if (with != 0) a_ %= with;
                return with != 0;
            case BPF_AND:
                a_ &= with;
                return true;
            case BPF_OR:
                a_ |= with;
                return true;
            case BPF_XOR:
                a_ ^= with;
                return true;
            case BPF_LSH:
                a_ <<= with & 31;
                return true;
            case BPF_RSH:
                a_ >>= with & 31;
                return true;
            default:
                a_ = 0 - a_;
                return true;
        }
    }

    [[nodiscard]] bool holds(const ClassicInstruction& insn) const {
        const std::uint32_t with = BPF_SRC(insn.code) == BPF_X ? x_ : insn.k;
        switch (BPF_OP(insn.code)) {
            case BPF_JEQ:
                return a_ == with;
            case BPF_JGT:
                return a_ > with;
            case BPF_JGE:
                return a_ >= with;
            default:
                return (a_ & with) != 0;
        }
    }

    const compiler::filter::ClassicProgram& program_;
    const ClassicPacket& packet_;
    std::uint32_t a_ = 0;
    std::uint32_t x_ = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> scratch_{};
};

}  // namespace

std::uint32_t run_classic(const compiler::filter::ClassicProgram& program,
                          const ClassicPacket& packet) {
    return Machine(program, packet).run();
}

}  // namespace bpfw::test
