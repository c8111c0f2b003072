// SPDX-License-Identifier: GPL-2.0-or-later
// Contents of registers and slots -> the register for the next value, and moves to the stack when
// there are too few. Places is the door.
#include "compiler/filter/emit_places.hpp"

#include <algorithm>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

Content both(const Content& a, const Content& b) {
    if (a.kind != b.kind || a.value != b.value) return {};
    return {a.kind, a.value, std::min(a.proven, b.proven)};
}

}  // namespace

Facts meet(const Facts& a, const Facts& b) {
    Facts out;
    for (std::size_t i = 0; i < out.registers.size(); ++i)
        out.registers.at(i) = both(a.registers.at(i), b.registers.at(i));
    for (std::size_t i = 0; i < out.slots.size(); ++i)
        out.slots.at(i) = both(a.slots.at(i), b.slots.at(i));
    out.proven = std::min(a.proven, b.proven);
    return out;
}

void Places::begin(const Facts& at_entry, Items live) {
    facts = at_entry;
    const auto drop = [&](Content& content) {
        const Items item = content.kind == Content::Kind::Number    ? shape_.number(content.value)
                           : content.kind == Content::Kind::Pointer ? shape_.pointer(content.value)
                                                                    : kNoItem;
        if ((item & live) == 0) content = {};
    };
    for (Content& content : facts.registers) drop(content);
    for (Content& content : facts.slots) drop(content);
}

// R0 is what the code between blocks uses.
Facts Places::settled() const {
    Facts out = facts;
    out.registers.front() = {};
    return out;
}

std::optional<Reg> Places::find_number(ValueId value) const {
    for (const Reg reg : pool_)
        if (at(reg).kind == Content::Kind::Number && at(reg).value == value) return reg;
    return std::nullopt;
}

std::optional<Reg> Places::find_pointer(ValueId base) const {
    for (const Reg reg : pool_)
        if (at(reg).kind == Content::Kind::Pointer && at(reg).value == base) return reg;
    return std::nullopt;
}

std::optional<Reg> Places::fetch_number(ValueId value, Use use) {
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const Content& content = facts.slots.at(slot);
        if (content.kind != Content::Kind::Number || content.value != value) continue;
        hold(value);  // its slot is not to be taken for what makes room
        const Reg reg = take(use);
        release(value);
        as_.load(Size::U32, reg, kStack, slot_offset(slot));
        define(reg, {Content::Kind::Number, value, 0});
        return reg;
    }
    return std::nullopt;
}

bool Places::useful(Reg reg) const {
    const Content& content = at(reg);
    if (content.kind == Content::Kind::Number) return wanted(content.value);
    return content.kind == Content::Kind::Pointer &&
           (pending_.at(content.value) != 0 || (live_ & shape_.pointer(content.value)) != 0);
}

// What taking the register costs: less is better. Registers that no call loses cost a push and a
// pop in the machine code, once.
int Places::cost(Reg reg, Use use) const {
    const Content& content = at(reg);
    int cost = 0;
    if (reg == Reg::R0 && use == Use::Keep) cost += 3;
    if (reg != Reg::R0 && use == Use::Pass) cost += 1;
    if (!lost_in_calls(reg) && (opened_ >> index(reg) & 1U) == 0) cost += 4;
    if (!useful(reg)) return cost;
    if (content.kind == Content::Kind::Pointer) return cost + 16;
    return cost + (needed(content.value) ? 32 : 8);
}

Reg Places::take(Use use) {
    const Reg* best = nullptr;
    for (const Reg& reg : pool_) {
        if (pins_.at(index(reg)) != 0) continue;
        if (best == nullptr || cost(reg, use) < cost(*best, use)) best = &reg;
    }
    if (best == nullptr) BPFW_BUG("every register is pinned");
    evict(*best);
    opened_ |= 1U << index(*best);
    return *best;
}

std::optional<std::size_t> Places::free_slot() const {
    std::optional<std::size_t> second;
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const Content& content = facts.slots.at(slot);
        if (content.kind == Content::Kind::Nothing || !wanted(content.value)) return slot;
        if (holds_.at(content.value) == 0) second = slot;
    }
    return second;
}

// The content goes to a slot when this block reads it again, else nowhere.
void Places::evict(Reg reg) {
    const Content content = at(reg);
    at(reg) = {};
    if (content.kind != Content::Kind::Number || !needed(content.value)) return;
    if (find_number(content.value)) return;
    for (const Content& slot : facts.slots)
        if (slot.kind == Content::Kind::Number && slot.value == content.value) return;
    const auto slot = free_slot();
    if (!slot) {
        if (holds_.at(content.value) != 0) BPFW_BUG("out of stack slots");
        return;
    }
    as_.store(Size::U32, kStack, slot_offset(*slot), reg);
    facts.slots.at(*slot) = content;
    spilled_ = true;
}

void Places::save_from_call() {
    for (const Reg reg : pool_) {
        const Content content = at(reg);
        if (!lost_in_calls(reg) || content.kind != Content::Kind::Number || !wanted(content.value))
            continue;
        const auto safe = std::find_if(pool_.begin(), pool_.end(), [&](Reg other) {
            return !lost_in_calls(other) && pins_.at(index(other)) == 0 && !useful(other);
        });
        if (safe == pool_.end()) {
            if (!needed(content.value) && !free_slot()) continue;
            hold(content.value);
            at(reg) = content;
            evict(reg);
            at(reg) = content;
            release(content.value);
            continue;
        }
        as_.mov(*safe, reg);
        at(*safe) = content;
        opened_ |= 1U << index(*safe);
    }
}

void Places::lose_to_call() {
    for (std::size_t i = 0; i <= index(Reg::R5); ++i) facts.registers.at(i) = {};
}

std::vector<Reg> Places::spare() const {
    std::vector<Reg> out;
    for (const Reg reg : pool_)
        if (pins_.at(index(reg)) == 0) out.push_back(reg);
    std::stable_sort(out.begin(), out.end(),
                     [&](Reg a, Reg b) { return cost(a, Use::Pass) < cost(b, Use::Pass); });
    return out;
}

}  // namespace bpfw::compiler::filter
