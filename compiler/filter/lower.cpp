// SPDX-License-Identifier: GPL-2.0-or-later
// Expressions -> Graph. First through the text, to know where each primitive finds the headers;
// then back from its end, so that every test knows where its answers lead. lower() is the door.
#include "compiler/filter/lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bpf-templates/abi.h"
#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;

// The Link that each primitive of an expression finds.
class Links {
public:
    Links(Builder& b, const pcap::Expression& expression)
        : b_(b), expression_(expression), links_(1), link_of_(expression.nodes.size()) {
        visit(expression.root);
    }

    [[nodiscard]] const Link& of(pcap::NodeId node) const { return links_[link_of_[node]]; }

private:
    void visit(pcap::NodeId id) {
        std::visit(overloaded{
                       [&](const pcap::Primitive& primitive) { visit(id, primitive); },
                       [&](const pcap::Not& inverted) {
                           const std::uint32_t before = links_.back().geneves;
                           visit(inverted.operand);
                           leave(before);
                       },
                       [&](const pcap::All& all) {
                           for (const pcap::NodeId each : all.of) {
                               visit(each);
                           }
                       },
                       [&](const pcap::Any& any) {
                           const std::uint32_t before = links_.back().geneves;
                           for (const pcap::NodeId each : any.of) {
                               visit(each);
                               leave(before);
                           }
                       },
                   },
                   expression_.nodes[id].node);
    }

    void visit(pcap::NodeId id, const pcap::Primitive& primitive) {
        link_of_[id] = links_.size() - 1;
        if (std::holds_alternative<pcap::Vlan>(primitive) ||
            std::holds_alternative<pcap::Mpls>(primitive) ||
            std::holds_alternative<pcap::PppoeSession>(primitive) ||
            std::holds_alternative<pcap::Geneve>(primitive)) {
            links_.push_back(behind(b_, Link(links_.back()), primitive));
        }
    }

    // What follows is reached also where a `geneve` in here did not match.
    void leave(std::uint32_t geneves_before) {
        if (links_.back().geneves != geneves_before && links_.back().guard != kNoValue) {
            links_.push_back(guarded(b_, Link(links_.back())));
        }
    }

    Builder& b_;
    const pcap::Expression& expression_;
    std::vector<Link> links_;
    std::vector<std::size_t> link_of_;
};

// A block's origin: the primitive's own place where that is known, else the rule's. The rule's
// own text may be megabytes long: a copy of it, even one written over, would stay in each origin.
LineMark origin(const Where& where, parser::Span span, std::string text) {
    const bool known = where.sources != nullptr && span.begin < span.end &&
                       !where.sources->name(span.source).empty();
    if (!known) return {0, where.mark.file, where.mark.line, where.mark.column, std::move(text)};
    const parser::Position at = where.sources->position(span);
    return {0, where.sources->name(span.source), at.line, at.column, std::move(text)};
}

class Lowering {
public:
    Lowering(Builder& b, const pcap::Expression& expression, const Where& where)
        : b_(b), expression_(expression), where_(where), links_(b, expression) {}

    Target run(const Ways& ways) { return lower(expression_.root, ways); }

private:
    // A member of a list, and whether it is asked for its opposite.
    struct Item {
        pcap::NodeId node;
        bool inverted;
    };
    enum class Join : std::uint8_t { And, Or };

    Target lower(pcap::NodeId id, const Ways& ways) {
        const auto& node = expression_.nodes[id].node;
        if (std::holds_alternative<pcap::Primitive>(node)) {
            begin(id, 1);
            return lower_primitive(id, ways);
        }
        if (const auto* inverted = std::get_if<pcap::Not>(&node)) {
            return lower(inverted->operand, swapped(ways));
        }
        const Join join = std::holds_alternative<pcap::All>(node) ? Join::And : Join::Or;
        std::vector<Item> items;
        flatten({id, false}, join, items);
        return lower_items(items, join, ways);
    }

