// SPDX-License-Identifier: GPL-2.0-or-later
// The compiler's front door: Ruleset -> Program (and write_object() makes the bytes).
// A function from values to values: no root, no kernel, no clock, no file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/program.hpp"
#include "compiler/ruleset.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/base/span.hpp"

namespace bpfw::compiler {

// The ruleset has passed check(). Nothing is returned when it cannot be compiled (too large,
// chains nested too deep, ...): diags tells which rule and why.
std::optional<Program> compile(const Ruleset& ruleset, const parser::Sources& sources,
                               parser::Diagnostics& diags);

// The names --dump-after takes, in order ("lower", "fold", ...; "filter" and "filter-..." for the
// graphs of what is asked on the frame), and the text after one.
std::vector<std::string> stage_names();
std::string dump_after(std::string_view stage, const Ruleset& ruleset,
                       const parser::Sources& sources, parser::Diagnostics& diags);

// The emitted code with the rule above its instructions, sizes per function, and where each
// chain runs and why: what `bpfw compile` prints.
std::string listing(const Program& program);
// The control-flow graph in Graphviz's language.
std::string dot(const Program& program);

}  // namespace bpfw::compiler
