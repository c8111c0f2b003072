// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_filter_bench: what a tcpdump expression costs at XDP, beside the same by hand in C
// (filters.bpf.c) and an empty program, and its size beside libpcap's classic bytecode; then long
// lists of hosts. One run, rounds interleaved.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bpf-templates/abi.h"
#include "compiler/filter/classic.hpp"
#include "compiler/filter/compile_filter.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/object/object.hpp"
#include "parser/pcap/pcap.hpp"
#include "tests/bench/filter_workload.hpp"
#include "tests/bench/libpcap.hpp"
#include "tests/bench/programs.hpp"

namespace bpfw::bench {
namespace {

namespace filter = compiler::filter;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int kRunsPerRound = 2 * FILTER_FRAMES;
constexpr std::uint32_t kSnapshot = 262144;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Named {
    const char* program;
    const char* expression;
};
#define BPFW_NAMED_FILTER(program, expression) {#program, expression},
constexpr Named kFilters[] = {FILTERS(BPFW_NAMED_FILTER)};
#undef BPFW_NAMED_FILTER

// ------------------------------------------------------------------------- compiling
struct Compiled {
    Object object;
    std::size_t instructions = 0;  // of the function at XDP
    std::size_t classic = 0;       // of our classic bytecode; 0: not asked
    double compile_ms = 0;         // text to object
};

std::optional<std::size_t> classic_size(const parser::pcap::Expression& expression) {
    std::string why;
    const auto graph = filter::optimise(
        filter::lower(expression, filter::Lists::AsWritten, {{0, "bench", 1, 1, ""}}));
    const auto program = filter::to_classic(graph, kSnapshot, why);
    return program ? std::optional(program->size()) : std::nullopt;
}

// What the kernel runs: without the ways that its verifier found dead.
std::size_t translated_instructions(int program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(program, &info, &size) != 0) return 0;
    return info.xlated_prog_len / sizeof(bpf_insn);
}

enum class Classic : std::uint8_t { No, Yes };

Result<Compiled> compile(const std::string& text, Classic classic) {
    const auto start = Clock::now();
    parser::Sources sources;
    parser::Diagnostics diags;
    const std::uint32_t source = sources.add("bench", text);
    const parser::Span whole{source, 0, static_cast<std::uint32_t>(text.size())};
    const auto expression =
        parser::pcap::parse({sources.text(source), whole}, {}, parser::system_names(), diags);
    if (!expression) return failure("compile", text, 0, render(diags, sources));
    const auto program = filter::compile_filter(*expression, {{0, "bench", 1, 1, ""}}, diags);
    if (!program) return failure("compile", text, 0, render(diags, sources));
    const auto bytes = compiler::write_object(*program);
    if (!bytes) return tl::unexpected(bytes.error());
    Compiled out;
    out.compile_ms = milliseconds_since(start);
    if (classic == Classic::Yes) out.classic = classic_size(*expression).value_or(0);
    out.object.reset(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    if (!out.object) return failure("open", text, errno);
    for (const char* other : {BPFW_PROG_FILTER_XDP_FRAGS, BPFW_PROG_FILTER_TC})
        bpf_program__set_autoload(bpf_object__find_program_by_name(out.object.get(), other), false);
    if (bpf_object__load(out.object.get()) != 0) return failure("load", text, errno);
    out.instructions = translated_instructions(program_fd(out.object, BPFW_PROG_FILTER_XDP));
    return out;
}

// ------------------------------------------------------------------------ the clock
class Track {
public:
    static Result<Track> open() {
        Object object(bpf_object__open_file(BPFW_FILTERS_OBJECT, nullptr));
        if (!object || bpf_object__load(object.get()) != 0)
            return failure("load", BPFW_FILTERS_OBJECT, errno);
        const std::vector<BenchFrame> frames = make_filter_frames();
        const int map = map_fd(object, "filter_frames");
        for (std::uint32_t i = 0; i < FILTER_FRAMES; ++i)
            if (bpf_map_update_elem(map, &i, frames[i].data(), BPF_ANY) != 0)
                return failure("fill map", "filter_frames", errno);
        return Track(std::move(object), frames);
    }

    [[nodiscard]] int by_hand(const char* name) const { return program_fd(object_, name); }
    [[nodiscard]] const std::vector<BenchFrame>& frames() const { return frames_; }

    // ns per packet, the driver's own part included.
    Result<double> round(int program) const {
        const std::uint32_t zero = 0;
        if (bpf_map_update_elem(map_fd(object_, "filter_target"), &zero, &program, BPF_ANY) != 0)
            return failure("set target", "filter", errno);
        BenchFrame frame{};
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = frame.data();
        options.data_size_in = static_cast<std::uint32_t>(frame.size());
        options.repeat = kRunsPerRound;
        if (bpf_prog_test_run_opts(program_fd(object_, "filter_driver"), &options) != 0)
            return failure("test program", "filter", errno);
        if (options.retval == 0)  // XDP_ABORTED: the tail call did not happen
            return failure("test program", "filter", 0, "was not reached");
        return options.duration;
    }

private:
    Track(Object object, std::vector<BenchFrame> frames)
        : object_(std::move(object)), frames_(std::move(frames)) {}
    Object object_;
    std::vector<BenchFrame> frames_;
};

// How many of the frames it drops; with `verdicts`, which.
Result<std::size_t> matched(const Track& track, int program, std::vector<bool>& verdicts) {
    verdicts.clear();
    for (const BenchFrame& frame : track.frames()) {
        bpf_test_run_opts options{};
        options.sz = sizeof options;
        options.data_in = frame.data();
        options.data_size_in = static_cast<std::uint32_t>(frame.size());
        if (bpf_prog_test_run_opts(program, &options) != 0)
            return failure("test program", "filter", errno);
        verdicts.push_back(options.retval == 1);  // XDP_DROP
    }
    return static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), true));
}

