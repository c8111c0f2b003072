// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes -> a file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"
#include "parser/base/result.hpp"

namespace bpfw::cli {

// All or nothing: a reader of `path` sees the old file or the whole new one, also when the command
// is killed. The error names the path.
Result<void> write_file(const std::string& path, const std::vector<std::byte>& bytes);

// The same, with what went wrong on stderr.
Exit write_output(const std::string& path, const std::vector<std::byte>& bytes);

}  // namespace bpfw::cli
