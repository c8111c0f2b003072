// SPDX-License-Identifier: GPL-2.0-or-later
// The texts that were read, and the way from a byte offset to line and column.
#include "parser/base/span.hpp"

#include <algorithm>

namespace bpfw::parser {

Sources::Sources() { add("", ""); }

std::uint32_t Sources::add(std::string name, std::string text) {
    Source source{std::move(name), std::move(text), {0}};
    for (std::size_t at = source.text.find('\n'); at != std::string::npos;
         at = source.text.find('\n', at + 1)) {
        source.line_starts.push_back(static_cast<std::uint32_t>(at + 1));
    }
    sources_.push_back(std::move(source));
    return static_cast<std::uint32_t>(sources_.size() - 1);
}

const std::string& Sources::name(std::uint32_t source) const { return sources_.at(source).name; }

const std::string& Sources::text(std::uint32_t source) const { return sources_.at(source).text; }

Position Sources::position(Span span) const {
    const auto& starts = sources_.at(span.source).line_starts;
    const auto after = std::upper_bound(starts.begin(), starts.end(), span.begin);
    const auto line = static_cast<std::uint32_t>(after - starts.begin());
    return {line, span.begin - starts[line - 1] + 1};
}

std::string_view Sources::line_of(Span span) const {
    const Source& source = sources_.at(span.source);
    const std::uint32_t begin = source.line_starts[position(span).line - 1];
    const std::size_t end = source.text.find('\n', begin);
    return std::string_view(source.text)
        .substr(begin, end == std::string::npos ? end : end - begin);
}

std::string_view Sources::text_of(Span span) const {
    return std::string_view(sources_.at(span.source).text)
        .substr(span.begin, span.end - span.begin);
}

}  // namespace bpfw::parser
