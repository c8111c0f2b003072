// SPDX-License-Identifier: GPL-2.0-or-later
// Table -> the command lines that would make it, as `iptables -S` prints them;
// print_rules() is the door.
#include <fmt/format.h>

#include <iterator>

#include "compat/listing.hpp"
#include "parser/print.hpp"

namespace bpfw::compat {
namespace {

void print_chain(const compiler::Chain& chain, Counts counts, std::string& out) {
    if (!chain.policy) {
        out += "-N " + chain.name + "\n";
        return;
    }
    out += "-P " + chain.name + (*chain.policy == parser::Verdict::Accept ? " ACCEPT" : " DROP");
    if (counts != Counts::Hidden) {
        out += fmt::format(" -c {} {}", chain.counters.packets, chain.counters.bytes);
    }
    out += "\n";
}

// The counters stand between the matches and the target.
void print_rule(const compiler::Chain& chain, const compiler::RulesetRule& have,
                parser::Family family, Counts counts, std::string& out) {
    out += "-A " + chain.name;
    parser::Rule matches = have.rule;
    matches.target = {};
    parser::Rule target;
    target.target = have.rule.target;
    const std::string matches_text = parser::to_text(matches, family);
    const std::string target_text = parser::to_text(target, family);
    if (!matches_text.empty()) out += " " + matches_text;
    if (counts != Counts::Hidden) {
        fmt::format_to(std::back_inserter(out), " -c {} {}", have.counters.packets,
                       have.counters.bytes);
    }
    if (!target_text.empty()) out += " " + target_text;
    out += "\n";
}

}  // namespace

std::string print_rules(const compiler::Table& table, parser::Family family,
                        const Selection& selection, Counts counts) {
    const auto wanted = [&](const compiler::Chain& chain) {
        return !selection.chain || chain.name == *selection.chain;
    };
    std::string out;
    for (const compiler::Chain& chain : table.chains) {
        if (wanted(chain) && !selection.position) print_chain(chain, counts, out);
    }
    for (const compiler::Chain& chain : table.chains) {
        if (!wanted(chain)) continue;
        for (std::size_t i = 0; i < chain.rules.size(); ++i) {
            if (selection.position && i + 1 != *selection.position) continue;
            print_rule(chain, chain.rules[i], family, counts, out);
        }
    }
    return out;
}

}  // namespace bpfw::compat
