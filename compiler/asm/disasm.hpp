// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions as text, in llvm-objdump's notation, with names instead of numbers where a
// Function knows them: labels, maps, functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/asm/encode.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// How control goes on behind an instruction.
struct Flow {
    std::optional<std::size_t> target;  // where a jump leads
    bool falls_through = true;          // the next instruction can follow
    bool operator==(const Flow&) const = default;
};

// A view of one Function, which has to live longer. BPFW_BUG when it holds an instruction that
// encode() cannot have made.
class Disassembly {
public:
    explicit Disassembly(const Function& function);

    // "r2 = *(u32 *)(r6 + 32)", "if w2 != 0x16 goto L3", "call chain_2"; nothing for the second
    // half of a ld_imm64.
    [[nodiscard]] std::string text(std::size_t at) const;
    // "L3" where a jump leads to, else nothing. Numbered from 1 in the order of addresses.
    [[nodiscard]] std::string label(std::size_t at) const;
    [[nodiscard]] Flow flow(std::size_t at) const;
    // The symbol that a linker puts there, or nullptr.
    [[nodiscard]] const std::string* symbol(std::size_t at) const;

private:
    [[nodiscard]] Operation operation(std::size_t at) const;
    [[nodiscard]] std::string constant(const op::LoadLow& load, std::size_t at) const;
    [[nodiscard]] std::string call(const op::Call& call, std::size_t at) const;
    [[nodiscard]] std::string target(std::size_t at) const;

    const Function& function_;
    std::vector<std::uint32_t> labels_;  // by instruction: its label's number, 0 for none
    std::unordered_map<std::size_t, const std::string*> symbols_;
};

// "web.rules:3:1: -A INPUT -j DROP"; what is not known is left out.
std::string source_line(const LineMark& mark);

}  // namespace bpfw::compiler
