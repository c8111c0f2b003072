// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> IR: names become chain numbers, every match becomes tests on packet fields, every
// rule and policy gets its counter slot.
#pragma once

#include <vector>

#include "compiler/filters.hpp"
#include "compiler/ir/ir.hpp"
#include "compiler/ruleset.hpp"
#include "parser/base/span.hpp"

namespace bpfw::compiler {

// One Ir per family, IPv4 first. `ruleset` has passed check(). Slots count the lines of
// to_text(ruleset) as bpf-templates/abi.h says: per family the chain lines with a policy,
// then the rules; behind both families the frame rules. What rules ask on the frame goes to
// `filters`.
std::vector<Ir> lower(const Ruleset& ruleset, const parser::Sources& sources, Filters& filters);

// File, line and column of what stands there, with the text that is shown for it.
LineMark origin_of(parser::Span span, std::string text, const parser::Sources& sources);

// How many counter slots lower() gives out.
std::uint32_t count_slots(const Ruleset& ruleset);

}  // namespace bpfw::compiler
