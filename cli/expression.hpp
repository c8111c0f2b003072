// SPDX-License-Identifier: GPL-2.0-or-later
// -e and -F: one tcpdump expression in the place of rules.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/program.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/pcap/expression.hpp"

namespace bpfw::cli {

struct ExpressionInput {
    parser::Sources sources;
    parser::Diagnostics diags;
    std::optional<parser::pcap::Expression> expression;  // nothing after a mistake

    // What listings name as each primitive's place; valid as long as this is.
    [[nodiscard]] compiler::filter::Where where() const { return {{}, &sources}; }
};

// Reads what -e or -F names. Everything wrong, an unreadable file included, is in input.diags.
void read_expression(const Options& options, ExpressionInput& input);

// The two steps every command with an expression begins with; what is wrong has been reported.
tl::expected<compiler::Program, Exit> compile_expression(const Options& options,
                                                         ExpressionInput& input);

// `bpfw compile -e`: listing, classic bytecode, stage text, graph or object file.
Exit run_compile_expression(const Options& options);
// `bpfw test -e`: which frames of a capture match.
Exit run_test_expression(const Options& options);

}  // namespace bpfw::cli
