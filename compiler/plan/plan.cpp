// SPDX-License-Identifier: GPL-2.0-or-later
// Decides which chains are inlined and which are functions. make_plan() is the only door.
#include "compiler/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <utility>

#include "compiler/plan/split.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

constexpr ChainId kBaseChains = 3;
constexpr std::uint32_t kTinyBranches = 8;         // a chain this small is inlined everywhere
constexpr std::uint64_t kTotalBranches = 300'000;  // all that inlining may come to
constexpr std::uint32_t kMostStretch = 32;

bool leads(const IrRule& rule) {
    return rule.action.kind == ActionKind::Jump || rule.action.kind == ActionKind::Goto;
}

// The call graph below the base chains; check() has seen that it has no loop.
struct Graph {
    std::vector<std::vector<ChainId>> calls;  // by chain, one for each rule that leads on
    std::vector<std::uint32_t> uses;          // rules that lead here
    std::vector<ChainId> callees_first;       // reached chains
};

// Does not look into the chains that `closed` holds (compiled elsewhere).
Graph graph_of(const Ir& ir, const std::vector<bool>& closed) {
    Graph graph;
    graph.calls.resize(ir.chains.size());
    graph.uses.resize(ir.chains.size());
    std::vector<std::uint8_t> seen(ir.chains.size(), 0);
    struct Visit {
        ChainId chain;
        std::size_t next;
    };
    for (ChainId base = 0; base < kBaseChains; ++base) {
        std::vector<Visit> path{{base, 0}};
        seen[base] = 1;
        while (!path.empty()) {
            Visit& top = path.back();
            const auto& rules = ir.chains[top.chain].rules;
            while (top.next < rules.size() && !leads(rules[top.next])) ++top.next;
            if (top.next == rules.size() || closed[top.chain]) {
                graph.callees_first.push_back(top.chain);
                path.pop_back();
                continue;
            }
            const ChainId callee = rules[top.next++].action.chain;
            graph.calls[top.chain].push_back(callee);
            ++graph.uses[callee];
            if (seen[callee] == 0) {
                seen[callee] = 1;
                path.push_back({callee, 0});
            }
        }
    }
    return graph;
}

// Chains that are called in the regular packets' code. (Parts differ between the two.) A base
// chain's own function then only calls the regular one, which takes a frame more.
std::vector<bool> shared_chains(const Ir& ir, const PlanOptions& options) {
    std::vector<bool> shared(ir.chains.size(), false);
    if (options.regular == nullptr) return shared;
    for (ChainId id = 0; id < ir.chains.size(); ++id) {
        if (ir.chains[id].role == ChainRole::Part || options.sensitive[id]) continue;
        const ChainPlan& regular = options.regular->chains[id];
        shared[id] = regular.home == Home::Function &&
                     (id >= kBaseChains || regular.level <= kFunctionLevels);
    }
    return shared;
}

std::vector<std::uint32_t> own_branches(const Ir& ir) {
    std::vector<std::uint32_t> out;
    for (const IrChain& chain : ir.chains) out.push_back(branches(chain));
    return out;
}

std::uint32_t frames_of(const Expr& expr, const std::vector<std::uint32_t>& filters) {
    const auto most = [&](const std::vector<Expr>& of) {
        std::uint32_t frames = 0;
        for (const Expr& part : of) frames = std::max(frames, frames_of(part, filters));
        return frames;
    };
    return std::visit(overloaded{
                          [](const Test&) { return 0u; },
                          [](Guard) { return 0u; },
                          [&](const FilterTest& test) { return filters.at(test.filter); },
                          [&](const All& all) { return most(all.of); },
                          [&](const Any& any) { return most(any.of); },
                      },
                      expr.node);
}

// Call frames that each chain's own rules take for the filters they ask.
std::vector<std::uint32_t> own_frames(const Ir& ir, const std::vector<std::uint32_t>& filters) {
    std::vector<std::uint32_t> out;
    for (const IrChain& chain : ir.chains) {
        std::uint32_t& most = out.emplace_back(0);
        for (const IrRule& rule : chain.rules) {
            for (const Expr& condition : rule.conditions)
                most = std::max(most, frames_of(condition, filters));
            for (const Expr& condition : rule.found)
                most = std::max(most, frames_of(condition, filters));
        }
    }
    return out;
}

class Planner {
public:
    Planner(const Ir& ir, const PlanOptions& options)
        : ir_(ir),
          options_(options),
          shared_(shared_chains(ir, options)),
          graph_(graph_of(ir, shared_)),
          own_(own_branches(ir)),
          asks_(own_frames(ir, options.filter_frames)),
          size_(ir.chains.size()),
          level_(ir.chains.size()),
          below_(ir.chains.size()),
          forced_(ir.chains.size(), false) {}

