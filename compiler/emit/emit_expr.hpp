// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions -> compares and jumps. Every compare loads its field anew: a field kept in a
// register makes the verifier follow each decided compare as a state of its own, and 1,000
// rules then exceed its limit.
#pragma once

#include <span>

#include "compiler/asm/assembler.hpp"
#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

struct Targets {
    Label yes;
    Label no;
    Label hotdrop;                         // the packet is dropped without asking any further rule
    Signature caller = Signature::Packet;  // of the function that the code is in
};

// What stands right behind the code, and so needs no jump.
enum class Next : std::uint8_t { Yes, No };

void emit(Assembler& as, const Expr& expr, const Targets& targets, Next next);
// All of them, in order.
void emit(Assembler& as, std::span<const Expr> conditions, const Targets& targets, Next next);

}  // namespace bpfw::compiler
