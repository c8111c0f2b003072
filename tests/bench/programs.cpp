// SPDX-License-Identifier: GPL-2.0-or-later
// Object files -> loaded programs.
#include "tests/bench/programs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>

#include "bpf-templates/abi.h"
#include "tests/differential/compile_text.hpp"

namespace bpfw::bench {
namespace {

int quiet(libbpf_print_level, const char*, va_list) { return 0; }

Result<void> put_host_address(const Object& object) {
    auto local = std::make_unique<bpfw_local>();
    *local = {};
    local->v4[bpfw_hash4(kHost)] = kHost;
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(map_fd(object, BPFW_MAP_LOCAL), &zero, local.get(), BPF_ANY) != 0)
        return failure("fill map", BPFW_MAP_LOCAL, errno);
    return {};
}

}  // namespace

void CloseObject::operator()(bpf_object* object) const { bpf_object__close(object); }

int program_fd(const Object& object, const char* name) {
    const bpf_program* program = bpf_object__find_program_by_name(object.get(), name);
    return program == nullptr ? -1 : bpf_program__fd(program);
}

int map_fd(const Object& object, const char* name) {
    return bpf_object__find_map_fd_by_name(object.get(), name);
}

Result<Object> load_bench_object(const Workload& workload, std::uint32_t ifindex) {
    libbpf_set_print(quiet);
    Object object(bpf_object__open_file(BPFW_BENCH_OBJECT, nullptr));
    if (!object) return failure("open", BPFW_BENCH_OBJECT, errno);
    bpf_map* constants = bpf_object__find_map_by_name(object.get(), ".rodata");
    if (constants == nullptr ||
        bpf_map__set_initial_value(constants, &ifindex, sizeof ifindex) != 0)
        return failure("set", "bench_ifindex", errno);
    if (bpf_object__load(object.get()) != 0) return failure("load", BPFW_BENCH_OBJECT, errno);
    for (std::uint32_t i = 0; i < BENCH_HEADERS; i++)
        if (bpf_map_update_elem(map_fd(object, "bench_headers"), &i, &workload.headers[i],
                                BPF_ANY) != 0)
            return failure("fill map", "bench_headers", errno);
    return object;
}

Result<Object> load_ruleset(const Workload& workload) {
    libbpf_set_print(quiet);
    const auto bytes = test::compile_text(iptables_text(workload), "");
    if (!bytes) return tl::unexpected(bytes.error());
    Object object(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    if (!object) return failure("open", "ruleset", errno);
    for (const char* other : {BPFW_PROG_TC_INGRESS, BPFW_PROG_TC_EGRESS})
        bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), other), false);
    if (bpf_object__load(object.get()) != 0) return failure("load", "ruleset", errno);
    if (auto put = put_host_address(object); !put) return tl::unexpected(put.error());
    return object;
}

}  // namespace bpfw::bench
