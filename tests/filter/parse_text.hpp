// SPDX-License-Identifier: GPL-2.0-or-later
// Our parser with this machine's names and the netmask that libpcap gets.
#pragma once

#include <optional>
#include <string>

#include "parser/pcap/expression.hpp"

namespace bpfw::test::filter {

struct ParsedText {
    std::optional<parser::pcap::Expression> expression;
    std::string complaint;  // when there is none
};
ParsedText parse_text(const std::string& text);

}  // namespace bpfw::test::filter
