// SPDX-License-Identifier: GPL-2.0-or-later
// What became of each chain, in words: where it runs, how it is matched, and why.
#pragma once

#include <vector>

#include "compiler/ir/ir.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// One line per chain of the IR for regular packets and its plan.
std::vector<Placement> placements(const Ir& ir, const Plan& plan);
// The short-form rules' line.
Placement place_frames(std::size_t rules);

}  // namespace bpfw::compiler
