// SPDX-License-Identifier: GPL-2.0-or-later
// The benchmark's BPF object, and rulesets loaded beside it, attached to nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "parser/base/result.hpp"
#include "tests/bench/workload.hpp"

struct bpf_object;

namespace bpfw::bench {

struct CloseObject {
    void operator()(bpf_object* object) const;
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

// `ifindex`: the device that bench_send sends by; 0 when it is not used.
Result<Object> load_bench_object(const Workload& workload, std::uint32_t ifindex);
// The workload's rules as `bpfw load` would load them, the host's address in place.
Result<Object> load_ruleset(const Workload& workload);
// Of a program; -1 when there is none of that name.
int program_fd(const Object& object, const char* name);
int map_fd(const Object& object, const char* name);

}  // namespace bpfw::bench
