// SPDX-License-Identifier: GPL-2.0-or-later
// One command line as a shell reads it <-> its words. Doors: shell_words() and
// shell_joined().
#include <algorithm>
#include <tao/pegtl.hpp>

#include "parser/words.hpp"

namespace bpfw::parser {
namespace {

namespace pegtl = tao::pegtl;

struct Splitter {
    std::vector<Word> words;
    std::string text;
    const char* word_begin = nullptr;
    const char* source_begin = nullptr;
    std::uint32_t source = 0;
};

struct Newline : pegtl::seq<pegtl::opt<pegtl::one<'\r'>>, pegtl::one<'\n'>> {};
struct Joined : pegtl::seq<pegtl::one<'\\'>, Newline> {};
struct Blank : pegtl::sor<pegtl::one<' ', '\t', '\n'>, Joined> {};
struct Plain : pegtl::plus<pegtl::not_one<' ', '\t', '\n', '"', '\'', '\\', '$', '`', '|', '&', ';',
                                          '<', '>', '(', ')'>> {};
struct Escaped : pegtl::any {};
struct Escape : pegtl::seq<pegtl::one<'\\'>, pegtl::must<Escaped>> {};
struct Single : pegtl::star<pegtl::not_one<'\''>> {};
struct CloseSingle : pegtl::one<'\''> {};
struct SingleQuoted : pegtl::seq<pegtl::one<'\''>, Single, pegtl::must<CloseSingle>> {};
struct DoubleEscaped : pegtl::one<'$', '`', '"', '\\'> {};
struct LoneBackslash : pegtl::one<'\\'> {};
struct Double : pegtl::plus<pegtl::not_one<'"', '\\', '$', '`'>> {};
struct CloseDouble : pegtl::one<'"'> {};
struct DoubleQuoted
    : pegtl::seq<pegtl::one<'"'>,
                 pegtl::star<pegtl::sor<Joined, pegtl::seq<pegtl::one<'\\'>, DoubleEscaped>,
                                        LoneBackslash, Double>>,
                 pegtl::must<CloseDouble>> {};
struct Begin : pegtl::success {};
struct Piece : pegtl::sor<Joined, Escape, SingleQuoted, DoubleQuoted, Plain> {};
struct Word_ : pegtl::seq<Begin, pegtl::plus<Piece>> {};
struct Comment : pegtl::seq<pegtl::one<'#'>, pegtl::until<pegtl::eof>> {};
struct End : pegtl::eof {};
struct Line : pegtl::seq<pegtl::star<pegtl::sor<Blank, Comment, Word_>>, pegtl::must<End>> {};

template <typename Rule>
struct Action : pegtl::nothing<Rule> {};
struct Append {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.text.append(in.begin(), in.end());
    }
};
template <>
struct Action<Plain> : Append {};
template <>
struct Action<Escaped> : Append {};
template <>
struct Action<Single> : Append {};
template <>
struct Action<DoubleEscaped> : Append {};
template <>
struct Action<LoneBackslash> : Append {};
template <>
struct Action<Double> : Append {};
template <>
struct Action<Begin> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.word_begin = in.begin();
        out.text.clear();
    }
};
template <>
struct Action<Word_> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        const Span at{out.source, static_cast<std::uint32_t>(in.begin() - out.source_begin),
                      static_cast<std::uint32_t>(in.end() - out.source_begin)};
        out.words.push_back(word_of(std::move(out.text), {in.begin(), in.size()}, at));
        out.text.clear();
    }
};

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:,=+%@!^").find(c) != std::string_view::npos;
}

std::string shell_quoted(const std::string& text) {
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

// What stopped the splitter at `at`, in words.
void explain(Span at, char found, Diagnostics& diags) {
    if (found == '"' || found == '\'') {
        diags.error(at, "the quote that opens here is not closed");
    } else if (found == '$' || found == '`') {
        diags.error(at, "variables and command substitutions are not expanded here")
            .hint("bpfw reads rules, it runs no shell: write the value, or quote it with '...'");
    } else {
        diags.error(at, "only one plain command per line is understood")
            .hint("bpfw reads rules, it runs no shell: quote the character with '...'");
    }
}

}  // namespace

std::optional<std::vector<Word>> shell_words(Span line, const Sources& sources,
                                             Diagnostics& diags) {
    const std::string& text = sources.text(line.source);
    Splitter out;
    out.source_begin = text.data();
    out.source = line.source;
    const char* end = text.data() + line.end;
    pegtl::memory_input<pegtl::tracking_mode::lazy> in(text.data() + line.begin, end, "");
    try {
        pegtl::parse<Line, Action>(in, out);
        return std::move(out.words);
    } catch (const pegtl::parse_error& error) {
        auto stop = static_cast<std::uint32_t>(line.begin + error.positions().front().byte);
        char found = stop < line.end ? text[stop] : '"';
        // An open quote runs to the end of the line or into an expansion; show its word instead.
        if (stop == line.end && out.word_begin != nullptr) {
            stop = static_cast<std::uint32_t>(out.word_begin - text.data());
        }
        explain({line.source, stop, std::min(stop + 1, line.end)}, found, diags);
        return std::nullopt;
    }
}

std::string shell_joined(const std::vector<std::string>& texts, std::uint32_t source,
                         std::vector<Word>& words) {
    std::string out;
    for (const std::string& text : texts) {
        if (!out.empty()) out += ' ';
        const auto begin = static_cast<std::uint32_t>(out.size());
        out += shell_quoted(text);
        words.push_back(word_of(text, std::string_view(out).substr(begin),
                                {source, begin, static_cast<std::uint32_t>(out.size())}));
    }
    return out;
}

}  // namespace bpfw::parser
