// SPDX-License-Identifier: GPL-2.0-or-later
// What is known about one u32: bounds, bits, and either a few values one of which it has or a few
// that it has not. Always a superset of what is possible.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "compiler/filter/graph.hpp"

namespace bpfw::compiler::filter {

class Fact {
public:
    static constexpr std::size_t kItems = 8;

    Fact() = default;  // anything
    static Fact exactly(std::uint32_t value);
    static Fact between(std::uint32_t least, std::uint32_t most);
    // Of the bits in `mask`, those in `bits` are set and the others clear.
    static Fact with_bits(std::uint32_t mask, std::uint32_t bits);
    static Fact impossible();

    [[nodiscard]] bool is_impossible() const { return count_ == 0 && kind_ == Kind::OneOf; }
    [[nodiscard]] bool can_be(std::uint32_t value) const;
    [[nodiscard]] std::uint32_t least() const { return least_; }
    [[nodiscard]] std::uint32_t most() const { return most_; }
    [[nodiscard]] std::uint32_t known() const { return known_; }
    [[nodiscard]] std::uint32_t bits() const { return bits_; }
    // All values it can have, ascending; empty when they are more than a few.
    [[nodiscard]] std::span<const std::uint32_t> choices() const;
    [[nodiscard]] bool is_constant() const { return kind_ == Kind::OneOf && count_ == 1; }

    // Both hold; either one does; the value stands in this relation to `right`, or does not.
    [[nodiscard]] Fact both(const Fact& other) const;
    [[nodiscard]] Fact either(const Fact& other) const;
    [[nodiscard]] Fact when(Relation relation, std::uint32_t right, bool answer) const;
    // Of `this op right`, as far as it can be said.
    [[nodiscard]] Fact after(Operator op, std::uint32_t right) const;

private:
    enum class Kind : std::uint8_t { Open, OneOf, NoneOf };

    void normalise();
    void add_excluded(std::uint32_t value);
    [[nodiscard]] Fact without(std::uint32_t value) const;
    [[nodiscard]] Fact when_any_bit(std::uint32_t mask, bool answer) const;

    std::uint32_t least_ = 0;
    std::uint32_t most_ = 0xffffffff;
    std::uint32_t known_ = 0;
    std::uint32_t bits_ = 0;
    Kind kind_ = Kind::Open;
    std::uint8_t count_ = 0;
    std::array<std::uint32_t, kItems> items_{};  // OneOf: ascending
};

}  // namespace bpfw::compiler::filter
