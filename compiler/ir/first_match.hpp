// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges in the order of their rules, overlapping as they like -> ascending disjoint ranges, each
// with the decision of the first rule that holds it.
#pragma once

#include <vector>

#include "compiler/ir/ir.hpp"

namespace bpfw::compiler {

// `key`: the fields, of which each word has the bits. O(n log n).
std::vector<LookupRange> first_match(const std::vector<LookupRange>& by_rule,
                                     const std::vector<Field>& key);

}  // namespace bpfw::compiler
