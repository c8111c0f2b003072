// SPDX-License-Identifier: GPL-2.0-or-later
// Expression -> graph -> functions for XDP and TC -> Program. compile_filter() is the door.
#include "compiler/filter/compile_filter.hpp"

#include <fmt/format.h>

#include <iterator>

#include "compiler/filter/emit_filter.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"

namespace bpfw::compiler::filter {
namespace {

// Of one BPF program. The kernel (6.18) processed up to 3.5 times as many for random graphs, and
// takes 1,000,000 (BPF_COMPLEXITY_LIMIT_INSNS).
constexpr std::size_t kMostInstructions = 280'000;
constexpr std::size_t kMostFunctions = 245;

bool fits(const std::vector<Function>& functions) {
    std::size_t instructions = 0;
    for (const Function& function : functions) instructions += function.insns.size();
    return instructions <= kMostInstructions && functions.size() <= kMostFunctions;
}

}  // namespace

std::optional<Program> compile_filter(const parser::pcap::Expression& expression,
                                      const LineMark& where, parser::Diagnostics& diags) {
    const Graph graph = optimise(lower(expression, Lists::AsSets, where));
    const parser::Span at = expression.nodes[expression.root].at;
    if (always_gives(graph, 0)) diags.warning(at, "expression rejects all packets");
    Program program;
    program.entry = Entry::Filter;
    for (const auto& [name, signature] : {std::pair{"bpfw_filter_xdp", Signature::FrameXdp},
                                          {"bpfw_filter_tc", Signature::FrameTc}}) {
        // Each of the two is a program of its own, with the same sets.
        std::vector<std::byte> tables;
        std::vector<Function> functions = emit_filter(graph, name, signature, tables);
        if (!fits(functions)) {
            diags.error(at, "the expression is too large for the kernel")
                .hint("it verifies at most 1,000,000 instructions in 256 functions a program")
                .kind(parser::Mistake::Unsupported);
            return std::nullopt;
        }
        program.tables = std::move(tables);
        std::move(functions.begin(), functions.end(), std::back_inserter(program.functions));
    }
    return program;
}

}  // namespace bpfw::compiler::filter
