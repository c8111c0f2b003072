// SPDX-License-Identifier: GPL-2.0-or-later
// The IR's small vocabulary: building, negating, comparing, printing, checking.
#include "compiler/ir/ir.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "bpf-templates/abi.h"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

constexpr std::int16_t at(std::size_t offset) { return static_cast<std::int16_t>(offset); }

#define BPFW_FIELD(name, member, width) \
    { name, at(offsetof(bpfw_packet, member)), FieldWidth::width }
#define BPFW_WORD(name, member, n) \
    { name, at(offsetof(bpfw_packet, member) + 4 * (n)), FieldWidth::W32 }

constexpr std::array<FieldLayout, 35> kFields = {{
    BPFW_WORD("saddr", saddr, 0),
    BPFW_WORD("saddr.1", saddr, 1),
    BPFW_WORD("saddr.2", saddr, 2),
    BPFW_WORD("saddr.3", saddr, 3),
    BPFW_WORD("daddr", daddr, 0),
    BPFW_WORD("daddr.1", daddr, 1),
    BPFW_WORD("daddr.2", daddr, 2),
    BPFW_WORD("daddr.3", daddr, 3),
    BPFW_FIELD("l4_dst", l4_dst, W32),
    BPFW_FIELD("l4_src", l4_src, W32),
    BPFW_FIELD("length", length, W32),
    BPFW_FIELD("protocol", protocol, W8),
    BPFW_FIELD("tcp_flags", tcp_flags, W8),
    BPFW_FIELD("hop_limit", hop_limit, W8),
    BPFW_FIELD("tos", tos, W8),
    BPFW_FIELD("odd", odd, W32),
    BPFW_FIELD("packet_type", packet_type, W8),
    BPFW_FIELD("mac_low", mac_low, W16),
    BPFW_FIELD("mac_high", mac_high, W32),
    BPFW_WORD("tcp_options", tcp_options, 0),
    BPFW_WORD("tcp_options.1", tcp_options, 1),
    BPFW_WORD("tcp_options.2", tcp_options, 2),
    BPFW_WORD("tcp_options.3", tcp_options, 3),
    BPFW_WORD("tcp_options.4", tcp_options, 4),
    BPFW_WORD("tcp_options.5", tcp_options, 5),
    BPFW_WORD("tcp_options.6", tcp_options, 6),
    BPFW_WORD("tcp_options.7", tcp_options, 7),
    BPFW_WORD("in_name", in_name, 0),
    BPFW_WORD("in_name.1", in_name, 1),
    BPFW_WORD("in_name.2", in_name, 2),
    BPFW_WORD("in_name.3", in_name, 3),
    BPFW_WORD("out_name", out_name, 0),
    BPFW_WORD("out_name.1", out_name, 1),
    BPFW_WORD("out_name.2", out_name, 2),
    BPFW_WORD("out_name.3", out_name, 3),
}};
#undef BPFW_FIELD
#undef BPFW_WORD

const char* name_of(Guard guard) {
    switch (guard) {
        case Guard::Tcp:
            return "tcp-header";
        case Guard::TcpOptions:
            return "tcp-options";
        case Guard::Udp:
            return "udp-header";
        case Guard::Icmp:
            return "icmp-header";
        case Guard::Ports:
            return "ports";
        case Guard::Mac:
            return "ethernet";
        case Guard::Protocol6:
            return "protocol";
    }
    BPFW_BUG("unknown guard");
}

std::string text_of(const Test& test) {
    const FieldLayout& field = field_layout(test.field);
    std::string left = field.name;
    if (test.mask != full_mask(test.field)) left = fmt::format("{}&{:#x}", left, test.mask);
    const bool is = test.sense == Sense::Is;
    if (test.first == test.last)
        return fmt::format("{} {} {:#x}", left, is ? "==" : "!=", test.first);
    return fmt::format("{} {} {:#x}..{:#x}", left, is ? "in" : "not in", test.first, test.last);
}

std::string text_of(const FilterTest& test) {
    return fmt::format("{}filter {}", test.sense == Sense::Is ? "" : "not ", test.filter);
}

