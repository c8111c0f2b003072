// SPDX-License-Identifier: GPL-2.0-or-later
// Value -> register: loads with what proves them to be in the frame, arithmetic as pcap-filter
// has it. ValueEmitter is the door.
#include "compiler/filter/emit_values.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "bpf-templates/abi.h"
#include "compiler/filter/optimise.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Anticipation by base is computed for graphs of up to so many blocks: it is linear in them, for
// each base.
constexpr std::size_t kMostAnticipated = 2000;
constexpr std::uint32_t kLoadable = 0x7fffffff;  // beyond, bpfw_load_*() finds nothing

Size size_of(LoadSize size) {
    return size == LoadSize::U8 ? Size::U8 : size == LoadSize::U16 ? Size::U16 : Size::U32;
}

bool is_constant(const Graph& graph, ValueId id, std::uint32_t& value) {
    const auto* constant = std::get_if<Constant>(&graph.values[id]);
    if (constant != nullptr) value = constant->value;
    return constant != nullptr;
}

// The size of the load below a mask.
LoadSize loaded_size(const Graph& graph, ValueId id) {
    while (const auto* binary = std::get_if<Binary>(&graph.values[id])) id = binary->left;
    return std::get<Load>(graph.values[id]).size;
}

Alu alu_of(Operator op) {
    switch (op) {
        case Operator::Add:
            return Alu::Add;
        case Operator::Subtract:
            return Alu::Sub;
        case Operator::Multiply:
            return Alu::Mul;
        case Operator::Divide:
            return Alu::Div;
        case Operator::Modulo:
            return Alu::Mod;
        case Operator::And:
            return Alu::And;
        case Operator::Or:
            return Alu::Or;
        case Operator::Xor:
        case Operator::Equal:
            return Alu::Xor;
        case Operator::ShiftLeft:
            return Alu::Lsh;
        case Operator::ShiftRight:
            return Alu::Rsh;
    }
    BPFW_BUG("operator out of range");
}

bool shifts(Operator op) { return op == Operator::ShiftLeft || op == Operator::ShiftRight; }
// The verifier of 6.12 and later remembers what was added to a copy, and refuses as offset of a
// packet pointer what has had more than BPF_MAX_VAR_OFF added (check_reg_sane_offset()). Added to
// a constant, the number is no copy.
bool far(std::uint32_t constant) {
    constexpr std::uint32_t kMostAdded = 1U << 28U;
    return constant + kMostAdded > 2 * kMostAdded;
}

bool divides(Operator op) { return op == Operator::Divide || op == Operator::Modulo; }

}  // namespace

std::uint32_t in_order(const Graph& graph, const Shape& shape, ValueId value,
                       std::uint32_t constant) {
    if (shape.order(value) == Order::Host) return constant;
    return loaded_size(graph, value) == LoadSize::U16
               ? __builtin_bswap16(static_cast<std::uint16_t>(constant))
               : __builtin_bswap32(constant);
}

ValueEmitter::ValueEmitter(Assembler& as, const GraphFacts& facts, const Shape& shape,
                           const FunctionPlan& plan, const Roles& roles)
    : places(as, shape, roles.pool),
      as_(as),
      facts_(facts),
      graph_(facts.graph),
      shape_(shape),
      plan_(plan),
      roles_(roles),
      seen_(graph_.values.size()) {
    places.resize(graph_.values.size());
}

// ------------------------------------------------------------------------- blocks
void ValueEmitter::begin_block(const Test& test, Ways ways) {
    ways_ = std::move(ways);
    ++mark_;
    for (const ValueId root : roots(test)) expect(root);
}

// Counts one more reading of `value`, and of what it is computed from when it is not there yet.
void ValueEmitter::expect(ValueId value) {
    std::vector<ValueId> open{value};
    while (!open.empty()) {
        const ValueId id = open.back();
        open.pop_back();
        places.expect(id);
        expected_.push_back(id);
        if (seen_[id] == mark_ || places.find_number(id)) continue;
        seen_[id] = mark_;
        if (const auto* load = std::get_if<Load>(&graph_.values[id])) {
            if (const Place place = place_of(graph_, *load); place.base != kNoValue)
                open.push_back(place.base);
        } else if (const auto* binary = std::get_if<Binary>(&graph_.values[id])) {
            open.push_back(binary->left);
            open.push_back(binary->right);
        }
    }
}

