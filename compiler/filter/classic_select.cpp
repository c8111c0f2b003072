// SPDX-License-Identifier: GPL-2.0-or-later
// Values -> classic instructions. Door: ClassicSelect. A division by zero and a load beyond the
// frame end a classic program with 0, so that in which order values are computed does not matter.
#include "compiler/filter/classic_select.hpp"

#include <linux/filter.h>

#include <limits>

#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Beyond every frame, and no address of an extension.
constexpr auto kBeyond = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());

unsigned size_code(LoadSize size) {
    switch (size) {
        case LoadSize::U8:
            return BPF_B;
        case LoadSize::U16:
            return BPF_H;
        case LoadSize::U32:
            return BPF_W;
    }
    BPFW_BUG("load size out of range");
}

unsigned alu_code(Operator op) {
    switch (op) {
        case Operator::Add:
            return BPF_ALU | BPF_ADD;
        case Operator::Subtract:
            return BPF_ALU | BPF_SUB;
        case Operator::Multiply:
            return BPF_ALU | BPF_MUL;
        case Operator::Divide:
            return BPF_ALU | BPF_DIV;
        case Operator::Modulo:
            return BPF_ALU | BPF_MOD;
        case Operator::And:
            return BPF_ALU | BPF_AND;
        case Operator::Or:
            return BPF_ALU | BPF_OR;
        case Operator::Xor:
            return BPF_ALU | BPF_XOR;
        case Operator::ShiftLeft:
            return BPF_ALU | BPF_LSH;
        case Operator::ShiftRight:
            return BPF_ALU | BPF_RSH;
        case Operator::Equal:
            break;
    }
    BPFW_BUG("no arithmetic of classic BPF");
}

bool commutes(Operator op) {
    return op == Operator::Add || op == Operator::Multiply || op == Operator::And ||
           op == Operator::Or || op == Operator::Xor || op == Operator::Equal;
}

}  // namespace

ClassicState ClassicState::met(const ClassicState& other) const {
    ClassicState out = *this;
    if (out.a != other.a) out.a = kNoValue;
    if (out.x != other.x) out.x = kNoValue;
    for (std::uint32_t word = 0; word < kScratchWords; ++word)
        if (out.words[word] != other.words[word]) out.words[word] = kNoValue;
    return out;
}

std::optional<std::uint32_t> ClassicSelect::constant_of(ValueId value) const {
    const auto* constant = std::get_if<Constant>(&graph_.values[value]);
    return constant != nullptr ? std::optional(constant->value) : std::nullopt;
}

std::optional<std::uint32_t> ClassicSelect::word_with(ValueId value) const {
    for (std::uint32_t word = 0; word < kScratchWords; ++word)
        if (state_.words[word] == value) return word;
    return std::nullopt;
}

// The same word for the same value on every way, where that can be: then it is known where ways
// meet.
std::optional<std::uint32_t> ClassicSelect::free_word(ValueId for_value) const {
    const auto is_free = [&](std::uint32_t word) {
        const ValueId held = state_.words[word];
        return !taken_[word] && (held == kNoValue || !uses_.asked_again(held, block_));
    };
    const std::uint32_t first = for_value == kNoValue ? 0 : for_value % kScratchWords;
    for (std::uint32_t n = 0; n < kScratchWords; ++n)
        if (const std::uint32_t word = (first + n) % kScratchWords; is_free(word)) return word;
    return std::nullopt;
}

std::uint32_t ClassicSelect::take_word() {
    std::optional<std::uint32_t> word = free_word(kNoValue);
    // Values in words can be computed anew.
    for (std::uint32_t n = 0; n < kScratchWords && !word; ++n)
        if (!taken_[n]) word = n;
    if (!word) {
        failed_ = true;
        return 0;
    }
    taken_[*word] = true;
    state_.words[*word] = kNoValue;
    return *word;
}

void ClassicSelect::give_back(std::uint32_t word) { taken_[word] = false; }

bool ClassicSelect::at_hand(ValueId value) const {
    return state_.a == value || word_with(value).has_value();
}

void ClassicSelect::read_word(unsigned code, std::uint32_t word) {
    as_.emit(code | BPF_MEM, word);
    read_.emplace(word, state_.words[word]);
}

void ClassicSelect::drop_idle_stores() {
    as_.drop_stores([&](std::uint32_t word, ValueId value) {
        return read_.count({word, value}) != 0;
    });
}

bool ClassicSelect::spares_x(ValueId value, const ClassicState& state) const {
    if (state.a == value || state.x == value || word_with(value)) return true;
    return std::visit(overloaded{
                          [](const Constant&) { return true; },
                          [](const FrameLength&) { return true; },
                          [](const InterfaceIndex&) { return true; },
                          [&](const Load& l) { return l.base == kNoValue || state.x == l.base; },
                          [&](const Binary& b) {
                              const bool right = constant_of(b.right) || state.x == b.right;
                              return right && spares_x(b.left, state);
                          },
                      },
                      graph_.values[value]);
}

