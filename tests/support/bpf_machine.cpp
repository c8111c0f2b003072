// SPDX-License-Identifier: GPL-2.0-or-later
// An interpreter for emitted eBPF (Documentation/bpf/standardization/instruction-set.rst).
#include "tests/support/bpf_machine.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "compiler/asm/encode.hpp"
#include "parser/base/result.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;

constexpr std::uint64_t kMapHandle = 0x6d6170;  // what ld_map leaves in a register
constexpr std::uint64_t kContext = 0x637478;    // a context, where there is one
constexpr unsigned kFrames = 7;                 // 8 less the entry program
constexpr std::uint64_t kMostExecuted = 1'000'000;

unsigned bytes_of(Size size) { return 1u << static_cast<unsigned>(size); }

std::uint64_t compute(Alu alu, std::uint64_t a, std::uint64_t b, unsigned bits) {
    switch (alu) {
        case Alu::Mov:
            return b;
        case Alu::Add:
            return a + b;
        case Alu::Sub:
            return a - b;
        case Alu::And:
            return a & b;
        case Alu::Or:
            return a | b;
        case Alu::Xor:
            return a ^ b;
        case Alu::Lsh:
            return a << (b & (bits - 1));
        case Alu::Rsh:
            return a >> (b & (bits - 1));
        case Alu::Arsh:
            return bits == 64
                       ? static_cast<std::uint64_t>(static_cast<std::int64_t>(a) >> (b & 63))
                       : static_cast<std::uint32_t>(static_cast<std::int32_t>(a) >> (b & 31));
        case Alu::Mul:
            return a * b;
        case Alu::Neg:
            return 0 - a;
        case Alu::Div:
            return b == 0 ? 0 : a / b;
        case Alu::Mod:
            return b == 0 ? a : a % b;
    }
    throw std::runtime_error("unknown operation");
}

template <class Unsigned, class Signed>
bool holds(Jmp jmp, Unsigned a, Unsigned b) {
    const auto x = static_cast<Signed>(a);
    const auto y = static_cast<Signed>(b);
    switch (jmp) {
        case Jmp::Eq:
            return a == b;
        case Jmp::Ne:
            return a != b;
        case Jmp::Gt:
            return a > b;
        case Jmp::Ge:
            return a >= b;
        case Jmp::Lt:
            return a < b;
        case Jmp::Le:
            return a <= b;
        case Jmp::Set:
            return (a & b) != 0;
        case Jmp::Sgt:
            return x > y;
        case Jmp::Sge:
            return x >= y;
        case Jmp::Slt:
            return x < y;
        case Jmp::Sle:
            return x <= y;
    }
    throw std::runtime_error("unknown jump");
}

// Where control can go from `at`, relative to it.
std::vector<std::int64_t> steps(const Operation& operation) {
    return std::visit(overloaded{
                          [](const op::Branch& branch) -> std::vector<std::int64_t> {
                              return {1, 1 + std::int64_t{branch.offset}};
                          },
                          [](const op::Goto& jump) -> std::vector<std::int64_t> {
                              return {1 + std::int64_t{jump.offset}};
                          },
                          [](const op::LoadLow&) -> std::vector<std::int64_t> {
                              return {1, 2};
                          },
                          [](const op::Exit&) -> std::vector<std::int64_t> { return {}; },
                          [](const auto&) -> std::vector<std::int64_t> { return {1}; },
                      },
                      operation);
}

void expect_all_reachable(const Function& function) {
    const auto size = static_cast<std::int64_t>(function.insns.size());
    std::vector<bool> seen(function.insns.size(), false);
    std::vector<std::int64_t> open{0};
    while (!open.empty()) {
        const std::int64_t at = open.back();
        open.pop_back();
        if (at < 0 || at >= size) throw std::runtime_error("code leaves " + function.name);
        if (seen[static_cast<std::size_t>(at)]) continue;
        seen[static_cast<std::size_t>(at)] = true;
        const auto operation = decode(function.insns[static_cast<std::size_t>(at)]);
        if (!operation || std::holds_alternative<op::LoadHigh>(*operation)) continue;
        for (const std::int64_t step : steps(*operation)) open.push_back(at + step);
    }
    if (std::find(seen.begin(), seen.end(), false) != seen.end()) {
        throw std::runtime_error("unreachable instruction in " + function.name);
    }
}

}  // namespace

// Registers and stack of one call.
struct BpfMachine::Frame {
    std::array<std::optional<std::uint64_t>, 11> registers;
    std::array<std::uint8_t, 512> stack{};