void ValueEmitter::end_block() {
    places.forget_expectations(expected_);
    expected_.clear();
}

// ------------------------------------------------------------------------ numbers
Reg ValueEmitter::number(ValueId value, Use use) {
    if (const auto reg = places.find_number(value)) return *reg;
    if (const auto reg = places.fetch_number(value, use)) return *reg;
    if (shape_.number(value) != kNoItem && places.wanted(value)) use = Use::Keep;
    const Reg reg = compute(value, use);
    places.define(reg, {Content::Kind::Number, value, 0});
    return reg;
}

Reg ValueEmitter::compute(ValueId value, Use use) {
    return std::visit(overloaded{
                          [&](const Constant& c) {
                              const Reg reg = places.take(use);
                              as_.mov32_imm(reg, c.value);
                              return reg;
                          },
                          [&](const FrameLength&) { return frame_length(use); },
                          [&](const InterfaceIndex&) { return interface_index(use); },
                          [&](const Load& l) { return load(value, l, use); },
                          [&](const Binary& b) { return binary(value, b, use); },
                      },
                      graph_.values[value]);
}

Reg ValueEmitter::frame_length(Use use) {
    if (plan_.mode == Mode::Slow) {
        call(names_for(plan_.signature).length, [] {});
        as_.mov32(Reg::R0, Reg::R0);
        return Reg::R0;
    }
    const Reg reg = places.take(use);
    if (plan_.signature == Signature::FrameTc) {
        as_.load(Size::U32, reg, roles_.ctx, offsetof(__sk_buff, len));
    } else {
        as_.mov(reg, roles_.end);
        as_.sub(reg, roles_.data);
    }
    return reg;
}

Reg ValueEmitter::interface_index(Use use) {
    const Reg reg = places.take(use);
    as_.load(Size::U32, reg, roles_.ctx,
             plan_.signature == Signature::FrameTc ? offsetof(__sk_buff, ifindex)
                                                   : offsetof(xdp_md, ingress_ifindex));
    return reg;
}

// --------------------------------------------------------------------- arithmetic
// The register itself when its value is not read again, else a copy.
Reg ValueEmitter::overwritable(Reg reg, ValueId value, Use use) {
    if (!places.wanted(value)) {
        places.forget(reg);
        return reg;
    }
    places.pin(reg);
    const Reg copy = places.take(use);
    places.unpin(reg);
    as_.mov(copy, reg);
    return copy;
}

Reg ValueEmitter::binary(ValueId value, const Binary& b, Use use) {
    std::uint32_t right = 0;
    return is_constant(graph_, b.right, right) ? with_constant(value, b, right, use)
                                               : with_number(value, b, use);
}

Reg ValueEmitter::with_constant(ValueId value, const Binary& b, std::uint32_t right, Use use) {
    const Reg left = number(b.left, use);
    places.consume(b.left);
    places.consume(b.right);
    if (b.op == Operator::Add && far(right)) {
        places.pin(left);
        const Reg sum = places.take(use);
        places.unpin(left);
        as_.mov32_imm(sum, right);
        as_.add32(sum, left);
        return sum;
    }
    const Reg reg = overwritable(left, b.left, use);
    if (divides(b.op) && right == 0) {
        as_.ja(ways_.abort());
        as_.mov32_imm(reg, 0);
        return reg;
    }
    apply_constant(b.op, reg, in_order(graph_, shape_, value, right));
    return reg;
}

void ValueEmitter::apply_constant(Operator op, Reg reg, std::uint32_t right) {
    if (shifts(op) && right >= 32) {
        as_.mov32_imm(reg, 0);
        return;
    }
    as_.alu32(alu_of(op), reg, right);
    if (op != Operator::Equal) return;
    as_.add_imm(reg, -1);  // 0 becomes all ones, anything else stays below 2^32
    as_.rsh_imm(reg, 63);
}

