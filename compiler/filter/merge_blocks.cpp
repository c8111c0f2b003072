// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> Graph without equal blocks, from the last block to the first, and without what nothing
// uses. merge_blocks() and compact() are the doors.
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "compiler/filter/passes.hpp"
#include "compiler/filter/value_table.hpp"

namespace bpfw::compiler::filter {
namespace {

using Kind = Target::Kind;

// What two blocks have in common that do the same.
using Shape = std::array<std::uint32_t, 7>;

Shape shape_of(const Block& block, TestId test) {
    const auto kind = [](const Target& to) { return static_cast<std::uint32_t>(to.kind); };
    return {test,           kind(block.yes),   block.yes.value,  kind(block.no),
            block.no.value, kind(block.abort), block.abort.value};
}

bool can_abort(const Demand& demand) {
    return demand.bytes != 0 || !demand.variable.empty() || demand.unclear;
}

constexpr std::uint32_t kUnused = 0xffffffff;

// Old numbers -> new ones, in the old order.
class Numbering {
public:
    explicit Numbering(std::size_t count) : numbers_(count, kUnused) {}
    bool use(std::uint32_t id) { return std::exchange(numbers_[id], 0) == kUnused; }
    [[nodiscard]] bool used(std::uint32_t id) const { return numbers_[id] != kUnused; }
    template <typename T>
    void keep(std::vector<T>& things) {
        std::uint32_t count = 0;
        for (std::size_t id = 0; id < things.size(); ++id) {
            if (numbers_[id] == kUnused) continue;
            if (count != id) things[count] = std::move(things[id]);
            numbers_[id] = count++;
        }
        things.resize(count);
    }
    void rename(std::uint32_t& id) const { id = numbers_[id]; }

private:
    std::vector<std::uint32_t> numbers_;
};

template <typename Blocks, typename Visit>
void each_target(Blocks& block, const Visit& visit) {
    for (auto* to : {&block.yes, &block.no, &block.abort}) visit(*to);
}

// Every value and set number of a test.
template <typename TestType, typename OnValue, typename OnSet>
void each_use(TestType& test, const OnValue& value, const OnSet& set) {
    if (auto* compare = std::get_if<Compare>(&test)) {
        value(compare->left);
        value(compare->right);
    } else if (auto* member = std::get_if<Member>(&test)) {
        for (auto& word : member->key) value(word);
        set(member->set);
    } else if (auto* chain = std::get_if<InProtochain>(&test)) {
        value(chain->network);
    }
}

class Compaction {
public:
    explicit Compaction(Graph graph)
        : graph_(std::move(graph)),
          blocks_(graph_.blocks.size()),
          values_(graph_.values.size()),
          sets_(graph_.sets.size()),
          origins_(graph_.origins.size()) {}

    Graph run() && {
        find_used();
        blocks_.keep(graph_.blocks);
        values_.keep(graph_.values);
        sets_.keep(graph_.sets);
        origins_.keep(graph_.origins);
        rename();
        return std::move(graph_);
    }

private:
    void use(const Target& to) {
        if (to.kind == Kind::Block) blocks_.use(to.value);
    }
    void rename(Target& to) const {
        if (to.kind == Kind::Block) blocks_.rename(to.value);
    }
    void find_used();
    void rename();

    Graph graph_;
    Numbering blocks_;
    Numbering values_;
    Numbering sets_;
    Numbering origins_;
};

// Targets lie behind, operands before what uses them.
void Compaction::find_used() {
    use(graph_.entry);
    for (BlockId id = 0; id < graph_.blocks.size(); ++id) {
        if (!blocks_.used(id)) continue;
        const Block& block = graph_.blocks[id];
        origins_.use(block.origin);
        each_target(block, [&](const Target& to) { use(to); });
        each_use(
            block.test, [&](ValueId value) { values_.use(value); },
            [&](SetId set) { sets_.use(set); });
    }
    for (std::size_t id = graph_.values.size(); id-- > 0;) {
        if (!values_.used(static_cast<ValueId>(id))) continue;
        if (const auto* load = std::get_if<Load>(&graph_.values[id])) {
            if (load->base != kNoValue) values_.use(load->base);
        } else if (const auto* binary = std::get_if<Binary>(&graph_.values[id])) {
            values_.use(binary->left);
            values_.use(binary->right);
        }
    }
}

void Compaction::rename() {
    rename(graph_.entry);
    for (Block& block : graph_.blocks) {
        origins_.rename(block.origin);
        each_target(block, [&](Target& to) { rename(to); });
        each_use(
            block.test, [&](ValueId& value) { values_.rename(value); },
            [&](SetId& set) { sets_.rename(set); });
    }
    for (Value& value : graph_.values) {
        if (auto* load = std::get_if<Load>(&value)) {
            if (load->base != kNoValue) values_.rename(load->base);
        } else if (auto* binary = std::get_if<Binary>(&value)) {
            values_.rename(binary->left);
            values_.rename(binary->right);
        }
    }
}

}  // namespace

Graph merge_blocks(Graph graph) {
    const TestTable tests(graph, ValueTable(graph));
    std::map<Shape, BlockId> known;
    std::vector<Target> now(graph.blocks.size());  // what to jump to instead
    const auto forward = [&](Target& to) {
        if (to.kind == Kind::Block) to = now[to.value];
    };
    for (std::size_t i = graph.blocks.size(); i-- > 0;) {
        const auto id = static_cast<BlockId>(i);
        Block& block = graph.blocks[id];
        each_target(block, forward);
        const bool log = std::holds_alternative<Log>(block.test);
        if (log) block.no = block.abort = block.yes;
        const bool one_way =
            block.yes == block.no && (block.abort == block.yes || !can_abort(tests.demands[id]));
        if (one_way && !log)
            now[id] = block.yes;
        else
            now[id] = to_block(known.emplace(shape_of(block, tests.ids[id]), id).first->second);
    }
    forward(graph.entry);
    return compact(std::move(graph));
}

Graph compact(Graph graph) { return Compaction(std::move(graph)).run(); }

}  // namespace bpfw::compiler::filter
