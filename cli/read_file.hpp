// SPDX-License-Identifier: GPL-2.0-or-later
// A whole file as text.
#pragma once

#include <optional>
#include <string>

namespace bpfw::cli {

// The file's bytes; "-" is standard input. errno says why there are none (EFBIG: above 256 MiB,
// since Spans count bytes in 32 bits).
std::optional<std::string> read_file(const std::string& path);

}  // namespace bpfw::cli
