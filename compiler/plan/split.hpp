// SPDX-License-Identifier: GPL-2.0-or-later
// A chain that is too long for one function -> parts that are walked one after the other.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

// Conditional jumps that one function may hold. The verifier keeps every branch not yet
// followed on a stack of 8192 per global function (kernel/bpf/verifier.c,
// BPF_COMPLEXITY_LIMIT_JMP_SEQ); this leaves room for the code around the rules.
constexpr std::uint32_t kFunctionBranches = 6000;

// Conditional jumps of a rule, and of a chain's own rules.
std::uint32_t branches(const IrRule& rule);
std::uint32_t branches(const IrChain& chain);

// Parts are new chains with role Part; the chain itself then only leads to them, by rules
// without conditions whose slot is kNoSlot (nothing is counted).
Ir split(Ir ir);

}  // namespace bpfw::compiler
