// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> Program, through one visible list of passes. compile() is the door.
#include "compiler/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <unordered_set>

#include "bpf-templates/abi.h"
#include "compiler/bytecode_check.hpp"
#include "compiler/emit/emit.hpp"
#include "compiler/emit/lookup_table.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/filters.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/ir.hpp"
#include "compiler/ir/lower.hpp"
#include "compiler/ir/order.hpp"
#include "compiler/ir/prune.hpp"
#include "compiler/ir/runs.hpp"
#include "compiler/ir/specialise.hpp"
#include "compiler/limits.hpp"
#include "compiler/plan/placement.hpp"
#include "compiler/plan/plan.hpp"
#include "compiler/plan/split.hpp"
#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"

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

std::string filter_stage(const filter::Pass& pass) { return fmt::format("filter-{}", pass.name); }

struct Pass {
    std::string_view name;
    Irs (*run)(Irs);
};

// "lower" comes before the first of these, "plan" and the emission behind the last.
constexpr std::array<Pass, 6> kPasses = {{
    {"fold", [](Irs irs) { return each(std::move(irs), fold); }},
    {"specialise", specialise_all},
    {"prune", [](Irs irs) { return each(std::move(irs), prune); }},
    {"runs", [](Irs irs) { return each(std::move(irs), find_runs); }},
    {"order", [](Irs irs) { return each(std::move(irs), order); }},
    {"split", [](Irs irs) { return each(std::move(irs), split); }},
}};
constexpr std::string_view kLower = "lower";
constexpr std::string_view kPlan = "plan";
// The graphs of what is asked on the frame; behind it "filter-NAME" for each pass over them
// (compiler/filter/optimise.hpp).
constexpr std::string_view kFilter = "filter";

// What the conditions that are left read.
struct Reads {
    std::unordered_set<Field> fields;
    std::set<FilterId> filters;
};

void collect(const Expr& expr, Reads& reads) {
    const auto all = [&](const std::vector<Expr>& of) {
        for (const Expr& part : of) collect(part, reads);
    };
    std::visit(overloaded{
                   [&](const Test& test) { reads.fields.insert(test.field); },
                   [&](const FilterTest& test) { reads.filters.insert(test.filter); },
                   [](Guard) {},
                   [&](const All& list) { all(list.of); },
                   [&](const Any& list) { all(list.of); },
               },
               expr.node);
}

bool in_range_of(Field field, Field first, Field last) { return first <= field && field <= last; }

Reads reads_of(const Irs& irs) {
    Reads reads;
    for (const Ir& ir : irs) {
        for (const IrLookup& lookup : ir.lookups)
            reads.fields.insert(lookup.key.begin(), lookup.key.end());
        for (const IrChain& chain : ir.chains) {
            for (const IrRule& rule : chain.rules) {
                for (const Expr& condition : rule.conditions) collect(condition, reads);
                for (const Expr& condition : rule.found) collect(condition, reads);
            }
        }
    }
    return reads;
}

// What the entry program has to find out about a packet for these rules.
std::uint32_t needs_of(const Ruleset& ruleset, const Reads& reads) {
    std::uint32_t needs = ruleset.frames.empty() ? 0 : BPFW_NEEDS_FRAMES;
    for (const RulesetFrameRule& have : ruleset.frames) {
        if (have.rule.action == parser::FrameAction::Log) needs |= BPFW_NEEDS_EVENTS;
    }
    for (const Field field : reads.fields) {
        if (in_range_of(field, Field::InName0, Field::OutName3)) needs |= BPFW_NEEDS_INTERFACES;
        if (in_range_of(field, Field::OutName0, Field::OutName3)) needs |= BPFW_NEEDS_OUTPUT_NAME;
        if (in_range_of(field, Field::MacLow, Field::MacHigh)) needs |= BPFW_NEEDS_MAC;
        if (in_range_of(field, Field::TcpOptions0, Field::TcpOptions7)) {
            needs |= BPFW_NEEDS_TCP_OPTIONS;
        }
    }
    return needs;
}