    [[nodiscard]] std::uint64_t get(Reg reg) const {
        const auto& value = registers.at(static_cast<std::size_t>(reg));
        if (!value) throw std::runtime_error("register read before it was written");
        return *value;
    }
    void set(Reg reg, std::uint64_t value) { registers.at(static_cast<std::size_t>(reg)) = value; }
    [[nodiscard]] std::uint64_t get(const Operand& operand) const {
        if (const auto* reg = std::get_if<Reg>(&operand)) return get(*reg);
        return static_cast<std::uint64_t>(std::int64_t{std::get<std::int32_t>(operand)});
    }
    void forget_arguments() {
        for (std::size_t n = 1; n <= 5; ++n) registers.at(n).reset();
    }
};

BpfMachine::BpfMachine(const Program& program)
    : tables_(program.tables), counters_(program.counters) {
    for (const Function& function : program.functions) {
        expect_all_reachable(function);
        Code& code = code_[function.name];
        code.function = &function;
        for (const Relocation& relocation : function.relocations) {
            code.symbols[relocation.at] = relocation.symbol;
        }
    }
}

std::uint64_t BpfMachine::constant(const op::LoadLow& low, const op::LoadHigh& high) const {
    const auto half = static_cast<std::uint32_t>(low.low);
    switch (low.constant) {
        case op::Constant::Plain:
            return std::uint64_t{static_cast<std::uint32_t>(high.high)} << 32U | half;
        case op::Constant::MapFd:
            return kMapHandle;
        case op::Constant::MapValue:
            return reinterpret_cast<std::uint64_t>(tables_.data()) + half;
    }
    throw std::runtime_error("unknown constant");
}

std::uint32_t BpfMachine::run(const std::string& function, bpfw_packet& packet) {
    counted_.clear();
    executed_ = 0;
    filters_.reset();
    return static_cast<std::uint32_t>(call(function, packet, 1));
}

std::uint32_t BpfMachine::run(const std::string& function, bpfw_packet& packet,
                              std::uint32_t filters) {
    counted_.clear();
    executed_ = 0;
    filters_ = filters;
    return static_cast<std::uint32_t>(call(function, packet, 1));
}

// Nothing when the function is no filter's. Filters call functions of their own: two frames.
std::optional<std::uint64_t> BpfMachine::filter_answer(const std::string& function,
                                                       const Frame& frame,
                                                       const bpfw_packet& packet,
                                                       unsigned depth) const {
    const std::string prefix = "bpfw_filter_";
    if (function.compare(0, prefix.size(), prefix) != 0) return std::nullopt;
    if (depth + 1 > kFrames) throw std::runtime_error("too many frames");
    if (!filters_ || frame.get(Reg::R2) != kContext)
        throw std::runtime_error("filter without context");
    if (frame.get(Reg::R1) != reinterpret_cast<std::uint64_t>(&packet) + BPFW_PACKET_FRAME)
        throw std::runtime_error("filter without the frame");
    return *filters_ >> std::stoul(function.substr(prefix.size())) & 1;
}

