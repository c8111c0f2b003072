// SPDX-License-Identifier: GPL-2.0-or-later
// Program -> what `bpfw compile` prints: every function with the rule above its instructions,
// and the sizes. listing() is the door.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "compiler/asm/disasm.hpp"
#include "compiler/compile.hpp"

namespace bpfw::compiler {
namespace {

constexpr std::size_t kInsnBytes = 8;

// Where a function of BPFW_CHAIN_FUNCTIONS runs, by its name: "bpfw_ipv4_input_odd"; with a
// context "bpfw_ipv4_input_odd_xdp".
std::string placement(std::string_view name) {
    const auto cut = [&](std::string_view prefix) {
        if (!name.starts_with(prefix)) return false;
        name.remove_prefix(prefix.size());
        return true;
    };
    const auto cut_end = [&](std::string_view suffix) {
        if (!name.ends_with(suffix)) return false;
        name.remove_suffix(suffix.size());
        return true;
    };
    const char* const hook = cut_end("_xdp")  ? "XDP"
                             : cut_end("_tc") ? "TC ingress"
                                              : "XDP or TC ingress";
    if (name == "bpfw_frames") return fmt::format("; short-form rules at {}", hook);
    const bool ipv4 = cut("bpfw_ipv4_");
    if (!ipv4 && !cut("bpfw_ipv6_")) return "";
    const bool odd = cut_end("_odd");
    const char* const chain = name == "input"     ? "INPUT"
                              : name == "forward" ? "FORWARD"
                              : name == "output"  ? "OUTPUT"
                                                  : nullptr;
    if (chain == nullptr) return "";
    return fmt::format("; IPv{} {} at {}{}", ipv4 ? 4 : 6, chain,
                       name == "output" ? "TC egress" : hook,
                       odd ? ", packets with missing headers" : "");
}

void put_function(fmt::memory_buffer& out, const Function& function) {
    const Disassembly code(function);
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{}: {} instructions, {} bytes{}\n", function.name, function.insns.size(),
                   function.insns.size() * kInsnBytes, placement(function.name));
    auto mark = function.lines.begin();
    for (std::size_t i = 0; i < function.insns.size(); ++i) {
        if (const std::string label = code.label(i); !label.empty())
            fmt::format_to(to, "{}:\n", label);
        for (; mark != function.lines.end() && mark->at <= i; ++mark)
            fmt::format_to(to, "; {}\n", source_line(*mark));
        if (const std::string text = code.text(i); !text.empty())
            fmt::format_to(to, "{:6}: {}\n", i, text);
    }
    fmt::format_to(to, "\n");
}

void put_placements(fmt::memory_buffer& out, const std::vector<Placement>& placements) {
    std::size_t width = 0;
    for (const Placement& placement : placements) width = std::max(width, placement.chain.size());
    for (const Placement& placement : placements) {
        fmt::format_to(std::back_inserter(out), "{} {:{}}  {}\n", placement.family, placement.chain,
                       width, placement.text);
    }
    if (!placements.empty()) out.push_back('\n');
}

}  // namespace

std::string listing(const Program& program) {
    fmt::memory_buffer out;
    std::size_t instructions = 0;
    for (const Function& function : program.functions) {
        put_function(out, function);
        instructions += function.insns.size();
    }
    if (program.entry == Entry::Filter) {
        fmt::format_to(std::back_inserter(out), "{} instructions ({} bytes)\n", instructions,
                       instructions * kInsnBytes);
        return fmt::to_string(out);
    }
    put_placements(out, program.placements);
    fmt::format_to(std::back_inserter(out),
                   "{} functions, {} instructions ({} bytes), {} counter slots, "
                   "{} bytes of ruleset text\n",
                   program.functions.size(), instructions, instructions * kInsnBytes,
                   program.counters, program.ruleset.size());
    return fmt::to_string(out);
}

}  // namespace bpfw::compiler
