// SPDX-License-Identifier: GPL-2.0-or-later
// Input -> Program -> object bytes; build() and compile_input() are the doors.
#include "cli/build.hpp"

#include <optional>

#include "cli/report.hpp"
#include "compiler/compile.hpp"
#include "compiler/object/object.hpp"

namespace bpfw::cli {

tl::expected<compiler::Program, Exit> compile_input(Input& input) {
    std::optional<compiler::Program> program;
    if (!input.diags.has_errors()) {
        program = compiler::compile(input.ruleset, input.sources, input.diags);
    }
    const Exit reported = report(input.diags, input.sources);
    if (reported != Exit::Ok) return tl::unexpected(reported);
    if (!program) BPFW_BUG("the compiler gave no program and no reason");
    return *std::move(program);
}

tl::expected<Built, Exit> build(Input& input) {
    tl::expected<compiler::Program, Exit> program = compile_input(input);
    if (!program) return tl::unexpected(program.error());
    Result<std::vector<std::byte>> object = compiler::write_object(*program);
    if (!object) return tl::unexpected(report(object.error(), KernelLog::Hide));
    return Built{*std::move(program), *std::move(object)};
}

}  // namespace bpfw::cli
