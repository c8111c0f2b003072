// SPDX-License-Identifier: GPL-2.0-or-later
// Expression -> its canonical text. Door: to_text().
#include <fmt/format.h>

#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/pcap/token.hpp"
#include "parser/print.hpp"
#include "parser/values.hpp"

namespace bpfw::parser::pcap {
namespace {

std::string_view text_of(Direction direction) {
    switch (direction) {
        case Direction::None:
            return "";
        case Direction::Source:
            return "src ";
        case Direction::Destination:
            return "dst ";
        case Direction::SourceOrDestination:
            return "src or dst ";
        case Direction::SourceAndDestination:
            return "src and dst ";
    }
    return "";
}

std::string_view text_of(Relation relation) {
    switch (relation) {
        case Relation::Equal:
            return "=";
        case Relation::NotEqual:
            return "!=";
        case Relation::Less:
            return "<";
        case Relation::LessEqual:
            return "<=";
        case Relation::Greater:
            return ">";
        case Relation::GreaterEqual:
            return ">=";
    }
    return "";
}

struct OperatorText {
    std::string_view text;
    unsigned precedence;  // 0: takes all that follows it, so it always needs parentheses
};
OperatorText text_of(Operator op) {
    switch (op) {
        case Operator::Or:
            return {"|", 1};
        case Operator::And:
            return {"&", 2};
        case Operator::ShiftLeft:
            return {"<<", 3};
        case Operator::ShiftRight:
            return {">>", 3};
        case Operator::Add:
            return {"+", 4};
        case Operator::Subtract:
            return {"-", 4};
        case Operator::Multiply:
            return {"*", 5};
        case Operator::Divide:
            return {"/", 5};
        case Operator::Modulo:
            return {"%", 0};
        case Operator::Xor:
            return {"^", 0};
    }
    return {"", 0};
}

std::string_view text_of(ByteOperator op) {
    switch (op) {
        case ByteOperator::Equal:
            return "=";
        case ByteOperator::Less:
            return "<";
        case ByteOperator::Greater:
            return ">";
        case ByteOperator::And:
            return "&";
        case ByteOperator::Or:
            return "|";
    }
    return "";
}

std::string_view text_of(LlcType type) {
    constexpr std::string_view kTexts[] = {"",   "i",    "s",  "u",     "rr",   "rnr", "rej", "ui",
                                           "ua", "disc", "dm", "sabme", "test", "xid", "frmr"};
    return kTexts[static_cast<std::size_t>(type)];
}

std::string text_of(Protocol protocol) {
    return protocol == Protocol::None ? "" : fmt::format("{} ", protocol_word(protocol));
}

template <typename Id>
std::string with_number(std::string_view word, const std::optional<Id>& number) {
    return number ? fmt::format("{} {}", word, *number) : std::string(word);
}

class Printer {
public:
    explicit Printer(const Expression& expression) : expression_(expression) {}

    std::string run(NodeId root) && {
        print(root);
        return std::move(out_);
    }

private:
    template <typename... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
    }

    void print(NodeId id) {
        std::visit(overloaded{[&](const Primitive& p) {
                                  std::visit([&](const auto& value) { primitive(value); }, p);
                              },
                              [&](const Not& n) {
                                  out_ += "not ";
                                  in_parentheses(n.operand);
                              },
                              [&](const All& a) { list(a.of, " and "); },
                              [&](const Any& a) { list(a.of, " or "); }},
                   expression_.nodes[id].node);
    }

    void list(const std::vector<NodeId>& of, std::string_view joint) {
        for (std::size_t i = 0; i < of.size(); ++i) {
            if (i != 0) out_ += joint;
            in_parentheses(of[i]);
        }
    }

    // `and` and `or` are on one level: a list within a list always has parentheses.
    void in_parentheses(NodeId id) {
        const auto& node = expression_.nodes[id].node;
        const bool list = std::holds_alternative<All>(node) || std::holds_alternative<Any>(node);
        if (list) out_ += '(';
        print(id);
        if (list) out_ += ')';
    }

