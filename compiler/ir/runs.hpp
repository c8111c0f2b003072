// SPDX-License-Identifier: GPL-2.0-or-later
// Runs of neighbouring ACCEPT and DROP rules that differ in one key only -> one lookup each: an
// address, ports with their protocol, a MAC address, a length. What the rules have in common is
// asked once, in front of it. The first matching rule decides and counts, as in the run.
#pragma once

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

// Fewer rules are compared with one by one: a lookup costs what some ten compares do.
constexpr std::size_t kShortestRun = 16;

Ir find_runs(Ir ir);

}  // namespace bpfw::compiler
