// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> Program, through one visible list of passes. compile() is the door.
#include "compiler/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "bpf-templates/abi.h"
#include "compiler/emit/emit.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/ir.hpp"
#include "compiler/ir/lower.hpp"
#include "compiler/ir/order.hpp"
#include "compiler/ir/prune.hpp"
#include "compiler/ir/specialise.hpp"
#include "compiler/plan/placement.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/plan/split.hpp"
#include "parser/base/result.hpp"
#include "parser/print.hpp"

namespace bpfw::compiler {
namespace {

using Irs = std::vector<Ir>;

Irs each(Irs irs, Ir (*pass)(Ir)) {
    for (Ir& ir : irs) ir = pass(std::move(ir));
    return irs;
}

// One IR per family and class of packets, regular before odd.
Irs specialise_all(Irs irs) {
    Irs out;
    for (const Ir& ir : irs) {
        out.push_back(specialise(ir, PacketClass::Regular));
        out.push_back(specialise(ir, PacketClass::Odd));
    }
    return out;
}

struct Pass {
    std::string_view name;
    Irs (*run)(Irs);
};

// "lower" comes before the first of these, "plan" and the emission behind the last.
constexpr std::array<Pass, 5> kPasses = {{
    {"fold", [](Irs irs) { return each(std::move(irs), fold); }},
    {"specialise", specialise_all},
    {"prune", [](Irs irs) { return each(std::move(irs), prune); }},
    {"order", [](Irs irs) { return each(std::move(irs), order); }},
    {"split", [](Irs irs) { return each(std::move(irs), split); }},
}};
constexpr std::string_view kLower = "lower";
constexpr std::string_view kPlan = "plan";

// Instructions of one BPF program. The kernel's limit is 1,000,000 processed ones
// (kernel/bpf/verifier.c, BPF_COMPLEXITY_LIMIT_INSNS); 6.18 processed 2.1 times what there is for
// four-field rules, less for others that were tried.
constexpr std::size_t kMostInstructions = 430'000;

void collect(const Expr& expr, std::unordered_set<Field>& fields) {
    const auto all = [&](const std::vector<Expr>& of) {
        for (const Expr& part : of) collect(part, fields);
    };
    std::visit(overloaded{
                   [&](const Test& test) { fields.insert(test.field); },
                   [](const FilterTest&) {},
                   [](Guard) {},
                   [&](const All& list) { all(list.of); },
                   [&](const Any& list) { all(list.of); },
               },
               expr.node);
}

bool in_range_of(Field field, Field first, Field last) { return first <= field && field <= last; }

// What the entry program has to find out about a packet for these rules.
std::uint32_t needs_of(const Irs& irs) {
    std::unordered_set<Field> fields;
    for (const Ir& ir : irs) {
        for (const IrChain& chain : ir.chains) {
            for (const IrRule& rule : chain.rules) {
                for (const Expr& condition : rule.conditions) collect(condition, fields);
            }
        }
    }
    std::uint32_t needs = 0;
    for (const Field field : fields) {
        if (in_range_of(field, Field::InName0, Field::OutName3)) needs |= BPFW_NEEDS_INTERFACES;
        if (in_range_of(field, Field::OutName0, Field::OutName3)) needs |= BPFW_NEEDS_OUTPUT_NAME;
        if (in_range_of(field, Field::MacLow, Field::MacHigh)) needs |= BPFW_NEEDS_MAC;
        if (in_range_of(field, Field::TcpOptions0, Field::TcpOptions7)) {
            needs |= BPFW_NEEDS_TCP_OPTIONS;
        }
    }
    return needs;
}

std::vector<Plan> make_plans(const Irs& irs, parser::Diagnostics& diags) {
    std::vector<Plan> plans;
    for (const Ir& ir : irs) {
        PlanOptions options;
        if (ir.packets == PacketClass::Odd) {
            options.regular = &plans.back();
            options.sensitive = sensitive_chains(ir);
        }
        std::optional<Plan> plan = make_plan(ir, options, diags);
        if (!plan) return {};
        plans.push_back(std::move(*plan));
    }
    return plans;
}

// Functions the named entry function leads to, itself included: what one BPF program holds.
struct Reach {
    std::size_t functions = 0;
    std::size_t instructions = 0;
};

Reach reach_of(const Program& program, const std::vector<std::string_view>& entries) {
    std::unordered_map<std::string_view, const Function*> by_name;
    for (const Function& function : program.functions) by_name.emplace(function.name, &function);
    std::unordered_set<const Function*> seen;
    std::vector<const Function*> open;
    for (const std::string_view entry : entries) open.push_back(by_name.at(entry));
    Reach reach;
    while (!open.empty()) {
        const Function* function = open.back();
        open.pop_back();
        if (!seen.insert(function).second) continue;
        ++reach.functions;
        reach.instructions += function->insns.size();
        for (const Relocation& relocation : function->relocations) {
            if (relocation.kind != Relocation::Kind::Function) continue;
            open.push_back(by_name.at(relocation.symbol));
        }
    }
    return reach;
}

// Refused by us, with the figures, and not by the verifier.
bool fits(const Program& program, parser::Diagnostics& diags) {
    constexpr std::size_t kMostFunctions = 245;
    std::vector<std::string_view> ingress;
    std::vector<std::string_view> egress;
#define BPFW_SORT_ENTRY(name)                                                             \
    (std::string_view(#name).find("output") == std::string_view::npos ? ingress : egress) \
        .push_back(#name);
    BPFW_CHAIN_FUNCTIONS(BPFW_SORT_ENTRY)
#undef BPFW_SORT_ENTRY
    for (const auto& entries : {ingress, egress}) {
        const Reach reach = reach_of(program, entries);
        if (reach.instructions <= kMostInstructions && reach.functions <= kMostFunctions) continue;
        diags
            .error({}, fmt::format("the ruleset is too large: {} instructions in {} functions, "
                                   "at most {} in {} can be loaded",
                                   reach.instructions, reach.functions, kMostInstructions,
                                   kMostFunctions))
            .hint("the kernel verifies at most 1,000,000 instructions in 256 functions a program")
            .kind(parser::Mistake::Unsupported);
        return false;
    }
    return true;
}

void refuse(parser::Span at, std::string_view what, parser::Diagnostics& diags) {
    diags.error(at, fmt::format("{} is not supported yet", what))
        .kind(parser::Mistake::Unsupported);
}

// What reads the frame itself.
bool has_only_headers(const Ruleset& ruleset, parser::Diagnostics& diags) {
    const std::size_t before = diags.error_count();
    for (const RulesetFrameRule& have : ruleset.frames) {
        refuse(have.rule.at, parser::action_name(have.rule.action), diags);
    }
    const auto look = [&](const RulesetRule& have) {
        for (const parser::Match& match : have.rule.matches) {
            if (const auto* pcap = std::get_if<parser::PcapMatch>(&match)) {
                refuse(pcap->at, "-m pcap", diags);
            } else if (const auto* bpf = std::get_if<parser::BpfMatch>(&match)) {
                refuse(bpf->at, "-m bpf", diags);
            }
        }
    };
    for (const Table* table : {&ruleset.ipv4, &ruleset.ipv6}) {
        for (const Chain& chain : table->chains) {
            std::for_each(chain.rules.begin(), chain.rules.end(), look);
        }
    }
    return diags.error_count() == before;
}

}  // namespace

std::optional<Program> compile(const Ruleset& ruleset, const parser::Sources& sources,
                               parser::Diagnostics& diags) {
    if (!has_only_headers(ruleset, diags)) return std::nullopt;
    Irs irs = lower(ruleset, sources);
    for (const Pass& pass : kPasses) irs = pass.run(std::move(irs));
    const std::vector<Plan> plans = make_plans(irs, diags);
    if (plans.empty()) return std::nullopt;
    Program program;
    program.needs = needs_of(irs);
    program.counters = count_slots(ruleset);
    program.ruleset = to_text(ruleset);
    for (std::size_t n = 0; n < irs.size(); ++n) {
        if (irs[n].packets == PacketClass::Regular) {
            std::vector<Placement> lines = placements(irs[n], plans[n]);
            std::move(lines.begin(), lines.end(), std::back_inserter(program.placements));
        }
        std::vector<Function> functions = emit(irs[n], plans[n]);
        std::move(functions.begin(), functions.end(), std::back_inserter(program.functions));
    }
    if (!fits(program, diags)) return std::nullopt;
    return program;
}

std::vector<std::string_view> stage_names() {
    std::vector<std::string_view> names{kLower};
    for (const Pass& pass : kPasses) names.push_back(pass.name);
    names.push_back(kPlan);
    return names;
}

std::string dump_after(std::string_view stage, const Ruleset& ruleset,
                       const parser::Sources& sources, parser::Diagnostics& diags) {
    const auto text = [](const Irs& irs) {
        std::string out;
        for (const Ir& ir : irs) out += to_text(ir);
        return out;
    };
    if (!has_only_headers(ruleset, diags)) return "";
    Irs irs = lower(ruleset, sources);
    if (stage == kLower) return text(irs);
    for (const Pass& pass : kPasses) {
        irs = pass.run(std::move(irs));
        if (stage == pass.name) return text(irs);
    }
    std::string out;
    const std::vector<Plan> plans = make_plans(irs, diags);
    for (std::size_t n = 0; n < plans.size(); ++n) {
        const std::string text_of_ir = to_text(irs[n]);
        out += text_of_ir.substr(0, text_of_ir.find('\n') + 1) + to_text(plans[n], irs[n]);
    }
    return out;
}

}  // namespace bpfw::compiler
