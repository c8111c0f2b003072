// SPDX-License-Identifier: GPL-2.0-or-later
// One expression's object, attached to nothing, and frames -> match or not by BPF_PROG_TEST_RUN.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <cerrno>
#include <utility>

#include "bpf-templates/abi.h"
#include "runtime/root.hpp"
#include "runtime/runtime.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

// Less than what a page holds beside headroom and skb_shared_info on any kernel (about 3,500
// bytes on x86-64): from here on the kernel would show the beginning only.
constexpr std::size_t kOneBuffer = 3072;

}  // namespace

struct FilterTester::State {
    Object object;
    Hook hook;
    int one_buffer;  // borrowed from the object
    int several_buffers;
};

Result<FilterTester> FilterTester::open(std::span<const std::byte> bytes, Hook hook) {
    if (auto allowed = require_capabilities("test"); !allowed)
        return tl::unexpected(allowed.error());
    const LibbpfLog log;
    Object object(::bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
    if (!object) return refused("open", "the filter's object", errno, log.text());
    if (const int error = ::bpf_object__load(object.get()); error != 0)
        return refused("load", "the filter's programs", -error, log.text());
    const bool tc = hook == Hook::Tc;
    const auto one = program_fd(object.get(), tc ? BPFW_PROG_FILTER_TC : BPFW_PROG_FILTER_XDP);
    if (!one) return tl::unexpected(one.error());
    const auto several =
        program_fd(object.get(), tc ? BPFW_PROG_FILTER_TC : BPFW_PROG_FILTER_XDP_FRAGS);
    if (!several) return tl::unexpected(several.error());
    return FilterTester(new State{std::move(object), hook, *one, *several});
}

FilterTester::FilterTester(FilterTester&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}

FilterTester& FilterTester::operator=(FilterTester&& other) noexcept {
    FilterTester taken(std::move(other));
    std::swap(state_, taken.state_);
    return *this;
}

FilterTester::~FilterTester() { delete state_; }

Result<bool> FilterTester::match(std::span<const std::byte> frame, std::uint32_t length) {
    if (frame.size() != length)
        return failure("run", "the test frame", EMSGSIZE,
                       fmt::format("the capture has {} of its {} bytes", frame.size(), length));
    if (frame.size() < ETH_HLEN)
        return failure("run", "the test frame", EINVAL,
                       fmt::format("the kernel's test run takes no {}-byte frame", frame.size()));
    const bool tc = state_->hook == Hook::Tc;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()));
    const int program = frame.size() > kOneBuffer ? state_->several_buffers : state_->one_buffer;
    if (const int error = ::bpf_prog_test_run_opts(program, &options); error != 0)
        return refused("run", fmt::format("the test frame of {} bytes", frame.size()), -error);
    return options.retval == static_cast<std::uint32_t>(tc ? TC_ACT_SHOT : XDP_DROP);
}

}  // namespace bpfw::runtime
