// SPDX-License-Identifier: GPL-2.0-or-later
// Programs -> ns per packet. measure_programs() is the door.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "bpf-templates/abi.h"
#include "tests/bench/measure.hpp"
#include "tests/bench/programs.hpp"

namespace bpfw::bench {
namespace {

constexpr int kRunsPerRound = 2 * BENCH_HEADERS;

struct Contender {
    Figure figure;
    int driver = -1;   // varies the header, then tail-calls
    int targets = -1;  // the driver's prog_array
    int program = -1;
    std::vector<double> rounds;
};

// A call costs some 15 ms besides (the kernel patches the XDP dispatcher's text): only the kernel's
// own clock tells the programs apart.
Result<double> time_round(const Contender& contender) {
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(contender.targets, &zero, &contender.program, BPF_ANY) != 0)
        return failure("set target", contender.figure.name, errno);
    std::vector<std::uint8_t> frame(64, 0);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.repeat = kRunsPerRound;
    if (bpf_prog_test_run_opts(contender.driver, &options) != 0)
        return failure("test program", contender.figure.name, errno);
    if (options.retval == 0)  // XDP_ABORTED: the tail call did not happen
        return failure("test program", contender.figure.name, 0, "was not reached");
    return options.duration;  // of the loop alone, per run
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// What lives as long as its programs are timed.
struct Loaded {
    std::deque<Object> objects;
    std::vector<Contender> contenders;
};

Result<void> add_size(std::size_t rules, Shape shape, Loaded& loaded) {
    const Workload workload = make_workload(rules, shape);
    auto bench = load_bench_object(workload, 0);
    if (!bench) return tl::unexpected(bench.error());
    auto ruleset = load_ruleset(workload);
    if (!ruleset) return tl::unexpected(ruleset.error());
    const int driver = program_fd(*bench, "bench_driver");
    const int targets = map_fd(*bench, "bench_target");
    const auto add = [&](const char* name, std::size_t size, int program) {
        loaded.contenders.push_back({{name, size, 0, 0, 0}, driver, targets, program, {}});
    };
    if (loaded.contenders.empty()) {
        add("empty", 0, program_fd(*bench, "bench_pass"));
        add("return XDP_DROP", 0, program_fd(*bench, "bench_drop"));
        add("parse only", 0, program_fd(*bench, "bench_parse"));
    }
    add("bpfw", rules, program_fd(*ruleset, BPFW_PROG_XDP));
    loaded.objects.push_back(std::move(*bench));
    loaded.objects.push_back(std::move(*ruleset));
    return {};
}

}  // namespace

Result<std::vector<Figure>> measure_programs(const std::vector<std::size_t>& sizes, Shape shape,
                                             int rounds) {
    Loaded loaded;
    for (const std::size_t rules : sizes)
        if (auto added = add_size(rules, shape, loaded); !added)
            return tl::unexpected(added.error());
    for (int round = 0; round < rounds; round++)
        for (Contender& contender : loaded.contenders) {
            const auto ns = time_round(contender);
            if (!ns) return tl::unexpected(ns.error());
            contender.rounds.push_back(*ns);
        }
    std::vector<Figure> figures;
    for (Contender& contender : loaded.contenders) {
        contender.figure.ns_per_packet =
            *std::min_element(contender.rounds.begin(), contender.rounds.end());
        contender.figure.median = median(contender.rounds);
        figures.push_back(contender.figure);
    }
    return figures;
}

}  // namespace bpfw::bench
