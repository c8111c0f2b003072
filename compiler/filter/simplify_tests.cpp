// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> Graph whose tests are written in one way, with as little arithmetic as possible. A
// test goes on loading the same bytes, so that it aborts for the same frames. simplify_tests() is
// the door.
#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/filter/passes.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kMost = 0xffffffff;

// `left op constant`, a part of a value.
struct Operation {
    Operator op = Operator::Add;
    ValueId left = 0;
    std::uint32_t right = 0;
};

class Simplification {
public:
    explicit Simplification(Graph graph) : graph_(std::move(graph)), values_(rebuilt_) {}

    Graph run() && {
        rebuild_values();
        const std::vector<SetId> sets = equal_sets();
        for (Block& block : graph_.blocks) rewrite(block, sets);
        graph_.values = std::move(rebuilt_);
        return compact(std::move(graph_));
    }

private:
    void rebuild_values();
    ValueId rebuild(const Value& value);
    ValueId rebuild(const Load& load);
    ValueId rebuild(const Binary& binary);
    [[nodiscard]] std::vector<SetId> equal_sets() const;

    void rewrite(Block& block, const std::vector<SetId>& sets);
    // Whether there was something to simplify; `yes` and `no` change places when the answer is
    // turned round.
    bool simplify(Compare& compare, Block& block);
    bool turn(Compare& compare, Block& block);
    bool against_zero(Compare& compare, Block& block);
    bool simplify_equal(Compare& compare, Block& block, const Operation& of);
    bool simplify_order(Compare& compare, const Operation& of);
    bool simplify_bits(Compare& compare, const Operation& of);

    [[nodiscard]] std::optional<Operation> operation(ValueId value) const;
    bool put(Compare& compare, Relation relation, ValueId left, std::uint32_t right) {
        compare = {relation, left, values_.constant(right)};
        return true;
    }
    // The low `shift` bits are always 0.
    [[nodiscard]] bool ends_in_zeros(ValueId value, std::uint32_t shift) const {
        const auto of = operation(value);
        return of && of->op == Operator::And && (of->right & ((1U << shift) - 1)) == 0;
    }
    // Nothing is lost at the top.
    [[nodiscard]] bool fits(ValueId value, std::uint32_t shift) const {
        return shift < 32 && values_.largest(value) <= kMost >> shift;
    }

    Graph graph_;
    std::vector<Value> rebuilt_;
    Values values_;
    std::vector<ValueId> renamed_;  // old number -> new one
};

// -------------------------------------------------------------------------- values
void Simplification::rebuild_values() {
    renamed_.reserve(graph_.values.size());
    for (const Value& value : graph_.values) renamed_.push_back(rebuild(value));
}

ValueId Simplification::rebuild(const Value& value) {
    if (const auto* load = std::get_if<Load>(&value)) return rebuild(*load);
    if (const auto* binary = std::get_if<Binary>(&value)) return rebuild(*binary);
    return values_.add(value);
}

ValueId Simplification::rebuild(const Load& load) {
    Load renamed = load;
    if (load.base != kNoValue) renamed.base = renamed_[load.base];
    return values_.add(renamed);
}

// Of a masked load only the last bytes may count: a shorter load ends at the same byte.
ValueId Simplification::rebuild(const Binary& binary) {
    const ValueId left = renamed_[binary.left];
    const ValueId right = renamed_[binary.right];
    const auto mask = values_.constant_of(right);
    const auto* load = std::get_if<Load>(&rebuilt_[left]);
    if (binary.op != Operator::And || !mask || load == nullptr)
        return values_.binary(binary.op, left, right);
    const LoadSize size = *mask <= 0xff     ? LoadSize::U8
                          : *mask <= 0xffff ? LoadSize::U16
                                            : LoadSize::U32;
    const auto cut = static_cast<int>(load->size) - static_cast<int>(size);
    if (cut <= 0 || load->offset > kMost - static_cast<std::uint32_t>(load->size))
        return values_.binary(binary.op, left, right);
    Load shorter = *load;
    shorter.size = size;
    shorter.offset += static_cast<std::uint32_t>(cut);
    return values_.binary(binary.op, values_.add(shorter), right);
}

// By set: the first that is equal.
std::vector<SetId> Simplification::equal_sets() const {
    const auto less = [&](SetId a, SetId b) {
        const Set& left = graph_.sets[a];
        const Set& right = graph_.sets[b];
        if (left.words != right.words) return left.words < right.words;
        return std::lexicographical_compare(
            left.ranges.begin(), left.ranges.end(), right.ranges.begin(), right.ranges.end(),
            [](const SetRange& x, const SetRange& y) {
                return std::tie(x.first, x.last) < std::tie(y.first, y.last);
            });
    };
    std::map<SetId, SetId, decltype(less)> first(less);
    std::vector<SetId> out;
    out.reserve(graph_.sets.size());
    for (SetId id = 0; id < graph_.sets.size(); ++id)
        out.push_back(first.emplace(id, id).first->second);
    return out;
}

// --------------------------------------------------------------------------- tests
std::optional<Operation> Simplification::operation(ValueId value) const {
    const auto* binary = std::get_if<Binary>(&rebuilt_[value]);
    if (binary == nullptr) return std::nullopt;
    const auto right = values_.constant_of(binary->right);
    if (!right) return std::nullopt;
    return Operation{binary->op, binary->left, *right};
}

