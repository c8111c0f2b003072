// SPDX-License-Identifier: GPL-2.0-or-later
// Builds a classic program with labels. finish() alone turns them into offsets, and puts a `ja`
// between where a way is longer than the 8 bits of a conditional jump.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "compiler/filter/classic.hpp"

namespace bpfw::compiler::filter {

using ClassicLabel = std::uint32_t;

class ClassicAssembler {
public:
    ClassicLabel label();
    // The label stands for the next instruction.
    void bind(ClassicLabel label);

    void emit(unsigned code, std::uint32_t k = 0);
    // BPF_JMP | BPF_JEQ | BPF_K and the like.
    void branch(unsigned code, std::uint32_t k, ClassicLabel yes, ClassicLabel no);
    void ja(ClassicLabel to);

    // Takes out the stores to scratch words that `is_read` does not know: (word, tag) as given to
    // store().
    void store(std::uint32_t word, std::uint32_t tag);
    template <typename IsRead>
    void drop_stores(IsRead is_read) {
        for (Item& item : items_)
            if (item.tag != kNone && !is_read(item.insn.k, item.tag)) item.dropped = true;
    }

    // Code that is there twice is there once after that, and tests that decide nothing are gone.
    // All jumps are forward: BPF_BUG when one is not, or a label was never bound.
    ClassicProgram finish() &&;

private:
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
    struct Item {
        parser::ClassicInstruction insn;
        // Labels; in finish() the items that they stand for.
        std::uint32_t yes = kNone;  // also where a ja leads
        std::uint32_t no = kNone;
        std::uint32_t tag = kNone;
        bool dropped = false;
        bool far_yes = false;  // by a ja behind it
        bool far_no = false;
    };
    void follow_labels();
    void share();
    void drop_unreached();
    void place();
    bool route();
    [[nodiscard]] std::uint32_t size_of(const Item& item) const;

    std::vector<Item> items_;
    std::vector<std::uint32_t> labels_;  // item index
    std::vector<std::uint32_t> places_;  // of each item, and of the end
};

}  // namespace bpfw::compiler::filter
