// SPDX-License-Identifier: GPL-2.0-or-later
// What the system says when it refuses, and what libbpf says beside it.
#pragma once

#include <string>

#include "parser/base/result.hpp"

namespace bpfw::runtime {

// An Error whose reason puts the errno into words a user can act on. `error_number` is
// positive.
tl::unexpected<Error> refused(std::string op, std::string object, int error_number,
                              std::string log = "");

// The calling thread has CAP_NET_ADMIN and CAP_SYS_ADMIN, else EPERM. CAP_BPF alone loads
// programs, but may not open them by id (kernel/bpf/syscall.c: bpf_prog_get_fd_by_id).
Result<void> require_capabilities(const std::string& op);

// While one lives, libbpf's warnings of this thread (the verifier's log is one of them) are
// collected instead of printed.
class LibbpfLog {
public:
    LibbpfLog();
    LibbpfLog(const LibbpfLog&) = delete;
    LibbpfLog& operator=(const LibbpfLog&) = delete;
    ~LibbpfLog();
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
    std::string* outer_;
};

}  // namespace bpfw::runtime
