// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> what its emitter keeps where: byte orders backward over the values, availability
// forward and liveness backward over the blocks. Shape is the door.
#include "compiler/filter/emit_shape.hpp"

#include <algorithm>
#include <limits>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::size_t kMostItems = 64;
// A number that is kept and compared again has a state of its own on each way out of a compare,
// and the verifier follows each (kernel/bpf/verifier.c: is_branch_taken()). Blocks times states:
constexpr std::uint64_t kMostStates = 60'000;

std::uint32_t mask_of(LoadSize size) {
    return size == LoadSize::U32 ? 0xffffffff : (1U << (8U * static_cast<unsigned>(size))) - 1;
}

const std::uint32_t* constant(const Graph& graph, ValueId id) {
    const auto* found = std::get_if<Constant>(&graph.values[id]);
    return found == nullptr ? nullptr : &found->value;
}

// Visits each value that computing `id` computes, once; `enter` says whether to go on below.
template <typename Enter>
void walk(const Graph& graph, ValueId id, std::vector<std::uint32_t>& seen, std::uint32_t mark,
          const Enter& enter) {
    std::vector<ValueId> open{id};
    while (!open.empty()) {
        const ValueId at = open.back();
        open.pop_back();
        if (seen[at] == mark) continue;
        seen[at] = mark;
        if (!enter(at)) continue;
        if (const auto* load = std::get_if<Load>(&graph.values[at])) {
            if (const Place place = place_of(graph, *load); place.base != kNoValue)
                open.push_back(place.base);
        } else if (const auto* binary = std::get_if<Binary>(&graph.values[at])) {
            open.push_back(binary->left);
            open.push_back(binary->right);
        }
    }
}

std::vector<Target> ways_out(const Block& block) { return {block.yes, block.no}; }

}  // namespace

Place place_of(const Graph& graph, const Load& load) {
    if (load.base == kNoValue) return {kNoValue, load.offset};
    if (const auto* fixed = constant(graph, load.base))
        return {kNoValue, std::uint64_t{*fixed} + load.offset};
    return {load.base, load.offset};
}

std::vector<ValueId> roots(const Test& test) {
    return std::visit(overloaded{
                          [](const Compare& c) {
                              return std::vector<ValueId>{c.left, c.right};
                          },
                          [](const Member& m) { return m.key; },
                          [](const IsOutbound&) { return std::vector<ValueId>{}; },
                          [](const InProtochain& p) { return std::vector<ValueId>{p.network}; },
                          [](const Log&) { return std::vector<ValueId>{}; },
                      },
                      test);
}

Shape::Shape(const Graph& graph, Mode mode, std::span<const BlockId> entries)
    : orders_(graph.values.size(), Order::Host),
      weights_(graph.values.size(), 1),
      numbers_(graph.values.size(), kNoItem),
      pointers_(graph.values.size(), kNoItem),
      live_(graph.blocks.size(), kNoItem) {
    if (mode == Mode::Fast) find_orders(graph);
    find_weights(graph);
    choose(graph, mode);
    find_live(graph, entries);
}

// Frame order is for loads of two or four bytes, and for masks of them, that nothing but
// Equal and AnyBit with a constant reads.
void Shape::find_orders(const Graph& graph) {
    std::vector<LoadSize> sizes(graph.values.size(), LoadSize::U8);
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (const auto* load = std::get_if<Load>(&graph.values[id])) sizes[id] = load->size;
        const auto* binary = std::get_if<Binary>(&graph.values[id]);
        if (binary != nullptr && binary->op == Operator::And && constant(graph, binary->right))
            sizes[id] = sizes[binary->left];
        if (sizes[id] != LoadSize::U8) orders_[id] = Order::Frame;
    }
    const auto host = [&](ValueId id) { orders_[id] = Order::Host; };
    for (const Block& block : graph.blocks) {
        const auto* compare = std::get_if<Compare>(&block.test);
        const bool alike = compare != nullptr && (compare->relation == Relation::Equal ||
                                                  compare->relation == Relation::AnyBit);
        const auto* right = compare == nullptr ? nullptr : constant(graph, compare->right);
        if (alike && right != nullptr && *right <= mask_of(sizes[compare->left])) continue;
        for (const ValueId id : roots(block.test)) host(id);
    }
    for (ValueId id = static_cast<ValueId>(graph.values.size()); id-- > 0;) {
        if (const auto* load = std::get_if<Load>(&graph.values[id]); load && load->base != kNoValue)
            host(load->base);
        const auto* binary = std::get_if<Binary>(&graph.values[id]);
        if (binary == nullptr || orders_[id] == Order::Frame) continue;
        host(binary->left);
        host(binary->right);
    }
    for (ValueId id = 0; id < graph.values.size(); ++id)  // a mask of what became the host's
        if (const auto* binary = std::get_if<Binary>(&graph.values[id]);
            binary && orders_[id] == Order::Frame)
            orders_[id] = orders_[binary->left];
}

