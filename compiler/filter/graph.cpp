// SPDX-License-Identifier: GPL-2.0-or-later
// What every part says about a Graph: its text, and the rules that check() holds it to.
#include "compiler/filter/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// The number after `words`; all zero after the last.
std::array<std::uint32_t, 4> successor(std::array<std::uint32_t, 4> words, std::size_t count) {
    while (count > 0 && ++words[count - 1] == 0) {
        --count;
    }
    return words;
}

std::string hex(std::uint32_t value) {
    return value < 10 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

std::string name_of(const Graph& graph, ValueId value) {
    if (value < graph.values.size()) {
        if (const auto* constant = std::get_if<Constant>(&graph.values[value])) {
            return hex(constant->value);
        }
    }
    return fmt::format("v{}", value);
}

std::string_view sign_of(Operator op) {
    switch (op) {
        case Operator::Add:
            return "+";
        case Operator::Subtract:
            return "-";
        case Operator::Multiply:
            return "*";
        case Operator::Divide:
            return "/";
        case Operator::Modulo:
            return "%";
        case Operator::And:
            return "&";
        case Operator::Or:
            return "|";
        case Operator::Xor:
            return "^";
        case Operator::ShiftLeft:
            return "<<";
        case Operator::ShiftRight:
            return ">>";
        case Operator::Equal:
            return "==";
    }
    BPFW_BUG("operator out of range");
}

std::string_view sign_of(Relation relation) {
    switch (relation) {
        case Relation::Equal:
            return "==";
        case Relation::Greater:
            return ">";
        case Relation::GreaterEqual:
            return ">=";
        case Relation::AnyBit:
            return "&";
    }
    BPFW_BUG("relation out of range");
}

std::string text_of(const Graph& graph, const Value& value) {
    return std::visit(overloaded{
                          [](const Constant& c) { return hex(c.value); },
                          [](const FrameLength&) { return std::string("length"); },
                          [](const InterfaceIndex&) { return std::string("ifindex"); },
                          [&](const Load& l) {
                              const int size = static_cast<int>(l.size);
                              return l.base == kNoValue
                                         ? fmt::format("frame[{}:{}]", l.offset, size)
                                         : fmt::format("frame[{} + {}:{}]", name_of(graph, l.base),
                                                       l.offset, size);
                          },
                          [&](const Binary& b) {
                              return fmt::format("{} {} {}", name_of(graph, b.left), sign_of(b.op),
                                                 name_of(graph, b.right));
                          },
                      },
                      value);
}

std::string text_of(const Graph& graph, const Test& test) {
    return std::visit(overloaded{
                          [&](const Compare& c) {
                              return fmt::format("{} {} {}", name_of(graph, c.left),
                                                 sign_of(c.relation), name_of(graph, c.right));
                          },
                          [&](const Member& m) {
                              std::string key;
                              for (const ValueId word : m.key) {
                                  fmt::format_to(std::back_inserter(key), "{}{}",
                                                 key.empty() ? "" : " ", name_of(graph, word));
                              }
                              return fmt::format("({}) in s{}", key, m.set);
                          },
                          [](const IsOutbound&) { return std::string("outbound"); },
                          [&](const InProtochain& p) {
                              return fmt::format("{} in ip{} protochain at {}", p.number,
                                                 p.family == parser::Family::Ipv4 ? "4" : "6",
                                                 name_of(graph, p.network));
                          },
                          [](const Log& l) { return fmt::format("log {}", l.slot); },
                      },
                      test);
}

std::string text_of(const Target& target) {
    return target.kind == Target::Kind::Block ? fmt::format("b{}", target.value)
                                              : fmt::format("give {}", target.value);
}

std::string text_of(const Set& set, const SetRange& range) {
    const auto words = [&](const std::array<std::uint32_t, 4>& of) {
        std::string text = hex(of[0]);
        for (std::size_t i = 1; i < set.words; ++i) {
            fmt::format_to(std::back_inserter(text), ":{:08x}", of[i]);
        }
        return text;
    };
    return range.first == range.last ? words(range.first)
                                     : words(range.first) + "-" + words(range.last);
}

void must(bool holds, const Graph& graph, std::string_view what, std::size_t which) {
    if (!holds) {
        BPFW_BUG(fmt::format("filter graph: {} {}\n{}", what, which, to_text(graph)));
    }
}

void check_values(const Graph& graph) {
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (const auto* load = std::get_if<Load>(&graph.values[id])) {
            must(load->base == kNoValue || load->base < id, graph, "a base not before value", id);
        } else if (const auto* binary = std::get_if<Binary>(&graph.values[id])) {
            must(binary->left < id && binary->right < id, graph, "an operand not before value", id);
        }
    }
    std::vector<Value> seen;
    Values values(seen);
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        must(values.keep(graph.values[id]) == id, graph, "an earlier value is equal to", id);
    }
}

