// SPDX-License-Identifier: GPL-2.0-or-later
// A classic program -> an eBPF function that does with the packet what xt_bpf does, as
// bpf_convert_filter() of net/core/filter.c defines it. Door: emit_classic() of classic.hpp.
//
// The code exists twice. The first twin reads through packet pointers; where one cannot reach
// (bytes beyond data_end, offsets that are negative or far) it goes over to the second, which
// calls the template's load function, at the same instruction and with the same registers.
#include <linux/filter.h>

#include <cstddef>

#include "bpf-templates/abi.h"
#include "compiler/asm/assembler.hpp"
#include "compiler/filter/classic.hpp"
#include "compiler/filter/classic_loads.hpp"
#include "parser/base/result.hpp"

// Behind linux/filter.h, whose names of instructions it shares.
#include <linux/bpf.h>
#include <linux/if_packet.h>

namespace bpfw::compiler::filter {
namespace {

using parser::ClassicInstruction;

constexpr Reg kContext = Reg::R6;
constexpr Reg kA = Reg::R7;
constexpr Reg kX = Reg::R8;
constexpr Reg kPlace = Reg::R9;  // first twin: pointer to the network header; second: the frame

// Stack slots, 8 bytes each; the scratch words lie below them.
constexpr std::int64_t kLengthSlot = -8;    // bytes from the network header on
constexpr std::int64_t kFrameSlot = -16;    // struct bpfw_frame *
constexpr std::int64_t kNetworkSlot = -24;  // offset of the network header in the frame
constexpr std::int64_t kOffsetSlot = -32;   // of a load that is put together byte by byte
constexpr std::int64_t kValueSlot = -40;    // its value so far
constexpr std::int64_t scratch_slot(std::uint32_t word) { return -44 - 4 * std::int64_t{word}; }

// Packet pointers go no farther: the verifier wants offsets below 16 bits.
constexpr std::uint32_t kReach = 0x7fff;
constexpr std::uint32_t kMostBeforeNetwork = 63;
constexpr std::uint32_t kMacBytes = 12;
constexpr std::uint32_t kLinkBytes = 14;
constexpr std::uint32_t kTagBytes = 4;

Size size_for(std::uint32_t bytes) {
    return bytes == 1 ? Size::U8 : bytes == 2 ? Size::U16 : Size::U32;
}

class Emission {
public:
    Emission(const ClassicProgram& program, Signature entry)
        : program_(program), entry_(entry), looks_(looks(program, kReach)) {
        for (std::size_t at = 0; at < program.size(); ++at) {
            fast_.push_back(as_.label());
            slow_.push_back(as_.label());
            change_.push_back(as_.label());
        }
    }

    Function run(const std::string& name, const LineMark& where) {
        as_.mark(where);
        prologue();
        for (twin_ = Twin::Fast, at_ = 0; at_ < program_.size(); ++at_) {
            as_.bind(fast_[at_]);
            instruction(program_[at_]);
        }
        for (std::size_t at = 0; at < program_.size(); ++at) {
            as_.bind(change_[at]);
            as_.load(Size::U64, kPlace, kStack, kFrameSlot);
            as_.ja(slow_[at]);
        }
        for (twin_ = Twin::Slow, at_ = 0; at_ < program_.size(); ++at_) {
            as_.bind(slow_[at_]);
            instruction(program_[at_]);
        }
        as_.bind(no_match_);
        as_.mov32_imm(kResult, 0);
        as_.exit();
        Function function = std::move(as_).finish(name);
        function.signature = entry_;
        return function;
    }

private:
    enum class Twin : std::uint8_t { Fast, Slow };

    [[nodiscard]] std::size_t data_end() const {
        return entry_ == Signature::FrameXdp ? offsetof(xdp_md, data_end)
                                             : offsetof(__sk_buff, data_end);
    }
    [[nodiscard]] std::size_t data() const {
        return entry_ == Signature::FrameXdp ? offsetof(xdp_md, data) : offsetof(__sk_buff, data);
    }
    void load_context(Reg dst, std::size_t offset) {
        as_.load(Size::U32, dst, kContext, static_cast<std::int64_t>(offset));
    }

