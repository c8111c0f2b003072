// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics and Errors -> stderr; report() is the only door.
#include "cli/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace bpfw::cli {
namespace {

constexpr std::size_t kShown = 20;

// A pointer to the way out, where the reason itself (runtime/) has none.
std::string hint_for(const Error& error) {
    const bool denied = error.error_number == EPERM || error.error_number == EACCES;
    const bool told = error.reason.find("root") != std::string::npos;
    if (denied && !told && ::geteuid() != 0) return "bpfw needs root";
    if (error.error_number == EAGAIN) return "another command holds the lock: -w waits for it";
    if (!error.log.empty()) return "-v prints the kernel's whole log";
    return "";
}

}  // namespace

Exit report(const parser::Diagnostics& diags, const parser::Sources& sources) {
    const std::size_t total = diags.all().size();
    for (std::size_t i = 0; i < std::min(total, kShown); ++i) {
        fmt::print(stderr, "{}", render(diags.all()[i], sources));
    }
    if (total > kShown) fmt::print(stderr, "bpfw: {} more like these\n", total - kShown);
    return diags.has_errors() ? Exit::Mistake : Exit::Ok;
}

Exit report(const Error& error, KernelLog log) {
    fmt::print(stderr, "bpfw: {}\n", to_text(error));
    const bool show = log == KernelLog::Show && !error.log.empty();
    if (show) fmt::print(stderr, "{}\n", error.log);
    const std::string hint = show ? "" : hint_for(error);
    if (!hint.empty()) fmt::print(stderr, "  hint: {}\n", hint);
    return Exit::Refused;
}

}  // namespace bpfw::cli
