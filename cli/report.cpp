// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics and Errors -> stderr; report() is the only door.
#include "cli/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <tuple>
#include <vector>

namespace bpfw::cli {
namespace {

constexpr std::size_t kShown = 20;

// A pointer to the way out, where the reason itself (runtime/) has none.
std::string hint_for(const Error& error) {
    const bool denied = error.error_number == EPERM || error.error_number == EACCES;
    const bool told = error.reason.find("root") != std::string::npos;
    if (denied && !told && ::geteuid() != 0) return "bpfw needs root";
    if (error.error_number == EAGAIN) return "-w waits for it";
    if (!error.log.empty()) return "-v prints the kernel's whole log";
    return "";
}

// By place: what is found later in the same run may stand earlier in the file. Without a place
// (a file that cannot be read) first.
std::vector<const parser::Diagnostic*> in_order(const parser::Diagnostics& diags) {
    std::vector<const parser::Diagnostic*> ordered;
    for (const parser::Diagnostic& one : diags.all()) ordered.push_back(&one);
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
        const parser::Span left = a->span();
        const parser::Span right = b->span();
        return std::tie(left.source, left.begin) < std::tie(right.source, right.begin);
    });
    return ordered;
}

}  // namespace

Exit report(const parser::Diagnostics& diags, const parser::Sources& sources) {
    const std::vector<const parser::Diagnostic*> ordered = in_order(diags);
    const std::size_t total = ordered.size();
    for (std::size_t i = 0; i < std::min(total, kShown); ++i) {
        fmt::print(stderr, "{}", render(*ordered[i], sources));
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