    // Tries to inline more and more where chains are nested too deep.
    std::optional<Plan> run(parser::Diagnostics& diags) {
        for (std::uint32_t stretch = 1; stretch <= kMostStretch; ++stretch) {
            if (!settle(stretch)) return stretch == 1 ? too_large(diags) : too_deep(diags);
            if (deepest() <= kFunctionLevels) return finish();
        }
        return too_deep(diags);
    }

private:
    std::nullopt_t too_large(parser::Diagnostics& diags) const {
        diags
            .error({}, fmt::format("the {} ruleset is too large: more than {} compares", prefix(),
                                   kTotalBranches))
            .hint("the kernel verifies at most 1,000,000 instructions a program")
            .kind(parser::Mistake::Unsupported);
        return std::nullopt;
    }

    std::nullopt_t too_deep(parser::Diagnostics& diags) const {
        const IrChain& base = ir_.chains[deepest_base()];
        diags
            .error(base.span,
                   fmt::format("chains below {} are nested too deep to be compiled", base.name))
            .hint(
                "chains that are used more than once call each other in more levels than eBPF "
                "has call frames for; merge some of them")
            .kind(parser::Mistake::Unsupported);
        return std::nullopt;
    }

    [[nodiscard]] bool shared(ChainId id) const { return shared_[id]; }

    [[nodiscard]] bool is_function(ChainId id) const { return function_[id]; }

    [[nodiscard]] bool wants_function(ChainId id) const {
        return id < kBaseChains || forced_[id] || ir_.chains[id].role == ChainRole::Part ||
               shared(id) || (graph_.uses[id] > 1 && size_[id] > kTinyBranches);
    }

    // Chooses functions until no function is too long; false when inlining came to too much.
    bool settle(std::uint32_t stretch) {
        while (!measure(stretch)) {
        }
        return total_ <= kTotalBranches;
    }

    // One pass, callees first: sizes with inlining, levels, functions. False when a function was
    // too long and callees of it were forced to be functions: sizes and levels are then another's.
    bool measure(std::uint32_t stretch) {
        function_.assign(ir_.chains.size(), false);
        std::vector<std::uint32_t> natural(ir_.chains.size(), 0);  // level were stretch 1
        total_ = 0;
        for (const ChainId id : graph_.callees_first) {
            std::uint64_t size = own_[id];
            std::uint32_t below = asks_[id];
            std::uint32_t below_natural = 0;
            for (const ChainId callee : graph_.calls[id]) {
                size += is_function(callee) ? 0 : size_[callee];
                below = std::max(below, is_function(callee) ? level_[callee] : below_[callee]);
                below_natural = std::max(below_natural, natural[callee]);
            }
            size_[id] = size;
            below_[id] = below;
            const bool wanted = wants_function(id);
            natural[id] = below_natural + (wanted ? 1 : 0);
            const bool must = id < kBaseChains || forced_[id] || shared(id) ||
                              ir_.chains[id].role == ChainRole::Part;
            function_[id] = must || (wanted && natural[id] % stretch == 0);
            if (shared(id)) {
                level_[id] = options_.regular->chains[id].level;
            } else {
                level_[id] = below + 1;
                total_ += function_[id] ? size : 0;
            }
            if (size > kFunctionBranches && force_heaviest(id)) return false;
            if (total_ > kTotalBranches) return true;
        }
        return true;
    }

    // The heaviest inlined callees, as many as it takes; false when it has none. All at once:
    // thousands of them, one measure() each, took 20 s.
    bool force_heaviest(ChainId id) {
        std::vector<ChainId> inlined;
        std::copy_if(graph_.calls[id].begin(), graph_.calls[id].end(), std::back_inserter(inlined),
                     [this](ChainId callee) { return !is_function(callee); });
        std::sort(inlined.begin(), inlined.end(), [this](ChainId a, ChainId b) {
            return std::pair(size_[b], a) < std::pair(size_[a], b);
        });
        std::uint64_t size = size_[id];
        for (const ChainId callee : inlined) {
            if (size <= kFunctionBranches && !forced_[callee]) break;
            forced_[callee] = true;
            size -= size_[callee];
        }
        return !inlined.empty();
    }

    [[nodiscard]] ChainId deepest_base() const {
        ChainId deepest = 0;
        for (ChainId id = 1; id < kBaseChains; ++id) {
            if (below_[id] > below_[deepest]) deepest = id;
        }
        return deepest;
    }
    [[nodiscard]] std::uint32_t deepest() const { return below_[deepest_base()]; }

