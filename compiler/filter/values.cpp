// SPDX-License-Identifier: GPL-2.0-or-later
// Values: one id for equal values, with constants folded and a few forms made one. Folding never
// loses an abort: `x & 0` stays when x has a load.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <unordered_map>

#include "compiler/filter/graph.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;

std::size_t mix(std::size_t hash, std::size_t more) {
    hash = (hash ^ more) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 32U);
}

std::size_t hash_of(const Value& value) {
    const std::size_t hash = mix(0, value.index());
    return std::visit(
        overloaded{
            [&](const Constant& c) { return mix(hash, c.value); },
            [&](const FrameLength&) { return hash; },
            [&](const InterfaceIndex&) { return hash; },
            [&](const Load& l) {
                return mix(mix(mix(hash, static_cast<std::size_t>(l.size)), l.base), l.offset);
            },
            [&](const Binary& b) {
                return mix(mix(mix(hash, static_cast<std::size_t>(b.op)), b.left), b.right);
            },
        },
        value);
}

bool commutes(Operator op) {
    switch (op) {
        case Operator::Add:
        case Operator::Multiply:
        case Operator::And:
        case Operator::Or:
        case Operator::Xor:
        case Operator::Equal:
            return true;
        case Operator::Subtract:
        case Operator::Divide:
        case Operator::Modulo:
        case Operator::ShiftLeft:
        case Operator::ShiftRight:
            return false;
    }
    BPFW_BUG("operator out of range");
}

std::uint32_t cut(std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kAll));
}

// The largest that `op` gives for operands up to `left` and `right`; `exact` when right is a
// constant.
std::uint32_t largest_of(Operator op, std::uint32_t left, std::uint32_t right, bool exact) {
    switch (op) {
        case Operator::Add:
            return cut(std::uint64_t{left} + right);
        case Operator::Subtract:
            return kAll;
        case Operator::Multiply:
            return cut(std::uint64_t{left} * right);
        case Operator::Divide:
            return exact && right != 0 ? left / right : left;
        case Operator::Modulo:
            return right == 0 ? 0 : std::min(left, right - 1);
        case Operator::And:
            return std::min(left, right);
        case Operator::Or:
        case Operator::Xor:
            return cut((std::uint64_t{1} << std::bit_width(left | right)) - 1);
        case Operator::ShiftLeft:
            if (!exact) {
                return kAll;
            }
            return right >= 32 ? 0 : cut(std::uint64_t{left} << right);
        case Operator::ShiftRight:
            if (!exact) {
                return left;
            }
            return right >= 32 ? 0 : left >> right;
        case Operator::Equal:
            return 1;
    }
    BPFW_BUG("operator out of range");
}

std::uint32_t largest_load(LoadSize size) {
    switch (size) {
        case LoadSize::U8:
            return 0xff;
        case LoadSize::U16:
            return 0xffff;
        case LoadSize::U32:
            return kAll;
    }
    BPFW_BUG("load size out of range");
}

}  // namespace

std::optional<std::uint32_t> apply(Operator op, std::uint32_t left, std::uint32_t right) {
    switch (op) {
        case Operator::Add:
            return left + right;
        case Operator::Subtract:
            return left - right;
        case Operator::Multiply:
            return left * right;
        case Operator::Divide:
            return right == 0 ? std::nullopt : std::optional(left / right);
        case Operator::Modulo:
            return right == 0 ? std::nullopt : std::optional(left % right);
        case Operator::And:
            return left & right;
        case Operator::Or:
            return left | right;
        case Operator::Xor:
            return left ^ right;
        case Operator::ShiftLeft:
            return right >= 32 ? 0 : left << right;
        case Operator::ShiftRight:
            return right >= 32 ? 0 : left >> right;
        case Operator::Equal:
            return left == right ? 1 : 0;
    }
    BPFW_BUG("operator out of range");
}

