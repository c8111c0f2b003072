// SPDX-License-Identifier: GPL-2.0-or-later
// Turns an errno into an Error a user can act on (refused()), and libbpf's print callback
// into a string (LibbpfLog).
#include "runtime/system.hpp"

#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

namespace bpfw::runtime {
namespace {

constexpr const char* kNeedsRoot = "needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)";

thread_local std::string* sink = nullptr;

std::string words(int error_number) {
    switch (error_number) {
        case EPERM:
            return "forbidden even to root: kernel lockdown, or a user namespace";
        case ENOSYS:
            return "this kernel has no bpf(2)";
        case EOPNOTSUPP:
            return "the kernel or the driver does not support it";
        case ERANGE:
            return "the MTU (its own or its peer's) is too large for native XDP";
        case E2BIG:
            return "the program is too large for this kernel's verifier";
        case ENOMEM:
            return "out of memory (or RLIMIT_MEMLOCK, on kernels before 5.11)";
        case ENODEV:
            return "no such network device";
        default:
            return "";
    }
}

__attribute__((format(printf, 2, 0))) int collect(enum libbpf_print_level level, const char* format,
                                                  va_list arguments) {
    if (level == LIBBPF_DEBUG || sink == nullptr) return 0;
    va_list again;
    va_copy(again, arguments);
    const int length = std::vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length <= 0) return 0;
    const std::size_t before = sink->size();
    sink->resize(before + static_cast<std::size_t>(length) + 1);
    std::vsnprintf(sink->data() + before, static_cast<std::size_t>(length) + 1, format, arguments);
    sink->resize(before + static_cast<std::size_t>(length));
    return length;
}

}  // namespace

tl::unexpected<Error> refused(std::string op, std::string object, int error_number,
                              std::string log) {
    return failure(std::move(op), std::move(object), error_number, words(error_number),
                   std::move(log));
}

Result<void> require_capabilities(const std::string& op) {
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2] = {};
    if (::syscall(SYS_capget, &header, data) != 0) return refused(op, "", errno);
    const auto has = [&data](unsigned capability) {
        return (data[capability / 32].effective >> (capability % 32) & 1U) != 0;
    };
    if (has(CAP_SYS_ADMIN) && has(CAP_NET_ADMIN)) return {};
    return failure(op, "", EPERM, kNeedsRoot);
}

LibbpfLog::LibbpfLog() : outer_(sink) {
    // The callback is the process's; which string it fills is the thread's.
    libbpf_set_print(collect);
    sink = &text_;
}

LibbpfLog::~LibbpfLog() { sink = outer_; }

}  // namespace bpfw::runtime
