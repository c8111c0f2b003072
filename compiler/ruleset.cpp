// SPDX-License-Identifier: GPL-2.0-or-later
// (Ruleset, statement) -> Ruleset, or iptables' refusal; apply() and apply_all() are the
// doors. Wording: iptables-nft 1.8.9's. User chains stand in the order of their names, as
// iptables lists them, so that looking one up is a binary search.
#include "compiler/ruleset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "compiler/ruleset_rules.hpp"

namespace bpfw::compiler {
namespace {

using parser::Diagnostics;
using parser::Mistake;
using parser::Span;

constexpr std::size_t kBuiltIns = 3;
constexpr std::string_view kNoChain = "No chain/target/match by that name.";
constexpr std::string_view kBadRule = "Bad rule (does a matching rule exist in that chain?).";

Table empty_table() {
    Table table;
    for (const char* name : {"INPUT", "FORWARD", "OUTPUT"}) {
        table.chains.push_back({name, parser::Verdict::Accept, {}, {}, {}});
    }
    return table;
}

// Where the user chain `name` is, or would have to be put in.
template <class Chains>
auto user_position(Chains& chains, std::string_view name) {
    return std::lower_bound(
        chains.begin() + kBuiltIns, chains.end(), name,
        [](const Chain& chain, std::string_view n) { return chain.name.compare(n) < 0; });
}

template <class TableOrConst>
auto find(TableOrConst& table, std::string_view name) -> decltype(&table.chains.front()) {
    for (std::size_t i = 0; i < kBuiltIns; ++i) {
        if (table.chains[i].name == name) return &table.chains[i];
    }
    const auto at = user_position(table.chains, name);
    return at != table.chains.end() && at->name == name ? &*at : nullptr;
}

// iptables has no chain named like a target of its own.
bool is_target_name(std::string_view name) {
    return name == "ACCEPT" || name == "DROP" || name == "RETURN" || name == "QUEUE";
}

// One statement being applied: the table, where the statement stands, where mistakes go.
class Applier {
public:
    Applier(Ruleset& ruleset, const parser::Statement& statement, Restore restore,
            Diagnostics& diags)
        : table_(ruleset.of(statement.family)),
          frames_(ruleset.frames),
          restore_(restore),
          at_(statement.at),
          diags_(diags) {}

    void operator()(const parser::AppendRule& append) {
        if (!rule_allowed(append.chain, append.rule, "RULE_APPEND")) return;
        Chain* chain = known_chain(append.chain);
        if (chain == nullptr) return;
        chain->rules.push_back({append.rule, append.counters.value_or(parser::Counters{})});
    }

    void operator()(const parser::InsertRule& insert) {
        if (!rule_allowed(insert.chain, insert.rule, "RULE_INSERT")) return;
        Chain* chain = known_chain(insert.chain);
        if (chain == nullptr) return;
        if (insert.position == 0 || insert.position > chain->rules.size() + 1) {
            return too_big("insertion", *chain, insert.position);
        }
        chain->rules.insert(chain->rules.begin() + (insert.position - 1),
                            {insert.rule, insert.counters.value_or(parser::Counters{})});
    }

    void operator()(const parser::ReplaceRule& replace) {
        if (!rule_allowed(replace.chain, replace.rule, "RULE_REPLACE")) return;
        Chain* chain = known_chain(replace.chain);
        if (chain == nullptr) return;
        if (replace.position == 0 || replace.position > chain->rules.size()) {
            return too_big("replacement", *chain, replace.position);
        }
        chain->rules[replace.position - 1] = {replace.rule,
                                              replace.counters.value_or(parser::Counters{})};
    }

    void operator()(const parser::DeleteRule& remove) {
        const auto found = matching_rule(remove.chain, remove.rule);
        if (found) found->chain->rules.erase(found->rule);
    }

    void operator()(const parser::CheckRule& wanted) { matching_rule(wanted.chain, wanted.rule); }

    void operator()(const parser::DeletePosition& remove) {
        Chain* chain = known_chain(remove.chain);
        if (chain == nullptr) return;
        if (remove.position == 0 || remove.position > chain->rules.size()) {
            return too_big("deletion", *chain, remove.position);
        }
        chain->rules.erase(chain->rules.begin() + (remove.position - 1));
    }

    void operator()(const parser::NewChain& wanted) {
        if (!name_allowed(wanted.chain)) return;
        if (find(table_, wanted.chain) != nullptr) {
            return missing(fmt::format("there is a chain '{}' already", wanted.chain),
                           "Chain already exists.");
        }
        add_chain(wanted.chain);
    }

    void operator()(const parser::DeleteChain& remove) {
        if (remove.chain) {
            if (deletable(*remove.chain)) {
                table_.chains.erase(user_position(table_.chains, *remove.chain));
            }
            return;
        }
        if (all_deletable()) table_.chains.resize(kBuiltIns);
    }

