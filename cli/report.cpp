// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics and Errors -> stderr; report() is the only door.
#include "cli/report.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace bpfw::cli {
namespace {

constexpr std::size_t kShown = 20;

bool bpffs_is_mounted() {
    struct statfs info {};
    return ::statfs("/sys/fs/bpf", &info) == 0 &&
           static_cast<std::uint32_t>(info.f_type) == BPF_FS_MAGIC;
}

std::string hint_for(const Error& error) {
    const bool denied = error.error_number == EPERM || error.error_number == EACCES;
    if (denied && ::geteuid() != 0) return "bpfw needs root (CAP_BPF, CAP_NET_ADMIN)";
    if (!bpffs_is_mounted()) {
        return "no bpffs at /sys/fs/bpf: mount -t bpf bpf /sys/fs/bpf "
               "(inside `ip netns exec` use nsenter --net=... instead)";
    }
    if (denied) return "root without CAP_BPF or CAP_NET_ADMIN? (a container, a lockdown)";
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