    // The members of lists within a list by the same word; `not (a and b)` is `not a or not b`.
    void flatten(Item item, Join join, std::vector<Item>& out) const {
        bool inverted = item.inverted;
        const auto* node = &expression_.nodes[item.node].node;
        while (const auto* operand = std::get_if<pcap::Not>(node)) {
            item.node = operand->operand;
            inverted = !inverted;
            node = &expression_.nodes[item.node].node;
        }
        const auto* all = std::get_if<pcap::All>(node);
        const auto* any = std::get_if<pcap::Any>(node);
        const Join meant = (all != nullptr) == inverted ? Join::Or : Join::And;
        if ((all == nullptr && any == nullptr) || meant != join) {
            out.push_back({item.node, inverted});
            return;
        }
        for (const pcap::NodeId each : all != nullptr ? all->of : any->of) {
            flatten({each, inverted}, join, out);
        }
    }

    // In an `or` list yes leaves it, in an `and` list no does.
    Target lower_items(const std::vector<Item>& items, Join join, const Ways& ways) {
        const Target& done = join == Join::Or ? ways.yes : ways.no;
        Target at = join == Join::Or ? ways.no : ways.yes;
        for (const auto& [begin, end] : lists(items, join)) {
            const Ways found = join == Join::Or ? Ways{done, at} : Ways{at, done};
            at = end - begin == 1
                     ? lower(items[begin].node, items[begin].inverted ? swapped(found) : found)
                     : lower_together(items, begin, end, {done, at});
        }
        return at;
    }

    // Ranges of neighbours that go into one set, and single members; the last first.
    std::vector<std::pair<std::size_t, std::size_t>> lists(const std::vector<Item>& items,
                                                           Join join) const {
        std::vector<const pcap::Primitive*> asked;  // nullptr: not of a kind that leaves the list
        asked.reserve(items.size());
        for (const Item& item : items) {
            const bool leaves = item.inverted == (join == Join::And);
            asked.push_back(leaves
                                ? std::get_if<pcap::Primitive>(&expression_.nodes[item.node].node)
                                : nullptr);
        }
        std::vector<std::pair<std::size_t, std::size_t>> found;
        for (std::size_t begin = 0; begin < items.size();) {
            const std::size_t length =
                b_.lists == Lists::AsSets ? list_length(std::span(asked).subspan(begin)) : 0;
            found.emplace_back(begin, begin + std::max<std::size_t>(length, 1));
            begin = found.back().second;
        }
        std::reverse(found.begin(), found.end());
        return found;
    }

    Target lower_together(const std::vector<Item>& items, std::size_t begin_at, std::size_t end,
                          const Ways& ways) {
        std::vector<const pcap::Primitive*> of;
        for (std::size_t i = begin_at; i < end; ++i) {
            of.push_back(&std::get<pcap::Primitive>(expression_.nodes[items[i].node].node));
        }
        begin(items[begin_at].node, of.size());
        return lower_list(b_, links_.of(items[begin_at].node), of, ways);
    }

    void begin(pcap::NodeId id, std::size_t members) {
        std::string text = pcap::to_text(expression_, id);
        if (members > 1) {
            text += fmt::format(" or ... ({} in all)", members);
        }
        b_.begin(origin(where_, expression_.nodes[id].at, std::move(text)));
    }

    Target lower_primitive(pcap::NodeId id, const Ways& ways);

    Target lower_outbound(const Ways& ways) {
        return b_.hook == Hook::Ingress ? ways.no : b_.add(IsOutbound{}, ways);
    }

    Builder& b_;
    const pcap::Expression& expression_;
    const Where& where_;
    Links links_;
};

Target lower_byte(Builder& b, const Link& link, const pcap::Byte& byte, const Ways& ways) {
    const ValueId value = b.load(link.header + byte.offset, LoadSize::U8);
    const ValueId operand = b.values.constant(byte.value);
    switch (byte.op) {
        case pcap::ByteOperator::Equal:
            return b.compare(Relation::Equal, value, operand, ways);
        case pcap::ByteOperator::Less:
            return b.compare(Relation::GreaterEqual, value, operand, swapped(ways));
        case pcap::ByteOperator::Greater:
            return b.compare(Relation::Greater, value, operand, ways);
        case pcap::ByteOperator::And:
            return b.compare(Relation::AnyBit, value, operand, ways);
        case pcap::ByteOperator::Or:
            return b.compare_number(Relation::Equal, b.values.binary(Operator::Or, value, operand),
                                    0, swapped(ways));
    }
    BPFW_BUG("byte operator out of range");
}

