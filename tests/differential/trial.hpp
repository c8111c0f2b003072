// SPDX-License-Identifier: GPL-2.0-or-later
// Random (ruleset, packet) pairs, each put to every engine: the interpreter, the kernel's
// iptables, bpfw's own programs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/differential/bpf_engine.hpp"
#include "tests/differential/kernel_oracle.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random_packets.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {

struct TrialOptions {
    parser::Family family = parser::Family::Ipv4;
    Hook hook = Hook::Input;
    std::uint64_t seed = 1;
    std::uint32_t rulesets = 10;
    std::uint32_t packets = 100;  // for each
    RulesetShape::Filters filters = RulesetShape::Filters::None;
};

struct Mismatch {
    std::uint32_t ruleset = 0;  // its number in the trial
    compiler::Table table;
    TestPacket packet;
    std::string difference;
};

struct TrialReport {
    std::uint64_t pairs = 0;
    std::uint64_t unseen = 0;     // the kernel dropped it before the hook
    std::uint64_t fragments = 0;  // IPv4 INPUT: the kernel reassembles first, no comparison
    std::uint64_t accepted = 0;   // of those compared with the kernel
    std::uint64_t dropped = 0;
    std::uint64_t hotdrops = 0;
    std::uint64_t untestable = 0;  // shorter than BPF_PROG_TEST_RUN takes
    std::uint64_t mismatches = 0;
    std::vector<Mismatch> first;  // at most 5
};
std::string to_text(const TrialReport& report);

// Every engine, one family, one hook. The kernel has no -m pcap: where rules ask it, only the
// interpreter and bpfw are held against each other.
class Bench {
public:
    static Result<Bench> open(parser::Family family, Hook hook,
                              RulesetShape::Filters filters = RulesetShape::Filters::None);
    Result<void> load(const compiler::Table& table);
    // "" when all engines agree; else what each says. Counts into `report`.
    Result<std::string> compare(const TestPacket& packet, TrialReport& report);
    [[nodiscard]] parser::Family family() const { return family_; }
    [[nodiscard]] Hook hook() const { return hook_; }

private:
    Bench(parser::Family family, Hook hook, std::optional<KernelOracle> kernel, BpfEngine bpf)
        : family_(family), hook_(hook), kernel_(std::move(kernel)), bpf_(std::move(bpf)) {}
    Result<std::string> compare_kernel(const TestPacket& packet, const Answer& answer,
                                       TrialReport& report);
    Result<std::string> compare_bpf(const TestPacket& packet, const Answer& answer, Entry entry,
                                    TrialReport& report);

    parser::Family family_;
    Hook hook_;
    std::optional<KernelOracle> kernel_;
    BpfEngine bpf_;
    Tables tables_;
};

// The table and packets of one number of a trial; the same on every machine.
struct Case {
    compiler::Table table;
    std::vector<TestPacket> packets;
};
Case make_case(const TrialOptions& options, std::uint32_t number);

Result<TrialReport> run_trial(const TrialOptions& options);
// Drops rules and chains as long as the engines still differ on the packet.
Mismatch minimized(Mismatch mismatch, Bench& bench);
std::string to_text(const Mismatch& mismatch, parser::Family family);

}  // namespace bpfw::test
