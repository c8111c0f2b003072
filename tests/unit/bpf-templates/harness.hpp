// SPDX-License-Identifier: GPL-2.0-or-later
// The entry programs over stand-in chain functions (chains.bpf.c), linked by libbpf, run by
// BPF_PROG_TEST_RUN: what did the chain function get to see, and what came of its answer?
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bpf-templates/abi.h"
#include "tests/support/packets.hpp"

struct bpf_object;

namespace bpfw::test {

enum class Action { Pass, Drop, Other };

struct Outcome {
    std::string chain;  // "bpfw_ipv4_input", "" when no chain function was called
    bpfw_packet packet{};
    bpfw_frame frame{};        // Template::Frame only, and what follows
    std::uint32_t frames = 0;  // calls of the short-form rules
    std::vector<bpfw_event> events;
    bpfw_trace trace{};
    bpfw_counter counter{};  // of the slot answered, over all CPUs
    Action action = Action::Other;
    std::uint32_t ns = 0;  // mean over the repeats
    bool passed() const { return action == Action::Pass; }
    bool dropped() const { return action == Action::Drop; }
};

// Which object the stand-ins are linked to.
enum class Template { Rules, RulesFrame };

// What a frame is given to.
enum class Entry { Xdp, Ingress, Egress };

// struct __sk_buff or xdp_md as far as BPF_PROG_TEST_RUN takes it.
struct Context {
    std::uint32_t ifindex = 1;          // must exist in this namespace
    std::uint32_t ingress_ifindex = 0;  // TC egress: where a forwarded packet came from
    std::uint32_t repeat = 1;
    std::uint32_t gso_size = 0;  // TC only
};

struct Tag {
    std::uint16_t protocol = 0x8100;
    std::uint16_t tci = 0;
};

class Harness {
public:
    // `trace` nothing: Outcome::trace stays as it was.
    explicit Harness(std::uint32_t needs, std::uint32_t force_hook = BPFW_HOOK_AUTO,
                     std::uint32_t trace = BPFW_NEEDS_TRACE, Template linked = Template::Rules);
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;
    ~Harness();

    // The stand-ins answer `decision` from now on; an ACCEPT of slot 3 at first.
    void answer(std::uint32_t decision) { answer_ = decision; }
    // What the short-form rules answer, and the slot they log for: CONTINUE and none at first.
    void answer_frames(std::uint32_t decision, std::optional<std::uint32_t> log = {}) {
        frames_answer_ = decision;
        log_ = log;
    }
    Outcome run(Entry entry, const Bytes& frame, const Context& context = {});
    // TC ingress with this tag in the skb, as drivers leave it.
    Outcome run_tagged(const Bytes& frame, Tag tag, const Context& context = {});
    // For packets that come over a wire: forget the last one; what became of the next.
    void prepare() { reset(0); }
    Outcome outcome() const;
    static constexpr std::uint32_t kNoReason = 99;  // in Outcome::trace: no packet yet
    // Nanoseconds of a program that does nothing.
    std::uint32_t empty_ns(const Bytes& frame, std::uint32_t repeat);

    void name_interface(std::uint32_t ifindex, const std::string& name, std::uint32_t flags = 0);
    void add_vlan(std::uint32_t ifindex, std::uint16_t vid, std::uint32_t device,
                  std::uint16_t protocol = 0x8100);
    void set_local(const bpfw_local& local);
    // -1 when there is no such program or map.
    int program_fd(const char* name) const;
    int map_fd(const char* name) const;

private:
    Outcome test_run(const char* program, const Bytes& frame, const Context& context,
                     std::uint32_t vlan);
    void reset(std::uint32_t vlan);

    bpf_object* object_ = nullptr;
    std::uint32_t frames_answer_ = BPFW_CONTINUE;
    std::optional<std::uint32_t> log_;
    std::uint32_t answer_ = 3u << BPFW_VERDICT_BITS | BPFW_ACCEPT;
};

// Tests that need the kernel: skipped, with the missing thing named, where it is not there.
// Each test process has a network namespace of its own.
class KernelTest : public ::testing::Test {
protected:
    static void SetUpTestSuite();
    void SetUp() override;
};

// Runs `ip ARGUMENTS` in the test's namespace.
void ip(const std::string& arguments);
void write_sysctl(const std::string& path, const std::string& value);

}  // namespace bpfw::test
