// SPDX-License-Identifier: GPL-2.0-or-later
// IR + plan -> functions of eBPF instructions.
#pragma once

#include <vector>

#include "compiler/ir/ir.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// One Function per Unit of the plan, in its order.
std::vector<Function> emit(const Ir& ir, const Plan& plan);

}  // namespace bpfw::compiler
