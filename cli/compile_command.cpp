// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw compile`: rules -> listing, stage text, graph or object file. Needs no root, no kernel.
#include <fmt/format.h>

#include <algorithm>

#include "cli/build.hpp"
#include "cli/commands.hpp"
#include "cli/expression.hpp"
#include "cli/report.hpp"
#include "cli/write_file.hpp"
#include "compiler/compile.hpp"

namespace bpfw::cli {
namespace {

Exit write_object_file(Input& input, const std::string& path) {
    const tl::expected<Built, Exit> built = build(input);
    if (!built) return built.error();
    return write_output(path, built->object);
}

Exit print_stage(Input& input, const std::string& stage) {
    const std::vector<std::string> stages = compiler::stage_names();
    if (std::find(stages.begin(), stages.end(), stage) == stages.end()) {
        fmt::print(stderr, "bpfw compile: --dump-after: no stage '{}'\n  hint: the stages are {}\n",
                   stage, fmt::join(stages, ", "));
        return Exit::Mistake;
    }
    if (!input.diags.has_errors()) {
        const std::string text =
            compiler::dump_after(stage, input.ruleset, input.sources, input.diags);
        if (!input.diags.has_errors()) fmt::print("{}", text);
    }
    return report(input.diags, input.sources);
}

}  // namespace

Exit run_compile(const Options& options) {
    if (has_expression(options)) return run_compile_expression(options);
    Input input;
    read_rules(options.files, options.family, input);
    if (!options.dump_after.empty()) return print_stage(input, options.dump_after);
    if (!options.output.empty()) return write_object_file(input, options.output);
    const tl::expected<compiler::Program, Exit> program = compile_input(input);
    if (!program) return program.error();
    fmt::print("{}", options.dot ? compiler::dot(*program) : compiler::listing(*program));
    return Exit::Ok;
}

}  // namespace bpfw::cli