std::uint64_t BpfMachine::call(const std::string& name, bpfw_packet& packet, unsigned depth) {
    if (depth > kFrames) throw std::runtime_error("too many frames");
    const auto found = code_.find(name);
    if (found == code_.end()) throw std::runtime_error("no function " + name);
    const std::vector<Insn>& insns = found->second.function->insns;
    Frame frame;
    frame.set(Reg::R1, reinterpret_cast<std::uint64_t>(&packet));
    if (filters_) frame.set(Reg::R2, kContext);
    frame.set(Reg::R10, reinterpret_cast<std::uint64_t>(frame.stack.data() + frame.stack.size()));

    const auto memory = [&](std::uint64_t base, std::int16_t offset, unsigned bytes) {
        const std::uint64_t at = base + static_cast<std::uint64_t>(std::int64_t{offset});
        const auto inside = [&](const void* region, std::size_t size) {
            const auto first = reinterpret_cast<std::uint64_t>(region);
            return at >= first && at + bytes <= first + size;
        };
        if (!inside(&packet, sizeof packet) && !inside(frame.stack.data(), frame.stack.size()) &&
            !inside(tables_.data(), tables_.size()) &&
            !inside(counters_.data(), counters_.size() * sizeof(bpfw_counter))) {
            throw std::runtime_error("access out of bounds in " + name);
        }
        return reinterpret_cast<void*>(at);
    };
    const auto lookup = [&]() -> std::uint64_t {
        std::uint32_t slot = 0;
        if (frame.get(Reg::R1) != kMapHandle) throw std::runtime_error("lookup in no map");
        std::memcpy(&slot, memory(frame.get(Reg::R2), 0, 4), 4);
        if (slot >= counters_.size()) throw std::runtime_error("no such counter slot");
        counted_.push_back(slot);
        return reinterpret_cast<std::uint64_t>(&counters_[slot]);
    };

    for (std::int64_t pc = 0;; ++pc) {
        if (++executed_ > kMostExecuted) throw std::runtime_error("too many instructions");
        if (pc < 0 || pc >= static_cast<std::int64_t>(insns.size())) {
            throw std::runtime_error("ran off the code of " + name);
        }
        const auto operation = decode(insns[static_cast<std::size_t>(pc)]);
        if (!operation) throw std::runtime_error("undecodable instruction in " + name);
        bool done = false;
        std::visit(
            overloaded{
                [&](const op::Load& load) {
                    std::uint64_t value = 0;
                    const unsigned bytes = bytes_of(load.size);
                    std::memcpy(&value, memory(frame.get(load.base), load.offset, bytes), bytes);
                    frame.set(load.dst, value);
                },
                [&](const op::Store& store) {
                    const std::uint64_t value = frame.get(store.value);
                    const unsigned bytes = bytes_of(store.size);
                    std::memcpy(memory(frame.get(store.base), store.offset, bytes), &value, bytes);
                },
                [&](const op::Arithmetic& a) {
                    const std::uint64_t old = a.alu == Alu::Mov ? 0 : frame.get(a.dst);
                    const std::uint64_t operand = frame.get(a.operand);
                    frame.set(a.dst, a.width == Width::W64
                                         ? compute(a.alu, old, operand, 64)
                                         : static_cast<std::uint32_t>(
                                               compute(a.alu, static_cast<std::uint32_t>(old),
                                                       static_cast<std::uint32_t>(operand), 32)));
                },
                [&](const op::Swap& swap) {
                    const auto value = static_cast<std::uint32_t>(frame.get(swap.dst));
                    frame.set(swap.dst, swap.size == Size::U16
                                            ? __builtin_bswap16(static_cast<std::uint16_t>(value))
                                            : __builtin_bswap32(value));
                },
                [&](const op::Branch& branch) {
                    const std::uint64_t a = frame.get(branch.dst);
                    const std::uint64_t b = frame.get(branch.operand);
                    const bool taken = branch.width == Width::W64
                                           ? holds<std::uint64_t, std::int64_t>(branch.jmp, a, b)
                                           : holds<std::uint32_t, std::int32_t>(
                                                 branch.jmp, static_cast<std::uint32_t>(a),
                                                 static_cast<std::uint32_t>(b));
                    if (taken) pc += branch.offset;
                },
                [&](const op::Goto& jump) { pc += jump.offset; },
                [&](const op::LoadLow& low) {
                    const auto& high =
                        std::get<op::LoadHigh>(*decode(insns.at(static_cast<std::size_t>(pc + 1))));
                    frame.set(low.dst, constant(low, high));
                    ++pc;
                },
                [&](const op::LoadHigh&) { throw std::runtime_error("half a ld_imm64"); },
                [&](const op::Call& target) {
                    std::uint64_t result = 0;
                    if (target.callee == op::Callee::Helper) {
                        if (target.id != BPF_FUNC_map_lookup_elem) {
                            throw std::runtime_error("unknown helper");
                        }
                        result = lookup();
                    } else {
                        const std::string& callee =
                            found->second.symbols.at(static_cast<std::uint32_t>(pc));
                        const auto answer = filter_answer(callee, frame, packet, depth + 1);
                        if (!answer &&
                            frame.get(Reg::R1) != reinterpret_cast<std::uint64_t>(&packet)) {
                            throw std::runtime_error("call without the packet");
                        }
                        if (!answer && filters_ && frame.get(Reg::R2) != kContext) {
                            throw std::runtime_error("call without the context");
                        }
                        result = answer ? *answer : call(callee, packet, depth + 1);
                    }
                    frame.forget_arguments();
                    frame.set(Reg::R0, result);
                },
                [&](const op::Exit&) { done = true; },
            },
            *operation);
        if (done) return frame.get(Reg::R0);
    }
}

}  // namespace bpfw::test
