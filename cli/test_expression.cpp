// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw test -e`: a capture's frames through one compiled tcpdump expression -> a line each, or
// only their number. run_test_expression() is the door.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/capture.hpp"
#include "cli/expression.hpp"
#include "cli/report.hpp"
#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/object/object.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::cli {
namespace {

namespace filter = compiler::filter;
using Json = nlohmann::ordered_json;

// Asks the kernel where it can run the frame as it was on the wire, else the compiler's own
// evaluation of the same graph: of a frame that the capture cut no test run can say the length.
class Matcher {
public:
    Matcher(filter::Graph graph, std::optional<runtime::FilterTester> kernel)
        : graph_(std::move(graph)), kernel_(std::move(kernel)) {}

    bool matches(const Frame& frame) {
        if (kernel_) {
            if (const Result<bool> answer = kernel_->match(frame.bytes, frame.length)) {
                ++in_kernel_;
                return *answer;
            }
        }
        return filter::evaluate(graph_, {frame.bytes, frame.length}) != 0;
    }
    [[nodiscard]] std::uint64_t in_kernel() const { return in_kernel_; }

private:
    filter::Graph graph_;
    std::optional<runtime::FilterTester> kernel_;
    std::uint64_t in_kernel_ = 0;
};

struct Tally {
    std::uint64_t packets = 0;
    std::uint64_t matched = 0;
};

// Lines are written as they come: a capture may be larger than memory.
class Lines {
public:
    explicit Lines(const Options& options) : json_(options.json), count_(options.count) {
        if (json_ && !count_) fmt::print("{{\"packets\": [");
    }

    void line(std::uint64_t number, const Frame& frame, bool matches) const {
        if (count_) return;
        if (json_) {
            const Json out = {{"number", number},
                              {"matches", matches},
                              {"captured", frame.bytes.size()},
                              {"length", frame.length}};
            fmt::print("{}\n  {}", number > 1 ? "," : "", out.dump());
        } else {
            fmt::print("{:6}  {}\n", number, matches ? "match" : "-");
        }
    }

    void summary(const Tally& tally, std::uint64_t in_kernel) const {
        const Json out = {
            {"packets", tally.packets}, {"matched", tally.matched}, {"run_in_kernel", in_kernel}};
        if (json_ && count_) {
            fmt::print("{}\n", out.dump());
        } else if (json_) {
            fmt::print("\n], \"summary\": {}}}\n", out.dump());
        } else if (count_) {
            fmt::print("{}\n", tally.matched);
        } else {
            fmt::print("{} of {} packets match\n", tally.matched, tally.packets);
        }
    }

private:
    bool json_;
    bool count_;
};

// A test run's frames come from lo, those of a capture from no interface of this machine.
bool asks_interface(const filter::Graph& graph) {
    return std::any_of(graph.values.begin(), graph.values.end(), [](const filter::Value& value) {
        return std::holds_alternative<filter::InterfaceIndex>(value);
    });
}

// Without the right to run programs the answer is the same; only its proof is another.
std::optional<runtime::FilterTester> kernel_tester(const compiler::Program& program,
                                                   const Options& options) {
    const Result<std::vector<std::byte>> object = compiler::write_object(program);
    if (!object) {
        report(object.error(), KernelLog::Hide);
        return std::nullopt;
    }
    Result<runtime::FilterTester> tester = runtime::FilterTester::open(*object);
    if (tester) return std::move(*tester);
    if (options.verbose) report(tester.error(), KernelLog::Show);
    fmt::print(stderr,
               "bpfw test: warning: not run in the kernel ({}), but evaluated by bpfw itself\n",
               to_text(tester.error()));
    return std::nullopt;
}

// The capture's own fault comes after what could be read of it, on stderr.
Exit match_all(Capture& capture, Matcher& matcher, const Options& options) {
    Tally tally;
    Exit code = Exit::Ok;
    const Lines lines(options);
    while (true) {
        const auto frame = capture.next();
        if (!frame) {
            fmt::print(stderr, "bpfw test: {}\n", frame.error());
            code = Exit::Mistake;
        }
        if (!frame || !*frame) break;
        const bool matches = matcher.matches(**frame);
        lines.line(++tally.packets, **frame, matches);
        if (matches) ++tally.matched;
    }
    lines.summary(tally, matcher.in_kernel());
    return code;
}

}  // namespace

Exit run_test_expression(const Options& options) {
    ExpressionInput input;
    const tl::expected<compiler::Program, Exit> program = compile_expression(options, input);
    if (!program) return program.error();
    tl::expected<Capture, std::string> capture = Capture::open(options.capture);
    if (!capture) {
        fmt::print(stderr, "bpfw test: {}\n", capture.error());
        return Exit::Mistake;
    }
    filter::Graph graph =
        filter::optimise(filter::lower(*input.expression, filter::Lists::AsSets, input.where()));
    std::optional<runtime::FilterTester> kernel;
    if (!asks_interface(graph)) kernel = kernel_tester(*program, options);
    Matcher matcher(std::move(graph), std::move(kernel));
    return match_all(*capture, matcher, options);
}

}  // namespace bpfw::cli