// Of a shared machine's rounds the best one says most about the program.
double best(const std::vector<double>& rounds) {
    return *std::min_element(rounds.begin(), rounds.end());
}

struct Timed {
    int program = -1;
    std::vector<double> rounds;
};

Result<void> time_all(const Track& track, std::vector<Timed*> programs, int rounds) {
    for (int round = 0; round < rounds; ++round)
        for (Timed* timed : programs) {
            const auto ns = track.round(timed->program);
            if (!ns) return tl::unexpected(ns.error());
            timed->rounds.push_back(*ns);
        }
    return {};
}

// --------------------------------------------------------------------- the two tables
struct Request {
    int rounds = 40;
    bool slow = false;
    std::string json;
};

struct Row {
    const Named* filter = nullptr;
    Compiled ours;
    Timed ours_time, hand_time;
    PeerSize peer;
    std::size_t matched = 0;
};

Result<Row> make_row(const Track& track, const Named& named) {
    Row row;
    row.filter = &named;
    auto ours = compile(named.expression, Classic::Yes);
    if (!ours) return tl::unexpected(ours.error());
    row.ours = std::move(*ours);
    row.ours_time.program = program_fd(row.ours.object, BPFW_PROG_FILTER_XDP);
    row.hand_time.program = track.by_hand(named.program);
    const auto peer = libpcap_size(named.expression);
    if (!peer) return tl::unexpected(peer.error());
    row.peer = *peer;
    std::vector<bool> mine;
    std::vector<bool> hands;
    const auto count = matched(track, row.ours_time.program, mine);
    if (!count) return tl::unexpected(count.error());
    if (auto other = matched(track, row.hand_time.program, hands); !other)
        return tl::unexpected(other.error());
    if (mine != hands)
        return failure("compare", named.expression, 0, "the program by hand decides otherwise");
    row.matched = *count;
    return row;
}

Result<Json> everyday(const Track& track, const Request& request) {
    std::deque<Row> rows;
    Timed empty{track.by_hand("filter_empty"), {}};
    std::vector<Timed*> programs = {&empty};
    for (const Named& named : kFilters) {
        auto row = make_row(track, named);
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
        programs.push_back(&rows.back().ours_time);
        programs.push_back(&rows.back().hand_time);
    }
    if (auto timed = time_all(track, programs, request.rounds); !timed)
        return tl::unexpected(timed.error());
    const double base = best(empty.rounds);
    fmt::print("\nXDP, {} frames in turn, ns per packet over an empty program (best of {})\n",
               FILTER_FRAMES, request.rounds);
    fmt::print("{:<44}{:>8}{:>7}{:>7}{:>7}{:>8}{:>8}{:>9}{:>9}\n", "filter", "match %", "bpfw", "C",
               "diff", "insns", "C", "classic", "libpcap");
    Json out = Json::array();
    for (const Row& row : rows) {
        const double ours = best(row.ours_time.rounds) - base;
        const double hand = best(row.hand_time.rounds) - base;
        fmt::print("{:<44}{:>8.1f}{:>7.1f}{:>7.1f}{:>+7.1f}{:>8}{:>8}{:>9}{:>9}\n",
                   row.filter->expression, 100.0 * static_cast<double>(row.matched) / FILTER_FRAMES,
                   ours, hand, ours - hand, row.ours.instructions,
                   translated_instructions(row.hand_time.program), row.ours.classic,
                   row.peer.instructions);
        out.push_back({{"filter", row.filter->expression},
                       {"bpfw_ns", ours},
                       {"c_ns", hand},
                       {"instructions", row.ours.instructions},
                       {"classic", row.ours.classic},
                       {"libpcap_classic", row.peer.instructions}});
    }
    return out;
}

