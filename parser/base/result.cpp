// SPDX-License-Identifier: GPL-2.0-or-later
// Error -> one line of text; the end of the road for our own mistakes.
#include "parser/base/result.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bpfw {

std::string to_text(const Error& error) {
    std::string out = error.op;
    if (!error.object.empty()) out += fmt::format(" '{}'", error.object);
    if (error.error_number != 0) {
        const char* name = ::strerrorname_np(error.error_number);
        out += fmt::format(": {}: {}", name != nullptr ? name : "errno",
                           ::strerrordesc_np(error.error_number) != nullptr
                               ? ::strerrordesc_np(error.error_number)
                               : std::to_string(error.error_number));
    }
    if (!error.reason.empty()) out += ": " + error.reason;
    return out;
}

void bug(const char* file, int line, const std::string& what) {
    fmt::print(stderr, "bpfw: bug at {}:{}: {}\nPlease report this.\n", file, line, what);
    std::abort();
}

}  // namespace bpfw
