// SPDX-License-Identifier: GPL-2.0-or-later
// A classifier's function in the kernel: what it answers for prepared headers, and how long it
// takes, by BPF_PROG_TEST_RUN.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/program.hpp"

struct bpf_object;
struct classify_data;

namespace bpfw::test {

// `program` with a function bpfw_classify (Signature::Packet).
class ClassifyKernel {
public:
    explicit ClassifyKernel(const compiler::Program& program);
    ClassifyKernel(const ClassifyKernel&) = delete;
    ClassifyKernel& operator=(const ClassifyKernel&) = delete;
    ~ClassifyKernel();
    [[nodiscard]] bool loaded() const { return loaded_; }
    [[nodiscard]] const std::string& log() const { return log_; }
    // Of the kernel's verifier and JIT, and what it took to fill the tables.
    [[nodiscard]] double load_seconds() const { return load_seconds_; }

    // At most CLASSIFY_HEADERS of them; the rest is filled by repeating.
    void give(const std::vector<bpfw_packet>& packets);
    // The answers for the packets given, in order; empty when the kernel refuses to run.
    [[nodiscard]] std::vector<std::uint32_t> answers(std::size_t count);
    // Mean over a round through all headers.
    [[nodiscard]] double nanoseconds() const;

private:
    [[nodiscard]] bool run(std::uint32_t times, std::uint32_t* nanoseconds) const;

    bpf_object* object_ = nullptr;
    classify_data* data_ = nullptr;  // mapped
    bool loaded_ = false;
    std::string log_;
    double load_seconds_ = 0;
};

}  // namespace bpfw::test
