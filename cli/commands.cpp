// SPDX-License-Identifier: GPL-2.0-or-later
// argv -> the command's function; run() is the only door.
#include "cli/commands.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "parser/base/result.hpp"

namespace bpfw::cli {
namespace {

Exit run_command(const Options& options) {
    switch (options.command) {
        case Command::Compile:
            return run_compile(options);
        case Command::Load:
            return run_load(options);
        case Command::Unload:
            return run_unload(options);
        case Command::Status:
            return run_status(options);
        case Command::Test:
            return run_test(options);
        case Command::Reload:
            return run_reload(options);
        case Command::Log:
            return run_log(options);
        case Command::Version:
            break;  // parse_options() has answered it
    }
    BPFW_BUG("a command without a function");
}

// A full disk behind a redirection must not look like success.
Exit flushed(Exit code) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    fmt::print(stderr, "bpfw: write standard output: {}\n", std::strerror(errno));
    return code == Exit::Ok ? Exit::Refused : code;
}

}  // namespace

Exit run(const std::vector<std::string>& words) {
    const std::variant<Options, Answer> parsed = parse_options(words);
    if (const auto* answer = std::get_if<Answer>(&parsed)) {
        fmt::print(answer->code == Exit::Ok ? stdout : stderr, "{}", answer->text);
        return flushed(answer->code);
    }
    try {
        return flushed(run_command(std::get<Options>(parsed)));
    } catch (const std::system_error& error) {
        // {fmt} throws when the stream takes no more.
        fmt::print(stderr, "bpfw: write standard output: {}\n", error.code().message());
        return Exit::Refused;
    }
}

}  // namespace bpfw::cli