std::uint32_t largest(const Graph& graph, ValueId value) {
    std::unordered_map<ValueId, std::uint32_t> known;
    const auto find = [&](const auto& self, ValueId id) -> std::uint32_t {
        if (const auto it = known.find(id); it != known.end()) {
            return it->second;
        }
        const std::uint32_t found = std::visit(
            overloaded{
                [](const Constant& c) { return c.value; },
                [](const FrameLength&) { return kAll; },
                [](const InterfaceIndex&) { return kAll; },
                [](const Load& l) { return largest_load(l.size); },
                [&](const Binary& b) {
                    const bool exact = std::holds_alternative<Constant>(graph.values[b.right]);
                    return largest_of(b.op, self(self, b.left), self(self, b.right), exact);
                },
            },
            graph.values[id]);
        known.emplace(id, found);
        return found;
    };
    return find(find, value);
}

Values::Values(std::vector<Value>& values) : values_(values) {
    for (ValueId id = 0; id < values_.size(); ++id) {
        learn(id);
    }
}

ValueId Values::keep(const Value& value) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash_of(value); !slots_.empty(); ++at) {
        const ValueId id = slots_[at & mask];
        if (id == kNoValue) {
            break;
        }
        if (values_[id] == value) {
            return id;
        }
    }
    values_.push_back(value);
    learn(static_cast<ValueId>(values_.size() - 1));
    return static_cast<ValueId>(values_.size() - 1);
}

// Facts about the value `id`, and its place in the index (at most half full).
void Values::learn(ValueId id) {
    facts_.push_back(std::visit(
        overloaded{
            [](const Constant& c) {
                return Fact{c.value, false};
            },
            [](const FrameLength&) {
                return Fact{kAll, false};
            },
            [](const InterfaceIndex&) {
                return Fact{kAll, false};
            },
            [](const Load& l) {
                return Fact{largest_load(l.size), true};
            },
            [&](const Binary& b) {
                const auto right = constant_of(b.right);
                const bool divides = b.op == Operator::Divide || b.op == Operator::Modulo;
                return Fact{largest_of(b.op, facts_[b.left].largest, facts_[b.right].largest,
                                       right.has_value()),
                            facts_[b.left].may_abort || facts_[b.right].may_abort ||
                                (divides && right.value_or(0) == 0)};
            },
        },
        values_[id]));
    if (slots_.size() < 2 * facts_.size()) {
        slots_.assign(std::max<std::size_t>(64, 4 * facts_.size()), kNoValue);
        slots_.resize(std::bit_ceil(slots_.size()), kNoValue);
        for (ValueId known = 0; known < id; ++known) {
            place(known);
        }
    }
    place(id);
}

void Values::place(ValueId id) {
    std::size_t at = hash_of(values_[id]);
    while (slots_[at & (slots_.size() - 1)] != kNoValue) {
        ++at;
    }
    slots_[at & (slots_.size() - 1)] = id;
}

std::optional<std::uint32_t> Values::constant_of(ValueId id) const {
    const auto* constant = std::get_if<Constant>(&values_[id]);
    return constant != nullptr ? std::optional(constant->value) : std::nullopt;
}

ValueId Values::add(const Value& value) {
    if (const auto* load = std::get_if<Load>(&value)) {
        return add_load(*load);
    }
    if (const auto* binary = std::get_if<Binary>(&value)) {
        return add_binary(*binary);
    }
    return keep(value);
}

// Constant parts of the base go into the offset where the sum cannot wrap.
ValueId Values::add_load(Load load) {
    if (load.base == kNoValue) {
        return keep(load);
    }
    if (const auto base = constant_of(load.base)) {
        // Beyond 32 bits is beyond the end of every frame, and so is the last byte below it.
        return keep(Load{load.size, kNoValue, cut(std::uint64_t{*base} + load.offset)});
    }
    if (const auto* sum = std::get_if<Binary>(&values_[load.base]);
        sum != nullptr && sum->op == Operator::Add) {
        const auto more = constant_of(sum->right);
        if (more && std::uint64_t{facts_[sum->left].largest} + *more <= kAll &&
            std::uint64_t{load.offset} + *more <= kAll) {
            return add_load(Load{load.size, sum->left, load.offset + *more});
        }
    }
    return keep(load);
}

ValueId Values::add_binary(Binary binary) {
    if (commutes(binary.op)) {
        const bool left = constant_of(binary.left).has_value();
        const bool right = constant_of(binary.right).has_value();
        if ((left && !right) || (left == right && binary.left > binary.right)) {
            std::swap(binary.left, binary.right);
        }
    }
    if (const auto right = constant_of(binary.right)) {
        return with_constant(binary.op, binary.left, *right);
    }
    if (binary.left == binary.right) {
        if (binary.op == Operator::And || binary.op == Operator::Or) {
            return binary.left;
        }
        if (!facts_[binary.left].may_abort) {
            if (binary.op == Operator::Subtract || binary.op == Operator::Xor) {
                return constant(0);
            }
            if (binary.op == Operator::Equal) {
                return constant(1);
            }
        }
    }
    return keep(binary);
}

