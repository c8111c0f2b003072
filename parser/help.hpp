// SPDX-License-Identifier: GPL-2.0-or-later
// What --help prints, made from the option table that the parser reads.
#pragma once

#include <string>
#include <string_view>

#include "parser/ast.hpp"

namespace bpfw::parser {

// Usage, commands and options of `program`; without the version line above it.
std::string command_help(std::string_view program, Family family);

// "icmp match options:" and what follows, for `-p icmp --help` and `-m icmp --help`; for icmp
// and icmp6 also the list of types that firewalld reads. "" for a match bpfw has not.
std::string match_help(std::string_view name, Family family);

}  // namespace bpfw::parser
