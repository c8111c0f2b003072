// SPDX-License-Identifier: GPL-2.0-or-later
// What is known on a way, how tests add to it, and what it says about the next test.
#include "compiler/filter/knowledge.hpp"

#include <algorithm>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Bounds of what is tracked: the cost of a block is constant, whatever the graph.
constexpr std::size_t kFacts = 32;
constexpr std::size_t kReaches = 16;
constexpr std::size_t kAnswers = 16;
constexpr std::size_t kComparedRanges = 64;
constexpr unsigned kDepth = 4;

template <typename Entry>
void append(std::vector<Entry>& entries, std::size_t most, const Entry& entry) {
    if (entries.size() == most) entries.erase(entries.begin());
    entries.push_back(entry);
}

// Whether every key of `small` is one of `large`.
bool subset(const Set& small, const Set& large) {
    return std::all_of(small.ranges.begin(), small.ranges.end(), [&](const SetRange& range) {
        return std::any_of(large.ranges.begin(), large.ranges.end(), [&](const SetRange& whole) {
            return whole.first <= range.first && range.last <= whole.last;
        });
    });
}

bool disjoint(const Set& a, const Set& b) {
    return std::none_of(a.ranges.begin(), a.ranges.end(), [&](const SetRange& range) {
        return std::any_of(b.ranges.begin(), b.ranges.end(), [&](const SetRange& other) {
            return other.first <= range.last && range.first <= other.last;
        });
    });
}

// Of a one-word set.
bool contains(const Set& set, std::uint32_t key) {
    const auto after =
        std::upper_bound(set.ranges.begin(), set.ranges.end(), key,
                         [](std::uint32_t k, const SetRange& range) { return k < range.first[0]; });
    return after != set.ranges.begin() && key <= std::prev(after)->last[0];
}

// Whether a one-word set has all of first..last, or none.
Answer contains(const Set& set, std::uint32_t first, std::uint32_t last) {
    const auto after =
        std::upper_bound(set.ranges.begin(), set.ranges.end(), last,
                         [](std::uint32_t k, const SetRange& range) { return k < range.first[0]; });
    if (after == set.ranges.begin() || std::prev(after)->last[0] < first) return Answer::No;
    const SetRange& range = *std::prev(after);
    return range.first[0] <= first && last <= range.last[0] ? Answer::Yes : Answer::Unknown;
}

Answer yes_or_no(bool answer) { return answer ? Answer::Yes : Answer::No; }

}  // namespace

// --------------------------------------------------------------------------- facts
const Knowledge::Known* Knowledge::find(ValueId value) const {
    for (const Known& known : facts_)
        if (known.value == value) return &known;
    return nullptr;
}

// What the value's operand says about it, too.
Fact Knowledge::fact(ValueId value, unsigned depth) const {
    const Known* known = find(value);
    const Fact own = known == nullptr ? table_->fact(value) : known->fact;
    const auto* binary = std::get_if<Binary>(&graph_->values[value]);
    if (binary == nullptr || own.is_constant() || depth == kDepth) return own;
    return own.both(computed(*binary, depth));
}

Fact Knowledge::computed(const Binary& binary, unsigned depth) const {
    const Fact right = fact(binary.right, depth + 1);
    if (!right.is_constant()) return {};
    return fact(binary.left, depth + 1).after(binary.op, right.least());
}

void Knowledge::keep(ValueId value, const Fact& fact) {
    for (Known& known : facts_) {
        if (known.value != value) continue;
        known.fact = fact;
        return;
    }
    append(facts_, kFacts, Known{value, fact});
}

void Knowledge::learn(ValueId value, const Fact& fact, unsigned depth) {
    if (std::holds_alternative<Constant>(graph_->values[value])) return;
    const Known* known = find(value);
    const Fact narrowed = (known == nullptr ? table_->fact(value) : known->fact).both(fact);
    keep(value, narrowed);
    const auto* binary = std::get_if<Binary>(&graph_->values[value]);
    if (binary != nullptr && depth < kDepth) learn_operand(*binary, narrowed, depth + 1);
}

// What the result of an operation with a constant says about the other operand.
void Knowledge::learn_operand(const Binary& binary, const Fact& fact, unsigned depth) {
    const auto constant = constant_of(*graph_, binary.right);
    if (!constant || fact.is_impossible()) return;
    const std::uint32_t right = *constant;
    const Fact& operand = table_->fact(binary.left);
    switch (binary.op) {
        case Operator::And:
            learn(binary.left, Fact::with_bits(fact.known() & right, fact.bits()), depth);
            break;
        case Operator::ShiftRight:
            if (right >= 32) break;
            learn(binary.left,
                  Fact::with_bits(fact.known() << right, fact.bits() << right)
                      .both(Fact::between(fact.least() << right,
                                          fact.most() << right | ((1U << right) - 1))),
                  depth);
            break;
        case Operator::ShiftLeft:
            if (right >= 32 || operand.most() > kNoLimit >> right) break;
            learn(binary.left, Fact::between(fact.least() >> right, fact.most() >> right), depth);
            break;
        case Operator::Add:
            if (fact.is_constant())
                learn(binary.left, Fact::exactly(fact.least() - right), depth);
            else if (operand.most() <= kNoLimit - right && fact.least() >= right)
                learn(binary.left, Fact::between(fact.least() - right, fact.most() - right), depth);
            break;
        case Operator::Xor:
            learn(binary.left, Fact::with_bits(fact.known(), fact.bits() ^ right), depth);
            break;
        case Operator::Equal:
            if (fact.is_constant())
                learn(binary.left, operand.when(Relation::Equal, right, fact.least() == 1), depth);
            break;
        case Operator::Or:
        case Operator::Subtract:
        case Operator::Multiply:
        case Operator::Divide:
        case Operator::Modulo:
            break;
    }
}

