// SPDX-License-Identifier: GPL-2.0-or-later
// Blocks, last first -> a Graph in order, without the values that no block asks for.
#include <algorithm>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

void mark(const Graph& graph, ValueId id, std::vector<bool>& used) {
    if (id == kNoValue || used[id]) {
        return;
    }
    used[id] = true;
    if (const auto* load = std::get_if<Load>(&graph.values[id])) {
        mark(graph, load->base, used);
    } else if (const auto* binary = std::get_if<Binary>(&graph.values[id])) {
        mark(graph, binary->left, used);
        mark(graph, binary->right, used);
    }
}

// Calls `each` with every ValueId of the test.
template <class Each>
void for_values(Test& test, const Each& each) {
    std::visit(overloaded{
                   [&](Compare& c) {
                       each(c.left);
                       each(c.right);
                   },
                   [&](Member& m) {
                       for (ValueId& word : m.key) {
                           each(word);
                       }
                   },
                   [](IsOutbound&) {},
                   [&](InProtochain& p) { each(p.network); },
                   [](Log&) {},
               },
               test);
}

void drop_unused_values(Graph& graph) {
    std::vector<bool> used(graph.values.size(), false);
    for (Block& block : graph.blocks) {
        for_values(block.test, [&](ValueId& id) { mark(graph, id, used); });
    }
    std::vector<ValueId> renamed(graph.values.size(), kNoValue);
    ValueId next = 0;
    const auto rename = [&](ValueId& id) {
        if (id != kNoValue) {
            id = renamed[id];
        }
    };
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (!used[id]) {
            continue;
        }
        Value value = graph.values[id];
        if (auto* load = std::get_if<Load>(&value)) {
            rename(load->base);
        } else if (auto* binary = std::get_if<Binary>(&value)) {
            rename(binary->left);
            rename(binary->right);
        }
        graph.values[next] = value;
        renamed[id] = next++;
    }
    graph.values.resize(next);
    for (Block& block : graph.blocks) {
        for_values(block.test, rename);
    }
}

}  // namespace

void Builder::begin(LineMark origin) {
    // One that no block belongs to has not deserved its place.
    if (!graph_.origins.empty() && !used_) {
        graph_.origins.back() = std::move(origin);
    } else {
        graph_.origins.push_back(std::move(origin));
    }
    used_ = false;
}

Target Builder::add(Test test, const Ways& ways, const Target& on_abort) {
    used_ = true;
    graph_.blocks.push_back({std::move(test), ways.yes, ways.no, on_abort,
                             static_cast<std::uint32_t>(graph_.origins.size() - 1)});
    return to_block(static_cast<BlockId>(graph_.blocks.size() - 1));
}

SetId Builder::add_set(Set set) {
    graph_.sets.push_back(std::move(set));
    return static_cast<SetId>(graph_.sets.size() - 1);
}

void Builder::finish(const Target& entry) {
    const auto count = static_cast<BlockId>(graph_.blocks.size());
    const auto turn = [&](Target& target) {
        if (target.kind == Target::Kind::Block) {
            target.value = count - 1 - target.value;
        }
    };
    graph_.entry = entry;
    turn(graph_.entry);
    std::reverse(graph_.blocks.begin(), graph_.blocks.end());
    for (Block& block : graph_.blocks) {
        turn(block.yes);
        turn(block.no);
        turn(block.abort);
    }
    drop_unused_values(graph_);
}

Target Builder::compare(Relation relation, ValueId left, ValueId right, const Ways& ways) {
    const auto l = values.constant_of(left);
    const auto r = values.constant_of(right);
    if (l && r) {
        switch (relation) {
            case Relation::Equal:
                return *l == *r ? ways.yes : ways.no;
            case Relation::Greater:
                return *l > *r ? ways.yes : ways.no;
            case Relation::GreaterEqual:
                return *l >= *r ? ways.yes : ways.no;
            case Relation::AnyBit:
                return (*l & *r) != 0 ? ways.yes : ways.no;
        }
    }
    return add(Compare{relation, left, right}, ways);
}

Target Builder::is(const Offset& at, LoadSize size, std::uint32_t number, const Ways& ways,
                   std::uint32_t mask) {
    const ValueId value = values.binary(Operator::And, load(at, size), values.constant(mask));
    return compare_number(Relation::Equal, value, number, ways);
}

Target Builder::needs(const Offset& at, LoadSize size, const Target& next, const Target& on_abort) {
    return add(Compare{Relation::GreaterEqual, load(at, size), values.constant(0)}, {next, next},
               on_abort);
}

}  // namespace bpfw::compiler::filter