void check_set(const Graph& graph, SetId id) {
    const Set& set = graph.sets[id];
    must(set.words == 1 || set.words == 2 || set.words == 4, graph, "wrong words in set", id);
    must(!set.ranges.empty(), graph, "nothing in set", id);
    for (std::size_t i = 0; i < set.ranges.size(); ++i) {
        const SetRange& range = set.ranges[i];
        must(range.first <= range.last, graph, "a reversed range in set", id);
        for (std::size_t word = set.words; word < range.first.size(); ++word) {
            must(range.first[word] == 0 && range.last[word] == 0, graph, "more words in set", id);
        }
        if (i > 0) {
            const auto& before = set.ranges[i - 1].last;
            must(before < range.first && successor(before, set.words) < range.first, graph,
                 "unsorted or touching ranges in set", id);
        }
    }
}

void check_test(const Graph& graph, BlockId id) {
    const auto value = [&](ValueId of) {
        must(of < graph.values.size(), graph, "no such value in block", id);
    };
    std::visit(overloaded{
                   [&](const Compare& c) {
                       value(c.left);
                       value(c.right);
                   },
                   [&](const Member& m) {
                       must(m.set < graph.sets.size(), graph, "no such set in block", id);
                       must(m.key.size() == graph.sets[m.set].words, graph, "wrong key in block",
                            id);
                       for (const ValueId word : m.key) {
                           value(word);
                       }
                   },
                   [](const IsOutbound&) {},
                   [&](const InProtochain& p) { value(p.network); },
                   [](const Log&) {},
               },
               graph.blocks[id].test);
}

}  // namespace

Set make_set(std::uint8_t words, std::vector<SetRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const SetRange& a, const SetRange& b) { return a.first < b.first; });
    Set set{words, {}};
    for (const SetRange& range : ranges) {
        if (!set.ranges.empty()) {
            auto& last = set.ranges.back().last;
            const auto after = successor(last, words);
            // Nothing comes after the largest number.
            if (range.first <= after || after < last) {
                last = std::max(last, range.last);
                continue;
            }
        }
        set.ranges.push_back(range);
    }
    return set;
}

std::string to_text(const Graph& graph) {
    std::string text = fmt::format("entry {}\n", text_of(graph.entry));
    const auto out = std::back_inserter(text);
    for (ValueId id = 0; id < graph.values.size(); ++id) {
        if (!std::holds_alternative<Constant>(graph.values[id])) {
            fmt::format_to(out, "v{:<3} = {}\n", id, text_of(graph, graph.values[id]));
        }
    }
    for (SetId id = 0; id < graph.sets.size(); ++id) {
        fmt::format_to(out, "s{:<3} =", id);
        for (const SetRange& range : graph.sets[id].ranges) {
            fmt::format_to(out, " {}", text_of(graph.sets[id], range));
        }
        text += '\n';
    }
    for (BlockId id = 0; id < graph.blocks.size(); ++id) {
        const Block& block = graph.blocks[id];
        fmt::format_to(
            out, "b{:<3} {:<24} yes {:<7} no {:<7} abort {:<7} ; {}\n", id,
            text_of(graph, block.test), text_of(block.yes), text_of(block.no), text_of(block.abort),
            block.origin < graph.origins.size() ? graph.origins[block.origin].text : "?");
    }
    return text;
}

void check(const Graph& graph) {
    const auto target = [&](const Target& to, BlockId from) {
        must(to.kind == Target::Kind::Return || (to.value > from && to.value < graph.blocks.size()),
             graph, "a target that is no later block in block", from);
    };
    must(graph.entry.kind == Target::Kind::Return || graph.entry.value < graph.blocks.size(), graph,
         "no such entry block", graph.entry.value);
    check_values(graph);
    for (SetId id = 0; id < graph.sets.size(); ++id) {
        check_set(graph, id);
    }
    for (BlockId id = 0; id < graph.blocks.size(); ++id) {
        const Block& block = graph.blocks[id];
        target(block.yes, id);
        target(block.no, id);
        target(block.abort, id);
        must(block.origin < graph.origins.size(), graph, "no such origin in block", id);
        check_test(graph, id);
    }
}

}  // namespace bpfw::compiler::filter
