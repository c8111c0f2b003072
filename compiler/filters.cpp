// SPDX-License-Identifier: GPL-2.0-or-later
// Matches and short-form rules that read the frame -> graphs or bytecode -> functions, through
// compiler/filter/. Filters is the door for a rule's match, lower_frames() for the short forms.
#include "compiler/filters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "bpf-templates/abi.h"
#include "compiler/emit/function_names.hpp"
#include "compiler/filter/emit_filter.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "compiler/ir/lower.hpp"
#include "parser/base/result.hpp"
#include "parser/print.hpp"

namespace bpfw::compiler {
namespace {

using filter::Lists;
using parser::pcap::Expression;

constexpr std::string_view kFrames = "bpfw_frames";

Expr ask(FilterId id, Sense sense) { return {FilterTest{id, sense}}; }

std::optional<bool> constant_of(const filter::Graph& graph) {
    if (filter::always_gives(graph, 0)) return false;
    if (filter::always_gives(graph, 1)) return true;
    return std::nullopt;
}

filter::Step::Action action_of(parser::FrameAction action) {
    switch (action) {
        case parser::FrameAction::Accept:
            return filter::Step::Action::Accept;
        case parser::FrameAction::Drop:
            return filter::Step::Action::Drop;
        case parser::FrameAction::Log:
            return filter::Step::Action::Log;
    }
    BPFW_BUG("unknown action");
}

// Counter slots that some way through the graph ends at or logs for.
std::unordered_set<std::uint32_t> slots_in(const filter::Graph& graph) {
    std::unordered_set<std::uint32_t> slots;
    const auto take = [&](const filter::Target& target) {
        if (target.kind == filter::Target::Kind::Return && target.value != BPFW_CONTINUE)
            slots.insert(target.value >> BPFW_VERDICT_BITS);
    };
    take(graph.entry);
    for (const filter::Block& block : graph.blocks) {
        take(block.yes);
        take(block.no);
        take(block.abort);
        if (const auto* log = std::get_if<filter::Log>(&block.test)) slots.insert(log->slot);
    }
    return slots;
}

void warn_of(parser::Span at, parser::Diagnostics& diags) {
    diags.warning(at, "expression rejects all packets").hint("no frame can match it");
}

// Frames that the template's function takes, by the beginning of its name (frame_load.h,
// protochain.h, frame.h); nothing when it is no function of the template.
std::uint32_t template_depth(std::string_view name) {
    constexpr struct {
        std::string_view prefix;
        std::uint32_t depth;
    } kTemplate[] = {
        {"bpfw_load_", 2}, {"bpfw_length_", 1}, {"bpfw_protochain_", 3}, {"bpfw_log_", 1}};
    for (const auto& [prefix, depth] : kTemplate)
        if (name.substr(0, prefix.size()) == prefix) return depth;
    BPFW_BUG(fmt::format("a filter calls '{}'", name));
}

// The functions of an emitted filter call each other a few levels deep, and never in a circle.
class Depths {
public:
    explicit Depths(const std::vector<Function>& functions) {
        for (const Function& function : functions) by_name_.emplace(function.name, &function);
    }

    [[nodiscard]] bool knows(const std::string& name) const { return by_name_.count(name) != 0; }

    std::uint32_t of(const std::string& name) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return template_depth(name);
        const auto known = depths_.find(name);
        if (known != depths_.end()) return known->second;
        std::uint32_t below = 0;
        for (const Relocation& relocation : found->second->relocations) {
            if (relocation.kind == Relocation::Kind::Function)
                below = std::max(below, of(relocation.symbol));
        }
        return depths_[name] = below + 1;
    }

private:
    std::unordered_map<std::string_view, const Function*> by_name_;
    std::unordered_map<std::string, std::uint32_t> depths_;
};

}  // namespace

