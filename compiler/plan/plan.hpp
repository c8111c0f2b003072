// SPDX-License-Identifier: GPL-2.0-or-later
// IR -> where each chain's code stands: inlined where it is used, or a function of its own, or
// one of several entries of a function. Keeps what the verifier allows: call frames, functions
// per program, branches per function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/ir.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compiler {

// The kernel allows 8 frames (MAX_CALL_FRAMES); the entry program is one, a base chain's
// function the second.
constexpr std::uint32_t kFunctionLevels = 6;
// Functions of one Ir before chains share one. A program holds four Irs and the fixed parts;
// the kernel allows 256 (BPF_MAX_SUBPROGS).
constexpr std::uint32_t kFunctionsPerIr = 56;

enum class Home : std::uint8_t {
    Unreached,  // no code
    Inline,     // in every function that leads to it
    Function,   // called
};

struct ChainPlan {
    Home home = Home::Unreached;
    std::string function;                   // its function's name
    std::optional<std::uint32_t> selector;  // bpfw_packet.state at the call, when it shares one
    std::uint32_t level = 0;                // call frames from its function on, itself included;
                                            // filters' too
};

// One function of the emitted code: the chains it can be entered at, or another function that
// does the same and is called instead.
struct Unit {
    std::string name;
    std::vector<ChainId> entries;
    std::string same_as;
};

struct Plan {
    std::vector<ChainPlan> chains;  // by ChainId
    std::vector<Unit> units;
};

// `regular` is the plan made for regular packets when this one is for odd ones: chains that judge
// both alike (sensitive_chains()) are then called there.
struct PlanOptions {
    const Plan* regular = nullptr;
    std::vector<bool> sensitive = {};
    std::vector<std::uint32_t> filter_frames = {};  // call frames that asking each filter takes
};

// Nothing, and an error in `diags`, when the chains can't be laid out within the kernel's limits.
std::optional<Plan> make_plan(const Ir& ir, const PlanOptions& options, parser::Diagnostics& diags);

// "bpfw_ipv4_input_odd": the function the entry program calls for chains[id], id < 3.
std::string base_function(const Ir& ir, ChainId id);

std::string to_text(const Plan& plan, const Ir& ir);

}  // namespace bpfw::compiler
