// SPDX-License-Identifier: GPL-2.0-or-later
// One IR for every packet -> one for regular packets (no guards, short tests) and one for odd
// packets (fragments, truncated headers: every guard is asked).
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

Ir specialise(Ir ir, PacketClass packets);

// By chain: whether regular and odd packets can be judged differently in it, or in a chain that
// it leads to. Where not, one function serves both.
std::vector<bool> sensitive_chains(const Ir& ir);

}  // namespace bpfw::compiler