void ClassicSelect::to_a(ValueId value) {
    if (state_.a == value) return;
    if (const auto constant = constant_of(value)) {
        as_.emit(BPF_LD | BPF_IMM, *constant);
    } else if (state_.x == value) {
        as_.emit(BPF_MISC | BPF_TXA);
    } else if (const auto word = word_with(value)) {
        read_word(BPF_LD, *word);
    } else {
        compute(value);
        state_.a = value;
        remember(value);
    }
    state_.a = value;
}

// Into a word, when that is worth it.
void ClassicSelect::remember(ValueId value) {
    if (!uses_.asked_again(value, block_)) return;
    const auto word = free_word(value);
    if (!word) return;
    as_.store(*word, value);
    state_.words[*word] = value;
}

void ClassicSelect::to_x(ValueId value) {
    if (state_.x == value) return;
    if (const auto constant = constant_of(value)) {
        as_.emit(BPF_LDX | BPF_IMM, *constant);
    } else if (state_.a != value && word_with(value)) {
        read_word(BPF_LDX, *word_with(value));
    } else if (const auto offset = header_length(graph_, value);
               offset && state_.a != value && *offset <= kBeyond) {
        as_.emit(BPF_LDX | BPF_MSH | BPF_B, *offset);
    } else {
        to_a(value);
        as_.emit(BPF_MISC | BPF_TAX);
    }
    state_.x = value;
}

void ClassicSelect::to_both(ValueId left, ValueId right) {
    ClassicState then = state_;
    then.a = then.x = right;
    if (state_.x == right && spares_x(left, state_)) {
        to_a(left);
    } else if (constant_of(right) || header_length(graph_, right)) {
        to_a(left);
        to_x(right);
    } else if (spares_x(left, then)) {
        to_x(right);
        to_a(left);
    }
    if (state_.a == left && state_.x == right) return;
    to_a(right);
    const std::uint32_t word = take_word();
    as_.emit(BPF_ST, word);
    state_.words[word] = right;
    to_a(left);
    read_word(BPF_LDX, word);
    state_.x = right;
    give_back(word);
}

void ClassicSelect::compute(ValueId value) {
    std::visit(overloaded{
                   [](const Constant&) { BPFW_BUG("a constant is no computation"); },
                   [&](const FrameLength&) { as_.emit(BPF_LD | BPF_W | BPF_LEN); },
                   [&](const InterfaceIndex&) {
                       as_.emit(BPF_LD | BPF_W | BPF_ABS,
                                static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX));
                   },
                   [&](const Load& l) { load(l); },
                   [&](const Binary& b) { binary(b); },
               },
               graph_.values[value]);
}

void ClassicSelect::load(const Load& load) {
    const unsigned code = BPF_LD | size_code(load.size);
    if (load.base == kNoValue || load.offset > kBeyond) {
        as_.emit(code | BPF_ABS, std::min(load.offset, kBeyond));
        return;
    }
    to_x(load.base);
    as_.emit(code | BPF_IND, load.offset);
}

void ClassicSelect::binary(const Binary& binary) {
    if (binary.op == Operator::Equal) {
        equal(binary);
        return;
    }
    if (const auto right = constant_of(binary.right)) {
        to_a(binary.left);
        with_constant(binary.op, *right);
        return;
    }
    // What is in X already, or comes there by one instruction, stands right.
    const bool short_left = header_length(graph_, binary.left).has_value();
    const bool short_right = header_length(graph_, binary.right).has_value();
    const bool turned = commutes(binary.op) && state_.x != binary.right && !short_right &&
                        (state_.x == binary.left || state_.a == binary.right || short_left);
    turned ? to_both(binary.right, binary.left) : to_both(binary.left, binary.right);
    as_.emit(alu_code(binary.op) | BPF_X);
}

void ClassicSelect::with_constant(Operator op, std::uint32_t right) {
    const bool shift = op == Operator::ShiftLeft || op == Operator::ShiftRight;
    if (shift && right >= 32) {
        as_.emit(BPF_ALU | BPF_AND | BPF_K, 0);
    } else if ((op == Operator::Divide || op == Operator::Modulo) && right == 0) {
        // With a constant the kernel refuses it.
        as_.emit(BPF_LDX | BPF_IMM, 0);
        state_.x = kNoValue;
        as_.emit(alu_code(op) | BPF_X);
    } else if (op == Operator::Add && right > kBeyond) {
        as_.emit(BPF_ALU | BPF_SUB | BPF_K, 0 - right);
    } else {
        as_.emit(alu_code(op) | BPF_K, right);
    }
}

void ClassicSelect::equal(const Binary& binary) {
    const ClassicLabel yes = as_.label();
    const ClassicLabel no = as_.label();
    const ClassicLabel end = as_.label();
    if (const auto right = constant_of(binary.right)) {
        to_a(binary.left);
        as_.branch(BPF_JMP | BPF_JEQ | BPF_K, *right, yes, no);
    } else {
        to_both(binary.left, binary.right);
        as_.branch(BPF_JMP | BPF_JEQ | BPF_X, 0, yes, no);
    }
    as_.bind(yes);
    as_.emit(BPF_LD | BPF_IMM, 1);
    as_.ja(end);
    as_.bind(no);
    as_.emit(BPF_LD | BPF_IMM, 0);
    as_.bind(end);
}

}  // namespace bpfw::compiler::filter
