// SPDX-License-Identifier: GPL-2.0-or-later
// The doors into the pcap-filter language: text -> Expression -> canonical text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/base/diagnostics.hpp"
#include "parser/base/span.hpp"
#include "parser/parse.hpp"
#include "parser/pcap/expression.hpp"

namespace bpfw::parser::pcap {

// Where an expression stands. The Spans of mistakes and nodes are `at` moved to the byte they
// belong to when `at` has exactly the text's length (the text is there as it is), else `at`
// whole (it was quoted or escaped there).
struct Text {
    std::string_view text;
    Span at;
};

struct Options {
    std::optional<Address> netmask;  // IPv4; what `ip broadcast` needs (tcpdump asks the interface)
};

// Everything libpcap 1.10.3 refuses for Ethernet is refused here, with its meaning in the
// message (exceptions: what only libpcap's optimiser refuses, "expression rejects all packets"
// and `1 / (1 - 1)`, is the compiler's to warn of), and so are trees deeper than kDeepest; all
// else that it accepts is accepted. What is returned can be lowered without further mistakes. Empty
// text: All{} (matches every frame).
std::optional<Expression> parse(const Text& text, const Options& options, const Names& names,
                                Diagnostics& diags);

// What a file given by -F holds, as tcpdump reads it: a '#' always begins a comment, to the end
// of its line. Comments become blanks, so that every byte keeps its place.
std::string without_comments(std::string text);

// pcap-filter text that parses to the same Expression on any machine: every qualifier written
// out, numbers for names, parentheses where they are needed (`ip broadcast`: with the same
// netmask).
std::string to_text(const Expression& expression);
// One node's text (a primitive's, for listings).
std::string to_text(const Expression& expression, NodeId node);

}  // namespace bpfw::parser::pcap
