// SPDX-License-Identifier: GPL-2.0-or-later
// A ruleset's object, attached to nothing, and frames -> decisions by BPF_PROG_TEST_RUN.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "bpf-templates/abi.h"
#include "runtime/config.hpp"
#include "runtime/event_maps.hpp"
#include "runtime/host_maps.hpp"
#include "runtime/root.hpp"
#include "runtime/ruleset.hpp"
#include "runtime/runtime.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr std::uint32_t kInSlot = 1;   // also the ifindex a test run shows: lo's
constexpr std::uint32_t kOutSlot = 2;  // bpf-templates/rules.bpf.c: BPFW_NAME_SLOT_OUT

enum class Program : std::uint8_t { Xdp, Tc };

std::uint32_t abi_hook(std::optional<TestHook> hook) {
    if (!hook) return BPFW_HOOK_AUTO;
    switch (*hook) {
        case TestHook::Input:
            return BPFW_HOOK_INPUT;
        case TestHook::Forward:
            return BPFW_HOOK_FORWARD;
        case TestHook::Output:
            return BPFW_HOOK_OUTPUT;
    }
    BPFW_BUG("an unknown hook");
}

// A host of two interfaces without addresses: what the test's user named.
std::vector<Interface> named_interfaces(const Tester::Options& options) {
    std::vector<Interface> interfaces(2);
    interfaces[0].index = kInSlot;
    interfaces[0].name = options.in_interface;
    interfaces[1].index = kOutSlot;
    interfaces[1].name = options.out_interface;
    return interfaces;
}

const char* program_name(const Tester::Options& options) {
    if (options.hook == TestHook::Output) return BPFW_PROG_TC_EGRESS;
    return options.tc ? BPFW_PROG_TC_INGRESS : BPFW_PROG_XDP;
}

// net/bpf/test_run.c: bpf_test_init() and bpf_prog_test_run_skb().
std::string size_reason(std::size_t bytes, Program program) {
    if (program == Program::Tc)
        return fmt::format(
            "the kernel's test run takes no such {}-byte frame at TC (IPv4 from 34 "
            "bytes on, IPv6 from 54)",
            bytes);
    return fmt::format("the kernel's test run takes no {}-byte frame at XDP (it is too large)",
                       bytes);
}

}  // namespace

struct Tester::State {
    Object object;
    int program_fd;  // borrowed from the object
    int trace_fd;
    int counters_fd;
    std::uint32_t slots;
    Program program;
    bool trace;
};

Result<Tester> Tester::open(std::span<const std::byte> bytes, const Options& options) {
    if (auto allowed = require_capabilities("test"); !allowed)
        return tl::unexpected(allowed.error());
    const LibbpfLog log;
    Object object(::bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
    if (!object) return refused("open", "the ruleset's object", errno, log.text());
    const auto config = config_of(object.get());
    if (!config) return tl::unexpected(config.error());
    (*config)->force_hook = abi_hook(options.hook);
    if (options.trace) (*config)->needs |= BPFW_NEEDS_TRACE;
    if (auto chosen = choose_event_maps(object.get(), (*config)->needs); !chosen)
        return tl::unexpected(chosen.error());
    const auto interfaces = named_interfaces(options);
    if (auto sized = size_host_maps(object.get(), interfaces); !sized)
        return tl::unexpected(sized.error());
    if (const int error = ::bpf_object__load(object.get()); error != 0)
        return refused("load", "the ruleset's programs", -error, log.text());
    if (auto filled = fill_host_maps(object.get(), interfaces, {}); !filled)
        return tl::unexpected(filled.error());
    const auto program = program_fd(object.get(), program_name(options));
    if (!program) return tl::unexpected(program.error());
    const int trace = ::bpf_object__find_map_fd_by_name(object.get(), BPFW_MAP_TRACE);
    const int counters = ::bpf_object__find_map_fd_by_name(object.get(), BPFW_MAP_COUNTERS);
    if (trace < 0 || counters < 0)
        return failure("find map", BPFW_MAP_TRACE ", " BPFW_MAP_COUNTERS, ENOENT,
                       "not in the object");
    const auto info = map_info(counters);
    if (!info) return tl::unexpected(info.error());
    const bool tc = options.tc || options.hook == TestHook::Output;
    return Tester(new State{std::move(object), *program, trace, counters, info->max_entries,
                            tc ? Program::Tc : Program::Xdp, options.trace});
}

Tester::Tester(Tester&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Tester& Tester::operator=(Tester&& other) noexcept {
    Tester taken(std::move(other));
    std::swap(state_, taken.state_);
    return *this;
}

Tester::~Tester() { delete state_; }

Result<Decision> Tester::run(std::span<const std::byte> frame, std::uint32_t repeat) {
    // The kernel runs nothing on less than an Ethernet header; no IP is in it either.
    if (frame.size() < ETH_HLEN) return Decision{.reason = BPFW_NOT_IP};
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()),
                .repeat = static_cast<int>(repeat));
    if (const int error = ::bpf_prog_test_run_opts(state_->program_fd, &options); error != 0) {
        if (error != -EINVAL) return refused("run", "the test frame", -error);
        return failure("run", "the test frame", EINVAL, size_reason(frame.size(), state_->program));
    }
    const std::uint32_t drop = state_->program == Program::Xdp ? XDP_DROP : TC_ACT_SHOT;
    Decision decision = {.dropped = options.retval == drop, .duration_ns = options.duration};
    if (!state_->trace) return decision;
    bpfw_trace trace = {};
    const std::uint32_t key = 0;
    if (::bpf_map_lookup_elem(state_->trace_fd, &key, &trace) != 0)
        return refused("read map", BPFW_MAP_TRACE, errno);
    decision.trace_decision = trace.decision;
    decision.family = trace.family;
    decision.reason = trace.reason;
    return decision;
}

Result<std::vector<CounterValue>> Tester::counters() const {
    std::vector<CounterValue> values;
    for (std::uint32_t slot = 0; slot < state_->slots; ++slot) {
        const auto value = sum_over_cpus(state_->counters_fd, slot);
        if (!value) return tl::unexpected(value.error());
        values.push_back(*value);
    }
    return values;
}

}  // namespace bpfw::runtime
