// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw test`: a capture's frames through the compiled program (BPF_PROG_TEST_RUN) -> one line
// each. Nothing is attached, nothing running changes.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bpf-templates/abi.h"
#include "cli/build.hpp"
#include "cli/capture.hpp"
#include "cli/commands.hpp"
#include "cli/expression.hpp"
#include "cli/report.hpp"
#include "cli/slots.hpp"

namespace bpfw::cli {
namespace {

using Json = nlohmann::ordered_json;

// Pass: not judged. Failed: could not be run.
enum class Fate : std::uint8_t { Accept, Drop, Pass, Failed };

std::string_view fate_name(Fate fate) {
    switch (fate) {
        case Fate::Accept:
            return "ACCEPT";
        case Fate::Drop:
            return "DROP";
        case Fate::Pass:
            return "PASS";
        case Fate::Failed:
            return "ERROR";
    }
    BPFW_BUG("a fate without a name");
}

struct Line {
    std::uint64_t number = 0;
    Fate fate = Fate::Failed;
    std::string by;    // "INPUT:3", "policy INPUT", or why no rule decided
    std::string rule;  // its text
    std::string_view family = "-";
    std::uint32_t captured = 0;
    std::uint32_t length = 0;
};

struct Summary {
    std::uint64_t packets = 0, accepted = 0, dropped = 0, passed = 0, failed = 0, cut = 0;
};

void explain(const runtime::Decision& decision, const std::vector<Slot>& slots, Line& line) {
    line.fate = decision.dropped ? Fate::Drop : Fate::Accept;
    line.family = decision.family == 4 ? "ipv4" : decision.family == 6 ? "ipv6" : "-";
    switch (static_cast<bpfw_reason>(decision.reason)) {
        case BPFW_NOT_IP:
            line.fate = Fate::Pass;
            line.by = "not IP";
            return;
        case BPFW_MALFORMED:
            line.by = "malformed IP header";
            return;
        case BPFW_LATER_FRAGMENT:
            line.fate = Fate::Pass;
            line.by = "later fragment";
            return;
        case BPFW_NOT_OURS:
            line.fate = Fate::Pass;
            line.by = "forwarded, not this hook's";
            return;
        case BPFW_TTL_EXCEEDED:
            line.fate = Fate::Pass;
            line.by = "TTL exceeded";
            return;
        case BPFW_BY_RULE:
        case BPFW_BY_FRAME_RULE:
            break;
    }
    const std::uint32_t slot = decision.trace_decision >> BPFW_VERDICT_BITS;
    const std::uint32_t verdict = decision.trace_decision & ((1u << BPFW_VERDICT_BITS) - 1);
    if (verdict == BPFW_HOTDROP) {
        line.by = "damaged header in a match";
    } else if (slot < slots.size()) {
        line.by = decider(slots[slot]);
        line.rule = slots[slot].text;
    } else {
        BPFW_BUG(fmt::format("decision {:#x} names no rule", decision.trace_decision));
    }
}

void count(const Line& line, Summary& summary) {
    ++summary.packets;
    if (line.fate == Fate::Accept) ++summary.accepted;
    if (line.fate == Fate::Drop) ++summary.dropped;
    if (line.fate == Fate::Pass) ++summary.passed;
    if (line.fate == Fate::Failed) ++summary.failed;
    if (line.captured < line.length) ++summary.cut;
}

// Lines are written as they come: a capture may be larger than memory.
class Printer {
public:
    explicit Printer(bool json) : json_(json) {
        if (json_) fmt::print("{{\"packets\": [");
    }

    void line(const Line& line) {
        if (json_) {
            const Json out = {{"number", line.number}, {"verdict", fate_name(line.fate)},
                              {"by", line.by},         {"rule", line.rule},
                              {"family", line.family}, {"captured", line.captured},
                              {"length", line.length}};
            fmt::print("{}\n  {}", line.number > 1 ? "," : "",
                       out.dump(-1, ' ', false, Json::error_handler_t::replace));
        } else {
            std::string text = fmt::format("{:6}  {:6}  {:20}  {:4}  {}", line.number,
                                           fate_name(line.fate), line.by, line.family, line.rule);
            text.erase(text.find_last_not_of(' ') + 1);
            fmt::print("{}\n", text);
        }
    }

    void summary(const Summary& sum) {
        if (json_) {
            const Json out = {{"packets", sum.packets}, {"accepted", sum.accepted},
                              {"dropped", sum.dropped}, {"passed", sum.passed},
                              {"failed", sum.failed},   {"cut_by_capture", sum.cut}};
            fmt::print("\n], \"summary\": {}}}\n", out.dump());
        } else {
            fmt::print("{} packets: {} accepted, {} dropped, {} passed without being judged{}\n",
                       sum.packets, sum.accepted, sum.dropped, sum.passed,
                       sum.failed == 0 ? "" : fmt::format(", {} could not be run", sum.failed));
        }
    }

private:
    bool json_;
};

Line judge(runtime::Tester& tester, const Frame& frame, const std::vector<Slot>& slots,
           std::uint64_t number) {
    Line line;
    line.number = number;
    line.captured = static_cast<std::uint32_t>(frame.bytes.size());
    line.length = frame.length;
    const Result<runtime::Decision> decision = tester.run(frame.bytes);
    if (decision) {
        explain(*decision, slots, line);
    } else {
        line.by = to_text(decision.error());
    }
    return line;
}

// The capture's own fault comes after what could be read of it, on stderr.
Exit judge_all(Capture& capture, runtime::Tester& tester, const std::vector<Slot>& slots,
               bool json) {
    Summary summary;
    Exit code = Exit::Ok;
    Printer printer(json);
    while (true) {
        const auto frame = capture.next();
        if (!frame) {
            fmt::print(stderr, "bpfw test: {}\n", frame.error());
            code = Exit::Mistake;
        }
        if (!frame || !*frame) break;
        const Line line = judge(tester, **frame, slots, summary.packets + 1);
        printer.line(line);
        count(line, summary);
    }
    printer.summary(summary);
    if (summary.cut != 0) {
        fmt::print(stderr,
                   "bpfw test: warning: {} of {} packets were cut by the capture (snaplen); their "
                   "verdict is that of the cut packet\n",
                   summary.cut, summary.packets);
    }
    return summary.failed != 0 && code == Exit::Ok ? Exit::Refused : code;
}

}  // namespace

Exit run_test(const Options& options) {
    if (has_expression(options)) return run_test_expression(options);
    Input input;
    read_rules(options.files, options.family, input);
    const tl::expected<Built, Exit> built = build(input);
    if (!built) return built.error();
    tl::expected<Capture, std::string> capture = Capture::open(options.capture);
    if (!capture) {
        fmt::print(stderr, "bpfw test: {}\n", capture.error());
        return Exit::Mistake;
    }
    runtime::Tester::Options how;
    how.hook = options.hook;
    how.in_interface = options.in_interface;
    how.out_interface = options.out_interface;
    Result<runtime::Tester> tester = runtime::Tester::open(built->object, how);
    if (!tester) {
        return report(tester.error(), options.verbose ? KernelLog::Show : KernelLog::Hide);
    }
    return judge_all(*capture, *tester, slots_of(built->program.ruleset), options.json);
}

}  // namespace bpfw::cli
