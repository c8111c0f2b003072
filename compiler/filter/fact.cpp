// SPDX-License-Identifier: GPL-2.0-or-later
// Facts about one number: how they are joined, narrowed and carried through an operation.
#include "compiler/filter/fact.hpp"

#include <algorithm>
#include <bit>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kMost = 0xffffffff;

}  // namespace

Fact Fact::impossible() {
    Fact fact;
    fact.kind_ = Kind::OneOf;
    return fact;
}

Fact Fact::exactly(std::uint32_t value) { return between(value, value); }

Fact Fact::between(std::uint32_t least, std::uint32_t most) {
    Fact fact;
    fact.least_ = least;
    fact.most_ = most;
    fact.normalise();
    return fact;
}

Fact Fact::with_bits(std::uint32_t mask, std::uint32_t bits) {
    Fact fact;
    fact.known_ = mask;
    fact.bits_ = bits & mask;
    fact.normalise();
    return fact;
}

bool Fact::can_be(std::uint32_t value) const {
    if (value < least_ || value > most_ || (value & known_) != bits_) return false;
    const auto* const end = items_.begin() + count_;
    const bool listed = std::find(items_.begin(), end, value) != end;
    return kind_ == Kind::Open || listed == (kind_ == Kind::OneOf);
}

std::span<const std::uint32_t> Fact::choices() const {
    return {items_.data(), kind_ == Kind::OneOf ? count_ : std::size_t{0}};
}

void Fact::add_excluded(std::uint32_t value) {
    if (kind_ == Kind::OneOf || count_ == kItems || !can_be(value)) return;
    kind_ = Kind::NoneOf;
    items_.at(count_++) = value;
}

// Bounds from bits, and a list instead of bounds where few values are left.
void Fact::normalise() {
    if (kind_ != Kind::OneOf) {
        least_ = std::max(least_, bits_);
        most_ = std::min(most_, bits_ | ~known_);
        // What all numbers from least to most begin with.
        const std::uint32_t differing = least_ ^ most_;
        const std::uint32_t same =
            differing == 0 ? kMost : ~(kMost >> static_cast<unsigned>(std::countl_zero(differing)));
        if (least_ > most_ || ((bits_ ^ least_) & known_ & same) != 0) {
            *this = impossible();
            return;
        }
        known_ |= same;
        bits_ |= least_ & same;
        if (most_ - least_ >= kItems) return;
    }
    Fact listed = impossible();
    if (kind_ == Kind::OneOf) {
        for (const std::uint32_t item : choices())
            if (item >= least_ && item <= most_ && (item & known_) == bits_)
                listed.items_.at(listed.count_++) = item;
    } else {
        for (std::uint64_t item = least_; item <= most_; ++item)
            if (can_be(static_cast<std::uint32_t>(item)))
                listed.items_.at(listed.count_++) = static_cast<std::uint32_t>(item);
    }
    if (listed.count_ != 0) {
        listed.least_ = listed.items_[0];
        listed.most_ = listed.items_.at(listed.count_ - 1U);
        listed.known_ = kMost;
        for (const std::uint32_t item : listed.choices()) listed.known_ &= ~(item ^ listed.least_);
        listed.bits_ = listed.least_ & listed.known_;
    }
    *this = listed;
}

Fact Fact::both(const Fact& other) const {
    if (is_impossible() || other.is_impossible()) return impossible();
    if (((bits_ ^ other.bits_) & known_ & other.known_) != 0) return impossible();
    Fact fact = kind_ == Kind::OneOf ? *this : other;
    const Fact& more = kind_ == Kind::OneOf ? other : *this;
    if (fact.kind_ == Kind::OneOf) {
        const auto* const end =
            std::remove_if(fact.items_.begin(), fact.items_.begin() + fact.count_,
                           [&](std::uint32_t item) { return !more.can_be(item); });
        fact.count_ = static_cast<std::uint8_t>(end - fact.items_.begin());
    }
    fact.least_ = std::max(least_, other.least_);
    fact.most_ = std::min(most_, other.most_);
    fact.known_ = known_ | other.known_;
    fact.bits_ = bits_ | other.bits_;
    if (more.kind_ == Kind::NoneOf)
        for (std::size_t i = 0; i < more.count_; ++i) fact.add_excluded(more.items_.at(i));
    fact.normalise();
    return fact;
}

