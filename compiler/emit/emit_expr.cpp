// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions -> compares and jumps, with short circuit. emit() is the door.
#include "compiler/emit/emit_expr.hpp"

#include "bpf-templates/abi.h"
#include "compiler/emit/function_names.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

Size size_of(FieldWidth width) {
    switch (width) {
        case FieldWidth::W8:
            return Size::U8;
        case FieldWidth::W16:
            return Size::U16;
        case FieldWidth::W32:
            return Size::U32;
    }
    BPFW_BUG("unknown width");
}

struct Compare {
    Jmp inside;   // taken when first <= value <= last
    Jmp outside;  // taken otherwise
    std::uint32_t imm;
};

// Leaves in kField what one compare can decide.
Compare prepare(Assembler& as, const Test& test) {
    if (test.first == test.last) return {Jmp::Eq, Jmp::Ne, test.first};
    if (test.first == 0) return {Jmp::Le, Jmp::Gt, test.last};
    if (test.last == test.mask) return {Jmp::Ge, Jmp::Lt, test.first};  // no masked value is above
    as.sub32_imm(kField, test.first);
    return {Jmp::Le, Jmp::Gt, test.last - test.first};
}

void emit_test(Assembler& as, const Test& test, const Targets& targets, Next next) {
    const FieldLayout& field = field_layout(test.field);
    as.load(size_of(field.width), kField, kPacket, field.offset);
    if (test.mask != full_mask(test.field)) as.and32_imm(kField, test.mask);
    const Compare compare = prepare(as, test);
    const bool is = test.sense == Sense::Is;
    if (next == Next::Yes) {
        as.jump32(is ? compare.outside : compare.inside, kField, compare.imm, targets.no);
    } else {
        as.jump32(is ? compare.inside : compare.outside, kField, compare.imm, targets.yes);
    }
}

// Which odd bits end the rule or the packet, in the kernel's order.
void emit_guard(Assembler& as, Guard guard, const Targets& targets, Next next) {
    as.load(Size::U32, kField, kPacket, field_layout(Field::Odd).offset);
    const auto if_odd = [&](std::uint32_t bits, Label to) { as.jset32(kField, bits, to); };
    switch (guard) {
        case Guard::Tcp:
            if_odd(BPFW_ODD_FRAGMENT_ONE, targets.hotdrop);
            if_odd(BPFW_ODD_FRAGMENT, targets.no);
            if_odd(BPFW_ODD_NO_L4, targets.hotdrop);
            break;
        case Guard::TcpOptions:
            if_odd(BPFW_ODD_TCP_DOFF, targets.hotdrop);
            break;
        case Guard::Udp:
        case Guard::Icmp:
            if_odd(BPFW_ODD_FRAGMENT, targets.no);
            if_odd(BPFW_ODD_NO_L4, targets.hotdrop);
            break;
        case Guard::Ports:
            if_odd(BPFW_ODD_FRAGMENT, targets.no);
            if_odd(BPFW_ODD_NO_PORTS, targets.hotdrop);
            break;
        case Guard::Mac:
            if_odd(BPFW_ODD_NO_MAC, targets.no);
            break;
        case Guard::Protocol6:
            if_odd(BPFW_ODD_NO_PROTOCOL, targets.hotdrop);
            break;
    }
    if (next == Next::No) as.ja(targets.yes);
}

void emit_filter_test(Assembler& as, const FilterTest& test, const Targets& targets, Next next) {
    as.mov(kArgument, kPacket);
    as.add_imm(kArgument, BPFW_PACKET_FRAME);
    as.mov(Reg::R2, kContext);
    as.call(filter_function(test.filter, targets.caller));
    const bool is = test.sense == Sense::Is;
    if (next == Next::Yes) {
        as.jump32(is ? Jmp::Eq : Jmp::Ne, kResult, 0, targets.no);
    } else {
        as.jump32(is ? Jmp::Ne : Jmp::Eq, kResult, 0, targets.yes);
    }
}

// Parts asked in turn: `all_of` Yes wants every one, No wants any (and is what none of them means).
void emit_list(Assembler& as, std::span<const Expr> of, const Targets& targets, Next next,
               Next all_of) {
    if (of.empty()) {
        if (all_of != next) as.ja(all_of == Next::Yes ? targets.yes : targets.no);
        return;
    }
    for (std::size_t i = 0; i + 1 < of.size(); ++i) {
        const Label more = as.label();
        Targets inner = targets;
        (all_of == Next::Yes ? inner.yes : inner.no) = more;
        emit(as, of[i], inner, all_of);
        as.bind(more);
    }
    emit(as, of.back(), targets, next);
}

}  // namespace

void emit(Assembler& as, const Expr& expr, const Targets& targets, Next next) {
    std::visit(overloaded{
                   [&](const Test& test) { emit_test(as, test, targets, next); },
                   [&](const FilterTest& test) { emit_filter_test(as, test, targets, next); },
                   [&](Guard guard) { emit_guard(as, guard, targets, next); },
                   [&](const All& all) { emit_list(as, all.of, targets, next, Next::Yes); },
                   [&](const Any& any) { emit_list(as, any.of, targets, next, Next::No); },
               },
               expr.node);
}

void emit(Assembler& as, std::span<const Expr> conditions, const Targets& targets, Next next) {
    emit_list(as, conditions, targets, next, Next::Yes);
}

}  // namespace bpfw::compiler