    void operator()(const parser::RenameChain& rename) {
        Chain* chain = known_chain(rename.from);
        if (chain == nullptr) return;
        if (chain->policy) {
            return missing(fmt::format("'{}' is a built-in chain", rename.from), kNoChain);
        }
        if (find(table_, rename.to) != nullptr || is_target_name(rename.to)) {
            return missing(fmt::format("the name '{}' is taken", rename.to), "File exists.");
        }
        const auto at = user_position(table_.chains, rename.from);
        Chain moved = std::move(*at);
        moved.name = rename.to;
        table_.chains.erase(at);
        table_.chains.insert(user_position(table_.chains, rename.to), std::move(moved));
        retarget(rename.from, rename.to);
    }

    void operator()(const parser::SetPolicy& set) {
        set_policy(set.chain, set.policy, set.counters);
    }

    void operator()(const parser::FlushChain& flush) {
        if (!flush.chain) {
            for (Chain& chain : table_.chains) chain.rules.clear();
        } else if (Chain* chain = known_chain(*flush.chain)) {
            chain->rules.clear();
        }
    }

    void operator()(const parser::ZeroChain& zero) {
        if (!zero.chain) {
            for (Chain& chain : table_.chains) zero_all(chain);
            return;
        }
        Chain* chain = known_chain(*zero.chain);
        if (chain == nullptr) return;
        if (!zero.position) return zero_all(*chain);
        if (*zero.position == 0 || *zero.position > chain->rules.size()) {
            return too_big("counter", *chain, *zero.position);
        }
        chain->rules[*zero.position - 1].counters = {};
    }

    // ":CHAIN - [0:0]" makes the chain, or empties it; a built-in chain keeps its rules.
    void operator()(const parser::DeclareChain& declare) {
        if (declare.policy) return set_policy(declare.chain, *declare.policy, declare.counters);
        Chain* chain = find(table_, declare.chain);
        if (chain == nullptr) {
            if (name_allowed(declare.chain)) add_chain(declare.chain);
        } else if (!chain->policy) {
            chain->rules.clear();
        } else if (declare.counters) {
            chain->counters = *declare.counters;
        }
    }

    void operator()(const parser::BeginTable&) {
        if (restore_ == Restore::Flush) table_ = empty_table();
    }

    void operator()(const parser::Commit&) {}
    void operator()(const parser::AppendFrameRule& append) {
        frames_.push_back({append.rule, append.counters.value_or(parser::Counters{})});
    }
    void operator()(const parser::ListRules& list) { listed(list.chain); }
    void operator()(const parser::PrintRules& print) { listed(print.chain); }

private:
    struct Found {
        Chain* chain;
        std::deque<RulesetRule>::iterator rule;
    };

    void missing(std::string text, std::string_view classic) {
        diags_.error(at_, std::move(text)).kind(Mistake::Missing).classic(std::string(classic));
    }

    void too_big(std::string_view what, const Chain& chain, std::uint32_t position) {
        missing(fmt::format("chain '{}' has {} rules, there is no place {}", chain.name,
                            chain.rules.size(), position),
                fmt::format("Index of {} too big.", what));
    }

    Chain* known_chain(const std::string& name) {
        Chain* chain = find(table_, name);
        if (chain == nullptr) missing(fmt::format("there is no chain '{}'", name), kNoChain);
        return chain;
    }

    void listed(const std::optional<std::string>& name) {
        if (name) known_chain(*name);
    }

    bool name_allowed(const std::string& name) {
        if (!is_target_name(name)) return true;
        diags_.error(at_, fmt::format("'{}' is a target, no chain can have this name", name))
            .classic("chain name may not clash with target name");
        return false;
    }

    void add_chain(const std::string& name) {
        table_.chains.insert(user_position(table_.chains, name), {name, {}, {}, {}, at_});
    }

    bool rule_allowed(const std::string& chain, const parser::Rule& rule,
                      std::string_view operation) {
        const std::size_t before = diags_.error_count();
        check_target(table_, chain, rule, operation, diags_);
        check_interfaces(chain, rule, diags_);
        return diags_.error_count() == before;
    }

    // -D and -C: both ask for the same things in the same order.
    std::optional<Found> matching_rule(const std::string& name, const parser::Rule& rule) {
        const std::size_t before = diags_.error_count();
        if (jumps(rule.target) && find(table_, rule.target.chain) == nullptr) {
            check_target(table_, name, rule, "", diags_);
        }
        check_interfaces(name, rule, diags_);
        if (diags_.error_count() != before) return std::nullopt;
        if (Chain* chain = find(table_, name)) {
            const auto at =
                std::find_if(chain->rules.begin(), chain->rules.end(),
                             [&](const RulesetRule& have) { return have.rule == rule; });
            if (at != chain->rules.end()) return Found{chain, at};
        }
        missing(fmt::format("no such rule in chain '{}'", name), kBadRule);
        return std::nullopt;
    }