// ------------------------------------------------------------------------- answers
Answer Knowledge::answer(BlockId block) const {
    const TestId test = tests_->ids[block];
    for (const Answered& one : answers_)
        if (one.test == test) return yes_or_no(one.answer);
    return std::visit(overloaded{
                          [&](const Compare& compare) { return answer(compare); },
                          [&](const Member& member) { return answer(member); },
                          [](const IsOutbound&) { return Answer::Unknown; },
                          [](const InProtochain&) { return Answer::Unknown; },
                          [](const Log&) { return Answer::Unknown; },
                      },
                      graph_->blocks[block].test);
}

Answer Knowledge::answer(const Compare& compare) const {
    const Fact left = fact(compare.left);
    const Fact right = fact(compare.right);
    if (compare.left == compare.right && compare.relation != Relation::AnyBit)
        return yes_or_no(compare.relation != Relation::Greater);
    if (right.is_constant()) {
        const std::uint32_t constant = right.least();
        if (left.when(compare.relation, constant, true).is_impossible()) return Answer::No;
        if (left.when(compare.relation, constant, false).is_impossible()) return Answer::Yes;
        const bool excluded =
            compare.relation == Relation::Equal && excluded_by_sets(compare.left, constant);
        return excluded ? Answer::No : Answer::Unknown;
    }
    switch (compare.relation) {
        case Relation::Equal:
            return left.both(right).is_impossible() ? Answer::No : Answer::Unknown;
        case Relation::Greater:
            if (left.least() > right.most()) return Answer::Yes;
            return left.most() <= right.least() ? Answer::No : Answer::Unknown;
        case Relation::GreaterEqual:
            if (left.least() >= right.most()) return Answer::Yes;
            return left.most() < right.least() ? Answer::No : Answer::Unknown;
        case Relation::AnyBit:
            return Answer::Unknown;
    }
    BPFW_BUG("relation out of range");
}

bool Knowledge::excluded_by_sets(ValueId value, std::uint32_t constant) const {
    return std::any_of(answers_.begin(), answers_.end(), [&](const Answered& one) {
        const auto* member = std::get_if<Member>(&graph_->blocks[one.block].test);
        if (member == nullptr || member->key.size() != 1 || member->key[0] != value) return false;
        return contains(graph_->sets[member->set], constant) != one.answer;
    });
}

Answer Knowledge::answer(const Member& member) const {
    const Set& set = graph_->sets[member.set];
    if (member.key.size() == 1) {
        const Fact key = fact(member.key[0]);
        const auto choices = key.choices();
        const auto is_in = [&](std::uint32_t choice) { return contains(set, choice); };
        if (!choices.empty()) {
            if (std::all_of(choices.begin(), choices.end(), is_in)) return Answer::Yes;
            if (std::none_of(choices.begin(), choices.end(), is_in)) return Answer::No;
        } else if (const Answer all = contains(set, key.least(), key.most());
                   all != Answer::Unknown) {
            return all;
        }
    }
    return by_earlier_sets(member);
}

// The same key has been looked up in another set.
Answer Knowledge::by_earlier_sets(const Member& member) const {
    const Set& set = graph_->sets[member.set];
    for (const Answered& one : answers_) {
        const auto* before = std::get_if<Member>(&graph_->blocks[one.block].test);
        if (before == nullptr || before->key != member.key) continue;
        const Set& other = graph_->sets[before->set];
        if (set.ranges.size() * other.ranges.size() > kComparedRanges * kComparedRanges) continue;
        if (one.answer && subset(other, set)) return Answer::Yes;
        if (one.answer ? disjoint(other, set) : subset(set, other)) return Answer::No;
    }
    return Answer::Unknown;
}

void Knowledge::learn(const Member& member, bool answer) {
    if (member.key.size() != 1) return;
    const Set& set = graph_->sets[member.set];
    const auto between = [](const SetRange& range) {
        return Fact::between(range.first[0], range.last[0]);
    };
    if (set.ranges.size() > Fact::kItems) {
        if (answer)
            learn(member.key[0],
                  Fact::between(set.ranges.front().first[0], set.ranges.back().last[0]));
        return;
    }
    Fact all = answer ? Fact::impossible() : fact(member.key[0]);
    for (const SetRange& range : set.ranges) {
        if (answer)
            all = all.either(between(range));
        else if (range.first == range.last)
            all = all.when(Relation::Equal, range.first[0], false);
    }
    learn(member.key[0], all);
}

