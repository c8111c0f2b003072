// SPDX-License-Identifier: GPL-2.0-or-later
// What lies in which register and stack slot while a filter function is emitted, and who gets the
// next register.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "compiler/asm/assembler.hpp"
#include "compiler/filter/emit_shape.hpp"

namespace bpfw::compiler::filter {

struct Content {
    enum class Kind : std::uint8_t {
        Nothing,
        Number,   // the value, in its Shape::order()
        Pointer,  // data + value; `proven` bytes from there on are known to be in the frame
    };
    Kind kind = Kind::Nothing;
    ValueId value = 0;
    std::uint32_t proven = 0;
};

inline constexpr std::size_t kSlots = 16;

// All that one way into a block knows.
struct Facts {
    std::array<Content, 11> registers;
    std::array<Content, kSlots> slots;
    std::uint32_t proven = 0;  // bytes from the frame's start on
};
// What two ways into the same block both know.
Facts meet(const Facts& a, const Facts& b);

// Who uses a register: Keep outlives the block, Pass does not.
enum class Use : std::uint8_t { Pass, Keep };

class Places {
public:
    // `pool`: the registers there are, those to take first in front.
    Places(Assembler& as, const Shape& shape, std::span<const Reg> pool)
        : as_(as), shape_(shape), pool_(pool.begin(), pool.end()) {}

    Facts facts;

    // Begins a block: forgets what no later one uses. `pending`: how often each value will be
    // read in it (kept by reference).
    void begin(const Facts& at_entry, Items live);
    // What of a block's values is read by later ones.
    void set_live_out(Items live) { live_ = live; }
    // The block's registers, as a later block may find them.
    [[nodiscard]] Facts settled() const;

    [[nodiscard]] std::optional<Reg> find_number(ValueId value) const;
    [[nodiscard]] std::optional<Reg> find_pointer(ValueId base) const;
    // Brings a number from its slot; nothing when it has none.
    std::optional<Reg> fetch_number(ValueId value, Use use);

    // A register that is neither pinned nor holds what is held; its content is forgotten.
    Reg take(Use use);
    void define(Reg reg, Content content) { at(reg) = content; }
    void forget(Reg reg) { at(reg) = {}; }

    void pin(Reg reg) { ++pins_.at(index(reg)); }
    void unpin(Reg reg) { --pins_.at(index(reg)); }
    // A held number survives: in a register or in a slot.
    void hold(ValueId value) { ++holds_.at(value); }
    void release(ValueId value) { --holds_.at(value); }
    void expect(ValueId value) { ++pending_.at(value); }
    void consume(ValueId value) {
        if (pending_.at(value) != 0) --pending_.at(value);
    }
    void resize(std::size_t values) {
        pending_.assign(values, 0);
        holds_.assign(values, 0);
    }
    void forget_expectations(std::span<const ValueId> values) {
        for (const ValueId value : values) pending_.at(value) = 0;
    }
    // Whether the number is read again, in this block or a later one.
    [[nodiscard]] bool wanted(ValueId value) const {
        return needed(value) || (live_ & shape_.number(value)) != 0;
    }

    // Before a call: what is wanted moves out of R0-R5.
    void save_from_call();
    // After it: they hold nothing.
    void lose_to_call();
    // All that can be free now, free ones first; contents are forgotten by the caller.
    [[nodiscard]] std::vector<Reg> spare() const;
    void evict(Reg reg);
    // Whether a number has been through a slot, where the verifier forgets its bounds.
    [[nodiscard]] bool spilled() const { return spilled_; }

private:
    static std::size_t index(Reg reg) { return static_cast<std::size_t>(reg); }
    static bool lost_in_calls(Reg reg) { return reg <= Reg::R5; }
    Content& at(Reg reg) { return facts.registers.at(index(reg)); }
    [[nodiscard]] const Content& at(Reg reg) const { return facts.registers.at(index(reg)); }
    [[nodiscard]] bool needed(ValueId value) const {
        return holds_.at(value) != 0 || pending_.at(value) != 0;
    }
    [[nodiscard]] bool useful(Reg reg) const;
    [[nodiscard]] int cost(Reg reg, Use use) const;
    [[nodiscard]] std::optional<std::size_t> free_slot() const;

    Assembler& as_;
    const Shape& shape_;
    std::vector<Reg> pool_;
    std::array<unsigned, 11> pins_{};
    std::vector<std::uint32_t> pending_;
    std::vector<std::uint32_t> holds_;
    std::uint32_t opened_ = 0;  // bit per register that has been used
    Items live_ = kNoItem;
    bool spilled_ = false;
};

// Stack offsets.
inline std::int64_t slot_offset(std::size_t slot) {
    return -4 - 4 * static_cast<std::int64_t>(slot);
}

}  // namespace bpfw::compiler::filter
