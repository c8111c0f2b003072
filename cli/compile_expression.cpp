// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw compile -e`: a tcpdump expression -> listing, classic bytecode, stage text, graph or
// object file. Needs no root, no kernel. run_compile_expression() is the door.
#include <fmt/format.h>

#include <algorithm>

#include "cli/expression.hpp"
#include "cli/report.hpp"
#include "cli/write_file.hpp"
#include "compiler/compile.hpp"
#include "compiler/filter/classic.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/object/object.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::cli {
namespace {

namespace filter = compiler::filter;
using parser::pcap::Expression;

// What tcpdump's -d returns for a match: its snapshot length.
constexpr std::uint32_t kSnapshot = 262144;
// Of classic programs in the kernel: include/uapi/linux/bpf_common.h, BPF_MAXINSNS.
constexpr std::size_t kMostClassic = 4096;

std::optional<filter::ClassicProgram> classic_of(const Expression& expression,
                                                 const filter::Where& where, std::string& why) {
    const filter::Graph graph =
        filter::optimise(filter::lower(expression, filter::Lists::AsWritten, where));
    return filter::to_classic(graph, kSnapshot, why);
}

Exit print_classic(const Expression& expression, const ExpressionInput& input, int form) {
    std::string why;
    const auto program = classic_of(expression, input.where(), why);
    if (!program) {
        fmt::print(stderr, "bpfw compile: no classic bytecode for this expression: {}\n", why);
        return Exit::Mistake;
    }
    const auto wanted = form == 1   ? filter::ClassicForm::Listing
                        : form == 2 ? filter::ClassicForm::Array
                                    : filter::ClassicForm::Numbers;
    fmt::print("{}", to_text(*program, wanted));
    return Exit::Ok;
}

// "parse", "lower", then every pass of the optimiser.
std::optional<std::string> text_after(const std::string& stage, const Expression& expression,
                                      const filter::Where& where) {
    if (stage == "parse") return to_text(expression) + "\n";
    filter::Graph graph = filter::lower(expression, filter::Lists::AsSets, where);
    if (stage == "lower") return to_text(graph);
    for (const filter::Pass& pass : filter::passes()) {
        graph = pass.run(std::move(graph));
        if (stage == pass.name) return to_text(graph);
    }
    return std::nullopt;
}

Exit print_stage(const Expression& expression, const ExpressionInput& input,
                 const std::string& stage) {
    if (const auto text = text_after(stage, expression, input.where())) {
        fmt::print("{}", *text);
        return Exit::Ok;
    }
    std::string names = "parse, lower";
    for (const filter::Pass& pass : filter::passes()) names += fmt::format(", {}", pass.name);
    fmt::print(stderr, "bpfw compile: --dump-after: no stage '{}'\n  hint: the stages are {}\n",
               stage, names);
    return Exit::Mistake;
}

// The function a frame goes through at XDP when all of it is at hand.
compiler::Program at_xdp(const compiler::Program& program) {
    compiler::Program shown = program;
    shown.functions.clear();
    for (const compiler::Function& function : program.functions) {
        if (function.signature == compiler::Signature::FrameXdp &&
            !function.name.ends_with("_slow"))
            shown.functions.push_back(function);
    }
    return shown;
}

void print_classic_size(const Expression& expression, const filter::Where& where) {
    if (expression.nodes.size() > kMostClassic) {
        fmt::print("classic BPF: not counted, there are {} primitives\n", expression.nodes.size());
        return;
    }
    std::string why;
    const auto classic = classic_of(expression, where, why);
    if (!classic) {
        fmt::print("classic BPF: none, {}\n", why);
    } else if (classic->size() > kMostClassic) {
        fmt::print("classic BPF: {} instructions, more than the {} the kernel takes\n",
                   classic->size(), kMostClassic);
    } else {
        fmt::print("classic BPF: {} instructions\n", classic->size());
    }
}

// What needs no eBPF: an expression too large for that has classic bytecode and stages too.
Exit print_other(const Options& options, ExpressionInput& input) {
    read_expression(options, input);
    const Exit reported = report(input.diags, input.sources);
    if (reported != Exit::Ok) return reported;
    return options.classic != 0 ? print_classic(*input.expression, input, options.classic)
                                : print_stage(*input.expression, input, options.dump_after);
}

Exit write_object_file(const compiler::Program& program, const std::string& path) {
    const Result<std::vector<std::byte>> object = compiler::write_object(program);
    if (!object) return report(object.error(), KernelLog::Hide);
    return write_output(path, *object);
}

}  // namespace

Exit run_compile_expression(const Options& options) {
    ExpressionInput input;
    if (options.classic != 0 || !options.dump_after.empty()) return print_other(options, input);
    const tl::expected<compiler::Program, Exit> program = compile_expression(options, input);
    if (!program) return program.error();
    if (!options.output.empty()) return write_object_file(*program, options.output);
    if (options.dot) {
        fmt::print("{}", compiler::dot(at_xdp(*program)));
        return Exit::Ok;
    }
    fmt::print("{}", compiler::listing(at_xdp(*program)));
    print_classic_size(*input.expression, input.where());
    return Exit::Ok;
}

}  // namespace bpfw::cli
