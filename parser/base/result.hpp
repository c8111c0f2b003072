// SPDX-License-Identifier: GPL-2.0-or-later
// The system refused: Result<T>. We are wrong: BPFW_BUG.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace bpfw {

// What was tried ("load program"), on what ("INPUT", "/sys/fs/bpf/..."), and why
// it failed: an errno (0 when there is none) and the reason in words, and the
// kernel's log where there is one (the verifier's, whole).
struct Error {
    std::string op;
    std::string object;
    int error_number = 0;
    std::string reason;
    std::string log;
};

// "load program 'INPUT': EPERM: Operation not permitted: <reason>"; without the log.
std::string to_text(const Error& error);

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string op, std::string object, int error_number,
                                     std::string reason = "", std::string log = "") {
    return tl::unexpected<Error>(
        Error{std::move(op), std::move(object), error_number, std::move(reason), std::move(log)});
}

// Prints what held before and where, then aborts.
[[noreturn]] void bug(const char* file, int line, const std::string& what);
#define BPFW_BUG(what) ::bpfw::bug(__FILE__, __LINE__, (what))

template <class... Ts>
struct overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace bpfw
