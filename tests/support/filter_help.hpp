// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing pcap-filter expressions for tests: fixed names, results as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/pcap/pcap.hpp"

namespace bpfw::test {

// Services http (tcp 80), https (tcp 443), domain (both 53), tftp (udp 69), split (tcp 1, udp 2);
// protocols ospf and icmp; networks lab (10), loopback (127.0.0.0) and nothing (0); hosts
// one.example, two.example and six.example; MAC addresses of one.example.
parser::Names filter_names();

struct ParsedFilter {
    std::optional<parser::pcap::Expression> expression;
    std::string text;         // canonical; empty when it was refused
    std::string diagnostics;  // rendered; the source's name is "t"
    std::string said;         // the first diagnostic
    std::string caret;        // what stands under its caret
};
// The netmask is known when one is given.
ParsedFilter parse_filter(std::string_view text,
                          const std::optional<parser::Address>& netmask = std::nullopt);

}  // namespace bpfw::test
