// SPDX-License-Identifier: GPL-2.0-or-later
// One filter expression -> a Program that drops what it matches (Entry::Filter), for
// write_object().
#pragma once

#include <optional>

#include "compiler/filter/graph.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/program.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/pcap/expression.hpp"

namespace bpfw::compiler::filter {

// The program of a graph that gives 1 for a match and 0 for none.
Program filter_program(const Graph& graph);

// `where` is for the listing. Warns when no frame can match; nothing is returned
// when the code would be too long for the kernel.
std::optional<Program> compile_filter(const parser::pcap::Expression& expression,
                                      const Where& where, parser::Diagnostics& diags);

}  // namespace bpfw::compiler::filter