void Simplification::rewrite(Block& block, const std::vector<SetId>& sets) {
    std::visit(overloaded{
                   [&](Compare& compare) {
                       compare.left = renamed_[compare.left];
                       compare.right = renamed_[compare.right];
                       while (simplify(compare, block)) {
                       }
                   },
                   [&](Member& member) {
                       for (ValueId& word : member.key) word = renamed_[word];
                       member.set = sets[member.set];
                   },
                   [](IsOutbound&) {},
                   [&](InProtochain& chain) { chain.network = renamed_[chain.network]; },
                   [](Log&) {},
               },
               block.test);
}

bool Simplification::simplify(Compare& compare, Block& block) {
    if (turn(compare, block)) return true;
    if (!values_.constant_of(compare.right)) return false;
    if (against_zero(compare, block)) return true;
    const auto of = operation(compare.left);
    if (!of) return false;
    switch (compare.relation) {
        case Relation::Equal:
            return simplify_equal(compare, block, *of);
        case Relation::Greater:
        case Relation::GreaterEqual:
            return simplify_order(compare, *of);
        case Relation::AnyBit:
            return simplify_bits(compare, *of);
    }
    BPFW_BUG("relation out of range");
}

// A constant stands right.
bool Simplification::turn(Compare& compare, Block& block) {
    if (!values_.constant_of(compare.left) || values_.constant_of(compare.right)) return false;
    std::swap(compare.left, compare.right);
    if (compare.relation == Relation::Greater || compare.relation == Relation::GreaterEqual) {
        const bool greater = compare.relation == Relation::Greater;  // c > x: not x >= c
        compare.relation = greater ? Relation::GreaterEqual : Relation::Greater;
        std::swap(block.yes, block.no);
    }
    return true;
}

bool Simplification::against_zero(Compare& compare, Block& block) {
    const std::uint32_t right = *values_.constant_of(compare.right);
    const std::uint32_t most = values_.largest(compare.left);
    const std::uint32_t all_bits = most == 0 ? 0 : kMost >> std::countl_zero(most);
    const bool not_zero = (compare.relation == Relation::Greater && right == 0) ||
                          (compare.relation == Relation::GreaterEqual && right == 1) ||
                          (compare.relation == Relation::AnyBit && (all_bits & ~right) == 0);
    if (!not_zero) return false;
    std::swap(block.yes, block.no);
    return put(compare, Relation::Equal, compare.left, 0);
}

bool Simplification::simplify_equal(Compare& compare, Block& block, const Operation& of) {
    const std::uint32_t right = *values_.constant_of(compare.right);
    if (of.op == Operator::Add) return put(compare, Relation::Equal, of.left, right - of.right);
    if (of.op == Operator::Xor) return put(compare, Relation::Equal, of.left, right ^ of.right);
    if (of.op == Operator::And && of.right != 0) {
        if (right == 0) {
            std::swap(block.yes, block.no);
            return put(compare, Relation::AnyBit, of.left, of.right);
        }
        if (right == of.right && std::has_single_bit(right))
            return put(compare, Relation::AnyBit, of.left, right);
    }
    if (of.right >= 32) return false;
    if (of.op == Operator::ShiftRight && right <= kMost >> of.right &&
        ends_in_zeros(of.left, of.right))
        return put(compare, Relation::Equal, of.left, right << of.right);
    if (of.op == Operator::ShiftLeft && fits(of.left, of.right) &&
        (right & ((1U << of.right) - 1)) == 0)
        return put(compare, Relation::Equal, of.left, right >> of.right);
    return false;
}

bool Simplification::simplify_order(Compare& compare, const Operation& of) {
    const std::uint32_t right = *values_.constant_of(compare.right);
    const bool equal_too = compare.relation == Relation::GreaterEqual;
    // In the form x >= least; nothing is ever > kMost.
    if (!equal_too && right == kMost) return false;
    const std::uint32_t least = equal_too ? right : right + 1;
    if (of.op == Operator::Add && values_.largest(of.left) <= kMost - of.right && least >= of.right)
        return put(compare, Relation::GreaterEqual, of.left, least - of.right);
    if (of.right >= 32) return false;
    if (of.op == Operator::ShiftRight && least <= kMost >> of.right)
        return put(compare, Relation::GreaterEqual, of.left, least << of.right);
    if (of.op == Operator::ShiftLeft && fits(of.left, of.right)) {
        const std::uint64_t up = (std::uint64_t{1} << of.right) - 1;
        return put(compare, Relation::GreaterEqual, of.left,
                   static_cast<std::uint32_t>((least + up) >> of.right));
    }
    return false;
}

bool Simplification::simplify_bits(Compare& compare, const Operation& of) {
    const std::uint32_t right = *values_.constant_of(compare.right);
    std::uint32_t bits = 0;
    if (of.op == Operator::And)
        bits = right & of.right;
    else if (of.op == Operator::ShiftRight && of.right < 32)
        bits = right << of.right;
    else if (of.op == Operator::ShiftLeft && of.right < 32)
        bits = right >> of.right;
    return bits != 0 && put(compare, Relation::AnyBit, of.left, bits);
}

}  // namespace

Graph simplify_tests(Graph graph) { return Simplification(std::move(graph)).run(); }

}  // namespace bpfw::compiler::filter
