// SPDX-License-Identifier: GPL-2.0-or-later
// Where in the user's text a thing was written. A Span is a byte range in one
// of the texts that a Sources holds.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace bpfw::parser {

// Bytes [begin, end) of source number `source`. Two Spans always compare
// equal: where a thing was written is not what it means.
struct Span {
    std::uint32_t source = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    friend constexpr bool operator==(const Span&, const Span&) { return true; }
};

// 1-based line and column (bytes) of a Span's first byte.
struct Position {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
};

// The texts that were read, by number. Number 0 is an empty text without a
// name, so that a Span{} is always valid. Adding moves no earlier text.
class Sources {
public:
    Sources();
    // Takes a copy of `text`; `name` is what diagnostics print before the line
    // ("rules.v4"; the command line's name is "command line").
    std::uint32_t add(std::string name, std::string text);
    [[nodiscard]] const std::string& name(std::uint32_t source) const;
    [[nodiscard]] const std::string& text(std::uint32_t source) const;
    [[nodiscard]] Position position(Span span) const;
    // The whole line (without its newline) that holds the Span's first byte.
    [[nodiscard]] std::string_view line_of(Span span) const;
    [[nodiscard]] std::string_view text_of(Span span) const;

private:
    struct Source {
        std::string name;
        std::string text;
        std::vector<std::uint32_t> line_starts;
    };
    std::deque<Source> sources_;
};

}  // namespace bpfw::parser
