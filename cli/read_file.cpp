// SPDX-License-Identifier: GPL-2.0-or-later
// Path -> text; read_file() is the only door.
#include "cli/read_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace bpfw::cli {
namespace {

constexpr std::size_t kLargestFile = std::size_t{256} << 20;

class File {
public:
    explicit File(const std::string& path)
        : fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ > STDIN_FILENO) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
    const File file(path);
    if (file.get() < 0) return std::nullopt;
    std::string text;
    std::array<char, 65536> block{};
    while (true) {
        const ssize_t got = ::read(file.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(got));
        if (text.size() > kLargestFile) {
            errno = EFBIG;
            return std::nullopt;
        }
    }
}

}  // namespace bpfw::cli
