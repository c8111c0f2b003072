// SPDX-License-Identifier: GPL-2.0-or-later
// The text of an expression -> Expression. Doors: parse(), and without_comments() for files.
#include <algorithm>
#include <string>

#include "parser/pcap/grammar.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::parser::pcap {

std::optional<Expression> parse(const Text& text, const Options& options, const Names& names,
                                Diagnostics& diags) {
    Mistakes mistakes(text, diags);
    Tokens lexed = tokens(text.text);
    if (lexed.mistake) {
        Diagnostic& told = mistakes.error(lexed.mistake->at, lexed.mistake->text);
        if (!lexed.mistake->hint.empty()) told.hint(lexed.mistake->hint);
        return std::nullopt;
    }
    if (lexed.tokens.size() == 1) return Builder::nothing_asked(mistakes.span({}));
    Builder builder;
    Meaning meaning(options, names, mistakes, builder);
    const auto root = Grammar(std::move(lexed.tokens), mistakes, builder, meaning).expression();
    if (!root || mistakes.count() != 0) return std::nullopt;
    return builder.finish(*root);
}

std::string without_comments(std::string text) {
    for (std::size_t at = text.find('#'); at != text.npos; at = text.find('#', at)) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(at),
                  text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    }
    return text;
}

}  // namespace bpfw::parser::pcap
