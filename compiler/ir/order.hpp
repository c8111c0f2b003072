// SPDX-License-Identifier: GPL-2.0-or-later
// Within a rule for regular packets the order of the tests is free: the one that fails most
// often comes first. Odd packets keep the kernel's order, where a guard's place matters.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

Ir order(Ir ir);

}  // namespace bpfw::compiler