Reg ValueEmitter::with_number(ValueId, const Binary& b, Use use) {
    const bool right_first = shape_.weight(b.right) > shape_.weight(b.left);
    const ValueId first = right_first ? b.right : b.left;
    const ValueId second = right_first ? b.left : b.right;
    number(first, right_first ? Use::Pass : use);
    places.hold(first);
    const Reg second_reg = number(second, right_first ? use : Use::Pass);
    places.pin(second_reg);
    const Reg first_reg = number(first);
    places.release(first);
    places.unpin(second_reg);
    places.consume(b.left);
    places.consume(b.right);
    const Reg left = right_first ? second_reg : first_reg;
    const Reg right = right_first ? first_reg : second_reg;
    places.pin(right);
    // Of a shift, the count is asked again behind it; x / x and the like read what they write.
    Reg reg = left;
    if (left == right) {
        places.pin(left);
        reg = places.take(use);
        places.unpin(left);
        as_.mov(reg, left);
    } else {
        reg = overwritable(left, b.left, use);
    }
    apply_number(b.op, reg, right);
    places.unpin(right);
    return reg;
}

void ValueEmitter::apply_number(Operator op, Reg reg, Reg right) {
    if (divides(op)) as_.jeq32(right, 0, ways_.abort());
    as_.alu32(alu_of(op), reg, right);
    if (op == Operator::Equal) {
        as_.add_imm(reg, -1);
        as_.rsh_imm(reg, 63);
    }
    if (shifts(op)) {  // the machine takes the count modulo 32
        const Label small = as_.label();
        as_.jlt32(right, 32, small);
        as_.mov32_imm(reg, 0);
        as_.bind(small);
    }
}

// -------------------------------------------------------------------------- loads
Reg ValueEmitter::load(ValueId value, const Load& load, Use use) {
    const Place place = place_of(graph_, load);
    if (plan_.mode == Mode::Slow) return load_slow(value, load.size, place);
    return load_fast(value, load.size, place, use);
}

// For a load that is beyond every frame.
Reg ValueEmitter::fail(Use use) {
    as_.ja(plan_.mode == Mode::Fast ? ways_.far() : ways_.beyond());
    const Reg reg = places.take(use);
    as_.mov32_imm(reg, 0);
    return reg;
}

Reg ValueEmitter::load_fast(ValueId value, LoadSize size, const Place& place, Use use) {
    const std::uint64_t end = place.offset + static_cast<std::uint64_t>(size);
    if (end > BPFW_FRAME_DIRECT) {
        if (place.base != kNoValue) {
            number(place.base);
            places.consume(place.base);
        }
        return fail(use);
    }
    Reg from = roles_.data;
    if (place.base == kNoValue) {
        prove_fixed(static_cast<std::uint32_t>(end));
    } else {
        from = pointer(place.base, static_cast<std::uint32_t>(end));
    }
    const Reg reg = places.take(use);  // the pointer's own when that is not needed any more
    as_.load(size_of(size), reg, from, static_cast<std::int64_t>(place.offset));
    if (size != LoadSize::U8 && shape_.order(value) == Order::Host) as_.to_host(size_of(size), reg);
    return reg;
}

std::uint32_t ValueEmitter::anticipated(ValueId base, std::uint32_t end) {
    std::uint32_t more = 0;
    if (base == kNoValue) {
        more = facts_.anticipated[ways_.block];
    } else if (graph_.blocks.size() <= kMostAnticipated) {
        std::vector<std::uint32_t>& known = anticipated_[base];
        if (known.empty()) known = anticipated_bytes(graph_, base);
        more = known[ways_.block];
    }
    return more > BPFW_FRAME_DIRECT ? end : std::max(more, end);
}

void ValueEmitter::prove_fixed(std::uint32_t end) {
    if (places.facts.proven >= end) return;
    const std::uint32_t bytes = anticipated(kNoValue, end);
    prove(roles_.data, bytes);
    places.facts.proven = bytes;
}

void ValueEmitter::prove(Reg pointer, std::uint32_t bytes) {
    const Reg limit = places.take(Use::Pass);
    as_.mov(limit, pointer);
    as_.add_imm(limit, bytes);
    as_.jgt(limit, roles_.end, ways_.beyond());
}

