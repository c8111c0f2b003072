// SPDX-License-Identifier: GPL-2.0-or-later
// The order of the counter slots; counter_slots() is the door.
#include "compat/store.hpp"

namespace bpfw::compat {

std::vector<parser::Counters*> counter_slots(compiler::Ruleset& ruleset) {
    std::vector<parser::Counters*> slots;
    for (compiler::Table* table : {&ruleset.ipv4, &ruleset.ipv6}) {
        for (compiler::Chain& chain : table->chains) {
            if (chain.policy) slots.push_back(&chain.counters);
        }
        for (compiler::Chain& chain : table->chains) {
            for (compiler::RulesetRule& have : chain.rules) slots.push_back(&have.counters);
        }
    }
    for (compiler::RulesetFrameRule& have : ruleset.frames) slots.push_back(&have.counters);
    return slots;
}

}  // namespace bpfw::compat
