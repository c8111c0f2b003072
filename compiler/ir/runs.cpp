// SPDX-License-Identifier: GPL-2.0-or-later
// Finds, from each rule on, the key by which most of the rules that follow differ in nothing
// else. find_runs() is the door of the pass.
#include "compiler/ir/runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/ir/first_match.hpp"
#include "compiler/ir/fold.hpp"

namespace bpfw::compiler {
namespace {

// The fields of a key, most significant first.
using Key = std::span<const Field>;

constexpr std::array kSource6 = {Field::Saddr0, Field::Saddr1, Field::Saddr2, Field::Saddr3};
constexpr std::array kDestination6 = {Field::Daddr0, Field::Daddr1, Field::Daddr2, Field::Daddr3};
constexpr std::array kDestinationPort = {Field::L4Dst};
constexpr std::array kSourcePort = {Field::L4Src};
constexpr std::array kMac = {Field::MacHigh, Field::MacLow};
constexpr std::array kLength = {Field::Length};

std::vector<Key> keys_of(parser::Family family) {
    const std::size_t words = family == parser::Family::Ipv4 ? 1 : 4;
    return {Key(kSource6).first(words),
            Key(kDestination6).first(words),
            kDestinationPort,
            kSourcePort,
            kMac,
            kLength};
}

bool is_of(Field field, Key key) { return std::find(key.begin(), key.end(), field) != key.end(); }

// Whether a condition asks for the key: a test of one of its words, or a list of such tests.
bool asks(const Expr& expr, Key key) {
    if (const auto* test = std::get_if<Test>(&expr.node)) return is_of(test->field, key);
    const auto* any = std::get_if<Any>(&expr.node);
    return any != nullptr && key.size() == 1 &&
           std::all_of(any->of.begin(), any->of.end(), [&](const Expr& part) {
               return std::holds_alternative<Test>(part.node) && asks(part, key);
           });
}

struct WordRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
};

// Nothing when the values that pass are not neighbours.
std::optional<WordRange> range_of(const Test& test) {
    const std::uint32_t full = full_mask(test.field);
    const std::uint32_t rest = full & ~test.mask;
    if (test.sense != Sense::Is) return std::nullopt;
    if (rest == 0) return WordRange{test.first, test.last};
    if (test.first != test.last || (rest & (rest + 1)) != 0) return std::nullopt;
    return WordRange{test.first, test.first | rest};
}

using Ranges = std::vector<LookupRange>;

// What one word's tests let pass; empty: not a key.
Ranges ranges_of(const Expr& expr) {
    if (const auto* test = std::get_if<Test>(&expr.node)) {
        const auto range = range_of(*test);
        if (!range) return {};
        return {{{range->first}, {range->last}, 0}};
    }
    Ranges out;
    for (const Expr& part : std::get<Any>(expr.node).of) {
        Ranges one = ranges_of(part);
        if (one.empty()) return {};
        out.push_back(one.front());
    }
    return out;
}

// The words that are asked, up to the first that is no single value, make a prefix of the key.
Ranges prefix_of(const IrRule& rule, Key key) {
    LookupRange range;
    bool single = true;  // so far
    for (std::size_t i = 0; i < key.size(); ++i) {
        WordRange here{0, full_mask(key[i])};
        unsigned tests = 0;
        for (const Expr& condition : rule.conditions) {
            const auto* test = std::get_if<Test>(&condition.node);
            if (test == nullptr || test->field != key[i]) continue;
            const auto asked = range_of(*test);
            if (!asked || !single || ++tests > 1) return {};
            here = *asked;
        }
        range.first.at(i) = here.first;
        range.last.at(i) = here.last;
        single = single && here.first == here.last;
    }
    return {range};
}

// The values of the key for which the rule matches, as far as the key decides; empty: the rule
// asks more of it than that, or nothing.
Ranges key_ranges(const IrRule& rule, Key key) {
    const auto asks_it = [&](const Expr& condition) { return asks(condition, key); };
    const auto first = std::find_if(rule.conditions.begin(), rule.conditions.end(), asks_it);
    if (first == rule.conditions.end()) return {};
    if (key.size() > 1) return prefix_of(rule, key);
    if (std::find_if(first + 1, rule.conditions.end(), asks_it) != rule.conditions.end()) return {};
    return ranges_of(*first);
}

using Place = std::vector<Expr>::const_iterator;

Place first_of_key(const IrRule& rule, Key key) {
    return std::find_if(rule.conditions.begin(), rule.conditions.end(),
                        [&](const Expr& condition) { return asks(condition, key); });
}

Place behind_key(const IrRule& rule, Key key) {
    return std::find_if(rule.conditions.rbegin(), rule.conditions.rend(),
                        [&](const Expr& condition) { return asks(condition, key); })
        .base();
}

bool fits(const IrRule& rule, Key key) {
    const bool ends =
        rule.action.kind == ActionKind::Accept || rule.action.kind == ActionKind::Drop;
    return ends && !key_ranges(rule, key).empty() &&
           std::none_of(first_of_key(rule, key), behind_key(rule, key), has_guard);
}

// A guard may drop the packet: it matters whether the key is asked before it.
bool same_place(const IrRule& a, const IrRule& b, Key key) {
    return first_of_key(a, key) - a.conditions.begin() ==
               first_of_key(b, key) - b.conditions.begin() ||
           std::none_of(a.conditions.begin(), a.conditions.end(), has_guard);
}

// Whether the conditions beside the key are the same.
bool same_rest(const IrRule& a, const IrRule& b, Key key) {
    auto left = a.conditions.begin();
    auto right = b.conditions.begin();
    while (true) {
        while (left != a.conditions.end() && asks(*left, key)) ++left;
        while (right != b.conditions.end() && asks(*right, key)) ++right;
        if (left == a.conditions.end() || right == b.conditions.end())
            return left == a.conditions.end() && right == b.conditions.end();
        if (!(*left++ == *right++)) return false;
    }
}

struct Run {
    Key key;
    std::size_t rules = 0;
};

std::size_t length_of(std::span<const IrRule> rules, Key key) {
    std::size_t length = 0;
    while (length < rules.size() && fits(rules[length], key) &&
           (length == 0 || (same_rest(rules[length - 1], rules[length], key) &&
                            same_place(rules[length - 1], rules[length], key))))
        ++length;
    return length;
}

// The longest that starts with the first of these.
Run longest(std::span<const IrRule> rules, const std::vector<Key>& keys) {
    Run best;
    for (const Key key : keys) {
        const std::size_t length = length_of(rules, key);
        if (length > best.rules) best = {key, length};
    }
    return best;
}

IrLookup lookup_for(std::span<const IrRule> rules, Key key) {
    IrLookup lookup{{key.begin(), key.end()}, {}, static_cast<std::uint32_t>(rules.size())};
    Ranges by_rule;
    by_rule.reserve(rules.size());
    for (const IrRule& rule : rules) {
        for (LookupRange range : key_ranges(rule, key)) {
            range.decision = decision(rule.action.kind, rule.slot);
            by_rule.push_back(range);
        }
    }
    lookup.ranges = first_match(by_rule, lookup.key);
    return lookup;
}

// Conditions that stand behind the key move in front of it, where they are asked of all packets;
// not when a guard is among them, which may drop the packet it is asked of.
IrRule rule_for(IrRule first, std::size_t rules, Key key, LookupId lookup) {
    const auto asks_it = [&](const Expr& condition) { return asks(condition, key); };
    std::vector<Expr>& conditions = first.conditions;
    const auto behind = std::find_if(conditions.begin(), conditions.end(), asks_it);
    if (std::any_of(behind, conditions.end(), has_guard)) {
        first.found.assign(behind, conditions.end());
        conditions.erase(behind, conditions.end());
    }
    std::erase_if(conditions, asks_it);
    std::erase_if(first.found, asks_it);
    first.action = {ActionKind::Lookup, 0, lookup};
    first.slot = kNoSlot;
    first.origin.text += fmt::format(" ... ({} rules in one lookup)", rules);
    return first;
}

void find_runs(Ir& ir, IrChain& chain, const std::vector<Key>& keys) {
    if (chain.rules.size() < kShortestRun) return;
    std::vector<IrRule> out;
    for (std::size_t at = 0; at < chain.rules.size();) {
        const auto rest = std::span(chain.rules).subspan(at);
        const Run run = longest(rest, keys);
        if (run.rules < kShortestRun) {
            out.push_back(std::move(chain.rules[at++]));
            continue;
        }
        const auto id = static_cast<LookupId>(ir.lookups.size());
        ir.lookups.push_back(lookup_for(rest.first(run.rules), run.key));
        out.push_back(rule_for(std::move(rest.front()), run.rules, run.key, id));
        at += run.rules;
    }
    chain.rules = std::move(out);
}

}  // namespace

Ir find_runs(Ir ir) {
    const std::vector<Key> keys = keys_of(ir.family);
    for (IrChain& chain : ir.chains) find_runs(ir, chain, keys);
    return ir;
}

}  // namespace bpfw::compiler
