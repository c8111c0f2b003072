// SPDX-License-Identifier: GPL-2.0-or-later
// IR + plan -> functions of eBPF instructions.
#pragma once

#include <vector>

#include "compiler/emit/lookup_table.hpp"
#include "compiler/ir/ir.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// One Function per Unit of the plan, in its order. `signature` is one of the Packet ones; with a
// context the functions' names end in what name_for() adds. Lookups get their data from `tables`.
std::vector<Function> emit(const Ir& ir, const Plan& plan, LookupTables& tables,
                           Signature signature = Signature::Packet);

}  // namespace bpfw::compiler
