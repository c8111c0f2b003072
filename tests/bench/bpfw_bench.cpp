// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_bench: what a packet costs, with 1 to 1000 rules, beside the alternatives.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/bench/measure.hpp"

namespace bpfw::bench {
namespace {

struct Machine {
    std::string processor = "unknown processor";
    std::string kernel;
    long cores = 0;
};

Machine this_machine() {
    Machine machine;
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("model name", 0) == 0) {
            machine.processor = line.substr(line.find(':') + 2);
            break;
        }
    utsname name{};
    ::uname(&name);
    machine.kernel = name.release;
    machine.cores = ::sysconf(_SC_NPROCESSORS_ONLN);
    return machine;
}

// Of the best rounds, by name; 0 when it was not measured.
double best_of(const std::vector<Figure>& figures, const std::string& name) {
    for (const Figure& figure : figures)
        if (figure.name == name) return figure.ns_per_packet;
    return 0;
}

void print_programs(const std::vector<Figure>& figures) {
    const double empty = best_of(figures, "empty");
    const double parse = best_of(figures, "parse only");
    fmt::print(
        "\nXDP programs by BPF_PROG_TEST_RUN, 8192 headers in random order, ns per packet\n");
    fmt::print("{:<18}{:>7}{:>10}{:>10}{:>12}{:>17}\n", "program", "rules", "best", "median",
               "over empty", "over parse only");
    for (const Figure& f : figures)
        fmt::print("{:<18}{:>7}{:>10.1f}{:>10.1f}{:>12.1f}{:>17.1f}\n", f.name,
                   f.rules == 0 ? "-" : std::to_string(f.rules), f.ns_per_packet, f.median,
                   f.ns_per_packet - empty, f.ns_per_packet - parse);
}

void print_end_to_end(const std::vector<Figure>& figures) {
    const double drop = best_of(figures, "return XDP_DROP");
    fmt::print("\nOver a veth pair, sending and receiving on one processor, ns per packet\n");
    fmt::print("{:<18}{:>7}{:>10}{:>10}{:>9}{:>18}{:>8}{:>8}\n", "firewall", "rules", "best",
               "median", "Mpps", "over XDP_DROP", "ratio", "lost %");
    for (const Figure& f : figures)
        fmt::print("{:<18}{:>7}{:>10.1f}{:>10.1f}{:>9.2f}{:>18.1f}{:>8.2f}{:>8.1f}\n", f.name,
                   f.rules == 0 ? "-" : std::to_string(f.rules), f.ns_per_packet, f.median,
                   1000 / f.ns_per_packet, f.ns_per_packet - drop, f.ns_per_packet / drop,
                   f.lost * 100);
}

nlohmann::json as_json(const std::vector<Figure>& figures) {
    nlohmann::json out = nlohmann::json::array();
    for (const Figure& f : figures)
        out.push_back({{"name", f.name},
                       {"rules", f.rules},
                       {"ns_per_packet", f.ns_per_packet},
                       {"median_ns", f.median},
                       {"lost", f.lost}});
    return out;
}

struct Request {
    std::vector<std::size_t> sizes = {1, 10, 100, 1000};
    int rounds = 80;
    std::string json;
    bool programs_only = false;
    Shape shape = Shape::Services;
};

int run(const Request& request) {
    const Machine machine = this_machine();
    fmt::print("{}, {} processors, Linux {}\n", machine.processor, machine.cores, machine.kernel);
    const auto programs = measure_programs(request.sizes, request.shape, request.rounds);
    if (!programs) {
        fmt::print(stderr, "bpfw_bench: {}\n", to_text(programs.error()));
        return 1;
    }
    print_programs(*programs);
    nlohmann::json out = {{"machine", machine.processor},
                          {"processors", machine.cores},
                          {"kernel", machine.kernel},
                          {"programs", as_json(*programs)}};
    if (!request.programs_only) {
        const auto wire =
            measure_end_to_end(request.sizes, request.shape, std::max(3, request.rounds / 4));
        if (!wire) {
            fmt::print(stderr, "bpfw_bench: {}\n", to_text(wire.error()));
            return 1;
        }
        print_end_to_end(*wire);
        out["end_to_end"] = as_json(*wire);
    }
    if (request.json.empty()) return 0;
    std::ofstream file(request.json);
    file << out.dump(2) << "\n" << std::flush;
    if (!file) fmt::print(stderr, "bpfw_bench: cannot write {}\n", request.json);
    return file ? 0 : 1;
}

}  // namespace
}  // namespace bpfw::bench

int main(int argc, char** argv) {
    bpfw::bench::Request request;
    CLI::App app("times bpfw's programs, alone and over a veth pair (needs root)");
    app.add_option("--rules", request.sizes, "sizes of the rulesets");
    app.add_option("--rounds", request.rounds, "repetitions; the best and the median are shown")
        ->check(CLI::PositiveNumber);
    app.add_option("--json", request.json, "also write the figures to this file");
    const std::map<std::string, bpfw::bench::Shape> shapes = {
        {"services", bpfw::bench::Shape::Services},
        {"hosts", bpfw::bench::Shape::Hosts},
        {"strangers", bpfw::bench::Shape::Strangers}};
    app.add_option("--shape", request.shape,
                   "services (default): rules with an address and a port; hosts, strangers: with "
                   "an address only, which every packet has, or none")
        ->transform(CLI::CheckedTransformer(shapes));
    app.add_flag("--programs-only", request.programs_only, "leave the veth pair out");
    CLI11_PARSE(app, argc, argv);
    return bpfw::bench::run(request);
}
