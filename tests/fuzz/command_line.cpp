// SPDX-License-Identifier: GPL-2.0-or-later
// Any words at all are parsed or told as a mistake; what is parsed prints as a
// line that parses to the same. Input: "4" or "6", then one word per line.
#include <cstdint>

#include "parser/base/result.hpp"
#include "parser/print.hpp"
#include "tests/support/parse_help.hpp"

using namespace bpfw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const parser::Family family = data[0] == '6' ? parser::Family::Ipv6 : parser::Family::Ipv4;
    std::vector<std::string> words;
    std::string word;
    for (std::size_t i = 2; i < size; ++i) {
        const char c = static_cast<char>(data[i]);
        if (c == '\n') words.push_back(std::move(word)), word.clear();
        // argv holds no byte 0
        if (c != '\n' && c != 0) word += c;
    }
    parser::Sources sources;
    parser::Diagnostics diags;
    const parser::CommandLine line = parser::parse_command_line(
        words, family, "command line", test::fixed_names(), sources, diags);
    render(diags, sources);
    if (diags.has_errors() && !line.statements.empty()) BPFW_BUG("statements beside a mistake");
    for (const parser::Statement& statement : line.statements) {
        if (!test::survives_printing(statement)) BPFW_BUG(to_text(statement));
    }
    return 0;
}
