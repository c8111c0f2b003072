// SPDX-License-Identifier: GPL-2.0-or-later
// Random pcap-filter expressions: every primitive, qualifier and arithmetic form, common things
// more often, values from filter_pools.hpp. Nearly all are accepted by libpcap.
#pragma once

#include <string>

#include "tests/support/random.hpp"

namespace bpfw::test::filter {

// What the text so far has done to what may still be said.
struct Scope {
    bool mpls = false;
    bool pppoe = false;
    bool geneve = false;
    [[nodiscard]] bool plain() const { return !mpls && !pppoe; }
};

std::string random_expression(Random& random);
// The same with one or two words changed: libpcap refuses most of these.
std::string mutated(const std::string& expression, Random& random);

// One primitive that is no encapsulation; those of `scope` only.
std::string random_primitive(const Scope& scope, Random& random);
// Parts of it: with its qualifiers, or only the identifier.
std::string random_direction(Random& random);  // "", or a direction and a blank
std::string random_host(const Scope& scope, Random& random);
std::string random_net(const Scope& scope, Random& random);
std::string random_net4(Random& random);
std::string random_port(Random& random);
std::string random_mac(Random& random);
// `port 80 or 443`, `host A or B`, ...: identifiers that take their qualifiers from the left.
std::string random_inheritance(const Scope& scope, Random& random);
// 5 to 200 hosts, nets, ports, ... joined by `or`, or all of them negated and by `and`.
std::string random_long_list(Random& random);
// Two sides of arithmetic and a relation.
std::string random_comparison(const Scope& scope, Random& random);

std::string random_or(Random& random);
std::string random_and(Random& random);
std::string random_not(Random& random);

}  // namespace bpfw::test::filter