Fact Fact::either(const Fact& other) const {
    if (is_impossible()) return other;
    if (other.is_impossible()) return *this;
    Fact fact;
    if (kind_ == Kind::OneOf && other.kind_ == Kind::OneOf) {
        std::array<std::uint32_t, 2 * kItems> all{};
        const auto* const end =
            std::set_union(choices().begin(), choices().end(), other.choices().begin(),
                           other.choices().end(), all.begin());
        const auto count = static_cast<std::size_t>(end - all.begin());
        if (count <= kItems) {
            fact.kind_ = Kind::OneOf;
            fact.count_ = static_cast<std::uint8_t>(count);
            std::copy_n(all.begin(), count, fact.items_.begin());
            fact.normalise();
            return fact;
        }
    }
    fact.least_ = std::min(least_, other.least_);
    fact.most_ = std::max(most_, other.most_);
    fact.known_ = known_ & other.known_ & ~(bits_ ^ other.bits_);
    fact.bits_ = bits_ & fact.known_;
    const auto keep_excluded = [&](const Fact& from, const Fact& of) {
        for (std::size_t i = 0; from.kind_ == Kind::NoneOf && i < from.count_; ++i)
            if (!of.can_be(from.items_.at(i))) fact.add_excluded(from.items_.at(i));
    };
    keep_excluded(*this, other);
    keep_excluded(other, *this);
    fact.normalise();
    return fact;
}

Fact Fact::without(std::uint32_t value) const {
    if (!can_be(value)) return *this;
    Fact fact = *this;
    if (kind_ == Kind::OneOf) {
        auto* const end = fact.items_.begin() + fact.count_;
        std::remove(fact.items_.begin(), end, value);
        --fact.count_;
    } else if (least_ == value) {
        ++fact.least_;
    } else if (most_ == value) {
        --fact.most_;
    } else {
        fact.add_excluded(value);
    }
    fact.normalise();
    return fact;
}

Fact Fact::when_any_bit(std::uint32_t mask, bool answer) const {
    if (!answer) return both(with_bits(mask, 0));
    if ((bits_ & mask) != 0) return *this;
    const std::uint32_t open = mask & ~known_;
    if (open == 0) return impossible();
    if (std::has_single_bit(open)) return both(with_bits(open, open));
    Fact fact = *this;
    if (kind_ == Kind::OneOf) {
        auto* const end = std::remove_if(fact.items_.begin(), fact.items_.begin() + count_,
                                         [&](std::uint32_t item) { return (item & mask) == 0; });
        fact.count_ = static_cast<std::uint8_t>(end - fact.items_.begin());
        fact.normalise();
        return fact;
    }
    return mask == kMost ? without(0) : fact;
}

Fact Fact::when(Relation relation, std::uint32_t right, bool answer) const {
    switch (relation) {
        case Relation::Equal:
            if (!answer) return without(right);
            return can_be(right) ? exactly(right) : impossible();
        case Relation::Greater:
            if (!answer) return both(between(0, right));
            return right == kMost ? impossible() : both(between(right + 1, kMost));
        case Relation::GreaterEqual:
            if (answer) return both(between(right, kMost));
            return right == 0 ? impossible() : both(between(0, right - 1));
        case Relation::AnyBit:
            return when_any_bit(right, answer);
    }
    BPFW_BUG("relation out of range");
}

Fact Fact::after(Operator op, std::uint32_t right) const {
    if (kind_ == Kind::OneOf) {
        Fact all = impossible();
        for (const std::uint32_t item : choices())
            if (const auto result = apply(op, item, right)) all = all.either(exactly(*result));
        return all;
    }
    switch (op) {
        case Operator::And: {
            const Fact fact = with_bits(known_ | ~right, bits_ & right);
            return fact.both(between(0, std::min(most_, right)));
        }
        case Operator::Or:
            return with_bits(known_ | right, bits_ | right).both(between(least_, kMost));
        case Operator::Xor:
            return with_bits(known_, bits_ ^ (right & known_));
        case Operator::ShiftRight:
            if (right >= 32) return exactly(0);
            return with_bits(known_ >> right | ~(kMost >> right), bits_ >> right)
                .both(between(least_ >> right, most_ >> right));
        case Operator::ShiftLeft:
            if (right >= 32) return exactly(0);
            return with_bits(known_ << right | ~(kMost << right), bits_ << right)
                .both(most_ <= kMost >> right ? between(least_ << right, most_ << right) : Fact());
        case Operator::Add:
            return most_ <= kMost - right ? between(least_ + right, most_ + right) : Fact();
        case Operator::Divide:
            return right == 0 ? impossible() : between(least_ / right, most_ / right);
        case Operator::Modulo:
            return right == 0 ? impossible() : between(0, std::min(most_, right - 1));
        case Operator::Equal:
            return can_be(right) ? between(0, 1) : exactly(0);
        case Operator::Multiply:
            return right == 0 || most_ <= kMost / right ? between(least_ * right, most_ * right)
                                                        : Fact();
        case Operator::Subtract:
            return {};
    }
    BPFW_BUG("operator out of range");
}

}  // namespace bpfw::compiler::filter
