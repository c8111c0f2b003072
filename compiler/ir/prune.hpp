// SPDX-License-Identifier: GPL-2.0-or-later
// A jump without conditions into a chain that never comes back is a goto, and nothing behind it
// is ever reached: the verifier refuses unreachable code.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

Ir prune(Ir ir);

}  // namespace bpfw::compiler