// `frames`: call frames that asking each filter takes.
std::vector<Plan> make_plans(const Irs& irs, const std::vector<std::uint32_t>& frames,
                             parser::Diagnostics& diags) {
    std::vector<Plan> plans;
    for (const Ir& ir : irs) {
        PlanOptions options;
        options.filter_frames = frames;
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

void append(std::vector<Function>& to, std::vector<Function> from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

// From rules to what is emitted: the IRs after all passes, and what they and the short-form rules
// ask on the frame.
struct Lowered {
    Filters filters;
    Irs irs;
    filter::Graph frames = {};
    Reads reads = {};
    [[nodiscard]] bool reads_frame(const Ruleset& ruleset) const {
        return !ruleset.frames.empty() || !reads.filters.empty();
    }
};

std::uint32_t first_frame_slot(const Ruleset& ruleset) {
    return count_slots(ruleset) - static_cast<std::uint32_t>(ruleset.frames.size());
}

Lowered lower_all(const Ruleset& ruleset, const parser::Sources& sources) {
    Lowered lowered{Filters(sources), {}};
    lowered.irs = lower(ruleset, sources, lowered.filters);
    for (const Pass& pass : kPasses) lowered.irs = pass.run(std::move(lowered.irs));
    lowered.reads = reads_of(lowered.irs);
    if (!ruleset.frames.empty()) {
        lowered.frames =
            filter::optimise(lower_frames(ruleset, first_frame_slot(ruleset), sources));
    }
    return lowered;
}

// The filters' functions for one kind of context, as chains call them.
std::vector<Function> emit_filters(const Lowered& lowered, Signature entry,
                                   std::vector<std::byte>& tables) {
    std::vector<Function> functions;
    for (const FilterId id : lowered.reads.filters)
        append(functions, emit_filter(lowered.filters.all()[id], id, entry, tables));
    return functions;
}

// Chains for XDP and for TC, the filters they ask, and the short-form rules.
std::optional<std::vector<Plan>> emit_with_frame(const Lowered& lowered, Program& program,
                                                 parser::Diagnostics& diags) {
    std::vector<Function> filters = emit_filters(lowered, Signature::FrameXdp, program.tables);
    append(filters, emit_filters(lowered, Signature::FrameTc, program.tables));
    std::vector<Plan> plans =
        make_plans(lowered.irs, filter_frames(lowered.filters, filters), diags);
    if (plans.empty()) return std::nullopt;
    for (const Signature entry : {Signature::FrameXdp, Signature::FrameTc})
        append(filters, emit_frames(lowered.frames, entry, program.tables));
    LookupTables tables(program.tables);
    for (const Signature signature : {Signature::PacketXdp, Signature::PacketTc}) {
        for (std::size_t n = 0; n < lowered.irs.size(); ++n)
            append(program.functions, emit(lowered.irs[n], plans[n], tables, signature));
    }
    append(program.functions, std::move(filters));
    drop_unreached(program);
    return plans;
}

std::optional<std::vector<Plan>> emit_rules(const Lowered& lowered, Program& program,
                                            parser::Diagnostics& diags) {
    std::vector<Plan> plans = make_plans(lowered.irs, {}, diags);
    if (plans.empty()) return std::nullopt;
    LookupTables tables(program.tables);
    for (std::size_t n = 0; n < lowered.irs.size(); ++n)
        append(program.functions, emit(lowered.irs[n], plans[n], tables));
    return plans;
}

void place(const Ruleset& ruleset, const Irs& irs, const std::vector<Plan>& plans,
           Program& program) {
    for (std::size_t n = 0; n < irs.size(); ++n) {
        if (irs[n].packets != PacketClass::Regular) continue;
        std::vector<Placement> lines = placements(irs[n], plans[n]);
        std::move(lines.begin(), lines.end(), std::back_inserter(program.placements));
    }
    if (!ruleset.frames.empty()) program.placements.push_back(place_frames(ruleset.frames.size()));
}

// A filter's text, then its graph.
std::string text_of(const Filter& filter, FilterId id, const filter::Graph& graph) {
    const auto* expression = std::get_if<parser::pcap::Expression>(&filter.asked);
    if (expression == nullptr) {
        return fmt::format("filter {}: bytecode\n{}", id,
                           filter::to_text(std::get<filter::ClassicProgram>(filter.asked),
                                           filter::ClassicForm::Listing));
    }
    return fmt::format("filter {}: {}\n{}", id, parser::pcap::to_text(*expression),
                       filter::to_text(graph));
}

filter::Graph up_to(std::string_view stage, filter::Graph graph) {
    if (stage == kFilter) return graph;
    for (const filter::Pass& pass : filter::passes()) {
        graph = pass.run(std::move(graph));
        if (stage == filter_stage(pass)) break;
    }
    return graph;
}

std::string dump_filters(std::string_view stage, const Ruleset& ruleset,
                         const parser::Sources& sources) {
    Filters filters(sources);
    lower(ruleset, sources, filters);
    std::string out;
    for (FilterId id = 0; id < filters.all().size(); ++id) {
        const Filter& filter = filters.all()[id];
        const auto* expression = std::get_if<parser::pcap::Expression>(&filter.asked);
        filter::Graph graph;
        if (expression != nullptr)
            graph = filter::lower(*expression, filter::Lists::AsSets, {filter.origin, &sources});
        out += text_of(filter, id, up_to(stage, std::move(graph)));
    }
    if (ruleset.frames.empty()) return out;
    const filter::Graph frames = lower_frames(ruleset, first_frame_slot(ruleset), sources);
    return out + "frames\n" + filter::to_text(up_to(stage, frames));
}

std::string dump_irs(std::string_view stage, const Ruleset& ruleset,
                     const parser::Sources& sources) {
    Filters filters(sources);
    Irs irs = lower(ruleset, sources, filters);
    for (const Pass& pass : kPasses) {
        if (stage == kLower) break;
        irs = pass.run(std::move(irs));
        if (stage == pass.name) break;
    }
    std::string out;
    for (const Ir& ir : irs) out += to_text(ir);
    return out;
}

std::string dump_plans(const Ruleset& ruleset, const parser::Sources& sources,
                       parser::Diagnostics& diags) {
    const Lowered lowered = lower_all(ruleset, sources);
    Program unused;
    const auto plans = lowered.reads_frame(ruleset) ? emit_with_frame(lowered, unused, diags)
                                                    : emit_rules(lowered, unused, diags);
    std::string out;
    for (std::size_t n = 0; plans && n < plans->size(); ++n) {
        const std::string text_of_ir = to_text(lowered.irs[n]);
        out +=
            text_of_ir.substr(0, text_of_ir.find('\n') + 1) + to_text((*plans)[n], lowered.irs[n]);
    }
    return out;
}

}  // namespace

std::optional<Program> compile(const Ruleset& ruleset, const parser::Sources& sources,
                               parser::Diagnostics& diags) {
    if (!check_bytecode(ruleset, diags)) return std::nullopt;
    const Lowered lowered = lower_all(ruleset, sources);
    warn(ruleset, lowered.filters, lowered.frames, diags);
    Program program;
    program.entry = lowered.reads_frame(ruleset) ? Entry::FrameRules : Entry::Rules;
    program.needs = needs_of(ruleset, lowered.reads);
    program.counters = count_slots(ruleset);
    program.ruleset = to_text(ruleset);
    const auto plans = program.entry == Entry::FrameRules ? emit_with_frame(lowered, program, diags)
                                                          : emit_rules(lowered, program, diags);
    if (!plans) return std::nullopt;
    place(ruleset, lowered.irs, *plans, program);
    if (!fits(program, diags)) return std::nullopt;
    return program;
}

std::vector<std::string> stage_names() {
    std::vector<std::string> names{std::string(kLower)};
    for (const Pass& pass : kPasses) names.emplace_back(pass.name);
    names.emplace_back(kPlan);
    names.emplace_back(kFilter);
    for (const filter::Pass& pass : filter::passes()) names.push_back(filter_stage(pass));
    return names;
}

std::string dump_after(std::string_view stage, const Ruleset& ruleset,
                       const parser::Sources& sources, parser::Diagnostics& diags) {
    if (!check_bytecode(ruleset, diags)) return "";
    if (stage == kPlan) return dump_plans(ruleset, sources, diags);
    if (stage.substr(0, kFilter.size()) == kFilter) return dump_filters(stage, ruleset, sources);
    return dump_irs(stage, ruleset, sources);
}

}  // namespace bpfw::compiler
