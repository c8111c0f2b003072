// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes at all are an expression or told as mistakes; what is parsed prints as text that
// parses to the same.
#include <cstdint>
#include <string_view>

#include "parser/base/result.hpp"
#include "tests/support/filter_help.hpp"

using namespace bpfw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const test::ParsedFilter parsed = test::parse_filter(text, parser::Address{{255, 255}});
    if (parsed.expression.has_value() != parsed.diagnostics.empty()) BPFW_BUG(parsed.diagnostics);
    if (!parsed.expression) return 0;
    const test::ParsedFilter again = test::parse_filter(parsed.text, parser::Address{{255, 255}});
    if (!again.expression || *again.expression != *parsed.expression) BPFW_BUG(parsed.text);
    return 0;
}
