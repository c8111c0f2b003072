// SPDX-License-Identifier: GPL-2.0-or-later
// IR + plan -> functions of eBPF instructions.
#pragma once

#include <vector>

#include "compiler/ir/ir.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// One Function per Unit of the plan, in its order. `signature` is one of the Packet ones; with a
// context the functions' names end in what name_for() adds.
std::vector<Function> emit(const Ir& ir, const Plan& plan, Signature signature = Signature::Packet);

}  // namespace bpfw::compiler
