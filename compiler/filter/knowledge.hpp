// SPDX-License-Identifier: GPL-2.0-or-later
// What is known about the frame on a way through a graph: facts about values, answers of tests,
// and which bytes are there.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/filter/fact.hpp"
#include "compiler/filter/graph.hpp"
#include "compiler/filter/value_table.hpp"

namespace bpfw::compiler::filter {

enum class Answer : std::uint8_t { Unknown, Yes, No };
enum class Safety : std::uint8_t { MayAbort, Safe, Aborts };

class Knowledge {
public:
    Knowledge(const Graph& graph, const ValueTable& table, const TestTable& tests)
        : graph_(&graph), table_(&table), tests_(&tests) {}

    // What the block's test would answer if it does not abort, and whether it does.
    [[nodiscard]] Answer answer(BlockId block) const;
    [[nodiscard]] Safety safety(BlockId block) const;

    // Goes through a block whose test gives this answer, or which aborts.
    void pass(BlockId block, bool answer);
    void pass_abort(BlockId block);
    // Only what both ways know.
    void meet(const Knowledge& other);

private:
    struct Known {
        ValueId value = 0;
        Fact fact;
    };
    // The frame has at least `least` bytes from `base` on, and fewer than `limit`. A division:
    // it has been done.
    struct Reach {
        ValueId base = kNoValue;
        std::uint32_t least = 0;
        std::uint32_t limit = kNoLimit;
    };
    struct Answered {
        TestId test = 0;
        BlockId block = 0;  // that has this test
        bool answer = false;
    };

    [[nodiscard]] const Known* find(ValueId value) const;
    [[nodiscard]] Fact fact(ValueId value, unsigned depth = 0) const;
    [[nodiscard]] Fact computed(const Binary& binary, unsigned depth) const;
    void learn(ValueId value, const Fact& fact, unsigned depth = 0);
    void learn_operand(const Binary& binary, const Fact& fact, unsigned depth);
    void keep(ValueId value, const Fact& fact);

    [[nodiscard]] Answer answer(const Compare& compare) const;
    [[nodiscard]] Answer answer(const Member& member) const;
    [[nodiscard]] Answer by_earlier_sets(const Member& member) const;
    [[nodiscard]] bool excluded_by_sets(ValueId value, std::uint32_t constant) const;
    void learn(const Member& member, bool answer);

    [[nodiscard]] const Reach* reach(ValueId base) const;
    Reach& reach_of(ValueId base);
    [[nodiscard]] Safety safety_of(ValueId variable) const;
    void demanded(const Demand& demand);

    const Graph* graph_;
    const ValueTable* table_;
    const TestTable* tests_;
    std::uint32_t least_bytes_ = 0;
    std::uint32_t byte_limit_ = kNoLimit;  // the frame has fewer
    std::vector<Known> facts_;             // the oldest first
    std::vector<Reach> reaches_;
    std::vector<Answered> answers_;
};

}  // namespace bpfw::compiler::filter
