// SPDX-License-Identifier: GPL-2.0-or-later
// What can be said about a graph's values and tests before any way through it is looked at.
#include "compiler/filter/value_table.hpp"

#include <algorithm>
#include <map>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::size_t kVariable = 16;  // loads with a base and divisions that a demand keeps

bool divides(Operator op) { return op == Operator::Divide || op == Operator::Modulo; }

Demand demand_of(const Graph& graph, ValueId id, const std::vector<Demand>& before) {
    Demand demand;
    if (const auto* load = std::get_if<Load>(&graph.values[id])) {
        if (load->base == kNoValue) {
            demand.bytes = end_of(*load);
            return demand;
        }
        demand = before[load->base];
        demand.add({0, {id}, false});
    } else if (const auto* binary = std::get_if<Binary>(&graph.values[id])) {
        demand = before[binary->left];
        demand.add(before[binary->right]);
        const auto right = constant_of(graph, binary->right);
        if (divides(binary->op) && right.value_or(0) == 0) demand.add({0, {id}, false});
    }
    return demand;
}

Fact fact_of(const Graph& graph, const Value& value, const std::vector<Fact>& before) {
    return std::visit(overloaded{
                          [](const Constant& c) { return Fact::exactly(c.value); },
                          [](const FrameLength&) { return Fact(); },
                          [](const InterfaceIndex&) { return Fact(); },
                          [](const Load& l) {
                              if (l.size == LoadSize::U32) return Fact();
                              return Fact::between(0, l.size == LoadSize::U8 ? 0xff : 0xffff);
                          },
                          [&](const Binary& b) {
                              if (const auto right = constant_of(graph, b.right))
                                  return before[b.left].after(b.op, *right);
                              return b.op == Operator::Equal ? Fact::between(0, 1) : Fact();
                          },
                      },
                      value);
}

// A test as words, to number equal ones alike.
std::vector<std::uint32_t> words_of(const Test& test) {
    std::vector<std::uint32_t> words = {static_cast<std::uint32_t>(test.index())};
    std::visit(overloaded{
                   [&](const Compare& c) {
                       words.insert(words.end(),
                                    {static_cast<std::uint32_t>(c.relation), c.left, c.right});
                   },
                   [&](const Member& m) {
                       words.push_back(m.set);
                       words.insert(words.end(), m.key.begin(), m.key.end());
                   },
                   [](const IsOutbound&) {},
                   [&](const InProtochain& p) {
                       words.insert(words.end(),
                                    {static_cast<std::uint32_t>(p.family), p.network, p.number});
                   },
                   [&](const Log& l) { words.push_back(l.slot); },
               },
               test);
    return words;
}

}  // namespace

std::uint32_t end_of(const Load& load) {
    const std::uint64_t end = std::uint64_t{load.offset} + static_cast<std::uint32_t>(load.size);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(end, kNoLimit));
}

std::optional<std::uint32_t> constant_of(const Graph& graph, ValueId value) {
    const auto* constant = std::get_if<Constant>(&graph.values[value]);
    return constant == nullptr ? std::nullopt : std::optional(constant->value);
}

void Demand::add(const Demand& other) {
    bytes = std::max(bytes, other.bytes);
    unclear = unclear || other.unclear;
    for (const ValueId id : other.variable) {
        if (std::find(variable.begin(), variable.end(), id) != variable.end()) continue;
        if (variable.size() == kVariable)
            unclear = true;
        else
            variable.push_back(id);
    }
}

ValueTable::ValueTable(const Graph& graph) {
    demands_.reserve(graph.values.size());
    facts_.reserve(graph.values.size());
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        demands_.push_back(demand_of(graph, id, demands_));
        facts_.push_back(fact_of(graph, graph.values[id], facts_));
    }
}

Demand ValueTable::demand(const Test& test) const {
    return std::visit(overloaded{
                          [&](const Compare& c) {
                              Demand demand = demands_[c.left];
                              demand.add(demands_[c.right]);
                              return demand;
                          },
                          [&](const Member& m) {
                              Demand demand;
                              for (const ValueId word : m.key) demand.add(demands_[word]);
                              return demand;
                          },
                          [](const IsOutbound&) { return Demand(); },
                          [&](const InProtochain& p) {
                              Demand demand = demands_[p.network];
                              demand.unclear = true;  // how far the headers reach
                              return demand;
                          },
                          [](const Log&) { return Demand(); },
                      },
                      test);
}

TestTable::TestTable(const Graph& graph, const ValueTable& values) {
    std::map<std::vector<std::uint32_t>, TestId> numbers;
    ids.reserve(graph.blocks.size());
    demands.reserve(graph.blocks.size());
    for (const Block& block : graph.blocks) {
        const auto next = static_cast<TestId>(numbers.size());
        ids.push_back(numbers.emplace(words_of(block.test), next).first->second);
        demands.push_back(values.demand(block.test));
    }
}

}  // namespace bpfw::compiler::filter
