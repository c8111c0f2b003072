// SPDX-License-Identifier: GPL-2.0-or-later
// What can be said about a graph's values and tests before any way through it is looked at: which
// bytes they ask for, what values are possible, which tests are equal.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/filter/fact.hpp"
#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

inline constexpr std::uint32_t kNoLimit = 0xffffffff;

// What computing a value asks of the frame.
struct Demand {
    std::uint32_t bytes = 0;        // from the frame's start
    std::vector<ValueId> variable;  // loads with a base, and divisions, in order
    bool unclear = false;           // more of them than are worth tracking

    void add(const Demand& other);
};

class ValueTable {
public:
    explicit ValueTable(const Graph& graph);
    [[nodiscard]] const Demand& demand(ValueId value) const { return demands_[value]; }
    [[nodiscard]] const Fact& fact(ValueId value) const { return facts_[value]; }
    [[nodiscard]] Demand demand(const Test& test) const;

private:
    std::vector<Demand> demands_;
    std::vector<Fact> facts_;
};

// By block: a number that equal tests share, and what the test asks of the frame.
using TestId = std::uint32_t;
struct TestTable {
    explicit TestTable(const Graph& graph, const ValueTable& values);
    std::vector<TestId> ids;
    std::vector<Demand> demands;
};

// The byte behind the load's last, counted from its base; kNoLimit when no frame has it.
std::uint32_t end_of(const Load& load);
std::optional<std::uint32_t> constant_of(const Graph& graph, ValueId value);

}  // namespace bpfw::compiler::filter