    // ------------------------------------------------------------------ before the program
    void prologue() {
        as_.jeq(Reg::R1, 0, no_match_);
        as_.mov(kContext, Reg::R2);
        as_.store(Size::U64, kStack, kFrameSlot, Reg::R1);
        as_.load(Size::U32, Reg::R3, Reg::R1, offsetof(bpfw_frame, network));
        as_.load(Size::U32, Reg::R4, Reg::R1, offsetof(bpfw_frame, network_end));
        as_.jlt(Reg::R4, Reg::R3, no_match_);
        as_.sub(Reg::R4, Reg::R3);
        as_.store(Size::U64, kStack, kLengthSlot, Reg::R4);
        as_.mov32_imm(kA, 0);
        as_.mov32_imm(kX, 0);
        place_network();
        as_.jgt(Reg::R3, kMostBeforeNetwork, change_[0]);
        load_context(kPlace, data());
        as_.add(kPlace, Reg::R3);
    }

    // The frame as tcpdump sees it has bytes that ctx's data has not.
    void place_network() {
        const Label whole = as_.label();
        const Label tag = as_.label();
        as_.mov(Reg::R4, Reg::R3);
        as_.load(Size::U8, Reg::R5, Reg::R1, offsetof(bpfw_frame, head));
        as_.jeq(Reg::R5, BPFW_HEAD_WHOLE, whole);
        as_.jeq(Reg::R5, BPFW_HEAD_TAG_OUT, tag);
        as_.add_imm(Reg::R4, kLinkBytes - kTagBytes);
        as_.bind(tag);
        as_.add_imm(Reg::R4, kTagBytes);
        as_.bind(whole);
        as_.store(Size::U64, kStack, kNetworkSlot, Reg::R4);
    }

    // ------------------------------------------------------------------------ instructions
    void instruction(const ClassicInstruction& insn) {
        switch (BPF_CLASS(insn.code)) {
            case BPF_LD:
                load(insn, kA);
                break;
            case BPF_LDX:
                load(insn, kX);
                break;
            case BPF_ST:
                as_.store(Size::U32, kStack, scratch_slot(insn.k), kA);
                break;
            case BPF_STX:
                as_.store(Size::U32, kStack, scratch_slot(insn.k), kX);
                break;
            case BPF_ALU:
                arithmetic(insn);
                break;
            case BPF_JMP:
                jump(insn);
                break;
            case BPF_RET:
                give(insn);
                break;
            default:
                insn.code == (BPF_MISC | BPF_TAX) ? as_.mov32(kX, kA) : as_.mov32(kA, kX);
                break;
        }
    }

    void give(const ClassicInstruction& insn) {
        if (BPF_RVAL(insn.code) == BPF_K) {
            as_.mov32_imm(kResult, insn.k != 0 ? 1 : 0);
            as_.exit();
            return;
        }
        as_.jeq32(kA, 0U, no_match_);
        as_.mov32_imm(kResult, 1);
        as_.exit();
    }

    void jump(const ClassicInstruction& insn) {
        const auto& labels = twin_ == Twin::Fast ? fast_ : slow_;
        if (BPF_OP(insn.code) == BPF_JA) {
            as_.ja(labels[at_ + 1 + insn.k]);
            return;
        }
        const Label yes = labels[at_ + 1 + insn.jt];
        const Label no = labels[at_ + 1 + insn.jf];
        if (insn.jt != insn.jf) conditional(jump_of(insn), insn, yes);
        as_.ja(no);
    }

    static Jmp jump_of(const ClassicInstruction& insn) {
        switch (BPF_OP(insn.code)) {
            case BPF_JEQ:
                return Jmp::Eq;
            case BPF_JGT:
                return Jmp::Gt;
            case BPF_JGE:
                return Jmp::Ge;
            default:
                return Jmp::Set;
        }
    }

    void conditional(Jmp jmp, const ClassicInstruction& insn, Label to) {
        if (BPF_SRC(insn.code) == BPF_X)
            as_.jump32(jmp, kA, kX, to);
        else
            as_.jump32(jmp, kA, insn.k, to);
    }

