// SPDX-License-Identifier: GPL-2.0-or-later
// Writes beside the file and renames; write_file() is the only door.
#include "cli/write_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace bpfw::cli {
namespace {

Result<void> write_all(int fd, const std::string& path, const std::vector<std::byte>& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return failure("write file", path, errno);
        done += static_cast<std::size_t>(wrote);
    }
    return {};
}

Result<void> write_and_close(int fd, const std::string& path, const std::vector<std::byte>& bytes) {
    Result<void> written = write_all(fd, path, bytes);
    if (::close(fd) != 0 && written) written = failure("close file", path, errno);
    return written;
}

// A pipe, a terminal, /dev/full: there is nothing to rename over.
bool is_special(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

Result<void> write_file(const std::string& path, const std::vector<std::byte>& bytes) {
    const bool special = is_special(path);
    const std::string target = special ? path : path + "." + std::to_string(::getpid()) + ".tmp";
    const int fd = ::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return failure("open file", path, errno);
    Result<void> written = write_and_close(fd, path, bytes);
    if (special) return written;
    if (written && std::rename(target.c_str(), path.c_str()) != 0)
        written = failure("rename file", path, errno);
    if (!written) ::unlink(target.c_str());
    return written;
}

Exit write_output(const std::string& path, const std::vector<std::byte>& bytes) {
    const Result<void> written = write_file(path, bytes);
    if (written) return Exit::Ok;
    // Not report(): its hints are about the kernel, and a file needs no root.
    fmt::print(stderr, "bpfw: {}\n", to_text(written.error()));
    return Exit::Refused;
}

}  // namespace bpfw::cli
