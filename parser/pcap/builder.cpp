// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of an expression -> Expression. The door is class Builder.
#include "parser/pcap/builder.hpp"

#include "parser/base/result.hpp"

namespace bpfw::parser::pcap {
namespace {

// Copies what hangs below a root, children before parents, left before right.
class Ordered {
public:
    explicit Ordered(const Expression& from) : from_(from) {}

    Expression run(NodeId root) && {
        to_.root = node(root);
        return std::move(to_);
    }

private:
    NodeId node(NodeId id) {
        Node copy = from_.nodes[id];
        std::visit(overloaded{[&](Primitive& p) {
                                  if (auto* compare = std::get_if<Compare>(&p)) {
                                      compare->left = arithmetic(compare->left);
                                      compare->right = arithmetic(compare->right);
                                  }
                              },
                              [&](Not& n) { n.operand = node(n.operand); },
                              [&](All& a) { list(a.of); }, [&](Any& a) { list(a.of); }},
                   copy.node);
        to_.nodes.push_back(std::move(copy));
        return static_cast<NodeId>(to_.nodes.size() - 1);
    }

    void list(std::vector<NodeId>& of) {
        for (NodeId& id : of) id = node(id);
    }

    ArithmeticId arithmetic(ArithmeticId id) {
        Arithmetic copy = from_.arithmetic[id];
        std::visit(overloaded{[](const Number&) {}, [](const FrameLength&) {},
                              [&](Load& l) { l.offset = arithmetic(l.offset); },
                              [&](Binary& b) {
                                  b.left = arithmetic(b.left);
                                  b.right = arithmetic(b.right);
                              },
                              [&](Negate& n) { n.operand = arithmetic(n.operand); }},
                   copy.node);
        to_.arithmetic.push_back(copy);
        return static_cast<ArithmeticId>(to_.arithmetic.size() - 1);
    }

    const Expression& from_;
    Expression to_;
};

}  // namespace

NodeId Builder::add(std::variant<Primitive, Not, All, Any> node, Span at, unsigned depth) {
    made_.nodes.push_back({std::move(node), at});
    node_depth_.push_back(depth);
    deepest_ = std::max(deepest_, depth);
    return static_cast<NodeId>(made_.nodes.size() - 1);
}

ArithmeticId Builder::add(std::variant<Number, FrameLength, Load, Binary, Negate> node, Span at,
                          unsigned depth) {
    made_.arithmetic.push_back({node, at});
    arithmetic_depth_.push_back(depth);
    deepest_ = std::max(deepest_, depth);
    const auto id = static_cast<ArithmeticId>(made_.arithmetic.size() - 1);
    leftmost_.push_back(id);
    return id;
}

NodeId Builder::primitive(const Primitive& value, Span at) { return add(value, at, 1); }

NodeId Builder::negation(NodeId of, Span at) { return add(Not{of}, at, node_depth_[of] + 1); }

template <typename List>
NodeId Builder::join_as(NodeId left, NodeId right, Span at) {
    if (std::get_if<List>(&made_.nodes[left].node) == nullptr) {
        left = add(List{{left}}, at, node_depth_[left] + 1);
    }
    auto& of = std::get<List>(made_.nodes[left].node).of;
    unsigned depth = node_depth_[right];
    if (const auto* list = std::get_if<List>(&made_.nodes[right].node)) {
        of.insert(of.end(), list->of.begin(), list->of.end());
    } else {
        of.push_back(right);
        ++depth;
    }
    made_.nodes[left].at = at;
    node_depth_[left] = std::max(node_depth_[left], depth);
    deepest_ = std::max(deepest_, depth);
    return left;
}

NodeId Builder::join(Junction how, NodeId left, NodeId right, Span at) {
    return how == Junction::And ? join_as<All>(left, right, at) : join_as<Any>(left, right, at);
}

NodeId Builder::comparison(const Compare& compare, Span at) {
    const unsigned depth =
        std::max(arithmetic_depth_[compare.left], arithmetic_depth_[compare.right]);
    return add(Primitive{compare}, at, depth + 1);
}

ArithmeticId Builder::number(std::uint32_t value, Span at) { return add(Number{value}, at, 1); }

ArithmeticId Builder::frame_length(Span at) { return add(FrameLength{}, at, 1); }

ArithmeticId Builder::load(const Load& load, Span at) {
    const ArithmeticId id = add(load, at, arithmetic_depth_[load.offset] + 1);
    leftmost_[id] = leftmost_[load.offset];
    return id;
}

ArithmeticId Builder::binary(const Binary& binary, Span at) {
    const unsigned depth =
        std::max(arithmetic_depth_[binary.left], arithmetic_depth_[binary.right]);
    const ArithmeticId id = add(binary, at, depth + 1);
    leftmost_[id] = leftmost_[binary.left];
    return id;
}

ArithmeticId Builder::negated(ArithmeticId of, Span at) {
    const ArithmeticId id = add(Negate{of}, at, arithmetic_depth_[of] + 1);
    leftmost_[id] = leftmost_[of];
    return id;
}

const Number* Builder::leftmost_number(ArithmeticId id) const {
    return std::get_if<Number>(&made_.arithmetic[leftmost_[id]].node);
}

bool Builder::is_number(ArithmeticId id) const {
    return std::holds_alternative<Number>(made_.arithmetic[id].node);
}

Expression Builder::finish(NodeId root) const { return Ordered(made_).run(root); }

Expression Builder::nothing_asked(Span at) {
    Expression out;
    out.nodes.push_back({All{}, at});
    return out;
}

}  // namespace bpfw::parser::pcap