Expr Filters::add(const parser::PcapMatch& match, const LineMark& rule) {
    const auto same = [&](const Filter& have) {
        const auto* expression = std::get_if<Expression>(&have.asked);
        return expression != nullptr && *expression == match.expression;
    };
    auto found = std::find_if(all_.begin(), all_.end(), same);
    if (found == all_.end()) {
        filter::Graph graph =
            filter::optimise(filter::lower(match.expression, Lists::AsSets, {rule, &sources_}));
        const std::optional<bool> constant = constant_of(graph);
        all_.push_back({match.expression, std::move(graph), constant, rule, match.at});
        found = std::prev(all_.end());
    }
    if (found->constant) return *found->constant == (match.sense == Sense::Is) ? always() : never();
    return ask(static_cast<FilterId>(found - all_.begin()), match.sense);
}

Expr Filters::add(const parser::BpfMatch& match, const LineMark& rule) {
    const auto same = [&](const Filter& have) {
        const auto* program = std::get_if<filter::ClassicProgram>(&have.asked);
        return program != nullptr && *program == match.program;
    };
    auto found = std::find_if(all_.begin(), all_.end(), same);
    if (found == all_.end()) {
        all_.push_back({match.program, {}, std::nullopt, rule, match.at});
        found = std::prev(all_.end());
    }
    return ask(static_cast<FilterId>(found - all_.begin()), Sense::Is);
}

filter::Graph lower_frames(const Ruleset& ruleset, std::uint32_t first_slot,
                           const parser::Sources& sources) {
    std::vector<filter::Step> steps;
    for (const RulesetFrameRule& have : ruleset.frames) {
        const parser::FrameRule& rule = have.rule;
        steps.push_back({&rule.expression,
                         action_of(rule.action),
                         first_slot + static_cast<std::uint32_t>(steps.size()),
                         {origin_of(rule.at, parser::to_text(rule), sources), &sources}});
    }
    return filter::lower(steps, Lists::AsSets);
}

void warn(const Ruleset& ruleset, const Filters& filters, const filter::Graph& frames,
          parser::Diagnostics& diags) {
    for (const Filter& filter : filters.all())
        if (filter.constant == false) warn_of(filter.at, diags);
    const std::unordered_set<std::uint32_t> reached = slots_in(frames);
    std::uint32_t slot = count_slots(ruleset) - static_cast<std::uint32_t>(ruleset.frames.size());
    for (const RulesetFrameRule& have : ruleset.frames) {
        if (reached.count(slot++) != 0) continue;
        // Not reached: it rejects all, or a rule before it takes all.
        const filter::Step step{&have.rule.expression, filter::Step::Action::Drop, 0, {}};
        const filter::Graph alone =
            filter::optimise(filter::lower(std::span(&step, 1), Lists::AsSets));
        if (filter::always_gives(alone, BPFW_CONTINUE)) warn_of(have.rule.at, diags);
    }
}

std::vector<Function> emit_filter(const Filter& filter, FilterId id, Signature entry,
                                  std::vector<std::byte>& tables) {
    const std::string name = filter_function(id, entry);
    if (const auto* program = std::get_if<filter::ClassicProgram>(&filter.asked))
        return filter::emit_classic(*program, name, entry, filter.origin);
    return filter::emit_filter(filter.graph, name, entry, tables);
}

std::vector<Function> emit_frames(const filter::Graph& frames, Signature entry,
                                  std::vector<std::byte>& tables) {
    return filter::emit_filter(frames, name_for(std::string(kFrames), entry), entry, tables);
}

std::vector<std::uint32_t> filter_frames(const Filters& filters,
                                         const std::vector<Function>& functions) {
    Depths depths(functions);
    std::vector<std::uint32_t> frames;
    for (FilterId id = 0; id < filters.all().size(); ++id) {
        std::uint32_t& most = frames.emplace_back(0);
        for (const Signature entry : {Signature::FrameXdp, Signature::FrameTc}) {
            const std::string name = filter_function(id, entry);
            if (depths.knows(name)) most = std::max(most, depths.of(name));
        }
    }
    return frames;
}

}  // namespace bpfw::compiler
