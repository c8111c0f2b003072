// SPDX-License-Identifier: GPL-2.0-or-later
// One match as `iptables -L` describes it behind the addresses.
#pragma once

#include <cstdint>
#include <string>

#include "compat/lookup.hpp"
#include "parser/ast.hpp"

namespace bpfw::compat {

// Numbers (-n), or names where there are some.
enum class Numbers : std::uint8_t { Plain, Named };

// " tcp dpt:22", with its leading blank. `rule` gives the protocol that port names need.
std::string match_details(const parser::Match& match, const parser::Rule& rule, Numbers numbers,
                          const Lookup& lookup);

}  // namespace bpfw::compat
