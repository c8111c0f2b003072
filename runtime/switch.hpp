// SPDX-License-Identifier: GPL-2.0-or-later
// The one switch of a namespace: the generation word that every root program reads, and the
// two prog_arrays it indexes. The ruleset in force is what the word points at.
#pragma once

#include <cstdint>
#include <optional>

#include "parser/base/result.hpp"
#include "runtime/bpf_syscall.hpp"
#include "runtime/pins.hpp"

namespace bpfw::runtime {

enum class RulesetHook : std::uint8_t { Xdp, TcIngress, TcEgress };

// Borrowed program fds of one ruleset.
struct RulesetPrograms {
    int xdp;
    int tc_ingress;
    int tc_egress;
};

class Switch {
public:
    // ENOENT when this namespace has none.
    static Result<Switch> open(const Pins& pins);

    [[nodiscard]] std::uint64_t generation() const;
    // The store that makes a generation the one in force, on every hook at once.
    void set_generation(std::uint64_t generation);
    // The id of the program that a generation has for this hook; 0: none.
    [[nodiscard]] std::uint32_t program_id(std::uint64_t generation, RulesetHook hook) const;
    // Puts the three programs into the generation's slots.
    [[nodiscard]] Result<void> fill(std::uint64_t generation, const RulesetPrograms& programs);
    void clear(std::uint64_t generation);
    // Clears every slot but this generation's. Only when no program can be between reading
    // the word and its tail call any more (GracePeriod).
    void clear_others(std::uint64_t generation);
    [[nodiscard]] std::uint32_t generation_map_id() const { return generation_map_id_; }

private:
    Switch(Fd xdp, Fd tc, Mapping word, std::uint32_t id)
        : xdp_(std::move(xdp)),
          tc_(std::move(tc)),
          word_(std::move(word)),
          generation_map_id_(id) {}
    Fd xdp_;
    Fd tc_;
    Mapping word_;
    std::uint32_t generation_map_id_;
};

}  // namespace bpfw::runtime