std::string joined(const std::vector<Expr>& of, const char* with) {
    std::string out = "(";
    for (std::size_t i = 0; i < of.size(); ++i) out += (i != 0 ? with : "") + to_text(of[i]);
    return out + ")";
}

std::string text_of(const LookupKey& key, std::size_t words) {
    std::string out;
    for (std::size_t i = 0; i < words; ++i)
        out += fmt::format("{}{:#x}", i == 0 ? "" : ":", key[i]);
    return out;
}

std::string text_of(const LookupRange& range, std::size_t words) {
    std::string out = text_of(range.first, words);
    if (range.first != range.last) out += ".." + text_of(range.last, words);
    const bool accept = (range.decision & ((1u << BPFW_VERDICT_BITS) - 1)) == BPFW_ACCEPT;
    return fmt::format("{} {:>4}: {}", out, range.decision >> BPFW_VERDICT_BITS,
                       accept ? "accept" : "drop");
}

// One line, and one for each range.
std::string text_of(const IrLookup& lookup) {
    std::string out = "lookup";
    for (const Field field : lookup.key) out += fmt::format(" {}", field_layout(field).name);
    out += fmt::format(", {} rules", lookup.rules);
    for (const LookupRange& range : lookup.ranges)
        out += "\n          " + text_of(range, lookup.key.size());
    return out;
}

std::string text_of(const IrAction& action, const Ir& ir) {
    switch (action.kind) {
        case ActionKind::None:
            return "continue";
        case ActionKind::Accept:
            return "accept";
        case ActionKind::Drop:
            return "drop";
        case ActionKind::Return:
            return "return";
        case ActionKind::Jump:
            return "jump " + ir.chains[action.chain].name;
        case ActionKind::Goto:
            return "goto " + ir.chains[action.chain].name;
        case ActionKind::Lookup:
            return text_of(ir.lookups[action.lookup]);
    }
    BPFW_BUG("unknown action");
}

std::string text_of(const IrRule& rule, const Ir& ir) {
    std::string out =
        rule.slot == kNoSlot ? std::string("     -: ") : fmt::format("  {:>4}: ", rule.slot);
    for (const Expr& condition : rule.conditions) out += to_text(condition) + ", ";
    out += text_of(rule.action, ir);
    for (const Expr& condition : rule.found) out += "\n          if " + to_text(condition);
    return out + "\n";
}

void check(const IrLookup& lookup) {
    if (lookup.key.empty() || lookup.key.size() > LookupKey{}.size() || lookup.ranges.empty())
        BPFW_BUG("a lookup without a key or ranges");
    const LookupRange* before = nullptr;
    for (const LookupRange& range : lookup.ranges) {
        const bool ascending = before == nullptr || before->last < range.first;
        if (range.last < range.first || !ascending || range.decision == 0)
            BPFW_BUG("a lookup's ranges are out of order");
        before = &range;
    }
}

void check(const Expr& expr, const Ir& ir) {
    std::visit(overloaded{
                   [](const Test& test) {
                       if (test.first > test.last || (test.last & ~test.mask) != 0 ||
                           (test.mask & ~full_mask(test.field)) != 0) {
                           BPFW_BUG("test out of its field: " + text_of(test));
                       }
                   },
                   [](const FilterTest&) {},
                   [&](Guard guard) {
                       if (ir.packets == PacketClass::Regular) {
                           BPFW_BUG(std::string("guard in regular code: ") + name_of(guard));
                       }
                   },
                   [&](const All& all) {
                       for (const Expr& part : all.of) check(part, ir);
                   },
                   [&](const Any& any) {
                       for (const Expr& part : any.of) check(part, ir);
                   },
               },
               expr.node);
}

}  // namespace

const FieldLayout& field_layout(Field field) { return kFields.at(static_cast<std::size_t>(field)); }

Field word(Field first, unsigned n) { return static_cast<Field>(static_cast<unsigned>(first) + n); }

std::uint32_t full_mask(Field field) {
    switch (field_layout(field).width) {
        case FieldWidth::W8:
            return 0xff;
        case FieldWidth::W16:
            return 0xffff;
        case FieldWidth::W32:
            return 0xffffffff;
    }
    BPFW_BUG("unknown width");
}

