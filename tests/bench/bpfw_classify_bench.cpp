// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_classify_bench: the multi-field classifier alone, rulesets of ClassBench's shape.
// ns per packet over the same driver with an empty function, by BPF_PROG_TEST_RUN.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <memory>

#include "compiler/asm/assembler.hpp"
#include "compiler/classify/emit_walk.hpp"
#include "tests/support/classbench.hpp"
#include "tests/support/classify_kernel.hpp"
#include "tests/support/classify_run.h"

namespace bpfw::bench {
namespace {

using namespace compiler::classify;
using parser::Family;
using test::ClassifyKernel;
using test::Flavour;
using test::Trace;

struct Request {
    std::vector<std::size_t> sizes = {1000, 10'000, 100'000};
    std::vector<std::string> flavours = {"acl", "fw", "ipc"};
    int rounds = 15;
    bool six = false;
    std::uint32_t flags = 0;
    CostModel cost;
};

std::unique_ptr<ClassifyKernel> empty_kernel() {
    compiler::Assembler as;
    as.mov32_imm(compiler::kResult, 0);
    as.exit();
    compiler::Program program;
    program.functions.push_back(std::move(as).finish("bpfw_classify"));
    return std::make_unique<ClassifyKernel>(program);
}

// Rounds alternate, so that a slow moment of the machine hits both. The best of each: what others
// do on the machine only ever adds.
double over_empty(ClassifyKernel& kernel, ClassifyKernel& empty,
                  const std::vector<bpfw_packet>& packets, int rounds) {
    kernel.give(packets);
    empty.give(packets);
    double own = kernel.nanoseconds();
    double other = empty.nanoseconds();
    for (int i = 1; i < rounds; ++i) {
        own = std::min(own, kernel.nanoseconds());
        other = std::min(other, empty.nanoseconds());
    }
    return own - other;
}

Flavour flavour_of(const std::string& name) {
    return name == "acl" ? Flavour::Acl : name == "fw" ? Flavour::Fw : Flavour::Ipc;
}

bool measure(const Request& request, const std::string& name, std::size_t rules,
             ClassifyKernel& empty) {
    const Family family = request.six ? Family::Ipv6 : Family::Ipv4;
    const auto boxes = test::classbench_rules({flavour_of(name), family, rules, request.flags}, 7);
    std::vector<RankedBox> ranked;
    for (const Box& box : boxes) ranked.push_back({box, static_cast<std::uint32_t>(ranked.size())});
    const auto before = std::chrono::steady_clock::now();
    const auto built = build(family, ranked, request.cost);
    const double build_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before)
            .count();
    if (!built) {
        fmt::print("{:<6}{:>8}  not built\n", name, rules);
        return false;
    }
    compiler::Program program;
    program.functions.push_back(emit_walk(*built, "bpfw_classify", program.tables));
    ClassifyKernel kernel(program);
    if (!kernel.loaded()) {
        fmt::print("{}\n", kernel.log());
        return false;
    }
    fmt::print("{:<6}{:>8}", name, rules);
    for (const Trace trace : {Trace::Hits, Trace::Random, Trace::Mixed})
        fmt::print("{:>9.1f}",
                   over_empty(kernel, empty,
                              test::classbench_trace(boxes, family, trace, CLASSIFY_HEADERS, 8),
                              request.rounds));
    fmt::print("{:>10.1f}{:>9.1f}{:>9.2f}{:>7}{:>9}{:>8}{:>8}{:>7}\n", build_ms,
               kernel.load_seconds() * 1000,
               static_cast<double>(program.tables.size()) / (1U << 20U), built->trees,
               built->entries, built->inner, built->visits, program.functions[0].insns.size());
    std::fflush(stdout);
    return true;
}

int run(const Request& request) {
    const auto empty = empty_kernel();
    if (!empty->loaded()) {
        fmt::print(stderr, "bpfw_classify_bench: {}\n", empty->log());
        return 1;
    }
    fmt::print("{} headers a trace; ns over an empty function, best of {} rounds\n",
               CLASSIFY_HEADERS, request.rounds);
    fmt::print("{:<6}{:>8}{:>9}{:>9}{:>9}{:>10}{:>9}{:>9}{:>7}{:>9}{:>8}{:>8}{:>7}\n", "", "rules",
               "hits", "random", "mixed", "build ms", "load ms", "MiB", "trees", "entries", "inner",
               "visits", "insns");
    bool good = true;
    for (const std::string& name : request.flavours)
        for (const std::size_t rules : request.sizes)
            good = measure(request, name, rules, *empty) && good;
    return good ? 0 : 1;
}

}  // namespace
}  // namespace bpfw::bench

int main(int argc, char** argv) {
    bpfw::bench::Request request;
    CLI::App app("times the multi-field classifier (needs root)");
    app.add_option("--rules", request.sizes, "sizes of the rulesets");
    app.add_option("--flavours", request.flavours, "acl, fw, ipc");
    app.add_option("--rounds", request.rounds, "repetitions; the best is shown")
        ->check(CLI::PositiveNumber);
    app.add_option("--tcp-flags", request.flags, "percent of the TCP rules with --syn");
    app.add_flag("--ipv6", request.six, "IPv6");
    app.add_option("--cost-visit", request.cost.visit, "cost model: a visit of a node, ns");
    app.add_option("--cost-bit", request.cost.bit, "cost model: a bit later, ns");
    app.add_option("--cost-entry", request.cost.entry, "cost model: an entry of a leaf, ns");
    app.add_option("--cost-memory", request.cost.memory, "cost model: doubling the memory, ns");
    CLI11_PARSE(app, argc, argv);
    return bpfw::bench::run(request);
}