Result<Json> lists(const Track& track, const Request& request) {
    struct List {
        std::size_t hosts;
        Compiled ours;
        Timed time;
        std::optional<PeerSize> peer;
    };
    std::deque<List> all;
    Timed empty{track.by_hand("filter_empty"), {}};
    std::vector<Timed*> programs = {&empty};
    const std::size_t peers_end = request.slow ? 800 : 200;
    for (const std::size_t hosts : {1, 10, 100, 200, 800, 10'000, 100'000}) {
        const std::string text = host_list(hosts);
        auto ours = compile(text, Classic::No);
        if (!ours) return tl::unexpected(ours.error());
        List list{hosts, std::move(*ours), {}, std::nullopt};
        list.time.program = program_fd(list.ours.object, BPFW_PROG_FILTER_XDP);
        if (hosts <= peers_end) {
            const auto peer = libpcap_size(text);
            if (!peer) return tl::unexpected(peer.error());
            list.peer = *peer;
        }
        all.push_back(std::move(list));
        programs.push_back(&all.back().time);
    }
    if (auto timed = time_all(track, programs, request.rounds); !timed)
        return tl::unexpected(timed.error());
    const double base = best(empty.rounds);
    fmt::print("\n`host A or host B or ...`\n{:>8}{:>16}{:>14}{:>8}{:>18}{:>10}\n", "hosts",
               "ns over empty", "compile ms", "insns", "libpcap -O ms", "insns");
    Json out = Json::array();
    for (const List& list : all) {
        const double ns = best(list.time.rounds) - base;
        fmt::print("{:>8}{:>16.1f}{:>14.1f}{:>8}{:>18}{:>10}\n", list.hosts, ns,
                   list.ours.compile_ms, list.ours.instructions,
                   list.peer ? fmt::format("{:.1f}", list.peer->compile_ms) : "-",
                   list.peer ? fmt::format("{}", list.peer->instructions) : "-");
        out.push_back({{"hosts", list.hosts}, {"ns", ns}, {"compile_ms", list.ours.compile_ms}});
        if (list.peer) out.back()["libpcap_ms"] = list.peer->compile_ms;
    }
    return out;
}

int complain(const Error& error) {
    fmt::print(stderr, "bpfw_filter_bench: {}\n", to_text(error));
    return 1;
}

int run(const Request& request) {
    libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
    const auto track = Track::open();
    if (!track) return complain(track.error());
    const auto filters = everyday(*track, request);
    if (!filters) return complain(filters.error());
    const auto hosts = lists(*track, request);
    if (!hosts) return complain(hosts.error());
    if (request.json.empty()) return 0;
    std::ofstream file(request.json);
    file << Json{{"filters", *filters}, {"lists", *hosts}}.dump(2) << "\n" << std::flush;
    if (!file) fmt::print(stderr, "bpfw_filter_bench: cannot write {}\n", request.json);
    return file ? 0 : 1;
}

}  // namespace
}  // namespace bpfw::bench

int main(int argc, char** argv) {
    bpfw::bench::Request request;
    CLI::App app("times tcpdump expressions at XDP beside hand-written C (needs root)");
    app.add_option("--rounds", request.rounds, "repetitions; the best is shown")
        ->check(CLI::PositiveNumber);
    app.add_flag("--slow", request.slow, "let libpcap optimise 800 hosts too (20 s)");
    app.add_option("--json", request.json, "also write the figures to this file");
    CLI11_PARSE(app, argc, argv);
    return bpfw::bench::run(request);
}
