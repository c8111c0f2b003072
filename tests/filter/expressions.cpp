// SPDX-License-Identifier: GPL-2.0-or-later
// Joins random primitives to expressions. random_expression() is the door.
#include "tests/filter/expressions.hpp"

#include <fmt/format.h>

#include "tests/filter/filter_pools.hpp"

namespace bpfw::test::filter {
namespace {

// A primitive after which everything lies behind one more header.
std::string random_encapsulation(Scope& scope, Random& random) {
    const std::uint32_t dice = random.below(100);
    const bool numbered = random.percent(45);
    if (scope.plain() && dice < 45)
        return numbered ? fmt::format("vlan {}", random.pick(kVlanIds)) : "vlan";
    if (!scope.pppoe && dice < 60) {
        scope.pppoe = true;
        return numbered ? fmt::format("pppoes {}", random.pick(kSessions)) : "pppoes";
    }
    if (dice < 80) {
        scope.mpls = true;
        return numbered ? fmt::format("mpls {}", random.pick(kLabels)) : "mpls";
    }
    scope = Scope{.geneve = true};
    return numbered ? fmt::format("geneve {}", random.pick(kVnis)) : "geneve";
}

std::string random_tree(const Scope& scope, int depth, Random& random);

// `and` and `or` mixed on one level, some operands in parentheses or negated.
std::string random_level(const Scope& scope, int depth, Random& random) {
    std::string text;
    const std::uint32_t operands = random.between(2, 4);
    for (std::uint32_t i = 0; i < operands; ++i) {
        if (i > 0) text += random.percent(55) ? random_and(random) : random_or(random);
        text += random_tree(scope, depth - 1, random);
    }
    return text;
}

std::string random_tree(const Scope& scope, int depth, Random& random) {
    if (random.percent(12)) return random_not(random) + random_tree(scope, depth, random);
    if (depth > 0 && random.percent(60)) {
        const std::string inside = random_level(scope, depth, random);
        return random.percent(70) ? "(" + inside + ")" : inside;
    }
    if (random.percent(15)) return "(" + random_inheritance(scope, random) + ")";
    if (random.percent(12)) return random_comparison(scope, random);
    return random_primitive(scope, random);
}

std::string random_encapsulated(Random& random) {
    Scope scope;
    std::string text;
    if (random.percent(20)) text = random_primitive(scope, random) + random_or(random);
    const std::uint32_t headers = random.percent(65) ? 1 : random.between(2, 3);
    const bool open = random.percent(25);
    if (open) text += "(";
    for (std::uint32_t i = 0; i < headers; ++i) {
        if (i > 0) text += random.percent(85) ? random_and(random) : random_or(random);
        if (random.percent(8)) text += random_not(random);
        text += random_encapsulation(scope, random);
    }
    if (random.percent(90))
        text += (random.percent(80) ? random_and(random) : random_or(random)) +
                random_tree(scope, 1, random);
    if (open) text += ")" + random_or(random) + random_primitive(scope, random);
    return text;
}

std::string random_comparisons(Random& random) {
    std::string text = random_comparison({}, random);
    while (random.percent(30)) {
        text += random.percent(50) ? random_and(random) : random_or(random);
        text += random.percent(60) ? random_comparison({}, random) : random_primitive({}, random);
    }
    return text;
}

}  // namespace

std::string random_or(Random& random) { return random.percent(85) ? " or " : " || "; }
std::string random_and(Random& random) { return random.percent(85) ? " and " : " && "; }
std::string random_not(Random& random) { return random.percent(80) ? "not " : "!"; }

std::string random_expression(Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 14) return random_primitive({}, random);
    if (dice < 50) return random_level({}, 2, random);
    if (dice < 59) return random_inheritance({}, random);
    if (dice < 63) return random_long_list(random);
    if (dice < 82) return random_encapsulated(random);
    return random_comparisons(random);
}

}  // namespace bpfw::test::filter
