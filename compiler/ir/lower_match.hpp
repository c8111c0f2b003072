// SPDX-License-Identifier: GPL-2.0-or-later
// A rule's matches -> tests, with the guards that the kernel's match functions begin with.
#pragma once

#include <vector>

#include "compiler/filters.hpp"
#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

// The conditions in the order in which the kernel asks them: addresses, interfaces, protocol,
// fragment (ip_packet_match() in net/ipv4/netfilter/ip_tables.c, ip6_packet_match() in
// net/ipv6/netfilter/ip6_tables.c), then the -m matches as written.
std::vector<Expr> lower_conditions(const parser::Rule& rule, parser::Family family,
                                   const LineMark& origin, Filters& filters);

}  // namespace bpfw::compiler