    void arithmetic(const ClassicInstruction& insn) {
        if (BPF_OP(insn.code) == BPF_NEG) {
            as_.neg32(kA);
            return;
        }
        const Alu alu = alu_of(insn);
        if (BPF_SRC(insn.code) == BPF_K) {
            as_.alu32(alu, kA, insn.k);
            return;
        }
        if (alu == Alu::Div || alu == Alu::Mod) as_.jeq32(kX, 0U, no_match_);
        // As the kernel does: a count of 32 and more counts modulo 32.
        as_.alu32(alu, kA, kX);
    }

    static Alu alu_of(const ClassicInstruction& insn) {
        switch (BPF_OP(insn.code)) {
            case BPF_ADD:
                return Alu::Add;
            case BPF_SUB:
                return Alu::Sub;
            case BPF_MUL:
                return Alu::Mul;
            case BPF_DIV:
                return Alu::Div;
            case BPF_MOD:
                return Alu::Mod;
            case BPF_AND:
                return Alu::And;
            case BPF_OR:
                return Alu::Or;
            case BPF_XOR:
                return Alu::Xor;
            case BPF_LSH:
                return Alu::Lsh;
            default:
                return Alu::Rsh;
        }
    }

    // ------------------------------------------------------------------------------- loads
    void load(const ClassicInstruction& insn, Reg dst) {
        switch (BPF_MODE(insn.code)) {
            case BPF_IMM:
                as_.mov32_imm(dst, insn.k);
                break;
            case BPF_MEM:
                as_.load(Size::U32, dst, kStack, scratch_slot(insn.k));
                break;
            case BPF_LEN:
                as_.load(Size::U32, dst, kStack, kLengthSlot);
                break;
            case BPF_IND:
                variable(access_of(insn), dst);
                break;
            case BPF_MSH:
                fixed(access_of(insn), dst);
                as_.and32_imm(dst, 0xf);
                as_.lsh32_imm(dst, 2);
                break;
            default:
                absolute(insn);
                break;
        }
    }

    void absolute(const ClassicInstruction& insn) {
        const Access access = access_of(insn);
        const Place place = place_of(access.k);
        if (place.kind == Place::Kind::Extension)
            extension(place.offset);
        else
            fixed(access, kA);
    }

    void fixed(const Access& access, Reg dst) {
        const Place place = place_of(access.k);
        if (place.kind == Place::Kind::Nowhere) {
            as_.ja(no_match_);
        } else if (twin_ == Twin::Fast) {
            const bool near = place.kind == Place::Kind::Network && place.offset <= kReach &&
                              place.offset + access.size <= kReach;
            near ? fixed_fast(place.offset, access.size, dst) : as_.ja(change_[at_]);
        } else {
            as_.ld_imm64(Reg::R3, place.offset);
            place.kind == Place::Kind::Link ? from_link(access.size, dst)
                                            : from_network(access.size, dst);
        }
    }

    void fixed_fast(std::uint32_t offset, std::uint32_t size, Reg dst) {
        look();
        as_.load(size_for(size), dst, kPlace, offset);
        if (size > 1) as_.to_host(size_for(size), dst);
    }

    // The bytes that are needed from here on: in the packet, and within the pointer's reach.
    void look() {
        const std::uint32_t bytes = looks_[at_];
        if (bytes == 0) return;
        as_.load(Size::U32, Reg::R1, kStack, kLengthSlot);
        as_.jlt32(Reg::R1, bytes, no_match_);
        as_.mov(Reg::R1, kPlace);
        as_.add_imm(Reg::R1, bytes);
        load_context(Reg::R2, data_end());
        as_.jgt(Reg::R1, Reg::R2, change_[at_]);
    }

    void variable(const Access& access, Reg dst) {
        as_.mov32(Reg::R3, kX);
        if (access.k != 0) as_.add32_imm(Reg::R3, access.k);
        twin_ == Twin::Fast ? variable_fast(access.size, dst) : variable_slow(access.size, dst);
    }

    // At R3.
    void variable_fast(std::uint32_t size, Reg dst) {
        as_.jgt32(Reg::R3, kReach, change_[at_]);
        as_.load(Size::U32, Reg::R1, kStack, kLengthSlot);
        as_.mov(Reg::R2, Reg::R3);
        as_.add_imm(Reg::R2, size);
        as_.jgt(Reg::R2, Reg::R1, no_match_);
        as_.add(Reg::R3, kPlace);
        as_.mov(Reg::R1, Reg::R3);
        as_.add_imm(Reg::R1, size);
        load_context(Reg::R2, data_end());
        as_.jgt(Reg::R1, Reg::R2, change_[at_]);
        as_.load(size_for(size), dst, Reg::R3, 0);
        if (size > 1) as_.to_host(size_for(size), dst);
    }

