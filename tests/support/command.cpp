// SPDX-License-Identifier: GPL-2.0-or-later
// fork, exec and poll around a program under test.
#include "tests/support/command.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>

namespace bpfw::test {
namespace {

struct Pipe {
    Pipe() {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    void close_end(std::size_t which) {
        if (ends[which] >= 0) ::close(ends[which]);
        ends[which] = -1;
    }
    std::array<int, 2> ends{};
};

[[noreturn]] void become(const std::vector<std::string>& words, const Pipe& in, const Pipe& out,
                         const Pipe& err) {
    ::dup2(in.ends[0], STDIN_FILENO);
    ::dup2(out.ends[1], STDOUT_FILENO);
    ::dup2(err.ends[1], STDERR_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

// Appends what is there; closes the pipe at its end.
void drain(Pipe& pipe, std::string& text) {
    std::array<char, 65536> block{};
    const ssize_t got = ::read(pipe.ends[0], block.data(), block.size());
    if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) pipe.close_end(0);
}

void feed(Pipe& pipe, const std::string& input, std::size_t& done) {
    const ssize_t wrote = ::write(pipe.ends[1], input.data() + done, input.size() - done);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (done == input.size() || (wrote < 0 && errno != EINTR && errno != EAGAIN)) {
        pipe.close_end(1);
    }
}

void converse(Pipe& in, Pipe& out, Pipe& err, const std::string& input, Outcome& outcome) {
    std::size_t done = 0;
    ::fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
    if (input.empty()) in.close_end(1);
    while (out.ends[0] >= 0 || err.ends[0] >= 0) {
        std::array<pollfd, 3> waits{pollfd{out.ends[0], POLLIN, 0}, pollfd{err.ends[0], POLLIN, 0},
                                    pollfd{in.ends[1], POLLOUT, 0}};
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;
        if (waits[0].revents != 0) drain(out, outcome.out);
        if (waits[1].revents != 0) drain(err, outcome.err);
        if (waits[2].revents != 0) feed(in, input, done);
    }
}

}  // namespace

Outcome run_command(const std::vector<std::string>& words, const std::string& input) {
    ::signal(SIGPIPE, SIG_IGN);  // a program may end before it has read its input
    Pipe in, out, err;
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) become(words, in, out, err);
    in.close_end(0);
    out.close_end(1);
    err.close_end(1);
    Outcome outcome;
    converse(in, out, err, input, outcome);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "bpfw-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    std::filesystem::permissions(name, std::filesystem::perms(0755));  // for other users too
    root_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
}

std::string TemporaryDirectory::path(const std::string& name) const {
    return (root_ / name).string();
}

std::string TemporaryDirectory::file(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream out(root_ / name, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + name);
    return path(name);
}

Namespace::Namespace(const std::string& name)
    : name_("bpfw-" + name + "-" + std::to_string(::getpid())) {
    if (run_command({"ip", "netns", "add", name_}).code != 0) {
        throw std::runtime_error("cannot make network namespace " + name_);
    }
    run_command({"ip", "-n", name_, "link", "set", "lo", "up"});
}

Namespace::~Namespace() { run_command({"ip", "netns", "del", name_}); }

Outcome Namespace::run(std::vector<std::string> words, const std::string& input) const {
    words.insert(words.begin(), {"nsenter", "--net=/run/netns/" + name_});
    return run_command(words, input);
}

std::string missing_for_kernel_tests() {
    struct statfs info {};
    if (::geteuid() != 0) return "root";
    const bool mounted = ::statfs("/sys/fs/bpf", &info) == 0 &&
                         static_cast<std::uint32_t>(info.f_type) == BPF_FS_MAGIC;
    return mounted ? "" : "a bpffs at /sys/fs/bpf";
}

}  // namespace bpfw::test
