// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts what stands behind a jump that never returns. prune() is the door of the pass.
#include "compiler/ir/prune.hpp"

#include <optional>
#include <vector>

namespace bpfw::compiler {
namespace {

class Pruner {
public:
    explicit Pruner(Ir& ir) : ir_(ir), comes_back_(ir.chains.size()) {}

    void run() {
        for (ChainId id = 0; id < ir_.chains.size(); ++id) comes_back(id);
    }

private:
    // Whether a packet can leave the chain without a verdict; prunes the chain on the way.
    // While a chain is being looked at it counts as one that does: chains that nothing leads to
    // may be a loop (check() refuses only those that a packet gets to).
    bool comes_back(ChainId id) {
        if (!comes_back_[id]) {
            comes_back_[id] = true;
            comes_back_[id] = visit(ir_.chains[id]);
        }
        return *comes_back_[id];
    }

    bool visit(IrChain& chain) {
        bool back = false;
        for (std::size_t n = 0; n < chain.rules.size(); ++n) {
            IrRule& rule = chain.rules[n];
            const bool certain = rule.conditions.empty();
            switch (rule.action.kind) {
                case ActionKind::None:
                    break;
                case ActionKind::Accept:
                case ActionKind::Drop:
                    if (certain) return back;
                    break;
                case ActionKind::Return:
                    back = true;
                    if (certain) return back;
                    break;
                case ActionKind::Goto:
                    back = comes_back(rule.action.chain) || back;
                    if (certain) return back;
                    break;
                case ActionKind::Jump:
                    if (comes_back(rule.action.chain) || !certain) break;
                    rule.action.kind = ActionKind::Goto;
                    chain.rules.erase(chain.rules.begin() + static_cast<std::ptrdiff_t>(n) + 1,
                                      chain.rules.end());
                    return back;
            }
        }
        return true;
    }

    Ir& ir_;
    std::vector<std::optional<bool>> comes_back_;
};

}  // namespace

Ir prune(Ir ir) {
    Pruner(ir).run();
    return ir;
}

}  // namespace bpfw::compiler
