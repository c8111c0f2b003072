// SPDX-License-Identifier: GPL-2.0-or-later
// What one rule must fulfil to stand in a chain: asked when it is put in (ruleset.cpp)
// and again for the whole ruleset (ruleset_check.cpp).
#pragma once

#include <string>
#include <string_view>

#include "compiler/ruleset.hpp"

namespace bpfw::compiler {

inline bool jumps(const parser::Target& target) {
    return target.kind == parser::Target::Kind::Jump || target.kind == parser::Target::Kind::Goto;
}

// The target chain exists and is no built-in one. `operation` is what iptables-nft names in
// its refusal ("RULE_APPEND").
void check_target(const Table& table, const std::string& chain, const parser::Rule& rule,
                  std::string_view operation, parser::Diagnostics& diags);
// No -i in OUTPUT, no -o in INPUT.
void check_interfaces(const std::string& chain, const parser::Rule& rule,
                      parser::Diagnostics& diags);

}  // namespace bpfw::compiler
