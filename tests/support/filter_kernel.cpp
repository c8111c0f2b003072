// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> emitted functions -> linked object -> kernel -> answers.
#include "tests/support/filter_kernel.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "bpf-templates/abi.h"
#include "compiler/filter/compile_filter.hpp"
#include "compiler/object/link.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;

std::string g_log;

int collect(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG) return 0;
    std::vector<char> text(1U << 24U);
    const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
    g_log += text.data();
    return length;
}

std::vector<std::byte> bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    return {bytes, bytes + text.size()};
}

const char* name_of(FilterKernel::Entry entry) {
    switch (entry) {
        case FilterKernel::Entry::Xdp:
            return "test_xdp";
        case FilterKernel::Entry::Slow:
            return "test_slow";
        case FilterKernel::Entry::Frags:
            return "test_frags";
        case FilterKernel::Entry::Tc:
            return "test_tc";
        case FilterKernel::Entry::Partial:
            return "test_partial";
        case FilterKernel::Entry::MatchXdp:
            return BPFW_PROG_FILTER_XDP;
        case FilterKernel::Entry::MatchTc:
            return BPFW_PROG_FILTER_TC;
    }
    return nullptr;
}

struct Seen {  // struct filter_seen of filter_frame.bpf.c
    std::uint32_t logs = 0;
    std::uint32_t slots = 0;
    std::uint32_t vlan = 0;
};

}  // namespace

FilterKernel::FilterKernel(const filter::Graph& graph, const std::string& object,
                           std::uint32_t needs) {
    Program program = filter::filter_program(graph);
    program.needs = needs;
    for (const Function& function : program.functions) instructions_ += function.insns.size();
    const auto linked = link_object(bytes_of(object), program);
    if (!linked) return;
    libbpf_set_print(collect);
    g_log.clear();
    object_ = bpf_object__open_mem(linked->data(), linked->size(), nullptr);
    loaded_ = object_ != nullptr && bpf_object__load(object_) == 0;
    log_ = g_log;
    if (!loaded_) return;
    const std::uint32_t zero = 0;
    const int map = bpf_map__fd(bpf_object__find_map_by_name(object_, "filter_next"));
    const int next =
        bpf_program__fd(bpf_object__find_program_by_name(object_, BPFW_PROG_FILTER_TC));
    bpf_map_update_elem(map, &zero, &next, BPF_ANY);
}

FilterKernel::~FilterKernel() { bpf_object__close(object_); }

std::optional<FilterKernel::Answer> FilterKernel::run(const char* program,
                                                      std::span<const std::byte> frame,
                                                      std::uint32_t repeat, std::uint32_t vlan) {
    const int map = bpf_map__fd(bpf_object__find_map_by_name(object_, "filter_seen"));
    const std::uint32_t zero = 0;
    Seen seen{0, 0, vlan};
    bpf_map_update_elem(map, &zero, &seen, BPF_ANY);
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()),
                .repeat = static_cast<int>(repeat));
    const int fd = bpf_program__fd(bpf_object__find_program_by_name(object_, program));
    if (bpf_prog_test_run_opts(fd, &options) != 0) return std::nullopt;
    bpf_map_lookup_elem(map, &zero, &seen);
    return Answer{options.retval, seen.slots, options.duration};
}

std::optional<FilterKernel::Answer> FilterKernel::run(Entry entry, std::span<const std::byte> frame,
                                                      std::uint32_t repeat) {
    return run(name_of(entry), frame, repeat, 0);
}

std::optional<FilterKernel::Answer> FilterKernel::run_tagged(std::span<const std::byte> frame,
                                                             std::uint16_t protocol,
                                                             std::uint16_t tci) {
    return run("test_tagged", frame, 1, static_cast<std::uint32_t>(protocol) << 16U | tci);
}

}  // namespace bpfw::test