void Shape::find_weights(const Graph& graph) {
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (const auto* load = std::get_if<Load>(&graph.values[id])) {
            if (load->base != kNoValue) weights_[id] = weights_[load->base];
        } else if (const auto* binary = std::get_if<Binary>(&graph.values[id])) {
            const unsigned left = weights_[binary->left];
            const unsigned right = constant(graph, binary->right) ? 0 : weights_[binary->right];
            weights_[id] = left == right ? left + 1 : std::max(left, right);
        }
    }
}

// What more than one block reads, most read first.
void Shape::choose(const Graph& graph, Mode mode) {
    std::vector<std::uint32_t> number_uses(graph.values.size());
    std::vector<std::uint32_t> pointer_uses(graph.values.size());
    std::vector<std::uint32_t> seen(graph.values.size());
    std::vector<std::uint32_t> pointed(graph.values.size());
    std::uint32_t mark = 0;
    for (const Block& block : graph.blocks) {
        ++mark;
        for (const ValueId root : roots(block.test))
            walk(graph, root, seen, mark, [&](ValueId id) {
                ++number_uses[id];
                const auto* load = std::get_if<Load>(&graph.values[id]);
                const ValueId base = load ? place_of(graph, *load).base : kNoValue;
                if (base != kNoValue && pointed[base] != mark) {
                    pointed[base] = mark;
                    ++pointer_uses[base];
                }
                return true;
            });
    }
    struct Use {
        std::uint32_t count;
        ValueId value;
        bool pointer;
    };
    std::vector<Use> uses;
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (mode == Mode::Fast && pointer_uses[id] > 1)
            uses.push_back({pointer_uses[id], id, true});
        if (number_uses[id] > 1 && !constant(graph, id))
            uses.push_back({number_uses[id], id, false});
    }
    std::stable_sort(uses.begin(), uses.end(),
                     [](const Use& a, const Use& b) { return a.count > b.count; });
    std::uint64_t states = graph.blocks.size();
    Items next = 1;
    for (const Use& use : uses) {
        if (next == 0) break;
        if (!use.pointer) {
            if (states * (use.count + 1) > kMostStates) continue;
            states *= use.count + 1;
        }
        (use.pointer ? pointers_ : numbers_)[use.value] = next;
        next <<= 1U;
    }
}

void Shape::find_live(const Graph& graph, std::span<const BlockId> entries) {
    constexpr Items kAll = std::numeric_limits<Items>::max();
    std::vector<Items> available(graph.blocks.size(), kAll);
    std::vector<Items> uses(graph.blocks.size());
    std::vector<std::uint32_t> seen(graph.values.size());
    const auto arrive = [&](const Target& target, Items with) {
        if (target.kind == Target::Kind::Block) available[target.value] &= with;
    };
    for (const BlockId entry : entries) available[entry] = kNoItem;
    for (BlockId id = 0; id < graph.blocks.size(); ++id) {
        const Block& block = graph.blocks[id];
        const Items before = available[id];
        Items made = before;
        for (const ValueId root : roots(block.test))
            walk(graph, root, seen, id + 1, [&](ValueId value) {
                uses[id] |= before & numbers_[value];
                made |= numbers_[value];
                if ((before & numbers_[value]) != 0) return false;
                const auto* load = std::get_if<Load>(&graph.values[value]);
                const ValueId base = load ? place_of(graph, *load).base : kNoValue;
                if (base == kNoValue) return true;
                uses[id] |= before & pointers_[base];
                made |= pointers_[base];
                return (before & pointers_[base]) == 0;
            });
        arrive(block.abort, before);
        for (const Target& target : ways_out(block)) arrive(target, made);
    }
    for (BlockId id = static_cast<BlockId>(graph.blocks.size()); id-- > 0;) {
        const Block& block = graph.blocks[id];
        Items later = kNoItem;
        for (const Target& target : {block.yes, block.no, block.abort})
            if (target.kind == Target::Kind::Block) later |= live_[target.value];
        live_[id] = uses[id] | (later & available[id]);
    }
}

}  // namespace bpfw::compiler::filter
