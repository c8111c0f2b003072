// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw log`: what `log` rules recorded -> a line each, or a capture file. run_log() is the door.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <net/if.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>

#include "bpf-templates/abi.h"
#include "cli/commands.hpp"
#include "cli/frame_summary.hpp"
#include "cli/report.hpp"
#include "cli/slots.hpp"
#include "runtime/events.hpp"

namespace bpfw::cli {
namespace {

using std::chrono::nanoseconds;

// Between two looks at a signal, whichever is first.
constexpr auto kPatience = std::chrono::milliseconds(200);
constexpr std::uint64_t kBatch = 256;
constexpr auto kNamesHold = std::chrono::milliseconds(200);  // between two looks at the ruleset

volatile std::sig_atomic_t stopped = 0;

void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

nanoseconds now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

// Since 1970, of a moment since boot.
nanoseconds wall_clock(nanoseconds since_boot) {
    return now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + since_boot;
}

class Out {
public:
    virtual ~Out() = default;
    // 0, or why it could not be written (errno).
    virtual int take(const runtime::Event& event) = 0;
};

class LineOut : public Out {
public:
    int take(const runtime::Event& event) override {
        const nanoseconds time = wall_clock(event.time);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
        const std::time_t second = seconds.count();
        tm local{};
        ::localtime_r(&second, &local);
        const std::string line = fmt::format(
            "{:%Y-%m-%d %H:%M:%S}.{:06} {} {} {} bytes: {}\n", local,
            std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count(),
            interface_name(event.ifindex), rule_name(event.slot), event.length,
            frame_summary(event.bytes));
        errno = 0;
        const bool written = std::fputs(line.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
        return written ? 0 : errno;
    }

private:
    static std::string interface_name(std::uint32_t index) {
        std::array<char, IF_NAMESIZE> name{};
        return ::if_indextoname(index, name.data()) == nullptr ? fmt::format("if{}", index)
                                                               : name.data();
    }

    // Of the ruleset that stands now: another one has other slots, so they are looked up anew.
    std::string rule_name(std::uint32_t slot) {
        const auto time = std::chrono::steady_clock::now();
        if (slot >= slots_.size() || time - looked_up_ >= kNamesHold) {
            looked_up_ = time;
            if (const auto snapshot = runtime::current(); snapshot && *snapshot)
                slots_ = slots_of((*snapshot)->ruleset);
        }
        return slot < slots_.size() ? decider(slots_[slot]) : fmt::format("slot {}", slot);
    }

    std::vector<Slot> slots_;
    std::chrono::steady_clock::time_point looked_up_{};
};

class CaptureOut : public Out {
public:
    static std::unique_ptr<CaptureOut> open(const std::string& path, std::string& why) {
        pcap_t* shape = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, BPFW_EVENT_BYTES,
                                                             PCAP_TSTAMP_PRECISION_NANO);
        pcap_dumper_t* file = pcap_dump_open(shape, path.c_str());
        if (file == nullptr) why = pcap_geterr(shape);
        auto out = file == nullptr ? nullptr : std::make_unique<CaptureOut>(file);
        pcap_close(shape);
        return out;
    }
    explicit CaptureOut(pcap_dumper_t* file) : file_(file, pcap_dump_close) {}

    int take(const runtime::Event& event) override {
        const nanoseconds time = wall_clock(event.time);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
        pcap_pkthdr header{};
        header.ts.tv_sec = seconds.count();
        header.ts.tv_usec = (time - seconds).count();  // nanoseconds, by the file's precision
        header.caplen = static_cast<bpf_u_int32>(event.bytes.size());
        header.len = event.length;
        auto* file = reinterpret_cast<u_char*>(file_.get());
        pcap_dump(file, &header, reinterpret_cast<const u_char*>(event.bytes.data()));
        return pcap_dump_flush(file_.get()) == 0 ? 0 : errno;
    }

private:
    std::unique_ptr<pcap_dumper_t, decltype(&pcap_dump_close)> file_;
};

std::unique_ptr<Out> open_out(const std::string& capture) {
    if (capture.empty()) return std::make_unique<LineOut>();
    std::string why;
    std::unique_ptr<Out> out = CaptureOut::open(capture, why);
    if (!out) fmt::print(stderr, "bpfw log: cannot write capture '{}': {}\n", capture, why);
    return out;
}

// A full disk ends it: events that are read and not written would be gone.
Exit unwritten(const std::string& capture, int error_number) {
    std::clearerr(stdout);  // told here, and once
    fmt::print(stderr, "bpfw log: cannot write {}: {}\n",
               capture.empty() ? "standard output" : fmt::format("capture '{}'", capture),
               std::strerror(error_number));
    return Exit::Refused;
}

Exit follow(runtime::EventReader& reader, Out& out, const Options& options) {
    std::uint64_t missing = options.events.value_or(UINT64_MAX);
    int error = 0;
    const auto take = [&](const runtime::Event& event) {
        if (error == 0) error = out.take(event);
    };
    while (stopped == 0 && missing != 0) {
        const Result<std::size_t> got = reader.poll(kPatience, std::min(kBatch, missing), take);
        if (!got && got.error().error_number != EINTR && got.error().error_number != EAGAIN)
            return report(got.error(), KernelLog::Hide);
        if (error != 0) return unwritten(options.capture, error);
        if (got) missing -= *got;
        if (got && *got == 0 && options.no_follow) break;
        if (got && *got == 0 && !reader.still_there()) {
            fmt::print(stderr, "bpfw log: the rules were unloaded\n");
            break;
        }
    }
    const Result<std::uint64_t> lost = reader.lost();
    if (lost && *lost != 0)
        fmt::print(stderr, "bpfw log: {} events were lost since the buffer was made: it was full\n",
                   *lost);
    return Exit::Ok;
}

}  // namespace

Exit run_log(const Options& options) {
    stop_on_signals();
    Result<runtime::EventReader> reader = runtime::EventReader::open();
    if (!reader && reader.error().error_number == ENOENT) {
        fmt::print(stderr,
                   "bpfw log: no rule here logs\n  hint: a line `log EXPRESSION` in a rules file, "
                   "then bpfw load\n");
        return Exit::Refused;
    }
    if (!reader) return report(reader.error(), KernelLog::Hide);
    const std::unique_ptr<Out> out = open_out(options.capture);
    return out ? follow(*reader, *out, options) : Exit::Mistake;
}

}  // namespace bpfw::cli
