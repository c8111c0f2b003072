// SPDX-License-Identifier: GPL-2.0-or-later
// Program -> does it fit. fits() and drop_unreached() are the doors.
#include "compiler/limits.hpp"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "bpf-templates/abi.h"
#include "compiler/emit/function_names.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// Instructions of one BPF program. The kernel's limit is 1,000,000 processed ones
// (kernel/bpf/verifier.c, BPF_COMPLEXITY_LIMIT_INSNS); 6.18 processed 2.1 times what there is for
// four-field rules, less for others that were tried.
constexpr std::size_t kMostInstructions = 430'000;
constexpr std::size_t kMostFunctions = 245;

using Names = std::vector<std::string>;

constexpr const char* kBaseNames[] = {
#define BPFW_NAME(name) #name,
    BPFW_CHAIN_FUNCTIONS(BPFW_NAME)
#undef BPFW_NAME
};

bool is_output(std::string_view name) { return name.find("output") != std::string_view::npos; }

Names ingress(Signature signature) {
    Names names;
    for (const char* name : kBaseNames)
        if (!is_output(name)) names.push_back(name_for(name, signature));
    if (signature != Signature::Packet) names.push_back(name_for("bpfw_frames", signature));
    return names;
}

Names egress(Signature signature) {
    Names names;
    for (const char* name : kBaseNames)
        if (is_output(name)) names.push_back(name_for(name, signature));
    return names;
}

// What each entry program of the template calls.
std::vector<Names> entries(Entry entry) {
    switch (entry) {
        case Entry::Rules:
            return {ingress(Signature::Packet), egress(Signature::Packet)};
        case Entry::FrameRules:
            return {ingress(Signature::PacketXdp), ingress(Signature::PacketTc),
                    egress(Signature::PacketTc)};
        case Entry::Filter:
            return {{"bpfw_filter_xdp"}, {"bpfw_filter_tc"}};
    }
    BPFW_BUG("unknown entry");
}

using Functions = std::unordered_set<const Function*>;

// The functions that the named ones lead to, themselves included. The template's own are not
// counted: kMostFunctions leaves room for them.
Functions reached(const Program& program, const Names& names) {
    std::unordered_map<std::string_view, const Function*> by_name;
    for (const Function& function : program.functions) by_name.emplace(function.name, &function);
    std::vector<std::string_view> open(names.begin(), names.end());
    Functions seen;
    while (!open.empty()) {
        const auto found = by_name.find(open.back());
        open.pop_back();
        if (found == by_name.end() || !seen.insert(found->second).second) continue;
        for (const Relocation& relocation : found->second->relocations)
            if (relocation.kind == Relocation::Kind::Function) open.push_back(relocation.symbol);
    }
    return seen;
}

}  // namespace

void drop_unreached(Program& program) {
    Functions used;
    for (const Names& names : entries(program.entry)) used.merge(reached(program, names));
    std::vector<Function> kept;
    for (Function& function : program.functions)
        if (used.count(&function) != 0) kept.push_back(std::move(function));
    program.functions = std::move(kept);
}

bool fits(const Program& program, parser::Diagnostics& diags) {
    for (const Names& names : entries(program.entry)) {
        const Functions functions = reached(program, names);
        std::size_t instructions = 0;
        for (const Function* function : functions) instructions += function->insns.size();
        if (instructions <= kMostInstructions && functions.size() <= kMostFunctions) continue;
        diags
            .error({},
                   fmt::format("the ruleset is too large: {} instructions in {} functions, "
                               "at most {} in {} can be loaded",
                               instructions, functions.size(), kMostInstructions, kMostFunctions))
            .hint("the kernel verifies at most 1,000,000 instructions in 256 functions a program")
            .kind(parser::Mistake::Unsupported);
        return false;
    }
    return true;
}

}  // namespace bpfw::compiler
