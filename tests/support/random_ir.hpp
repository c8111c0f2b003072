// SPDX-License-Identifier: GPL-2.0-or-later
// Random conditions, chains and packets for tests of passes and emitted code. The same seed
// gives the same sequence.
#pragma once

#include <cstdint>
#include <random>

#include "bpf-templates/abi.h"
#include "compiler/ir/ir.hpp"

namespace bpfw::test {

class RandomIr {
public:
    explicit RandomIr(std::uint64_t seed) : random_(seed) {}

    // Conditions may ask filters 0 .. kFilters - 1 from now on.
    void ask_filters() { filters_ = true; }
    static constexpr std::uint32_t kFilters = 3;

    // 0 .. limit - 1
    std::uint32_t below(std::uint32_t limit);
    compiler::Expr expr(unsigned depth);
    bpfw_packet packet();

    struct Shape {
        std::uint32_t user_chains = 6;
        std::uint32_t most_rules = 6;  // in a chain
        std::uint32_t next_only = 0;   // of 4: jumps that go to the chain right behind (deep nests)
        unsigned depth = 2;            // of conditions
        std::uint32_t runs = 0;        // in a chain, at most: rules that differ in one key
    };
    // Chains lead to later chains only, so there is no loop. Slots are all different.
    compiler::Ir ir(const Shape& shape);

private:
    std::uint32_t value(compiler::Field field);
    compiler::Expr test();
    std::uint32_t near_value(compiler::Field field);
    std::vector<compiler::Expr> key(const std::vector<compiler::Field>& fields);
    void add_run(compiler::IrChain& chain, std::uint32_t& slot, const Shape& shape);
    compiler::IrAction action(compiler::ChainId from, std::uint32_t chains, const Shape& shape);

    std::mt19937_64 random_;
    bool filters_ = false;
};

}  // namespace bpfw::test
