// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a Program's functions in this process: a plain interpreter of the instructions that the
// compiler emits, so that emitted code can be tested by the million without a kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/asm/encode.hpp"
#include "compiler/program.hpp"

namespace bpfw::test {

class BpfMachine {
public:
    // Keeps a reference to `program`. Throws std::runtime_error when an instruction can't be
    // reached from its function's first (kernel/bpf/verifier.c, check_cfg() refuses that).
    explicit BpfMachine(const compiler::Program& program);

    // What the named function returns for the packet. Throws std::runtime_error when the code
    // does what the kernel would not allow: an access outside packet, stack, tables or counters, a
    // register read before it was written, more than 8 frames, a million instructions.
    std::uint32_t run(const std::string& function, bpfw_packet& packet);
    // Functions with a context (a value that only calls may take), on a frame that matches filter
    // n when bit n is set: calls of bpfw_filter_N_* are answered, with the frame and the context
    // asked for.
    std::uint32_t run(const std::string& function, bpfw_packet& packet, std::uint32_t filters);

    // Slots that non-deciding rules counted during the last run, in order.
    [[nodiscard]] const std::vector<std::uint32_t>& counted() const { return counted_; }
    [[nodiscard]] std::uint64_t executed() const { return executed_; }

private:
    struct Frame;
    struct Code {
        const compiler::Function* function;
        std::unordered_map<std::uint32_t, std::string> symbols;  // by instruction
    };
    std::uint64_t call(const std::string& function, bpfw_packet& packet, unsigned depth);
    [[nodiscard]] std::optional<std::uint64_t> filter_answer(const std::string& function,
                                                             const Frame& frame,
                                                             const bpfw_packet& packet,
                                                             unsigned depth) const;

    [[nodiscard]] std::uint64_t constant(const compiler::op::LoadLow& low,
                                         const compiler::op::LoadHigh& high) const;

    std::unordered_map<std::string, Code> code_;
    const std::vector<std::byte>& tables_;
    std::vector<bpfw_counter> counters_;
    std::vector<std::uint32_t> counted_;
    std::uint64_t executed_ = 0;
    std::optional<std::uint32_t> filters_;  // a context is given
};

}  // namespace bpfw::test
