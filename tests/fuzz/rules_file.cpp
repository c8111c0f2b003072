// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes at all are a rules file or told as mistakes; what is parsed prints
// as lines that parse to the same.
#include <cstdint>
#include <string_view>

#include "parser/base/result.hpp"
#include "parser/print.hpp"
#include "tests/support/parse_help.hpp"

using namespace bpfw;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const test::ParsedFile file =
        test::parse_text(std::string_view(reinterpret_cast<const char*>(data), size));
    for (const parser::Statement& statement : file.statements) {
        if (!test::survives_printing(statement)) BPFW_BUG(to_text(statement));
    }
    return 0;
}
