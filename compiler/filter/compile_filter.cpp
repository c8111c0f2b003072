// SPDX-License-Identifier: GPL-2.0-or-later
// Expression -> graph -> functions for XDP and TC -> Program. compile_filter() is the door.
#include "compiler/filter/compile_filter.hpp"

#include <fmt/format.h>

#include <iterator>

#include "bpf-templates/abi.h"
#include "compiler/filter/emit_filter.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"

namespace bpfw::compiler::filter {
namespace {

// Of one BPF program. The kernel (6.18) processed up to 3.5 times as many for random graphs, and
// takes 1,000,000 (BPF_COMPLEXITY_LIMIT_INSNS).
constexpr std::size_t kMostInstructions = 280'000;
constexpr std::size_t kMostFunctions = 245;

// What is emitted for a hook: filter.bpf.c has the rest.
struct Hook {
    const char* program;
    const char* judge;
    const char* filter;
    Signature main;
    Signature frame;
};
constexpr Hook kHooks[] = {
    {BPFW_PROG_FILTER_XDP, "bpfw_judge_xdp", "bpfw_filter_xdp", Signature::Xdp,
     Signature::FrameXdp},
    {BPFW_PROG_FILTER_TC, "bpfw_judge_tc", "bpfw_filter_tc", Signature::Tc, Signature::FrameTc},
};

// Each hook's functions make a program of their own.
bool fits(const Program& program) {
    for (const bool tc : {false, true}) {
        std::size_t instructions = 0;
        std::size_t functions = 0;
        for (const Function& function : program.functions) {
            const Signature signature = function.signature;
            if (tc != (signature == Signature::Tc || signature == Signature::FrameTc)) continue;
            instructions += function.insns.size();
            ++functions;
        }
        if (instructions > kMostInstructions || functions > kMostFunctions) return false;
    }
    return true;
}

}  // namespace

Program filter_program(const Graph& graph) {
    Program program;
    program.entry = Entry::Filter;
    for (const Hook& hook : kHooks) {
        // The sets come to lie in the same places each time.
        std::vector<std::byte> tables;
        if (auto main = emit_program(graph, hook.program, hook.judge, hook.main, tables))
            program.functions.push_back(std::move(*main));
        tables.clear();
        std::vector<Function> functions = emit_filter(graph, hook.filter, hook.frame, tables);
        std::move(functions.begin(), functions.end(), std::back_inserter(program.functions));
        program.tables = std::move(tables);
    }
    return program;
}

std::optional<Program> compile_filter(const parser::pcap::Expression& expression,
                                      const Where& where, parser::Diagnostics& diags) {
    const Graph graph = optimise(lower(expression, Lists::AsSets, where));
    const parser::Span at = expression.nodes[expression.root].at;
    if (always_gives(graph, 0)) diags.warning(at, "expression rejects all packets");
    Program program = filter_program(graph);
    if (fits(program)) return program;
    diags.error(at, "the expression is too large for the kernel")
        .hint("it verifies at most 1,000,000 instructions in 256 functions a program")
        .kind(parser::Mistake::Unsupported);
    return std::nullopt;
}

}  // namespace bpfw::compiler::filter