    void primitive(const IsProtocol& p) { out_ += protocol_word(p.protocol); }
    void primitive(const Host& h) {
        if (h.protocol == Protocol::Decnet) {
            const unsigned value = unsigned{h.address.bytes[0]} << 8U | h.address.bytes[1];
            return add("decnet {}host {}.{}", text_of(h.direction), value >> 10U, value & 0x3ffU);
        }
        add("{}{}host {}", text_of(h.protocol), text_of(h.direction), to_text(h.address, h.family));
    }
    void primitive(const Net& n) {
        add("{}{}net {}", text_of(n.protocol), text_of(n.direction), to_text(n.address, n.family));
        if (const auto length = prefix_length(n.mask, n.family)) return add("/{}", *length);
        add(" mask {}", to_text(n.mask, n.family));
    }
    void primitive(const EthernetHost& h) {
        add("ether {}host {:02x}", text_of(h.direction), fmt::join(h.address, ":"));
    }
    void primitive(const Port& p) {
        const std::string protocol = text_of(p.protocol);
        if (p.ports.first == p.ports.last) {
            return add("{}{}port {}", protocol, text_of(p.direction), p.ports.first);
        }
        add("{}{}portrange {}-{}", protocol, text_of(p.direction), p.ports.first, p.ports.last);
    }
    void primitive(const Proto& p) { add("{}proto {}", text_of(p.protocol), p.number); }
    void primitive(const Protochain& p) { add("{}protochain {}", text_of(p.protocol), p.number); }
    void primitive(const Broadcast& b) { add("{}broadcast", text_of(b.protocol)); }
    void primitive(const Multicast& m) { add("{}multicast", text_of(m.protocol)); }
    void primitive(const LengthAtMost& l) { add("less {}", l.bytes); }
    void primitive(const LengthAtLeast& l) { add("greater {}", l.bytes); }
    void primitive(const Byte& b) { add("byte {} {} {}", b.offset, text_of(b.op), b.value); }
    void primitive(const Inbound&) { out_ += "inbound"; }
    void primitive(const Outbound&) { out_ += "outbound"; }
    void primitive(const InterfaceIndex& i) { add("ifindex {}", i.index); }
    void primitive(const Vlan& v) { out_ += with_number("vlan", v.id); }
    void primitive(const Mpls& m) { out_ += with_number("mpls", m.label); }
    void primitive(const PppoeDiscovery&) { out_ += "pppoed"; }
    void primitive(const PppoeSession& p) { out_ += with_number("pppoes", p.id); }
    void primitive(const Geneve& g) { out_ += with_number("geneve", g.vni); }
    void primitive(const Llc& l) {
        out_ += l.type == LlcType::Any ? "llc" : fmt::format("llc {}", text_of(l.type));
    }
    void primitive(const Compare& c) {
        arithmetic(c.left);
        add(" {} ", text_of(c.relation));
        arithmetic(c.right);
    }

    void arithmetic(ArithmeticId id) {
        std::visit(overloaded{[&](const Number& n) { add("{}", n.value); },
                              [&](const FrameLength&) { out_ += "len"; },
                              [&](const Load& l) {
                                  add("{}[", protocol_word(l.protocol));
                                  arithmetic(l.offset);
                                  if (l.size != 1) add(":{}", l.size);
                                  out_ += ']';
                              },
                              [&](const Binary& b) { binary(b); },
                              [&](const Negate& n) {
                                  out_ += '-';
                                  operand(n.operand, kTightest);
                              }},
                   expression_.arithmetic[id].node);
    }

    // Blanks are never saved: 1-2 is a name.
    void binary(const Binary& b) {
        const OperatorText op = text_of(b.op);
        const bool reads_on = op.precedence == 0;
        const bool negated = std::holds_alternative<Negate>(expression_.arithmetic[b.left].node);
        if (reads_on && negated) {  // -1 % 2 is -(1 % 2)
            out_ += '(';
            arithmetic(b.left);
            out_ += ')';
        } else {
            operand(b.left, reads_on ? kTightest : op.precedence);
        }
        add(" {} ", op.text);
        operand(b.right, reads_on ? kTightest : op.precedence + 1);
    }

    void operand(ArithmeticId id, unsigned least) {
        const auto* inner = std::get_if<Binary>(&expression_.arithmetic[id].node);
        const bool wrapped = inner != nullptr && text_of(inner->op).precedence < least;
        if (wrapped) out_ += '(';
        arithmetic(id);
        if (wrapped) out_ += ')';
    }

    static constexpr unsigned kTightest = 6;

    const Expression& expression_;
    std::string out_;
};

}  // namespace

std::string to_text(const Expression& expression) { return to_text(expression, expression.root); }

std::string to_text(const Expression& expression, NodeId node) {
    return Printer(expression).run(node);
}

}  // namespace bpfw::parser::pcap
