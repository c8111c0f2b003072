// SPDX-License-Identifier: GPL-2.0-or-later
// "drop EXPR", "accept EXPR", "log EXPR" or "... -F FILE" -> FrameRule. What is not part of the
// expression (joined line ends, comments) becomes blanks, so that every byte keeps its place.
// read_frame_rule() is the door.
#include "parser/frame_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/print.hpp"
#include "parser/words.hpp"

namespace bpfw::parser {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    return std::min(text.find_first_not_of(kBlanks, at), text.size());
}

// A '#' at the front or behind a blank; npos: none.
std::size_t find_comment(std::string_view text) {
    std::size_t at = text.find('#');
    while (at != text.npos && at != 0 && kBlanks.find(text[at - 1]) == kBlanks.npos) {
        at = text.find('#', at + 1);
    }
    return at;
}

void blank_joined_lines(std::string& text) {
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1)) {
        const std::size_t slash = text.find_last_not_of("\r", end - 1);
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(slash),
                  text.begin() + static_cast<std::ptrdiff_t>(end) + 1, ' ');
    }
}

// A piece of text and where it stands; as long as its Span unless something was unescaped.
struct Piece {
    std::string text;
    Span at;
};

class FrameRuleReader {
public:
    FrameRuleReader(Span line, const ReadExpression& read_expression, const Names& names,
                    Sources& sources, Diagnostics& diags)
        : line_(line),
          read_expression_(read_expression),
          names_(names),
          sources_(sources),
          diags_(diags),
          text_(sources.text_of(line)) {
        blank_joined_lines(text_);
    }

    std::optional<FrameRule> run() {
        const auto action = frame_action(text_);
        if (!action) BPFW_BUG("no short form: " + text_);
        const std::size_t begin = skip_blanks(text_, action_name(*action).size());
        const bool from_file = text_.compare(begin, 2, "-F") == 0;
        const auto piece = from_file ? file_text(begin + 2) : line_text(begin);
        if (!piece) return std::nullopt;
        auto expression = parse(*piece, from_file);
        if (!expression) return std::nullopt;
        return FrameRule{*action, *std::move(expression), line_};
    }

private:
    [[nodiscard]] Span at(std::size_t begin, std::size_t end) const {
        return {line_.source, line_.begin + static_cast<std::uint32_t>(begin),
                line_.begin + static_cast<std::uint32_t>(end)};
    }

    // Every packet: a slip of the pen (or an empty variable) that would shut the machine off.
    std::optional<pcap::Expression> parse(const Piece& piece, bool from_file) {
        if (piece.text.find_first_not_of(kBlanks) != std::string::npos) {
            return pcap::parse({piece.text, piece.at}, {}, names_, diags_);
        }
        diags_
            .error(from_file ? Span{piece.at.source, 0, 0} : line_,
                   from_file ? "there is no expression in this file" : "the expression is missing")
            .hint("every frame: len >= 0");
        return std::nullopt;
    }

    [[nodiscard]] std::optional<Piece> line_text(std::size_t begin) const {
        if (begin < text_.size() && (text_[begin] == '"' || text_[begin] == '\'')) {
            return quoted_text(begin);
        }
        std::string_view rest = std::string_view(text_).substr(begin);
        rest = rest.substr(0, find_comment(rest));
        rest = rest.substr(0, rest.find_last_not_of(kBlanks) + 1);
        return Piece{std::string(rest), at(begin, begin + rest.size())};
    }

    [[nodiscard]] std::optional<Piece> quoted_text(std::size_t open) const {
        const char quote = text_[open];
        const std::size_t close = text_.find(quote, open + 1);
        if (close == std::string::npos) {
            diags_.error(at(open, open + 1), "the quote that opens here is not closed");
            return std::nullopt;
        }
        const std::size_t behind = skip_blanks(text_, close + 1);
        if (behind < text_.size() && text_[behind] != '#') {
            diags_.error(at(behind, text_.size()), "text behind the quoted expression")
                .hint("quotes go around the whole expression, or are left out");
            return std::nullopt;
        }
        Piece out{text_.substr(open + 1, close - open - 1), at(open + 1, close)};
        if (quote == '"') unescape(out);
        return out;
    }

    // "ip proto \\tcp", as it is written in a shell.
    static void unescape(Piece& piece) {
        for (std::size_t slash = piece.text.find("\\\\"); slash != std::string::npos;
             slash = piece.text.find("\\\\", slash + 1)) {
            piece.text.erase(slash, 1);
        }
    }

    std::optional<Piece> file_text(std::size_t begin) {
        const auto words = shell_words(at(begin, text_.size()), sources_, diags_);
        if (!words) return std::nullopt;
        if (words->size() != 1) {
            diags_.error(line_, "-F takes the name of one file, and nothing else");
            return std::nullopt;
        }
        const Word& name = words->front();
        if (!read_expression_) {
            diags_.error(name.at, "no expression file can be read here");
            return std::nullopt;
        }
        Result<ExpressionFile> file = read_expression_(name.text);
        if (!file) {
            diags_.error(name.at, to_text(file.error()));
            return std::nullopt;
        }
        Piece out{std::move(file->text), {}};
        out.at.source = sources_.add(std::move(file->name), out.text);
        out.at.end = static_cast<std::uint32_t>(out.text.size());
        out.text = pcap::without_comments(std::move(out.text));
        return out;
    }

    Span line_;
    const ReadExpression& read_expression_;
    const Names& names_;
    Sources& sources_;
    Diagnostics& diags_;
    std::string text_;
};

}  // namespace

std::optional<FrameAction> frame_action(std::string_view line) {
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    for (const FrameAction action : {FrameAction::Accept, FrameAction::Drop, FrameAction::Log}) {
        if (word == action_name(action)) return action;
    }
    return std::nullopt;
}

std::optional<FrameRule> read_frame_rule(Span line, const ReadExpression& read_expression,
                                         const Names& names, Sources& sources, Diagnostics& diags) {
    return FrameRuleReader(line, read_expression, names, sources, diags).run();
}

}  // namespace bpfw::parser
