// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_diff: any number of random (ruleset, packet) pairs of any seed, put to every engine.
// Exit code 0: all agree; 1: mismatches, printed; 2: it could not be done.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "tests/differential/trial.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

struct Request {
    std::vector<Family> families = {Family::Ipv4, Family::Ipv6};
    std::vector<Hook> hooks = {Hook::Input, Hook::Forward, Hook::Output};
    TrialOptions trial;
    bool minimize = false;
};

void tell(const TrialReport& report, const Request& request, Family family, Hook hook) {
    for (const Mismatch& mismatch : report.first) {
        Mismatch shown = mismatch;
        if (request.minimize)
            if (auto bench = Bench::open(family, hook)) shown = minimized(shown, *bench);
        fmt::print("{}\n", to_text(shown, family));
    }
}

int run_all(const Request& request) {
    std::uint64_t pairs = 0;
    std::uint64_t mismatches = 0;
    for (const Family family : request.families)
        for (const Hook hook : request.hooks) {
            TrialOptions trial = request.trial;
            trial.family = family;
            trial.hook = hook;
            const auto start = std::chrono::steady_clock::now();
            const auto report = run_trial(trial);
            if (!report) {
                fmt::print(stderr, "bpfw_diff: {}\n", to_text(report.error()));
                return 2;
            }
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
            fmt::print("{} {} seed {}: {} ({:.1f} s)\n", family == Family::Ipv4 ? "IPv4" : "IPv6",
                       chain_name(hook), trial.seed, to_text(*report), took.count());
            tell(*report, request, family, hook);
            pairs += report->pairs;
            mismatches += report->mismatches;
        }
    fmt::print("{} pairs in all, {} mismatches\n", pairs, mismatches);
    return mismatches == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bpfw::test

int main(int argc, char** argv) {
    using namespace bpfw::test;
    using bpfw::parser::Family;
    Request request;
    CLI::App app("compares bpfw, its reference interpreter and the kernel's iptables");
    app.add_option("--seed", request.trial.seed, "where the random rulesets begin");
    app.add_option("--rulesets", request.trial.rulesets, "rulesets per family and hook");
    app.add_option("--packets", request.trial.packets, "packets per ruleset");
    app.add_option("--family", request.families, "4 or 6; both when not given")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, Family>{{"4", Family::Ipv4}, {"6", Family::Ipv6}}));
    app.add_option("--hook", request.hooks, "input, forward or output; all when not given")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Hook>{
            {"input", Hook::Input}, {"forward", Hook::Forward}, {"output", Hook::Output}}));
    app.add_flag("--minimize", request.minimize, "make the rulesets of mismatches small");
    CLI11_PARSE(app, argc, argv);
    if (const std::string obstacle = oracle_obstacle(); !obstacle.empty()) {
        fmt::print(stderr, "bpfw_diff: {}\n", obstacle);
        return 2;
    }
    return run_all(request);
}
