// SPDX-License-Identifier: GPL-2.0-or-later
// What of `-m bpf --bytecode` cannot be run as iptables would: refused before it is compiled.
#pragma once

#include "compiler/ruleset.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compiler {

// False when something was told to `diags`. `ruleset` has passed check().
bool check_bytecode(const Ruleset& ruleset, parser::Diagnostics& diags);

}  // namespace bpfw::compiler
