// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's side: a ruleset's object -> enforced in this network namespace. All
// state lives in pins under the bpffs; there is no daemon. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::runtime {

enum class Mode : std::uint8_t { Auto, Offload, Native, Generic, Tc };
std::string to_text(Mode mode);

// Held by everything that changes the namespace's ruleset; released by destruction.
class Lock {
public:
    // wait: nothing = fail at once with EAGAIN when another holds it; 0 = for ever; else seconds.
    static Result<Lock> take(std::optional<int> wait);
    Lock(Lock&& other) noexcept;
    Lock& operator=(Lock&& other) noexcept;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

private:
    explicit Lock(int fd) : fd_(fd) {}
    int fd_;
};

// What is done with the counters of rules that stand in the old and the new ruleset.
enum class CarryCounters : std::uint8_t { Keep, Reset };

struct CounterValue {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

// Which interfaces a load hooks.
enum class Reach : std::uint8_t {
    Devices,   // those of `devices`, or every one when it is empty; remembered
    AsBefore,  // as the last load chose: every one, later ones too, or none but those hooked
};

struct LoadOptions {
    Reach reach = Reach::Devices;
    std::vector<std::string> devices;  // empty: every interface that can carry our hooks
    Mode mode = Mode::Auto;
    CarryCounters carry = CarryCounters::Keep;
    // Start values by counter slot; they win over carried ones (iptables-restore -c).
    // Shorter than the slots, or with a gap: the rest is carried.
    std::vector<std::optional<CounterValue>> start;
};

struct HookReport {
    std::string device;
    std::uint32_t ifindex = 0;
    std::string hook;    // "ingress" or "egress"
    std::string mode;    // "xdp offload", "xdp native", "xdp generic", "tcx", "clsact"
    std::string reason;  // why this mode and no better one; "" when there is nothing to say
};

// Loads the object, fills its maps, carries the counters over, puts its programs beside the
// running ones, attaches the root program where it is not attached yet, and switches every
// hook with one store. On any failure the old ruleset stands and nothing new is left behind.
// Leftovers of dead namespaces are cleaned on the way.
// The caller holds the Lock.
Result<std::vector<HookReport>> load(std::span<const std::byte> object, const LoadOptions& options);

// Takes everything away: links, filters, pins. Fine when nothing is loaded. The caller holds the
// Lock.
Result<void> unload();

// What is enforced in this namespace now.
struct Snapshot {
    std::string ruleset;                 // the text the running object carries
    std::vector<CounterValue> counters;  // by slot
    std::uint64_t generation = 0;
};
// Nothing when no ruleset is loaded.
Result<std::optional<Snapshot>> current();

// Sets the counters of these slots (all: empty) to 0. The caller holds the Lock.
Result<void> zero_counters(const std::vector<std::uint32_t>& slots);

struct HookStatus {
    HookReport hook;
    std::uint32_t program_id = 0;  // the ruleset's program behind the hook; 0: none
    std::string program_name;
    std::string problem;  // "interface is gone", "" when all is well
};
struct Status {
    bool loaded = false;
    std::uint64_t generation = 0;
    std::string pin_directory;
    std::vector<HookStatus> hooks;
    std::vector<std::string> warnings;  // unprotected interfaces, foreign pins ...
};
Result<Status> status();

// Removes pins of namespaces and interfaces that no longer exist; says what it removed. The
// caller holds the Lock.
Result<std::vector<std::string>> clean_leftovers();

// Runs packets through the real program by BPF_PROG_TEST_RUN, attached to nothing.
enum class TestHook : std::uint8_t { Input, Forward, Output };
struct Decision {
    bool dropped = false;
    std::uint32_t trace_decision = 0;  // struct bpfw_trace of abi.h
    std::uint32_t family = 0;
    std::uint32_t reason = 0;
    std::uint32_t duration_ns = 0;  // mean over `repeat`
};
class Tester {
public:
    // Tc: run the TC program instead of XDP's (INPUT and FORWARD; OUTPUT is always TC).
    struct Options {
        // Nothing: as on a live hook; a test run's device is lo (ifindex 1), so it is INPUT.
        std::optional<TestHook> hook;
        bool tc = false;
        std::string in_interface;
        std::string out_interface;
        bool trace = true;  // off for benchmarks
    };
    static Result<Tester> open(std::span<const std::byte> object, const Options& options);
    Tester(Tester&&) noexcept;
    Tester& operator=(Tester&&) noexcept;
    ~Tester();
    // `frame` begins with the Ethernet header. Shorter than that: passed as not IP, as the
    // programs would. At TC the kernel refuses IPv4 frames under 34 and IPv6 frames under 54
    // bytes: an Error (EINVAL). Of frames above about 3500 bytes XDP sees the beginning.
    Result<Decision> run(std::span<const std::byte> frame, std::uint32_t repeat = 1);
    Result<std::vector<CounterValue>> counters() const;

private:
    struct State;
    explicit Tester(State* state) : state_(state) {}
    State* state_;
};

// Runs frames through an object of Entry::Filter (compiler/program.hpp), attached to nothing.
class FilterTester {
public:
    enum class Hook : std::uint8_t { Xdp, Tc };
    static Result<FilterTester> open(std::span<const std::byte> object, Hook hook = Hook::Xdp);
    FilterTester(FilterTester&&) noexcept;
    FilterTester& operator=(FilterTester&&) noexcept;
    ~FilterTester();
    // `frame` begins with the Ethernet header. An Error where the kernel's test run cannot show
    // the frame as it was on the wire: EMSGSIZE when it is shorter than its `length` (cut by a
    // capture); EINVAL under 14 bytes, and at TC beyond a page and as Tester::run(). evaluate() of
    // compiler/filter/evaluate.hpp answers those. At XDP, frames beyond a page go to the program
    // for several buffers.
    Result<bool> match(std::span<const std::byte> frame, std::uint32_t length);

private:
    struct State;
    explicit FilterTester(State* state) : state_(state) {}
    State* state_;
};

}  // namespace bpfw::runtime
