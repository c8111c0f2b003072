// SPDX-License-Identifier: GPL-2.0-or-later
// Values of a Graph -> classic instructions that bring them into A and X. What the registers and
// the scratch words hold is known, so that nothing is loaded that is there already.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "compiler/filter/classic_assembler.hpp"
#include "compiler/filter/classic_uses.hpp"

namespace bpfw::compiler::filter {

inline constexpr std::uint32_t kScratchWords = 16;

// What is known at a place of the program; kNoValue: something.
struct ClassicState {
    ValueId a = kNoValue;
    ValueId x = kNoValue;
    std::array<ValueId, kScratchWords> words = none();

    // What both know.
    [[nodiscard]] ClassicState met(const ClassicState& other) const;

private:
    static constexpr std::array<ValueId, kScratchWords> none() {
        std::array<ValueId, kScratchWords> out{};
        for (ValueId& word : out) word = kNoValue;
        return out;
    }
};

class ClassicSelect {
public:
    ClassicSelect(const Graph& graph, ClassicAssembler& as)
        : graph_(graph), uses_(graph), as_(as) {}

    // From here on the code of `block` is made, which finds this.
    void begin(BlockId block, const ClassicState& state) {
        block_ = block;
        state_ = state;
    }
    [[nodiscard]] const ClassicState& state() const { return state_; }
    // Not enough scratch words.
    [[nodiscard]] bool failed() const { return failed_; }

    void to_a(ValueId value);
    void to_x(ValueId value);
    // A = left, X = right.
    void to_both(ValueId left, ValueId right);
    [[nodiscard]] bool at_hand(ValueId value) const;
    [[nodiscard]] std::optional<std::uint32_t> constant_of(ValueId value) const;

    // A and X hold something else from here on.
    void forget_registers() { state_.a = state_.x = kNoValue; }
    // A word that stays the caller's until it is given back.
    std::uint32_t take_word();
    void give_back(std::uint32_t word);

    // Stores that nobody read after all are taken out again.
    void drop_idle_stores();

private:
    [[nodiscard]] std::optional<std::uint32_t> word_with(ValueId value) const;
    [[nodiscard]] std::optional<std::uint32_t> free_word(ValueId for_value) const;
    // Whether to_a() would leave X as it is.
    [[nodiscard]] bool spares_x(ValueId value, const ClassicState& state) const;
    void read_word(unsigned code, std::uint32_t word);
    void compute(ValueId value);
    void load(const Load& load);
    void binary(const Binary& binary);
    void with_constant(Operator op, std::uint32_t right);
    void equal(const Binary& binary);
    void remember(ValueId value);

    const Graph& graph_;
    ClassicUses uses_;
    ClassicAssembler& as_;
    BlockId block_ = 0;
    ClassicState state_;
    std::array<bool, kScratchWords> taken_{};
    std::set<std::pair<std::uint32_t, ValueId>> read_;  // words that were read for these values
    bool failed_ = false;
};

}  // namespace bpfw::compiler::filter