// -------------------------------------------------------------------------- safety
const Knowledge::Reach* Knowledge::reach(ValueId base) const {
    for (const Reach& one : reaches_)
        if (one.base == base) return &one;
    return nullptr;
}

Knowledge::Reach& Knowledge::reach_of(ValueId base) {
    for (Reach& one : reaches_)
        if (one.base == base) return one;
    append(reaches_, kReaches, Reach{base, 0, kNoLimit});
    return reaches_.back();
}

// Of a load with a base, or of a division, whose operands are there.
Safety Knowledge::safety_of(ValueId variable) const {
    if (const auto* load = std::get_if<Load>(&graph_->values[variable])) {
        const Reach* known = reach(load->base);
        if (known == nullptr) return Safety::MayAbort;
        if (end_of(*load) <= known->least) return Safety::Safe;
        return end_of(*load) >= known->limit ? Safety::Aborts : Safety::MayAbort;
    }
    if (reach(variable) != nullptr) return Safety::Safe;
    const Fact divisor = fact(std::get<Binary>(graph_->values[variable]).right);
    if (!divisor.can_be(0)) return Safety::Safe;
    return divisor.is_constant() ? Safety::Aborts : Safety::MayAbort;
}

Safety Knowledge::safety(BlockId block) const {
    const TestId test = tests_->ids[block];
    for (const Answered& one : answers_)
        if (one.test == test) return Safety::Safe;  // it has been done
    const Demand& demand = tests_->demands[block];
    if (demand.bytes >= byte_limit_) return Safety::Aborts;
    bool safe = demand.bytes <= least_bytes_ && !demand.unclear;
    for (const ValueId id : demand.variable) {
        const Safety one = safety_of(id);
        if (one == Safety::Aborts) return one;
        safe = safe && one == Safety::Safe;
    }
    return safe ? Safety::Safe : Safety::MayAbort;
}

// ------------------------------------------------------------------------- passing
void Knowledge::demanded(const Demand& demand) {
    least_bytes_ = std::max(least_bytes_, demand.bytes);
    for (const ValueId id : demand.variable) {
        if (const auto* load = std::get_if<Load>(&graph_->values[id])) {
            Reach& known = reach_of(load->base);
            known.least = std::max(known.least, end_of(*load));
        } else {
            reach_of(id);
        }
    }
}

void Knowledge::pass(BlockId block, bool answer) {
    const Test& test = graph_->blocks[block].test;
    demanded(tests_->demands[block]);
    if (const auto* compare = std::get_if<Compare>(&test)) {
        if (const auto right = constant_of(*graph_, compare->right))
            learn(compare->left, fact(compare->left).when(compare->relation, *right, answer));
    } else if (const auto* member = std::get_if<Member>(&test)) {
        learn(*member, answer);
    }
    // What facts cannot hold is remembered as an answer.
    const bool by_facts =
        std::holds_alternative<Compare>(test) && this->answer(block) == yes_or_no(answer);
    if (!by_facts && !std::holds_alternative<Log>(test))
        append(answers_, kAnswers, Answered{tests_->ids[block], block, answer});
}

// The frame was too short for what the test loads, if only one thing can have been the cause.
void Knowledge::pass_abort(BlockId block) {
    const Demand& demand = tests_->demands[block];
    if (demand.unclear) return;
    ValueId base = kNoValue;
    std::uint32_t end = 0;
    for (const ValueId id : demand.variable) {
        if (safety_of(id) == Safety::Safe) continue;
        const auto* load = std::get_if<Load>(&graph_->values[id]);
        if (load == nullptr || (base != kNoValue && base != load->base)) return;
        base = load->base;
        end = std::max(end, end_of(*load));
    }
    if (base == kNoValue) {
        byte_limit_ = std::min(byte_limit_, demand.bytes);
    } else if (demand.bytes <= least_bytes_) {
        Reach& known = reach_of(base);
        known.limit = std::min(known.limit, end);
    }
}

void Knowledge::meet(const Knowledge& other) {
    least_bytes_ = std::min(least_bytes_, other.least_bytes_);
    byte_limit_ = std::max(byte_limit_, other.byte_limit_);
    std::vector<Known> facts;
    for (const Known& known : facts_)
        if (other.find(known.value) != nullptr)
            facts.push_back({known.value, known.fact.either(other.find(known.value)->fact)});
    facts_ = std::move(facts);
    std::vector<Reach> reaches;
    for (const Reach& one : reaches_)
        if (const Reach* also = other.reach(one.base))
            reaches.push_back(
                {one.base, std::min(one.least, also->least), std::max(one.limit, also->limit)});
    reaches_ = std::move(reaches);
    const auto gone = [&](const Answered& one) {
        return std::none_of(other.answers_.begin(), other.answers_.end(),
                            [&](const Answered& also) {
                                return also.test == one.test && also.answer == one.answer;
                            });
    };
    answers_.erase(std::remove_if(answers_.begin(), answers_.end(), gone), answers_.end());
}

}  // namespace bpfw::compiler::filter