Expr always() { return {All{}}; }

Expr never() { return {Any{}}; }

bool is_always(const Expr& expr) {
    const auto* all = std::get_if<All>(&expr.node);
    return all != nullptr && all->of.empty();
}

bool is_never(const Expr& expr) {
    const auto* any = std::get_if<Any>(&expr.node);
    return any != nullptr && any->of.empty();
}

Expr negate(const Expr& expr) {
    const auto opposite = [](auto test) {
        test.sense = test.sense == Sense::Is ? Sense::IsNot : Sense::Is;
        return test;
    };
    const auto all_negated = [](const std::vector<Expr>& of) {
        std::vector<Expr> out;
        for (const Expr& part : of) out.push_back(negate(part));
        return out;
    };
    return std::visit(overloaded{
                          [&](const Test& test) -> Expr { return {opposite(test)}; },
                          [&](const FilterTest& test) -> Expr { return {opposite(test)}; },
                          [](Guard) -> Expr { BPFW_BUG("a guard is not negated"); },
                          [&](const All& all) -> Expr { return {Any{all_negated(all.of)}}; },
                          [&](const Any& any) -> Expr { return {All{all_negated(any.of)}}; },
                      },
                      expr.node);
}

Expr with_sense(Expr expr, Sense sense) {
    return sense == Sense::Is ? std::move(expr) : negate(expr);
}

Expr equals(Field field, std::uint32_t value) { return in_range(field, value, value); }

Expr in_range(Field field, std::uint32_t first, std::uint32_t last) {
    return {Test{field, full_mask(field), first, last, Sense::Is}};
}

Expr masked(Field field, std::uint32_t mask, std::uint32_t value) {
    if ((value & ~mask) != 0) return never();
    if (mask == 0) return always();
    return {Test{field, mask, value, value, Sense::Is}};
}

std::uint32_t decision(ActionKind verdict, std::uint32_t slot) {
    return slot << BPFW_VERDICT_BITS | (verdict == ActionKind::Accept ? BPFW_ACCEPT : BPFW_DROP);
}

std::string to_text(const Expr& expr) {
    return std::visit(overloaded{
                          [](const Test& test) { return text_of(test); },
                          [](const FilterTest& test) { return text_of(test); },
                          [](Guard guard) { return fmt::format("has {}", name_of(guard)); },
                          [](const All& all) {
                              return all.of.empty() ? std::string("always")
                                                    : joined(all.of, " and ");
                          },
                          [](const Any& any) {
                              return any.of.empty() ? std::string("never") : joined(any.of, " or ");
                          },
                      },
                      expr.node);
}

std::string to_text(const Ir& ir) {
    std::string out = fmt::format("{}{}\n", ir.family == parser::Family::Ipv4 ? "ipv4" : "ipv6",
                                  ir.packets == PacketClass::Every     ? ""
                                  : ir.packets == PacketClass::Regular ? " regular"
                                                                       : " odd");
    for (const IrChain& chain : ir.chains) {
        out += fmt::format(" chain {}\n", chain.name);
        for (const IrRule& rule : chain.rules) out += text_of(rule, ir);
        if (chain.policy != ActionKind::Return) {
            out += fmt::format("  {:>4}: policy {}\n", chain.policy_slot,
                               chain.policy == ActionKind::Accept ? "accept" : "drop");
        }
    }
    return out;
}

void check(const Ir& ir) {
    if (ir.chains.size() < 3) BPFW_BUG("a built-in chain is missing");
    for (const IrLookup& lookup : ir.lookups) check(lookup);
    for (const IrChain& chain : ir.chains) {
        for (const IrRule& rule : chain.rules) {
            if (rule.action.chain >= ir.chains.size())
                BPFW_BUG("jump to no chain in " + chain.name);
            if (rule.action.kind == ActionKind::Lookup && rule.action.lookup >= ir.lookups.size())
                BPFW_BUG("lookup in no table in " + chain.name);
            for (const Expr& condition : rule.conditions) check(condition, ir);
            for (const Expr& condition : rule.found) check(condition, ir);
        }
    }
}

}  // namespace bpfw::compiler