// data + base, `end` bytes from which are known to be in the frame.
Reg ValueEmitter::pointer(ValueId base, std::uint32_t end) {
    Reg reg = Reg::R0;
    if (const auto known = places.find_pointer(base)) {
        reg = *known;
        places.consume(base);
    } else {
        const Reg from = number(base, Use::Keep);
        places.consume(base);
        reg = overwritable(from, base, Use::Keep);
        if (!bounded(base)) as_.jgt(reg, BPFW_FRAME_DIRECT, ways_.far());
        as_.add(reg, roles_.data);
        places.define(reg, {Content::Kind::Pointer, base, 0});
    }
    Content& content = places.facts.registers.at(static_cast<std::size_t>(reg));
    if (content.proven >= end) return reg;
    const std::uint32_t bytes = anticipated(base, end);
    places.pin(reg);
    prove(reg, bytes);
    places.unpin(reg);
    content.proven = bytes;
    return reg;
}

// Whether the verifier sees by itself that the number is at most BPFW_FRAME_DIRECT.
bool ValueEmitter::bounded(ValueId base) const {
    if (places.spilled()) return false;
    constexpr unsigned kDeep = 8;
    const auto most = [&](const auto& find, ValueId id, unsigned depth) -> std::uint64_t {
        constexpr std::uint64_t kUnknown = 0xffffffff;
        if (depth == kDeep) return kUnknown;
        const auto self = [&](ValueId of) { return find(find, of, depth + 1); };
        if (const auto* load = std::get_if<Load>(&graph_.values[id]))
            return load->size == LoadSize::U8 ? 0xff : kUnknown;
        const auto* b = std::get_if<Binary>(&graph_.values[id]);
        if (b == nullptr) return kUnknown;
        if (b->op == Operator::Add) return std::min(self(b->left) + self(b->right), kUnknown);
        std::uint32_t right = 0;
        if (!is_constant(graph_, b->right, right)) return kUnknown;
        if (b->op == Operator::And) return std::min<std::uint64_t>(self(b->left), right);
        if (b->op == Operator::ShiftLeft && right < 16)
            return std::min(self(b->left) << right, kUnknown);
        if (b->op == Operator::ShiftRight && right < 32) return self(b->left) >> right;
        return kUnknown;
    };
    return most(most, base, 0) <= BPFW_FRAME_DIRECT;
}

Reg ValueEmitter::load_slow(ValueId, LoadSize size, const Place& place) {
    if (place.base != kNoValue) number(place.base);
    if (place.offset > kLoadable) {
        if (place.base != kNoValue) places.consume(place.base);
        return fail(Use::Pass);
    }
    call(names_for(plan_.signature).load, [&] {
        if (place.base != kNoValue) {
            argument(Reg::R3, place.base);
            as_.add_imm(Reg::R3, static_cast<std::int64_t>(place.offset));
        } else {
            as_.mov_imm(Reg::R3, static_cast<std::int64_t>(place.offset));
        }
        as_.mov_imm(Reg::R4, static_cast<std::int64_t>(size));
    });
    if (place.base != kNoValue) places.consume(place.base);
    as_.jump(Jmp::Slt, Reg::R0, std::int64_t{0}, ways_.beyond());
    return Reg::R0;
}

// -------------------------------------------------------------------------- calls
void ValueEmitter::call(const char* function, const std::function<void()>& arguments) {
    places.save_from_call();
    arguments();
    as_.mov(Reg::R1, roles_.frame);
    as_.mov(Reg::R2, roles_.ctx);
    as_.call(function);
    places.lose_to_call();
}

void ValueEmitter::argument(Reg into, ValueId value) {
    if (const auto reg = places.find_number(value)) {
        as_.mov(into, *reg);
        return;
    }
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const Content& content = places.facts.slots.at(slot);
        if (content.kind != Content::Kind::Number || content.value != value) continue;
        as_.load(Size::U32, into, kStack, slot_offset(slot));
        return;
    }
    BPFW_BUG("a call's argument is nowhere");
}

}  // namespace bpfw::compiler::filter
