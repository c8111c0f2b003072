// SPDX-License-Identifier: GPL-2.0-or-later
// Programs for the linker's tests, and the template they are linked with.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/asm/assembler.hpp"
#include "compiler/object/link.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler::sample {

#define BPFW_NAME(name) #name,
inline const std::vector<std::string> kChains = {BPFW_CHAIN_FUNCTIONS(BPFW_NAME)};
#undef BPFW_NAME

inline std::vector<std::byte> test_template() {
    std::ifstream file(TEST_TEMPLATE, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_FALSE(text.empty()) << TEST_TEMPLATE;
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
}

// What chain function `number` of program() returns.
inline std::uint32_t answer(std::size_t number) {
    return static_cast<std::uint32_t>(number << BPFW_VERDICT_BITS | BPFW_DROP);
}

inline Function constant(const std::string& name, std::uint32_t value, std::uint32_t line) {
    Assembler as;
    as.mark("web.rules", line, 5, fmt::format("-A INPUT -p tcp --dport {} -j DROP", line));
    as.mov32_imm(kResult, value);
    as.exit();
    return std::move(as).finish(name);
}

// Every chain function returns its answer().
inline Program program() {
    Program program;
    for (std::size_t i = 0; i < kChains.size(); ++i)
        program.functions.push_back(
            constant(kChains[i], answer(i), static_cast<std::uint32_t>(i + 1)));
    program.needs = BPFW_NEEDS_MAC;
    program.counters = 40;
    program.ruleset = "# bpfw ipv4\n*filter\nCOMMIT\n# bpfw ipv6\n*filter\nCOMMIT\n";
    return program;
}

// A function that counts in slot 7 of the template's counters and calls `next`.
inline Function counting(const std::string& name, const std::string& next) {
    Assembler as;
    as.mark("web.rules", 70, 1, "-A INPUT -j " + next);
    as.mov(kPacket, kArgument);
    as.store_imm(Size::U32, kStack, -4, 7);
    as.mov(Reg::R2, kStack);
    as.add_imm(Reg::R2, -4);
    as.ld_map(Reg::R1, BPFW_MAP_COUNTERS);
    as.call_helper(1);  // bpf_map_lookup_elem
    const Label none = as.label();
    as.jeq(Reg::R0, 0, none);
    as.load(Size::U64, Reg::R1, Reg::R0, offsetof(bpfw_counter, packets));
    as.add_imm(Reg::R1, 1);
    as.store(Size::U64, Reg::R0, offsetof(bpfw_counter, packets), Reg::R1);
    as.bind(none);
    as.mark("web.rules", 71, 1, "the call");
    as.mov(kArgument, kPacket);
    as.call(next);
    as.exit();
    return std::move(as).finish(name);
}

}  // namespace bpfw::compiler::sample
