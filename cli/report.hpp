// SPDX-License-Identifier: GPL-2.0-or-later
// What goes wrong -> stderr, and the exit code that fits.
#pragma once

#include "cli/exit_code.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/base/result.hpp"

namespace bpfw::cli {

// At most 20 of them, then how many there were. Exit::Mistake when one is an error, else Ok.
Exit report(const parser::Diagnostics& diags, const parser::Sources& sources);

enum class KernelLog : bool { Hide, Show };

// "bpfw: load program 'X': EPERM: ..." and a hint where one fits. Exit::Refused.
Exit report(const Error& error, KernelLog log);

}  // namespace bpfw::cli
