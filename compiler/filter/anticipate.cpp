// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> how many frame bytes each block may ask for at once: backward over the topological
// order. anticipated_bytes() are the doors.
#include <algorithm>
#include <limits>

#include "compiler/filter/optimise.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kEndless = std::numeric_limits<std::uint32_t>::max();

// Where a load begins: relative to kNoValue is relative to the frame's start.
struct Place {
    ValueId base = kNoValue;
    std::uint32_t end = 0;  // offset + size; kEndless when that is more than any frame has
};

Place place_of(const Graph& graph, const Load& load) {
    std::uint64_t end = std::uint64_t{load.offset} + static_cast<std::uint32_t>(load.size);
    ValueId base = load.base;
    if (base != kNoValue) {
        if (const auto* constant = std::get_if<Constant>(&graph.values[base])) {
            end += constant->value;
            base = kNoValue;
        }
    }
    return {base, static_cast<std::uint32_t>(std::min<std::uint64_t>(end, kEndless))};
}

// For each value: the bytes from `base` on that computing it asks for.
std::vector<std::uint32_t> bytes_of_values(const Graph& graph, ValueId base) {
    std::vector<std::uint32_t> bytes;
    bytes.reserve(graph.values.size());
    for (const Value& value : graph.values) {
        std::uint32_t most = 0;
        if (const auto* load = std::get_if<Load>(&value)) {
            if (load->base != kNoValue) most = bytes[load->base];
            const Place place = place_of(graph, *load);
            if (place.base == base) most = std::max(most, place.end);
        } else if (const auto* binary = std::get_if<Binary>(&value)) {
            most = std::max(bytes[binary->left], bytes[binary->right]);
        }
        bytes.push_back(most);
    }
    return bytes;
}

std::uint32_t bytes_of_test(const Test& test, const std::vector<std::uint32_t>& bytes) {
    return std::visit(overloaded{
                          [&](const Compare& compare) {
                              return std::max(bytes[compare.left], bytes[compare.right]);
                          },
                          [&](const Member& member) {
                              std::uint32_t most = 0;
                              for (const ValueId key : member.key)
                                  most = std::max(most, bytes[key]);
                              return most;
                          },
                          [](const IsOutbound&) { return std::uint32_t{0}; },
                          [&](const InProtochain& chain) { return bytes[chain.network]; },
                          [](const Log&) { return std::uint32_t{0}; },
                      },
                      test);
}

// A frame with fewer bytes than needed[b] goes from block b to b's abort target, whatever it
// holds, and nothing is recorded on the way. A block with another abort target ends the chain:
// what it does with a short frame is its own affair.
class Anticipation {
public:
    Anticipation(const Graph& graph, ValueId base)
        : graph_(graph), values_(bytes_of_values(graph, base)), needed_(graph.blocks.size()) {}

    std::vector<std::uint32_t> run() {
        for (std::size_t i = graph_.blocks.size(); i-- > 0;) needed_[i] = of_block(i);
        // Where every way ends at the abort target any number would do: what the block loads.
        for (std::size_t i = 0; i < needed_.size(); ++i)
            if (needed_[i] == kEndless) needed_[i] = own(i);
        return std::move(needed_);
    }

private:
    [[nodiscard]] std::uint32_t own(std::size_t block) const {
        return bytes_of_test(graph_.blocks[block].test, values_);
    }
    [[nodiscard]] std::uint32_t of_target(const Target& target, const Target& abort) const {
        if (target == abort) return kEndless;
        if (target.kind == Target::Kind::Return) return 0;
        return graph_.blocks[target.value].abort == abort ? needed_[target.value] : 0;
    }
    [[nodiscard]] std::uint32_t of_block(std::size_t i) const {
        const Block& block = graph_.blocks[i];
        if (std::holds_alternative<Log>(block.test)) return 0;
        const std::uint32_t later =
            std::min(of_target(block.yes, block.abort), of_target(block.no, block.abort));
        return std::max(own(i), later);
    }

    const Graph& graph_;
    std::vector<std::uint32_t> values_;
    std::vector<std::uint32_t> needed_;
};

}  // namespace

std::vector<std::uint32_t> anticipated_bytes(const Graph& graph) {
    return anticipated_bytes(graph, kNoValue);
}

std::vector<std::uint32_t> anticipated_bytes(const Graph& graph, ValueId base) {
    return Anticipation(graph, base).run();
}

}  // namespace bpfw::compiler::filter
