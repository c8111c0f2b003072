// SPDX-License-Identifier: GPL-2.0-or-later
// Where numbers become names in a listing without -n.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "parser/ast.hpp"

namespace bpfw::compat {

// Each function returns "" for a number without a name.
struct Lookup {
    // Port in host byte order; protocol "tcp", "udp", ...
    std::function<std::string(std::uint16_t port, std::string_view protocol)> service;
    // A host's name, or (IPv4) a network's from networks(5).
    std::function<std::string(const parser::Address& address, parser::Family family)> host;
};

// getservbyport(3), getnameinfo(3), getnetbyaddr(3). May ask the DNS, as iptables does.
Lookup system_lookup();
// Knows no name at all: everything stays a number.
Lookup no_lookup();

}  // namespace bpfw::compat