Target Lowering::lower_primitive(pcap::NodeId id, const Ways& ways) {
    const Link& link = links_.of(id);
    const auto length = [&] { return b_.values.add(FrameLength{}); };
    return std::visit(
        overloaded{
            [&](const pcap::IsProtocol& p) { return lower_protocol(b_, link, p.protocol, ways); },
            [&](const pcap::Host& p) { return lower_host(b_, link, p, ways); },
            [&](const pcap::Net& p) { return lower_net(b_, link, p, ways); },
            [&](const pcap::EthernetHost& p) { return lower_ethernet_host(b_, link, p, ways); },
            [&](const pcap::Port& p) { return lower_port(b_, link, p, ways); },
            [&](const pcap::Proto& p) { return lower_proto(b_, link, p, ways); },
            [&](const pcap::Protochain& p) { return lower_protochain(b_, link, p, ways); },
            [&](const pcap::Broadcast& p) { return lower_broadcast(b_, link, p, ways); },
            [&](const pcap::Multicast& p) { return lower_multicast(b_, link, p, ways); },
            [&](const pcap::LengthAtMost& p) {
                return b_.compare_number(Relation::Greater, length(), p.bytes, swapped(ways));
            },
            [&](const pcap::LengthAtLeast& p) {
                return b_.compare_number(Relation::GreaterEqual, length(), p.bytes, ways);
            },
            [&](const pcap::Byte& p) { return lower_byte(b_, link, p, ways); },
            [&](const pcap::Inbound&) { return lower_outbound(swapped(ways)); },
            [&](const pcap::Outbound&) { return lower_outbound(ways); },
            [&](const pcap::InterfaceIndex& p) {
                return b_.compare_number(Relation::Equal, b_.values.add(InterfaceIndex{}), p.index,
                                         ways);
            },
            [&](const pcap::Vlan& p) { return lower_vlan(b_, link, p, ways); },
            [&](const pcap::Mpls& p) { return lower_mpls(b_, link, p, ways); },
            [&](const pcap::PppoeDiscovery&) { return lower_link_type(b_, link, 0x8863, ways); },
            [&](const pcap::PppoeSession& p) { return lower_pppoe_session(b_, link, p, ways); },
            [&](const pcap::Geneve& p) { return lower_geneve(b_, link, p, ways); },
            [&](const pcap::Llc& p) { return lower_llc(b_, link, p.type, ways); },
            [&](const pcap::Compare& p) { return lower_compare(b_, link, expression_, p, ways); },
        },
        std::get<pcap::Primitive>(expression_.nodes[id].node));
}

std::uint32_t decision(const Step& step) {
    const std::uint32_t verdict = step.action == Step::Action::Accept ? BPFW_ACCEPT : BPFW_DROP;
    return verdict | step.slot << BPFW_VERDICT_BITS;
}

Target lower_step(Builder& b, const Step& step, const Target& next) {
    Target found = give(decision(step));
    if (step.action == Step::Action::Log) {
        b.begin(origin(step.where, {}, "log"));
        found = b.add(Log{step.slot}, {next, next}, next);
    }
    b.abort = next;
    return Lowering(b, *step.expression, step.where).run({found, next});
}

}  // namespace

Graph lower(const pcap::Expression& expression, Lists lists, const Where& where) {
    Graph graph;
    Builder b(graph, lists);
    b.abort = give(0);
    b.finish(Lowering(b, expression, where).run({give(1), give(0)}));
    return graph;
}

Graph lower(std::span<const Step> steps, Lists lists) {
    Graph graph;
    Builder b(graph, lists);
    b.hook = Hook::Ingress;
    Target next = give(BPFW_CONTINUE);
    for (std::size_t i = steps.size(); i > 0; --i) {
        next = lower_step(b, steps[i - 1], next);
    }
    b.finish(next);
    return graph;
}

}  // namespace bpfw::compiler::filter
