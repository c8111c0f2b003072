// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a program and collects what it says; files and namespaces for tests that do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bpfw::test {

struct Outcome {
    int code = -1;  // exit code; 128 + signal when killed
    std::string out;
    std::string err;
};

// words[0] is looked for in PATH. `input` is its standard input.
Outcome run_command(const std::vector<std::string>& words, const std::string& input = "");

// A directory of its own, gone with the object.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();
    [[nodiscard]] std::string path(const std::string& name = "") const;
    // Writes (over) a file in it and returns its path.
    std::string file(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path root_;
};

// A network namespace named bpfw-`name`-PID with lo up; deleted with the object.
class Namespace {
public:
    explicit Namespace(const std::string& name);
    Namespace(const Namespace&) = delete;
    Namespace& operator=(const Namespace&) = delete;
    ~Namespace();
    [[nodiscard]] const std::string& name() const { return name_; }
    // Runs in it, with the bpffs visible (not `ip netns exec`).
    [[nodiscard]] Outcome run(std::vector<std::string> words, const std::string& input = "") const;

private:
    std::string name_;
};

// What a test that needs the kernel lacks here: "root", "a bpffs at /sys/fs/bpf"; "" when
// nothing. For GTEST_SKIP().
std::string missing_for_kernel_tests();

}  // namespace bpfw::test
