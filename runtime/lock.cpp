// SPDX-License-Identifier: GPL-2.0-or-later
// One writer per network namespace: flock on /run/bpfw/<namespace>.lock. The lock file is
// beside the bpffs on purpose: a bpffs holds no files.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "runtime/fd.hpp"
#include "runtime/netns.hpp"
#include "runtime/runtime.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr const char* kDirectory = "/run/bpfw";
constexpr const char* kOp = "take the lock";

Result<Fd> open_lock_file(const std::string& path) {
    if (::mkdir(kDirectory, 0755) != 0 && errno != EEXIST) return refused(kOp, kDirectory, errno);
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0) return refused(kOp, path, errno);
    return fd;
}

// 0, or the errno; EWOULDBLOCK when the time is over. flock(2) has no timeout.
int lock_until(int fd, std::chrono::steady_clock::time_point deadline) {
    using namespace std::chrono_literals;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return errno;
        if (std::chrono::steady_clock::now() >= deadline) return EWOULDBLOCK;
        std::this_thread::sleep_for(5ms);
    }
    return 0;
}

int lock_for_ever(int fd) {
    while (::flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) return errno;
    return 0;
}

}  // namespace

Result<Lock> Lock::take(std::optional<int> wait) {
    if (auto allowed = require_capabilities(kOp); !allowed) return tl::unexpected(allowed.error());
    const auto key = current_netns();
    if (!key) return tl::unexpected(key.error());
    const std::string path = fmt::format("{}/{}.lock", kDirectory, to_text(*key));
    auto fd = open_lock_file(path);
    if (!fd) return tl::unexpected(fd.error());
    const auto now = std::chrono::steady_clock::now();
    const int error = wait == 0
                          ? lock_for_ever(fd->get())
                          : lock_until(fd->get(), now + std::chrono::seconds(wait.value_or(0)));
    if (error == EWOULDBLOCK) return failure(kOp, path, EAGAIN, "another bpfw command holds it");
    if (error != 0) return refused(kOp, path, error);
    return Lock(fd->release());
}

Lock::Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
    Lock taken(std::move(other));
    std::swap(fd_, taken.fd_);
    return *this;
}

Lock::~Lock() { const Fd closed(fd_); }

}  // namespace bpfw::runtime
