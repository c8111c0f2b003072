// SPDX-License-Identifier: GPL-2.0-or-later
// Within a rule for regular packets the order of the tests is free: the one that fails most
// often comes first. Odd packets keep the kernel's order, where a guard's place matters.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

Ir order(Ir ir);

// log2 of the estimated chance that a packet passes: 0 surely, -16 one port.
double likelihood(const Expr& expr);

}  // namespace bpfw::compiler
