// SPDX-License-Identifier: GPL-2.0-or-later
// Network namespaces without a name: they vanish with the last descriptor, so that nothing
// is left behind however a test ends.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::test {

class Descriptor {
public:
    explicit Descriptor(int owned = -1) : fd_(owned) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        Descriptor taken(std::move(other));
        std::swap(fd_, taken.fd_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

class Namespace {
public:
    // Needs CAP_SYS_ADMIN.
    static Result<Namespace> create();
    [[nodiscard]] int get() const { return fd_.get(); }

private:
    explicit Namespace(Descriptor fd) : fd_(std::move(fd)) {}
    Descriptor fd_;
};

// The calling thread is in the namespace while this lives.
class Inside {
public:
    explicit Inside(const Namespace& where);
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside();

private:
    Descriptor home_;
};

// Runs a program of $PATH in the current namespace with `input` as its standard input; a failure
// carries its exit status and the end of what it printed.
Result<void> run_program(const std::vector<std::string>& words, const std::string& input = "");
// Legacy iptables run by run_program() takes no lock that anyone else waits for, or has to be
// waited for: each takes its own standard input for it.
void use_private_lock();
// Writes "1" and the like below /proc/sys/net of the current namespace.
Result<void> set_sysctl(const std::string& path, const std::string& value);

}  // namespace bpfw::test
