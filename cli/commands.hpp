// SPDX-License-Identifier: GPL-2.0-or-later
// The commands: each prints its result on stdout, what is wrong on stderr.
#pragma once

#include "cli/exit_code.hpp"
#include "cli/options.hpp"

namespace bpfw::cli {

Exit run_compile(const Options& options);
Exit run_load(const Options& options);
Exit run_reload(const Options& options);
Exit run_unload(const Options& options);
Exit run_status(const Options& options);
Exit run_test(const Options& options);
Exit run_log(const Options& options);

// argv without argv[0] -> the exit code.
Exit run(const std::vector<std::string>& words);

}  // namespace bpfw::cli
