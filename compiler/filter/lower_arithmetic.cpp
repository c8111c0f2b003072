// SPDX-License-Identifier: GPL-2.0-or-later
// `A relation B`: first the protocols that the loads of both sides belong to, then the numbers.
#include <fmt/format.h>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using pcap::Protocol;

// What has to hold before a load makes sense.
struct Guard {
    enum class Kind : std::uint8_t { IsProtocol, NotFragment, Icmp6Next };
    Kind kind = Kind::IsProtocol;
    Protocol protocol = Protocol::None;
};

enum class Header : std::uint8_t { Link, Network, Transport, Icmp6 };

Header header_of(Protocol protocol) {
    if (protocol == Protocol::Link) {
        return Header::Link;
    }
    if (protocol == Protocol::Icmp6) {
        return Header::Icmp6;
    }
    return as_proto(protocol) ? Header::Transport : Header::Network;
}

class Sides {
public:
    Sides(Builder& b, const Link& link, const pcap::Expression& expression)
        : b_(b), link_(link), nodes_(expression.arithmetic) {}

    // In the order in which libpcap asks. Of `A + B` it asks A's only.
    void guards(pcap::ArithmeticId id, std::vector<Guard>& out) const {
        std::visit(overloaded{
                       [](const pcap::Number&) {},
                       [](const pcap::FrameLength&) {},
                       [&](const pcap::Load& load) { guards(load, out); },
                       [&](const pcap::Binary& binary) { guards(binary.left, out); },
                       [&](const pcap::Negate& negate) { guards(negate.operand, out); },
                   },
                   nodes_[id].node);
    }

    ValueId value(pcap::ArithmeticId id) {
        return std::visit(
            overloaded{
                [&](const pcap::Number& n) { return b_.values.constant(n.value); },
                [&](const pcap::FrameLength&) { return b_.values.add(FrameLength{}); },
                [&](const pcap::Load& load) { return value(load); },
                [&](const pcap::Binary& binary) {
                    const ValueId left = value(binary.left);
                    return b_.values.binary(operator_of(binary.op), left, value(binary.right));
                },
                [&](const pcap::Negate& negate) {
                    return b_.values.binary(Operator::Subtract, b_.values.constant(0),
                                            value(negate.operand));
                },
            },
            nodes_[id].node);
    }

private:
    void guards(const pcap::Load& load, std::vector<Guard>& out) const {
        const Header header = header_of(load.protocol);
        if (header == Header::Transport) {
            out.push_back({Guard::Kind::IsProtocol, Protocol::Ip});
        }
        guards(load.offset, out);
        switch (header) {
            case Header::Link:
                break;
            case Header::Network:
                out.push_back({Guard::Kind::IsProtocol, load.protocol});
                break;
            case Header::Transport:
                out.push_back({Guard::Kind::IsProtocol, load.protocol});
                out.push_back({Guard::Kind::NotFragment});
                break;
            case Header::Icmp6:
                out.push_back({Guard::Kind::IsProtocol, Protocol::Ip6});
                out.push_back({Guard::Kind::Icmp6Next});
                break;
        }
    }

    Offset start_of(Header header) {
        switch (header) {
            case Header::Link:
                return link_.header;
            case Header::Network:
                return network(link_, 0);
            case Header::Transport:
                return transport(b_, link_);
            case Header::Icmp6:
                return network(link_, 40);
        }
        BPFW_BUG("header out of range");
    }

    // The index and what is variable of the header's place wrap around, the rest does not.
    ValueId value(const pcap::Load& load) {
        ValueId index = value(load.offset);
        const Offset start = start_of(header_of(load.protocol));
        if (start.base != kNoValue) {
            index = b_.values.binary(Operator::Add, index, start.base);
        }
        return b_.load({index, start.offset}, static_cast<LoadSize>(load.size));
    }

    static Operator operator_of(pcap::Operator op) {
        switch (op) {
            case pcap::Operator::Add:
                return Operator::Add;
            case pcap::Operator::Subtract:
                return Operator::Subtract;
            case pcap::Operator::Multiply:
                return Operator::Multiply;
            case pcap::Operator::Divide:
                return Operator::Divide;
            case pcap::Operator::Modulo:
                return Operator::Modulo;
            case pcap::Operator::And:
                return Operator::And;
            case pcap::Operator::Or:
                return Operator::Or;
            case pcap::Operator::Xor:
                return Operator::Xor;
            case pcap::Operator::ShiftLeft:
                return Operator::ShiftLeft;
            case pcap::Operator::ShiftRight:
                return Operator::ShiftRight;
        }
        BPFW_BUG("operator out of range");
    }

    Builder& b_;
    const Link& link_;
    const std::vector<pcap::Arithmetic>& nodes_;
};

Target lower_relation(Builder& b, pcap::Relation relation, ValueId left, ValueId right,
                      const Ways& ways) {
    switch (relation) {
        case pcap::Relation::Equal:
            return b.compare(Relation::Equal, left, right, ways);
        case pcap::Relation::NotEqual:
            return b.compare(Relation::Equal, left, right, swapped(ways));
        case pcap::Relation::Less:
            return b.compare(Relation::GreaterEqual, left, right, swapped(ways));
        case pcap::Relation::LessEqual:
            return b.compare(Relation::Greater, left, right, swapped(ways));
        case pcap::Relation::Greater:
            return b.compare(Relation::Greater, left, right, ways);
        case pcap::Relation::GreaterEqual:
            return b.compare(Relation::GreaterEqual, left, right, ways);
    }
    BPFW_BUG("relation out of range");
}

Target lower_guard(Builder& b, const Link& link, const Guard& guard, const Ways& ways) {
    switch (guard.kind) {
        case Guard::Kind::IsProtocol:
            return lower_protocol(b, link, guard.protocol, ways);
        case Guard::Kind::NotFragment:
            return lower_not_fragment(b, link, ways);
        case Guard::Kind::Icmp6Next:
            return b.is(network(link, 6), LoadSize::U8, 58, ways);
    }
    BPFW_BUG("guard out of range");
}

}  // namespace

Target lower_compare(Builder& b, const Link& link, const pcap::Expression& expression,
                     const pcap::Compare& compare, const Ways& ways) {
    Sides sides(b, link, expression);
    const ValueId left = sides.value(compare.left);
    const ValueId right = sides.value(compare.right);
    Target at = lower_relation(b, compare.relation, left, right, ways);
    std::vector<Guard> guards;
    sides.guards(compare.left, guards);
    sides.guards(compare.right, guards);
    for (std::size_t i = guards.size(); i > 0; --i) {
        at = lower_guard(b, link, guards[i - 1], {at, ways.no});
    }
    return at;
}

}  // namespace bpfw::compiler::filter