    // The sum is one of 32 bits, and negative ones are relative to a header
    // (bpf_internal_load_pointer_neg_helper() of kernel/bpf/core.c).
    void variable_slow(std::uint32_t size, Reg dst) {
        const Label network = as_.label();
        const Label done = as_.label();
        const Label link = as_.label();
        constexpr auto kNet = static_cast<std::uint32_t>(SKF_NET_OFF);
        constexpr auto kLink = static_cast<std::uint32_t>(SKF_LL_OFF);
        as_.jlt32(Reg::R3, 0x80000000U, network);
        as_.jlt32(Reg::R3, kLink, no_match_);
        as_.jlt32(Reg::R3, kNet, link);
        as_.sub32_imm(Reg::R3, kNet);
        as_.bind(network);
        from_network(size, dst);
        as_.ja(done);
        as_.bind(link);
        as_.sub32_imm(Reg::R3, kLink);
        from_link(size, dst);
        as_.bind(done);
    }

    // Second twin: R3 bytes behind the network header.
    void from_network(std::uint32_t size, Reg dst) {
        as_.load(Size::U64, Reg::R1, kStack, kLengthSlot);
        as_.mov(Reg::R2, Reg::R3);
        as_.add_imm(Reg::R2, size);
        as_.jgt(Reg::R2, Reg::R1, no_match_);
        as_.load(Size::U64, Reg::R1, kStack, kNetworkSlot);
        as_.add(Reg::R3, Reg::R1);
        read(size);
        as_.mov32(dst, kResult);
    }

    // Second twin: `size` bytes at R3 of the frame, to R0.
    void read(std::uint32_t size) {
        as_.mov(Reg::R1, kPlace);
        as_.mov(Reg::R2, kContext);
        as_.mov32_imm(Reg::R4, size);
        as_.call(entry_ == Signature::FrameXdp ? "bpfw_load_xdp" : "bpfw_load_tc");
        as_.jump(Jmp::Slt, kResult, 0, no_match_);
    }

    // Second twin: R3 bytes behind the link header, as the kernel has it at iptables' hooks:
    // without tags, so that the type is what stands before the network header. A packet of this
    // host has no link header yet. Without Ethernet both headers are the same place.
    void from_link(std::uint32_t size, Reg dst) {
        const Label ethernet = as_.label();
        const Label done = as_.label();
        as_.load(Size::U8, Reg::R1, kPlace, offsetof(bpfw_frame, outbound));
        as_.jne(Reg::R1, 0, no_match_);
        as_.load(Size::U8, Reg::R1, kPlace, offsetof(bpfw_frame, head));
        as_.jne(Reg::R1, BPFW_HEAD_NONE, ethernet);
        from_network(size, dst);
        as_.ja(done);
        as_.bind(ethernet);
        as_.load(Size::U64, Reg::R1, kStack, kLengthSlot);
        as_.add_imm(Reg::R1, kLinkBytes);
        as_.mov(Reg::R2, Reg::R3);
        as_.add_imm(Reg::R2, size);
        as_.jgt(Reg::R2, Reg::R1, no_match_);
        by_bytes(size, dst);
        as_.bind(done);
    }

    // Byte by byte: the two parts of the link header need not lie side by side.
    void by_bytes(std::uint32_t size, Reg dst) {
        as_.mov32_imm(Reg::R1, 0);
        as_.store(Size::U64, kStack, kValueSlot, Reg::R1);
        for (std::uint32_t byte = 0; byte < size; ++byte) {
            const Label address = as_.label();
            as_.store(Size::U64, kStack, kOffsetSlot, Reg::R3);
            as_.jlt(Reg::R3, kMacBytes, address);
            as_.load(Size::U64, Reg::R1, kStack, kNetworkSlot);
            as_.add(Reg::R3, Reg::R1);
            as_.sub_imm(Reg::R3, kLinkBytes);
            as_.bind(address);
            read(1);
            as_.load(Size::U64, Reg::R1, kStack, kValueSlot);
            as_.lsh32_imm(Reg::R1, 8);
            as_.or32(Reg::R1, kResult);
            as_.store(Size::U64, kStack, kValueSlot, Reg::R1);
            as_.load(Size::U64, Reg::R3, kStack, kOffsetSlot);
            as_.add_imm(Reg::R3, 1);
        }
        as_.load(Size::U32, dst, kStack, kValueSlot);
    }

