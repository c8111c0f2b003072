// SPDX-License-Identifier: GPL-2.0-or-later
// Ruleset -> IR, one per family. lower() is the only door.
#include "compiler/ir/lower.hpp"

#include <unordered_map>

#include "compiler/ir/lower_match.hpp"
#include "parser/base/result.hpp"
#include "parser/print.hpp"

namespace bpfw::compiler {
namespace {

using parser::Family;

using ChainIds = std::unordered_map<std::string_view, ChainId>;

ActionKind kind_of(parser::Target::Kind kind) {
    switch (kind) {
        case parser::Target::Kind::None:
            return ActionKind::None;
        case parser::Target::Kind::Accept:
            return ActionKind::Accept;
        case parser::Target::Kind::Drop:
            return ActionKind::Drop;
        case parser::Target::Kind::Return:
            return ActionKind::Return;
        case parser::Target::Kind::Jump:
            return ActionKind::Jump;
        case parser::Target::Kind::Goto:
            return ActionKind::Goto;
    }
    BPFW_BUG("unknown target");
}

IrAction lower(const parser::Target& target, const ChainIds& ids) {
    const ActionKind kind = kind_of(target.kind);
    if (kind != ActionKind::Jump && kind != ActionKind::Goto) return {kind, 0};
    const auto found = ids.find(target.chain);
    if (found == ids.end()) BPFW_BUG("jump to unknown chain " + target.chain);
    return {kind, found->second};
}

IrChain lower(const Chain& chain, const ChainIds& ids, Family family,
              const parser::Sources& sources, Filters& filters, std::uint32_t& slot) {
    IrChain out;
    out.name = chain.name;
    out.span = chain.at;
    for (const RulesetRule& from : chain.rules) {
        const parser::Rule& rule = from.rule;
        LineMark origin =
            origin_of(rule.at, "-A " + chain.name + " " + to_text(rule, family), sources);
        std::vector<Expr> conditions = lower_conditions(rule, family, origin, filters);
        out.rules.push_back(
            {std::move(conditions), lower(rule.target, ids), slot++, std::move(origin), rule.at});
    }
    return out;
}

Ir lower(const Table& table, Family family, const parser::Sources& sources, Filters& filters,
         std::uint32_t& slot) {
    Ir ir;
    ir.family = family;
    ChainIds ids;
    std::vector<std::uint32_t> policy_slots;
    for (const Chain& chain : table.chains) {
        ids.emplace(chain.name, static_cast<ChainId>(ids.size()));
        policy_slots.push_back(chain.policy ? slot++ : 0);
    }
    for (const Chain& chain : table.chains) {
        IrChain& out = ir.chains.emplace_back(lower(chain, ids, family, sources, filters, slot));
        out.origin = origin_of(chain.at, ":" + chain.name + " -", sources);
        if (!chain.policy) continue;
        const bool accept = *chain.policy == parser::Verdict::Accept;
        out.policy = accept ? ActionKind::Accept : ActionKind::Drop;
        out.policy_slot = policy_slots[ir.chains.size() - 1];
        out.origin =
            origin_of(chain.at, ":" + chain.name + (accept ? " ACCEPT" : " DROP"), sources);
    }
    return ir;
}

}  // namespace

LineMark origin_of(parser::Span span, std::string text, const parser::Sources& sources) {
    const std::string& file = sources.name(span.source);
    if (file.empty()) return {0, "", 0, 0, std::move(text)};
    const parser::Position at = sources.position(span);
    return {0, file, at.line, at.column, std::move(text)};
}

std::vector<Ir> lower(const Ruleset& ruleset, const parser::Sources& sources, Filters& filters) {
    std::uint32_t slot = 0;
    std::vector<Ir> out;
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        out.push_back(lower(ruleset.of(family), family, sources, filters, slot));
    }
    return out;
}

std::uint32_t count_slots(const Ruleset& ruleset) {
    std::size_t slots = ruleset.frames.size();
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        for (const Chain& chain : ruleset.of(family).chains) {
            slots += chain.rules.size() + (chain.policy ? 1 : 0);
        }
    }
    return static_cast<std::uint32_t>(slots);
}

}  // namespace bpfw::compiler
