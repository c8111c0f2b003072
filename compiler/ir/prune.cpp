// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts what stands behind a jump that never returns. prune() is the door of the pass.
#include "compiler/ir/prune.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

class Pruner {
public:
    explicit Pruner(Ir& ir) : ir_(ir), comes_back_(ir.chains.size()) {}

    void run() {
        for (ChainId id = 0; id < ir_.chains.size(); ++id) {
            if (!comes_back_[id]) look_at(id);
        }
    }

private:
    struct Visit {
        ChainId chain;
        std::size_t rule = 0;  // the next one
        bool back = false;     // a rule before it lets the packet out without a verdict
    };

    // Finds out whether a packet can leave the chain without a verdict, callees first, and prunes
    // on the way. Without recursion: chains may be nested by the thousand.
    void look_at(ChainId first) {
        open(first);
        while (!path_.empty()) {
            const ChainId chain = path_.back().chain;
            const auto& rules = ir_.chains[chain].rules;
            const bool at_end = path_.back().rule == rules.size();
            if (!at_end && leads_to_unknown(rules[path_.back().rule])) {
                open(rules[path_.back().rule].action.chain);
                continue;
            }
            if (!at_end && !ends_with_next(path_.back())) continue;
            comes_back_[chain] = at_end || path_.back().back;
            path_.pop_back();
        }
    }

    // While a chain is being looked at it counts as one that comes back: chains that nothing leads
    // to may be a loop (check() refuses only those that a packet gets to).
    void open(ChainId chain) {
        comes_back_[chain] = true;
        path_.push_back({chain});
    }

    [[nodiscard]] bool leads_to_unknown(const IrRule& rule) const {
        const bool leads =
            rule.action.kind == ActionKind::Jump || rule.action.kind == ActionKind::Goto;
        return leads && !comes_back_[rule.action.chain];
    }

    bool ends_with_next(Visit& visit) {
        std::vector<IrRule>& rules = ir_.chains[visit.chain].rules;
        IrRule& rule = rules[visit.rule++];
        const bool certain = rule.conditions.empty();
        switch (rule.action.kind) {
            case ActionKind::None:
            case ActionKind::Lookup:
                return false;
            case ActionKind::Accept:
            case ActionKind::Drop:
                return certain;
            case ActionKind::Return:
                visit.back = true;
                return certain;
            case ActionKind::Goto:
                visit.back = visit.back || *comes_back_[rule.action.chain];
                return certain;
            case ActionKind::Jump:
                if (!certain || *comes_back_[rule.action.chain]) return false;
                rule.action.kind = ActionKind::Goto;
                rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(visit.rule), rules.end());
                return true;
        }
        BPFW_BUG("unknown action");
    }

    Ir& ir_;
    std::vector<std::optional<bool>> comes_back_;
    std::vector<Visit> path_;
};

}  // namespace

Ir prune(Ir ir) {
    Pruner(ir).run();
    return ir;
}

}  // namespace bpfw::compiler
