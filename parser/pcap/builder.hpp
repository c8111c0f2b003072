// SPDX-License-Identifier: GPL-2.0-or-later
// An Expression in the making: the parser adds parts from the leaves up and joins them; finish()
// puts them into the one order that equal expressions share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parser/pcap/expression.hpp"

namespace bpfw::parser::pcap {

enum class Junction : std::uint8_t { And, Or };

class Builder {
public:
    NodeId primitive(const Primitive& value, Span at);
    NodeId negation(NodeId of, Span at);
    // left and right, or left or right; a list of the same word takes the other side in.
    NodeId join(Junction how, NodeId left, NodeId right, Span at);
    NodeId comparison(const Compare& compare, Span at);
    // The node was written there: its qualifiers or parentheses are part of it.
    void widen(NodeId id, Span at) { made_.nodes[id].at = at; }

    ArithmeticId number(std::uint32_t value, Span at);
    ArithmeticId frame_length(Span at);
    ArithmeticId load(const Load& load, Span at);
    ArithmeticId binary(const Binary& binary, Span at);
    ArithmeticId negated(ArithmeticId of, Span at);

    // Levels of the deepest tree so far.
    [[nodiscard]] unsigned deepest() const { return deepest_; }
    // The number that stands leftmost in an arithmetic term; null when it is no number.
    [[nodiscard]] const Number* leftmost_number(ArithmeticId id) const;
    [[nodiscard]] bool is_number(ArithmeticId id) const;

    [[nodiscard]] Expression finish(NodeId root) const;
    [[nodiscard]] static Expression nothing_asked(Span at);

private:
    NodeId add(std::variant<Primitive, Not, All, Any> node, Span at, unsigned depth);
    ArithmeticId add(std::variant<Number, FrameLength, Load, Binary, Negate> node, Span at,
                     unsigned depth);
    template <typename List>
    NodeId join_as(NodeId left, NodeId right, Span at);

    Expression made_;
    std::vector<unsigned> node_depth_;
    std::vector<unsigned> arithmetic_depth_;
    std::vector<ArithmeticId> leftmost_;
    unsigned deepest_ = 0;
};

}  // namespace bpfw::parser::pcap
