// SPDX-License-Identifier: GPL-2.0-or-later
// AST -> iptables' canonical text, exactly as iptables-save 1.8.9 writes it.
#pragma once

#include <string>

#include "parser/ast.hpp"

namespace bpfw::parser {

// "-s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j DROP"; without "-A CHAIN".
std::string to_text(const Rule& rule, Family family);
// "-m tcp --dport 22", one match as iptables-save prints it.
std::string to_text(const Match& match);
// "drop ip host 10.0.0.1", as rules.txt and the object's text hold it.
std::string to_text(const FrameRule& rule);
std::string_view action_name(FrameAction action);
// The statement as a line that parses back to it ("-A INPUT ...", ":INPUT DROP [0:0]").
std::string to_text(const Statement& statement);

std::string to_text(const Address& address, Family family);
// "/24", "/255.0.255.0", as iptables prints masks; "" never.
std::string mask_text(const Address& mask, Family family);
// "tcp" for 6, "47" for a number without a name in iptables' own table.
std::string protocol_name(std::uint8_t number, Family family);
// Quotes a string where iptables-save would.
std::string quoted(std::string_view text);

}  // namespace bpfw::parser
