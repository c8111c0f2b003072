// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics -> the text a user reads. render() is the only door out.
#include "parser/base/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpfw::parser {
namespace {

constexpr std::size_t kShownLine = 120;  // bytes of the user's line that are printed
constexpr std::size_t kShownText = 400;  // and of a message, which may quote the user

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

// A message may hold a word of any length and any bytes: neither floods nor steers a terminal.
std::string printable(std::string text) {
    std::replace_if(text.begin(), text.end(), is_control, '?');
    if (text.size() <= kShownText) return text;
    const std::size_t half = kShownText / 2;
    return text.substr(0, half) + "..." + text.substr(text.size() - half);
}

std::string place(Span span, const Sources& sources) {
    const std::string& name = sources.name(span.source);
    if (name.empty()) return "";
    const Position at = sources.position(span);
    return fmt::format("{}:{}:{}: ", name, at.line, at.column);
}

// The user's line and a caret line below it; control characters become blanks so
// that columns stay columns.
std::string excerpt(Span span, const Sources& sources) {
    if (sources.name(span.source).empty()) return "";
    const std::string_view line = sources.line_of(span);
    const std::size_t column = sources.position(span).column - 1;
    const std::size_t width = std::max<std::size_t>(1, span.end - span.begin);
    const std::size_t first =
        column + width <= kShownLine
            ? 0
            : std::min(column - std::min<std::size_t>(column, 40), line.size());
    std::string shown(line.substr(first, kShownLine));
    std::replace_if(shown.begin(), shown.end(), is_control, ' ');
    const std::size_t caret = column - first;
    const std::size_t under = std::min(width, shown.size() > caret ? shown.size() - caret : 1);
    return fmt::format("  {}{}{}\n  {:{}}{:^<{}}\n", first > 0 ? "..." : "", shown,
                       first + kShownLine < line.size() ? "..." : "", "",
                       caret + (first > 0 ? 3 : 0), "", std::max<std::size_t>(1, under));
}

}  // namespace

Diagnostic& Diagnostic::hint(std::string text) {
    hint_ = std::move(text);
    return *this;
}

Diagnostic& Diagnostic::note(Span span, std::string text) {
    notes_.push_back({span, std::move(text)});
    return *this;
}

Diagnostic& Diagnostic::classic(std::string text) {
    classic_ = std::move(text);
    return *this;
}

Diagnostic& Diagnostic::kind(Mistake mistake) {
    mistake_ = mistake;
    return *this;
}

Diagnostic& Diagnostics::error(Span span, std::string text) {
    ++errors_;
    return all_.emplace_back(Severity::Error, span, std::move(text));
}

Diagnostic& Diagnostics::warning(Span span, std::string text) {
    return all_.emplace_back(Severity::Warning, span, std::move(text));
}

std::string render(const Diagnostic& diagnostic, const Sources& sources) {
    std::string out =
        fmt::format("{}{}: {}\n{}", place(diagnostic.span(), sources),
                    diagnostic.severity() == Severity::Error ? "error" : "warning",
                    printable(diagnostic.text()), excerpt(diagnostic.span(), sources));
    for (const Note& note : diagnostic.notes()) {
        out += fmt::format("{}note: {}\n{}", place(note.span, sources), printable(note.text),
                           excerpt(note.span, sources));
    }
    if (!diagnostic.hint().empty())
        out += fmt::format("  hint: {}\n", printable(diagnostic.hint()));
    return out;
}

std::string render(const Diagnostics& diagnostics, const Sources& sources) {
    std::string out;
    for (const Diagnostic& diagnostic : diagnostics.all()) out += render(diagnostic, sources);
    return out;
}

}  // namespace bpfw::parser
