// SPDX-License-Identifier: GPL-2.0-or-later
// Namespaces, and programs run in them.
#include "tests/differential/netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace bpfw::test {
namespace {

constexpr const char* kOwn = "/proc/thread-self/ns/net";

// A file in memory with this content, to be read from the start.
Descriptor memory_file(const std::string& content) {
    Descriptor file(::memfd_create("bpfw-diff", MFD_CLOEXEC));
    std::size_t written = 0;
    while (file.get() >= 0 && written < content.size()) {
        const ssize_t step =
            ::write(file.get(), content.data() + written, content.size() - written);
        if (step <= 0) break;
        written += static_cast<std::size_t>(step);
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string content_of(const Descriptor& file) {
    char buffer[2048];
    ::lseek(file.get(), 0, SEEK_SET);
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
}

[[noreturn]] void become(const std::vector<std::string>& words, int input, int output) {
    ::dup2(input, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Result<Namespace> Namespace::create() {
    const Descriptor home(::open(kOwn, O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) != 0) return failure("create namespace", "net", errno);
    Descriptor fresh(::open(kOwn, O_RDONLY | O_CLOEXEC));
    if (::setns(home.get(), CLONE_NEWNET) != 0) BPFW_BUG("cannot return to the own namespace");
    return Namespace(std::move(fresh));
}

Inside::Inside(const Namespace& where) : home_(::open(kOwn, O_RDONLY | O_CLOEXEC)) {
    if (::setns(where.get(), CLONE_NEWNET) != 0) BPFW_BUG("cannot enter a namespace");
}

Inside::~Inside() {
    if (::setns(home_.get(), CLONE_NEWNET) != 0) BPFW_BUG("cannot return to the own namespace");
}

Result<void> run_program(const std::vector<std::string>& words, const std::string& input) {
    const Descriptor in = memory_file(input);
    const Descriptor out = memory_file("");
    const pid_t child = ::fork();
    if (child < 0) return failure("start", words[0], errno);
    if (child == 0) become(words, in.get(), out.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return failure("run", fmt::format("{}", fmt::join(words, " ")), 0,
                   fmt::format("status {}: {}", status, content_of(out)));
}

void use_private_lock() { ::setenv("XTABLES_LOCKFILE", "/proc/self/fd/0", 1); }

Result<void> set_sysctl(const std::string& path, const std::string& value) {
    std::ofstream file("/proc/sys/net/" + path);
    file << value << std::flush;
    if (!file) return failure("set sysctl", path, errno);
    return {};
}

}  // namespace bpfw::test
