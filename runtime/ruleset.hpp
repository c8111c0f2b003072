// SPDX-License-Identifier: GPL-2.0-or-later
// A ruleset in the kernel: the one just loaded from an object, or the one that runs, found
// from the generation word. Its counters are two maps: bpfw_counters, written by the
// programs alone, and bpfw_carried, written by us alone; a slot's value is the sum (modulo
// 2^64). So no increment is ever lost to a command that carries, sets or zeroes counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parser/base/result.hpp"
#include "runtime/bpf_syscall.hpp"
#include "runtime/interfaces.hpp"
#include "runtime/pins.hpp"
#include "runtime/root.hpp"
#include "runtime/runtime.hpp"
#include "runtime/switch.hpp"

namespace bpfw::runtime {

class Counters {
public:
    static Result<Counters> open(Fd counters, const Fd& carried);
    [[nodiscard]] std::uint32_t size() const { return slots_; }
    [[nodiscard]] Result<std::vector<CounterValue>> read() const;
    // What the programs add from now on is counted on top of `value`.
    [[nodiscard]] Result<void> set(std::uint32_t slot, CounterValue value);
    // Sets only our half; what the programs have counted so far is kept on top.
    void set_carried(std::uint32_t slot, CounterValue value);

private:
    Counters(Fd live, Mapping carried, std::uint32_t slots)
        : live_(std::move(live)), carried_(std::move(carried)), slots_(slots) {}
    [[nodiscard]] Result<CounterValue> read_live(std::uint32_t slot) const;
    [[nodiscard]] CounterValue carried(std::uint32_t slot) const;

    Fd live_;
    Mapping carried_;
    std::uint32_t slots_;
};

// The sum over all CPUs of one slot of a per-CPU array of struct bpfw_counter.
Result<CounterValue> sum_over_cpus(int map, std::uint32_t slot);

struct RunningRuleset {
    std::string text;
    Counters counters;
    Fd program;  // holds the maps while they are read
};

// Nothing when the generation in force has no programs.
Result<std::optional<RunningRuleset>> running_ruleset(const Switch& active);

struct LoadedRuleset {
    Object object;
    std::string text;
    Counters counters;
    RulesetPrograms programs;
};

// Opens the object, sizes and fills its maps from this namespace's interfaces and addresses,
// and loads it. Events go where the pinned ones do. A verifier's refusal carries the whole log.
Result<LoadedRuleset> load_ruleset(std::span<const std::byte> object, const Pins& pins,
                                   const std::vector<Interface>& interfaces,
                                   const std::vector<Address>& addresses);

}  // namespace bpfw::runtime
