// SPDX-License-Identifier: GPL-2.0-or-later
// Graph x Frame -> what the graph returns, block after block; every value at most once.
#include "compiler/filter/evaluate.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Nothing stands for an abort all through this file.
using Number = std::optional<std::uint32_t>;

class Evaluation {
public:
    Evaluation(const Graph& graph, const Frame& frame)
        : graph_(graph),
          frame_(frame),
          known_(graph.values.size(), Known::No),
          values_(graph.values.size()) {}

    std::uint32_t run() {
        Target at = graph_.entry;
        while (at.kind == Target::Kind::Block) {
            const Block& block = graph_.blocks[at.value];
            const std::optional<bool> answer = test(block.test);
            at = !answer ? block.abort : *answer ? block.yes : block.no;
        }
        return at.value;
    }

private:
    enum class Known : std::uint8_t { No, Value, Abort };

    Number value(ValueId id) {
        if (known_[id] == Known::No) {
            const Number found = compute(graph_.values[id]);
            known_[id] = found ? Known::Value : Known::Abort;
            values_[id] = found.value_or(0);
        }
        return known_[id] == Known::Value ? Number(values_[id]) : std::nullopt;
    }

    Number compute(const Value& of) {
        return std::visit(
            overloaded{
                [](const Constant& c) { return Number(c.value); },
                [&](const FrameLength&) { return Number(frame_.length); },
                [&](const InterfaceIndex&) { return Number(frame_.ifindex); },
                [&](const Load& l) {
                    const Number base = l.base == kNoValue ? Number(0) : value(l.base);
                    return base ? load(l.size, std::uint64_t{*base} + l.offset) : std::nullopt;
                },
                [&](const Binary& b) {
                    const Number left = value(b.left);
                    const Number right = value(b.right);
                    return left && right ? apply(b.op, *left, *right) : std::nullopt;
                },
            },
            of);
    }

    [[nodiscard]] Number load(LoadSize size, std::uint64_t at) const {
        const auto bytes = static_cast<std::uint64_t>(size);
        if (at + bytes > frame_.bytes.size()) {
            return std::nullopt;
        }
        std::uint32_t number = 0;
        for (std::uint64_t i = at; i < at + bytes; ++i) {
            number = number << 8U | std::to_integer<std::uint32_t>(frame_.bytes[i]);
        }
        return number;
    }

    std::optional<bool> test(const Test& of) {
        return std::visit(overloaded{
                              [&](const Compare& c) { return compare(c); },
                              [&](const Member& m) { return member(m); },
                              [&](const IsOutbound&) {
                                  return std::optional(frame_.direction == Frame::Direction::Out);
                              },
                              [&](const InProtochain& p) { return in_protochain(p); },
                              [](const Log&) { return std::optional(true); },
                          },
                          of);
    }

    std::optional<bool> compare(const Compare& c) {
        const Number left = value(c.left);
        const Number right = value(c.right);
        if (!left || !right) {
            return std::nullopt;
        }
        switch (c.relation) {
            case Relation::Equal:
                return *left == *right;
            case Relation::Greater:
                return *left > *right;
            case Relation::GreaterEqual:
                return *left >= *right;
            case Relation::AnyBit:
                return (*left & *right) != 0;
        }
        BPFW_BUG("relation out of range");
    }

    std::optional<bool> member(const Member& m) {
        std::array<std::uint32_t, 4> key{};
        for (std::size_t word = 0; word < m.key.size(); ++word) {
            const Number number = value(m.key[word]);
            if (!number) {
                return std::nullopt;
            }
            key[word] = *number;
        }
        const std::vector<SetRange>& ranges = graph_.sets[m.set].ranges;
        const auto after =
            std::upper_bound(ranges.begin(), ranges.end(), key,
                             [](const auto& k, const SetRange& range) { return k < range.first; });
        return after != ranges.begin() && key <= std::prev(after)->last;
    }

    // The protocol of the first header, and where that begins.
    std::optional<bool> in_protochain(const InProtochain& p) {
        const bool v4 = p.family == parser::Family::Ipv4;
        const Number network = value(p.network);
        if (!network) {
            return std::nullopt;
        }
        const Number first = load(LoadSize::U8, std::uint64_t{*network} + (v4 ? 9 : 6));
        const Number version = v4 ? load(LoadSize::U8, *network) : Number(10);
        if (!first || !version) {
            return std::nullopt;
        }
        return walk(p, *first, std::uint64_t{*network} + 4 * (*version & 15U));
    }

    [[nodiscard]] std::optional<bool> walk(const InProtochain& p, std::uint32_t number,
                                           std::uint64_t at) const {
        for (unsigned header = 0; header < kProtochainHeaders; ++header) {
            if (number == p.number) {
                return true;
            }
            const bool auth = number == 51;
            const bool options = p.family == parser::Family::Ipv6 &&
                                 (number == 0 || number == 60 || number == 43 || number == 44);
            if (!auth && !options) {
                return false;
            }
            const Number next = load(LoadSize::U8, at);
            const Number length = load(LoadSize::U8, at + 1);
            if (!next || !length) {
                return std::nullopt;
            }
            number = *next;
            at += auth ? (*length + 2) * 4 : (*length + 1) * 8;
        }
        return false;
    }

    const Graph& graph_;
    const Frame& frame_;
    std::vector<Known> known_;
    std::vector<std::uint32_t> values_;
};

}  // namespace

std::uint32_t evaluate(const Graph& graph, const Frame& frame) {
    return Evaluation(graph, frame).run();
}

}  // namespace bpfw::compiler::filter