// One way to write `left op right`: subtraction as addition, powers of two as shifts and masks.
ValueId Values::with_constant(Operator op, ValueId left, std::uint32_t right) {
    if (op == Operator::Subtract) {
        return with_constant(Operator::Add, left, 0U - right);
    }
    if (std::has_single_bit(right)) {
        const auto bits = static_cast<std::uint32_t>(std::countr_zero(right));
        switch (op) {
            case Operator::Multiply:
                return with_constant(Operator::ShiftLeft, left, bits);
            case Operator::Divide:
                return with_constant(Operator::ShiftRight, left, bits);
            case Operator::Modulo:
                return with_constant(Operator::And, left, right - 1);
            case Operator::Add:
            case Operator::Subtract:
            case Operator::And:
            case Operator::Or:
            case Operator::Xor:
            case Operator::ShiftLeft:
            case Operator::ShiftRight:
            case Operator::Equal:
                break;
        }
    }
    if (const auto known = constant_of(left)) {
        if (const auto result = apply(op, *known, right)) {
            return constant(*result);
        }
    }
    if (leaves_as_is(op, left, right)) {
        return left;
    }
    if (!facts_[left].may_abort && always_zero(op, left, right)) {
        return constant(0);
    }
    return joined(op, left, right);
}

bool Values::leaves_as_is(Operator op, ValueId left, std::uint32_t right) const {
    switch (op) {
        case Operator::Add:
        case Operator::Subtract:
        case Operator::Or:
        case Operator::Xor:
        case Operator::ShiftLeft:
        case Operator::ShiftRight:
            return right == 0;
        case Operator::Multiply:
        case Operator::Divide:
            return right == 1;
        case Operator::Modulo:
            return facts_[left].largest < right;
        case Operator::And:
            // Every bit that left can have is in the mask.
            return (largest_of(Operator::Or, facts_[left].largest, 0, false) & ~right) == 0;
        case Operator::Equal:
            return right == 1 && facts_[left].largest == 1;
    }
    BPFW_BUG("operator out of range");
}

bool Values::always_zero(Operator op, ValueId left, std::uint32_t right) const {
    switch (op) {
        case Operator::Multiply:
        case Operator::And:
            return right == 0;
        case Operator::Divide:
            return right != 0 && facts_[left].largest < right;
        case Operator::ShiftLeft:
            return right >= 32;
        case Operator::ShiftRight:
            return right >= 32 || facts_[left].largest >> right == 0;
        case Operator::Equal:
            return facts_[left].largest < right;
        case Operator::Add:
        case Operator::Subtract:
        case Operator::Modulo:
        case Operator::Or:
        case Operator::Xor:
            return false;
    }
    BPFW_BUG("operator out of range");
}

// (x op a) op b is x op (a op b) where that holds.
ValueId Values::joined(Operator op, ValueId left, std::uint32_t right) {
    const auto* inner = std::get_if<Binary>(&values_[left]);
    const auto inner_right = inner != nullptr ? constant_of(inner->right) : std::nullopt;
    if (inner_right && inner->op == op) {
        const ValueId x = inner->left;
        const std::uint32_t a = *inner_right;
        switch (op) {
            case Operator::Add:
                return with_constant(op, x, a + right);
            case Operator::And:
                return with_constant(op, x, a & right);
            case Operator::Or:
                return with_constant(op, x, a | right);
            case Operator::Xor:
                return with_constant(op, x, a ^ right);
            case Operator::ShiftLeft:
            case Operator::ShiftRight:
                return with_constant(op, x, cut(std::uint64_t{a} + right));
            case Operator::Subtract:
            case Operator::Multiply:
            case Operator::Divide:
            case Operator::Modulo:
            case Operator::Equal:
                break;
        }
    }
    const ValueId constant_id = constant(right);
    return keep(Binary{op, left, constant_id});
}

}  // namespace bpfw::compiler::filter
