// SPDX-License-Identifier: GPL-2.0-or-later
// IR -> smaller IR with the same verdicts and the same counters: constants are folded, nested
// lists flattened, rules that can't match are dropped, and so is all that stands behind a rule
// that always ends its chain.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

Ir fold(Ir ir);
Expr fold(const Expr& expr);

// A guard may drop the packet, so nothing that holds one is folded away or moved.
bool has_guard(const Expr& expr);

}  // namespace bpfw::compiler
