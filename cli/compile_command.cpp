// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw compile`: rules -> listing, stage text, graph or object file. Needs no root, no kernel.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/build.hpp"
#include "cli/commands.hpp"
#include "cli/report.hpp"
#include "compiler/compile.hpp"

namespace bpfw::cli {
namespace {

Result<void> write_all(int fd, const std::string& path, const std::vector<std::byte>& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return failure("write file", path, errno);
        done += static_cast<std::size_t>(wrote);
    }
    return {};
}

Result<void> write_file(const std::string& path, const std::vector<std::byte>& bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return failure("open file", path, errno);
    Result<void> written = write_all(fd, path, bytes);
    if (::close(fd) != 0 && written) written = failure("close file", path, errno);
    return written;
}

Exit write_object_file(Input& input, const std::string& path) {
    const tl::expected<Built, Exit> built = build(input);
    if (!built) return built.error();
    const Result<void> written = write_file(path, built->object);
    if (written) return Exit::Ok;
    // Not report(): its hints are about the kernel, and a file needs no root.
    fmt::print(stderr, "bpfw: {}\n", to_text(written.error()));
    return Exit::Refused;
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