    // One search for the jumps of all chains: one for each took 22 s with 60,000 chains.
    bool all_deletable() {
        std::unordered_set<std::string_view> used;
        for (const Chain& chain : table_.chains) {
            for (const RulesetRule& have : chain.rules) {
                if (jumps(have.rule.target)) used.insert(have.rule.target.chain);
            }
        }
        return std::all_of(table_.chains.begin() + kBuiltIns, table_.chains.end(),
                           [&](const Chain& chain) {
                               const bool free = chain.rules.empty() && used.count(chain.name) == 0;
                               return free || deletable(chain.name);
                           });
    }

    bool deletable(const std::string& name) {
        const Chain* chain = known_chain(name);
        if (chain == nullptr) return false;
        if (chain->policy) {
            missing(fmt::format("'{}' is a built-in chain", name), kNoChain);
            return false;
        }
        const parser::Rule* user = chain->rules.empty() ? rule_that_jumps_to(name) : nullptr;
        if (chain->rules.empty() && user == nullptr) return true;
        parser::Diagnostic& error =
            diags_
                .error(at_, fmt::format("chain '{}' {}", name,
                                        user != nullptr ? "is in use" : "is not empty"))
                .kind(Mistake::Refused)
                .classic(fmt::format("CHAIN_DEL failed (Device or resource busy): chain {}", name));
        if (user != nullptr) error.note(user->at, "this rule jumps to it");
        return false;
    }

    const parser::Rule* rule_that_jumps_to(const std::string& name) const {
        for (const Chain& chain : table_.chains) {
            for (const RulesetRule& have : chain.rules) {
                if (jumps(have.rule.target) && have.rule.target.chain == name) return &have.rule;
            }
        }
        return nullptr;
    }

    void retarget(const std::string& from, const std::string& to) {
        for (Chain& chain : table_.chains) {
            for (RulesetRule& have : chain.rules) {
                parser::Target& target = have.rule.target;
                if (jumps(target) && target.chain == from) target.chain = to;
            }
        }
    }

    void set_policy(const std::string& name, parser::Verdict policy,
                    const std::optional<parser::Counters>& counters) {
        Chain* chain = find(table_, name);
        if (chain == nullptr || !chain->policy) {
            return missing(fmt::format("'{}' is no built-in chain of table filter", name),
                           "Bad built-in chain name.");
        }
        chain->policy = policy;
        chain->at = at_;
        if (counters) chain->counters = *counters;
    }

    static void zero_all(Chain& chain) {
        chain.counters = {};
        for (RulesetRule& have : chain.rules) have.counters = {};
    }

    Table& table_;
    std::vector<RulesetFrameRule>& frames_;
    Restore restore_;
    Span at_;
    Diagnostics& diags_;
};

}  // namespace

Ruleset::Ruleset() : ipv4(empty_table()), ipv6(empty_table()) {}

Chain* find_chain(Table& table, std::string_view name) { return find(table, name); }
const Chain* find_chain(const Table& table, std::string_view name) { return find(table, name); }

void apply(Ruleset& ruleset, const parser::Statement& statement, Restore restore,
           Diagnostics& diags) {
    if (statement.table != "filter") {
        diags
            .error(statement.at, fmt::format("table '{}' is not supported yet, only 'filter' is",
                                             statement.table))
            .kind(Mistake::Unsupported)
            .classic(fmt::format("can't initialize iptables table `{}': Table does not exist (do "
                                 "you need to insmod?)",
                                 statement.table));
        return;
    }
    std::visit(Applier(ruleset, statement, restore, diags), statement.action);
}

void apply_all(Ruleset& ruleset, const std::vector<parser::Statement>& statements, Restore restore,
               Diagnostics& diags) {
    const std::size_t before = diags.error_count();
    Ruleset next = ruleset;
    const parser::Statement* open_table = nullptr;
    for (const parser::Statement& statement : statements) {
        if (std::holds_alternative<parser::BeginTable>(statement.action)) open_table = &statement;
        if (std::holds_alternative<parser::Commit>(statement.action)) open_table = nullptr;
        apply(next, statement, restore, diags);
    }
    if (open_table != nullptr) {
        diags.error(open_table->at, "this table has no COMMIT line")
            .kind(Mistake::Missing)
            .classic("COMMIT expected");
    }
    if (diags.error_count() == before) ruleset = std::move(next);
}

}  // namespace bpfw::compiler
