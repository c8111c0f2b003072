// SPDX-License-Identifier: GPL-2.0-or-later
// The short forms of rules.txt, "drop EXPR" and its like, one line each -> FrameRule.
#pragma once

#include <optional>
#include <string_view>

#include "parser/ast.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/base/span.hpp"
#include "parser/parse.hpp"

namespace bpfw::parser {

// The action that the line begins with; nothing: it is no short form.
std::optional<FrameAction> frame_action(std::string_view line);

// A line that begins with an action. Behind it: an expression up to the end of the line or to a
// '#', as it is or as a whole in quotes; or -F FILE. Nothing after a mistake.
std::optional<FrameRule> read_frame_rule(Span line, const ReadExpression& read_expression,
                                         const Names& names, Sources& sources, Diagnostics& diags);

}  // namespace bpfw::parser