    [[nodiscard]] std::string prefix() const {
        return ir_.family == parser::Family::Ipv4 ? "ipv4" : "ipv6";
    }
    [[nodiscard]] std::string suffix() const {
        return ir_.packets == PacketClass::Odd ? "_odd" : "";
    }

    // "ipv4_DOCKER_USER_7": BTF takes identifiers only.
    [[nodiscard]] std::string function_name(ChainId id) const {
        std::string name = ir_.chains[id].name;
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
        return fmt::format("{}_{}_{}{}", prefix(), name, id, suffix());
    }

    std::optional<Plan> finish() {
        Plan plan;
        plan.chains.resize(ir_.chains.size());
        std::map<std::uint32_t, std::vector<ChainId>> by_level;  // functions of user chains
        std::size_t functions = 0;
        for (const ChainId id : graph_.callees_first) {
            ChainPlan& chain = plan.chains[id];
            chain.home = is_function(id) ? Home::Function : Home::Inline;
            chain.level = level_[id];
            if (id < kBaseChains) {
                chain.function = base_function(ir_, id);
                if (shared(id)) {
                    plan.units.push_back(
                        {chain.function, {}, options_.regular->chains[id].function});
                } else {
                    plan.units.push_back({chain.function, {id}, ""});
                }
            } else if (shared(id)) {
                chain = options_.regular->chains[id];
            } else if (is_function(id)) {
                by_level[level_[id]].push_back(id);
                ++functions;
            }
        }
        for (const auto& [level, chains] : by_level) {
            if (functions <= kFunctionsPerIr) {
                for (const ChainId id : chains) add_unit(plan, {id}, function_name(id));
            } else {
                group(plan, level, chains);
            }
        }
        return plan;
    }

    // Chains of one level never call each other, so they can share a function.
    void group(Plan& plan, std::uint32_t level, const std::vector<ChainId>& chains) const {
        std::vector<ChainId> entries;
        std::uint64_t size = 0;
        std::uint32_t number = 1;
        const auto flush = [&] {
            if (entries.empty()) return;
            add_unit(plan, entries,
                     fmt::format("{}_level{}_{}{}", prefix(), level, number++, suffix()));
            entries.clear();
            size = 0;
        };
        for (const ChainId id : chains) {
            if (size + size_[id] + 1 > kFunctionBranches) flush();
            size += size_[id] + 1;
            entries.push_back(id);
        }
        flush();
    }

    static void add_unit(Plan& plan, const std::vector<ChainId>& entries, const std::string& name) {
        for (std::uint32_t n = 0; n < entries.size(); ++n) {
            ChainPlan& chain = plan.chains[entries[n]];
            chain.function = name;
            if (entries.size() > 1) chain.selector = n;
        }
        plan.units.push_back({name, entries, ""});
    }

    const Ir& ir_;
    const PlanOptions& options_;
    std::vector<bool> shared_;
    Graph graph_;
    std::vector<std::uint32_t> own_;    // branches of its own rules
    std::vector<std::uint32_t> asks_;   // frames of the filters that its own rules ask
    std::vector<std::uint64_t> size_;   // branches with all that is inlined
    std::vector<std::uint32_t> level_;  // frames when called, itself included
    std::vector<std::uint32_t> below_;  // frames of the deepest call it makes
    std::vector<bool> forced_;          // a function, or its caller gets too long
    std::vector<bool> function_;
    std::uint64_t total_ = 0;
};

}  // namespace

std::string base_function(const Ir& ir, ChainId id) {
    static constexpr const char* kHooks[] = {"input", "forward", "output"};
    if (id >= kBaseChains) BPFW_BUG("not a base chain");
    return fmt::format("bpfw_{}_{}{}", ir.family == parser::Family::Ipv4 ? "ipv4" : "ipv6",
                       kHooks[id], ir.packets == PacketClass::Odd ? "_odd" : "");
}

std::optional<Plan> make_plan(const Ir& ir, const PlanOptions& options,
                              parser::Diagnostics& diags) {
    return Planner(ir, options).run(diags);
}

std::string to_text(const Plan& plan, const Ir& ir) {
    std::string out;
    for (ChainId id = 0; id < ir.chains.size(); ++id) {
        const ChainPlan& chain = plan.chains[id];
        out += fmt::format(" {}: ", ir.chains[id].name);
        switch (chain.home) {
            case Home::Unreached:
                out += "no code, nothing leads to it";
                break;
            case Home::Inline:
                out += "inlined";
                break;
            case Home::Function:
                out += "function " + chain.function;
                break;
        }
        if (chain.selector) out += fmt::format(", entry {}", *chain.selector);
        out += "\n";
    }
    return out;
}

}  // namespace bpfw::compiler
