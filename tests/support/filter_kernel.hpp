// SPDX-License-Identifier: GPL-2.0-or-later
// A graph's emitted functions in the kernel, run on frames by BPF_PROG_TEST_RUN: what do they
// return, and which log slots do they call?
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/filter/graph.hpp"

struct bpf_object;

namespace bpfw::test {

class FilterKernel {
public:
    // Which program of filter_frame.bpf.c a frame is given to.
    // MatchXdp, MatchTc: bpfw's own programs, which give an action.
    enum class Entry { Xdp, Slow, Frags, Tc, Partial, MatchXdp, MatchTc };

    // `object`: filter_frame.bpf.c's. Not loaded(): the verifier refused.
    FilterKernel(const compiler::filter::Graph& graph, const std::string& object,
                 std::uint32_t needs = 0);
    FilterKernel(const FilterKernel&) = delete;
    FilterKernel& operator=(const FilterKernel&) = delete;
    ~FilterKernel();
    [[nodiscard]] bool loaded() const { return loaded_; }
    [[nodiscard]] const std::string& log() const { return log_; }
    [[nodiscard]] std::size_t instructions() const { return instructions_; }

    struct Answer {
        std::uint32_t result = 0;
        std::uint32_t slots = 0;  // a hash of the log slots, in order
        std::uint32_t ns = 0;     // mean over the repeats
        bool operator==(const Answer&) const = default;
    };
    // Nothing when the kernel does not take such a frame.
    std::optional<Answer> run(Entry entry, std::span<const std::byte> frame,
                              std::uint32_t repeat = 1);
    // MatchTc, with this tag taken out of the frame.
    std::optional<Answer> run_tagged(std::span<const std::byte> frame, std::uint16_t protocol,
                                     std::uint16_t tci);

private:
    std::optional<Answer> run(const char* program, std::span<const std::byte> frame,
                              std::uint32_t repeat, std::uint32_t vlan);

    bpf_object* object_ = nullptr;
    bool loaded_ = false;
    std::string log_;
    std::size_t instructions_ = 0;
};

}  // namespace bpfw::test
