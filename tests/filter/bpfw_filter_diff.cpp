// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_filter_diff: random tcpdump expressions, or those of a file, put to libpcap and to every
// engine of ours on a corpus of frames. Exit code 0: all agree; 1: not, printed; 2: could not.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "tests/filter/comparison.hpp"
#include "tests/filter/expressions.hpp"

namespace bpfw::test::filter {
namespace {

struct Request {
    std::uint64_t seed = 1;
    std::size_t expressions = 500;
    std::size_t frames = 10000;
    std::vector<std::string> files;
    std::vector<std::string> engines;
    unsigned workers = 2;
    std::uint32_t mutations = 0;
    bool list = false;
    Settings settings;
};

// What a worker leaves behind when it dies.
struct Shared {
    Totals totals;
    std::size_t at = 0;  // index of the expression in hand
};

std::vector<std::string> expressions_of(const Request& request) {
    std::vector<std::string> all;
    for (const std::string& file : request.files) {
        std::ifstream in(file);
        if (!in) throw std::runtime_error("cannot read " + file);
        for (std::string line; std::getline(in, line);)
            all.push_back(line.substr(0, line.find('\t')));
    }
    if (!request.files.empty()) return all;
    Random random(request.seed);
    while (all.size() < request.expressions) {
        const std::string expression = random_expression(random);
        all.push_back(random.percent(request.mutations) ? mutated(expression, random) : expression);
    }
    return all;
}

// Expressions first, first + step, ... Each finding is printed at once, in one piece.
void work(const Request& request, const std::vector<std::string>& expressions,
          const std::vector<Sample>& samples, Shared& shared, std::size_t first) {
    std::vector<std::string> missing;
    Comparison comparison(samples, engines(request.engines, missing), request.settings);
    const Totals before = shared.totals;
    for (std::size_t i = first; i < expressions.size(); i += request.workers) {
        shared.at = i;
        comparison.put(expressions[i]);
        shared.totals = before;
        shared.totals += comparison.totals();
        const std::string report = comparison.report();
        std::fwrite(report.data(), 1, report.size(), stdout);
        std::fflush(stdout);
    }
    shared.at = expressions.size();
}

// Whether it ended well.
bool wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Workers {
public:
    Workers(const Request& request, const std::vector<std::string>& expressions,
            const std::vector<Sample>& samples)
        : request_(request), expressions_(expressions), samples_(samples) {
        void* const memory = mmap(nullptr, request.workers * sizeof(Shared), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::runtime_error("mmap");
        shared_ = static_cast<Shared*>(memory);
        for (unsigned i = 0; i < request.workers; ++i) new (&shared_[i]) Shared;
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() { munmap(shared_, request_.workers * sizeof(Shared)); }

    void run() {
        std::vector<pid_t> children;
        for (unsigned i = 0; i < request_.workers; ++i) children.push_back(start(i, i));
        for (unsigned i = 0; i < request_.workers; ++i) {
            while (!wait_for(children[i])) {
                crashed_++;
                const std::size_t at = shared_[i].at;
                fmt::print("crashed: {}\n", at < expressions_.size() ? expressions_[at] : "");
                children[i] = start(i, at + request_.workers);
            }
        }
    }
    [[nodiscard]] std::size_t crashed() const { return crashed_; }
    [[nodiscard]] Totals totals() const {
        Totals sum;
        for (unsigned i = 0; i < request_.workers; ++i) sum += shared_[i].totals;
        return sum;
    }

private:
    pid_t start(unsigned worker, std::size_t first) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child < 0) throw std::runtime_error("fork");
        if (child > 0) return child;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        work(request_, expressions_, samples_, shared_[worker], first);
        _exit(0);
    }

    const Request& request_;
    const std::vector<std::string>& expressions_;
    const std::vector<Sample>& samples_;
    Shared* shared_;
    std::size_t crashed_ = 0;
};

int run_all(const Request& request) {
    std::vector<std::string> missing;
    std::vector<std::string> names;
    for (const auto& engine : engines(request.engines, missing)) names.emplace_back(engine->name());
    for (const std::string& what : missing) fmt::print("not run: {}\n", what);
    const auto expressions = expressions_of(request);
    if (request.list) {
        for (const std::string& expression : expressions) fmt::print("{}\n", expression);
        return 0;
    }
    const auto samples = corpus(request.seed, request.frames);
    const auto start = std::chrono::steady_clock::now();
    Workers workers(request, expressions, samples);
    workers.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    fmt::print("seed {}, {} frames, {:.1f} s\n{}", request.seed, samples.size(), took.count(),
               to_text(workers.totals(), names));
    if (workers.crashed() != 0) fmt::print("{} crashes\n", workers.crashed());
    return workers.totals().clean() && workers.crashed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bpfw::test::filter

int main(int argc, char** argv) {
    using namespace bpfw::test::filter;
    Request request;
    CLI::App app("compares bpfw's filters with libpcap's");
    app.add_option("--seed", request.seed, "of the expressions and of the frames");
    app.add_option("--expressions", request.expressions, "how many random ones");
    app.add_option("--packets", request.frames, "how many frames");
    app.add_option("--file", request.files, "expressions, one a line, up to a tab");
    app.add_option("--engines", request.engines, "those whose names contain one of these words");
    app.add_option("--workers", request.workers, "processes")->check(CLI::Range(1, 64));
    app.add_option("--shown", request.settings.shown, "disagreements printed per engine");
    app.add_option("--mutations", request.mutations, "how many in a hundred get words changed");
    app.add_flag("--minimize", request.settings.minimize, "make what disagrees small");
    app.add_flag("--list", request.list, "only print the expressions");
    CLI11_PARSE(app, argc, argv);
    try {
        return run_all(request);
    } catch (const std::exception& error) {
        fmt::print(stderr, "bpfw_filter_diff: {}\n", error.what());
        return 2;
    }
}
