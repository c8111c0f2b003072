// SPDX-License-Identifier: GPL-2.0-or-later
// Statements -> lock, read, apply, check, write; carry_out() is the door. Counters of rules
// that stay are never read and written back (packets are counted meanwhile): they are marked
// before the change, and only slots that lost the mark get a value of ours.
#include "compat/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace bpfw::compat {
namespace {

using parser::Counters;
using parser::Statement;

// No rule counts as far as this.
constexpr Counters kGoesOn = {std::numeric_limits<std::uint64_t>::max(),
                              std::numeric_limits<std::uint64_t>::max()};

// What a statement asks of the store.
enum class Need : std::uint8_t { Look, Zero, Write };

Need need_of(const Statement& statement) {
    return std::visit(overloaded{
                          [](const parser::ListRules&) { return Need::Look; },
                          [](const parser::PrintRules&) { return Need::Look; },
                          [](const parser::CheckRule&) { return Need::Look; },
                          [](const parser::ZeroChain&) { return Need::Zero; },
                          [](const auto&) { return Need::Write; },
                      },
                      statement.action);
}

Need need_of(const std::vector<Statement>& statements) {
    Need need = Need::Look;
    for (const Statement& statement : statements) need = std::max(need, need_of(statement));
    return need;
}

// What -v says while flushing, zeroing and deleting chains.
std::string each_chain(std::string_view what, const compiler::Table& table,
                       const std::optional<std::string>& only, bool user_chains_only) {
    std::string out;
    for (const compiler::Chain& chain : table.chains) {
        if (only ? chain.name != *only : user_chains_only && chain.policy) continue;
        out += fmt::format("{} chain `{}'\n", what, chain.name);
    }
    return out;
}

// What one statement prints; `table` is the one before it is applied.
std::string output_of(const Statement& statement, const compiler::Table& table,
                      const Transaction& transaction, const Host& host) {
    const parser::Family family = statement.family;
    const bool verbose = transaction.verbose;
    const auto echo = [&](const parser::Rule& rule) {
        return verbose ? echo_rule(rule, family) : std::string();
    };
    return std::visit(overloaded{
                          [&](const parser::ListRules& list) {
                              return list_table(table, family, {list.chain, list.position},
                                                transaction.format, host.lookup);
                          },
                          [&](const parser::PrintRules& print) {
                              return print_rules(table, family, {print.chain, print.position},
                                                 transaction.format.counts);
                          },
                          [&](const parser::AppendRule& s) { return echo(s.rule); },
                          [&](const parser::InsertRule& s) { return echo(s.rule); },
                          [&](const parser::ReplaceRule& s) { return echo(s.rule); },
                          [&](const parser::DeleteRule& s) { return echo(s.rule); },
                          [&](const parser::CheckRule& s) { return echo(s.rule); },
                          [&](const parser::FlushChain& s) {
                              return verbose ? each_chain("Flushing", table, s.chain, false) : "";
                          },
                          [&](const parser::ZeroChain& s) {
                              if (!verbose || s.position) return std::string();
                              return each_chain("Zeroing", table, s.chain, false);
                          },
                          [&](const parser::DeleteChain& s) {
                              return verbose ? each_chain("Deleting", table, s.chain, true) : "";
                          },
                          [](const auto&) { return std::string(); },
                      },
                      statement.action);
}

void mark_counters(compiler::Ruleset& ruleset) {
    for (Counters* counters : counter_slots(ruleset)) *counters = kGoesOn;
}

// For a list behind a change in the same restore file: what goes on counting shows 0.
compiler::Ruleset without_marks(compiler::Ruleset ruleset) {
    for (Counters* counters : counter_slots(ruleset)) {
        if (*counters == kGoesOn) *counters = {};
    }
    return ruleset;
}

std::vector<std::optional<Counters>> start_values(compiler::Ruleset& ruleset) {
    std::vector<std::optional<Counters>> start;
    for (const Counters* counters : counter_slots(ruleset)) {
        start.push_back(*counters == kGoesOn ? std::nullopt : std::optional(*counters));
    }
    return start;
}

Result<void> zero_unmarked(compiler::Ruleset& ruleset, const Store& store) {
    std::vector<std::uint32_t> slots;
    const auto start = start_values(ruleset);
    for (std::uint32_t slot = 0; slot < start.size(); ++slot) {
        if (start[slot]) slots.push_back(slot);
    }
    return slots.empty() ? Result<void>() : store.zero(slots);
}

// Lists show the counters of `live`, everything else changes a copy whose counters are marked.
struct Applied {
    compiler::Ruleset next;
    std::string output;
};

Applied apply_each(compiler::Ruleset live, const Transaction& transaction, Need need,
                   const Host& host, parser::Diagnostics& diags) {
    Applied applied{live, ""};
    if (need != Need::Look) mark_counters(applied.next);
    bool changed = false;
    for (const Statement& statement : transaction.statements) {
        const bool shows = need_of(statement) == Need::Look;
        if (shows && changed) live = without_marks(applied.next);
        if (shows) changed = false;
        const compiler::Ruleset& seen = shows ? live : applied.next;
        std::string output =
            statement.table == "filter"
                ? output_of(statement, seen.of(statement.family), transaction, host)
                : "";
        compiler::apply(applied.next, statement, transaction.restore, diags);
        if (diags.has_errors()) break;
        applied.output += output;
        if (!shows) changed = true;
    }
    return applied;
}

// Of what this command says; the rules that stand already were warned of when they came.
std::string warnings_of(const Transaction& transaction, const parser::Diagnostics& diags,
                        const parser::Sources& sources) {
    std::string text;
    for (const parser::Diagnostic& diagnostic : diags.all()) {
        const bool now = std::any_of(
            transaction.statements.begin(), transaction.statements.end(),
            [&](const Statement& said) { return said.at.source == diagnostic.span().source; });
        if (now) text += render(diagnostic, sources);
    }
    return text;
}

}  // namespace

Answer carry_out(const Transaction& transaction, const Face& face, const Host& host,
                 parser::Sources& sources, parser::Diagnostics& diags) {
    const Need need = need_of(transaction.statements);
    std::shared_ptr<void> lock;
    if (need != Need::Look && transaction.effect == Effect::Load) {
        auto taken = host.store.lock(transaction.wait);
        if (!taken) return complain_of_lock(face, taken.error(), transaction.wait);
        lock = std::move(*taken);
    }
    auto live = host.store.read(sources);
    if (!live) return complain(face, live.error());
    Applied applied = apply_each(std::move(*live), transaction, need, host, diags);
    if (!diags.has_errors() && need == Need::Write) compiler::check(applied.next, diags);
    if (diags.has_errors()) {
        Answer answer = complain(face, diags, sources);
        answer.out = applied.output;
        return answer;
    }
    Result<void> done;
    if (need == Need::Zero) done = zero_unmarked(applied.next, host.store);
    if (need == Need::Write) {
        auto start = start_values(applied.next);
        done =
            host.store.write({applied.next, sources, std::move(start), transaction.effect}, diags);
    }
    if (!done) return complain(face, done.error());
    if (diags.has_errors()) return complain_of_compile(face, diags, sources);
    return {applied.output, warnings_of(transaction, diags, sources), Exit::Ok};
}

}  // namespace bpfw::compat