    // -------------------------------------------------------------------------- extensions
    void extension(std::uint32_t number) {
        switch (number) {
            case SKF_AD_PROTOCOL:
                protocol();
                break;
            case SKF_AD_PKTTYPE:
                packet_type();
                break;
            case SKF_AD_ALU_XOR_X:
                as_.alu32(Alu::Xor, kA, kX);
                break;
            case SKF_AD_VLAN_TAG_PRESENT:
                as_.mov32_imm(kA, 0);
                break;
            default:
                BPFW_BUG("a classic extension that refusal_of() names");
        }
    }

    // iptables sees IPv4 and IPv6 packets only.
    void protocol() {
        const Label ipv4 = as_.label();
        fixed({Access::Kind::Fixed, 1, 0}, Reg::R0);
        as_.mov32_imm(kA, 0x0800);
        as_.rsh32_imm(Reg::R0, 4);
        as_.jne32(Reg::R0, 6U, ipv4);
        as_.mov32_imm(kA, 0x86dd);
        as_.bind(ipv4);
    }

    // As the template fills bpfw_packet::packet_type (type_of_mac(), type_of_skb() of l2.h).
    void packet_type() {
        const Label done = as_.label();
        as_.mov32_imm(kA, PACKET_HOST);
        as_.load(Size::U64, Reg::R1, kStack, kFrameSlot);
        if (entry_ == Signature::FrameXdp) {
            as_.load(Size::U8, Reg::R1, Reg::R1, offsetof(bpfw_frame, head));
            as_.jeq(Reg::R1, BPFW_HEAD_NONE, done);
            type_of_address(done);
        } else {
            as_.load(Size::U8, Reg::R1, Reg::R1, offsetof(bpfw_frame, outbound));
            as_.jne(Reg::R1, 0, done);
            load_context(Reg::R1, offsetof(__sk_buff, pkt_type));
            as_.jeq32(Reg::R1, static_cast<std::uint32_t>(PACKET_OTHERHOST), done);
            as_.mov32(kA, Reg::R1);
        }
        as_.bind(done);
    }

    void type_of_address(Label done) {
        load_context(Reg::R1, data());
        load_context(Reg::R2, data_end());
        as_.mov(Reg::R3, Reg::R1);
        as_.add_imm(Reg::R3, kLinkBytes);
        as_.jgt(Reg::R3, Reg::R2, done);
        as_.load(Size::U16, Reg::R3, Reg::R1, 0);
        as_.load(Size::U32, Reg::R2, Reg::R1, 2);
        as_.mov32(Reg::R4, Reg::R3);
        as_.and32_imm(Reg::R4, 1);
        as_.jeq32(Reg::R4, 0U, done);
        as_.mov32_imm(kA, PACKET_MULTICAST);
        as_.jne32(Reg::R3, 0xffffU, done);
        as_.jne32(Reg::R2, 0xffffffffU, done);
        as_.mov32_imm(kA, PACKET_BROADCAST);
    }

    const ClassicProgram& program_;
    Signature entry_;
    std::vector<std::uint32_t> looks_;
    Assembler as_;
    std::vector<Label> fast_;
    std::vector<Label> slow_;
    std::vector<Label> change_;  // from the first twin to the second
    Label no_match_ = as_.label();
    Twin twin_ = Twin::Fast;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<Function> emit_classic(const ClassicProgram& program, const std::string& name,
                                   Signature entry, const LineMark& where) {
    if (entry != Signature::FrameXdp && entry != Signature::FrameTc)
        BPFW_BUG("classic bytecode needs the frame");
    if (const auto fault = fault_of(program)) BPFW_BUG("classic bytecode: " + *fault);
    return {Emission(program, entry).run(name, where)};
}

}  // namespace bpfw::compiler::filter
