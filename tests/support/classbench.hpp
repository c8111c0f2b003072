// SPDX-License-Identifier: GPL-2.0-or-later
// Rulesets and traces of ClassBench's shape (Taylor and Turner 2007), from a seed: address
// prefixes that nest and recur, ports as access lists, firewalls and IP chains have them.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/classify/box.hpp"
#include "parser/ast.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

enum class Flavour : std::uint8_t { Acl, Fw, Ipc };

struct RulesetShape {
    Flavour flavour = Flavour::Acl;
    parser::Family family = parser::Family::Ipv4;
    std::size_t rules = 1000;
    std::uint32_t tcp_flags = 0;  // percent of the TCP rules that ask for flags
};

// All different, the narrow ones mostly first.
std::vector<compiler::classify::Box> classbench_rules(const RulesetShape& shape,
                                                      std::uint64_t seed);

enum class Trace : std::uint8_t {
    Hits,    // points of random rules, with Pareto-distributed repetitions
    Mixed,   // each field of another rule
    Random,  // any header
};
std::vector<bpfw_packet> classbench_trace(const std::vector<compiler::classify::Box>& rules,
                                          parser::Family family, Trace trace, std::size_t count,
                                          std::uint64_t seed);

// A packet of the box.
bpfw_packet point_of(const compiler::classify::Box& box, Random& random);

}  // namespace bpfw::test
