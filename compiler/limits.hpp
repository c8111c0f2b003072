// SPDX-License-Identifier: GPL-2.0-or-later
// What one BPF program may hold, and what each entry program of an object leads to.
#pragma once

#include "compiler/program.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compiler {

// Takes away the functions that no entry program of the object leads to.
void drop_unreached(Program& program);

// False, with the figures in `diags`, when the kernel would not load a program of the object:
// refused by us, and not by the verifier.
bool fits(const Program& program, parser::Diagnostics& diags);

}  // namespace bpfw::compiler
