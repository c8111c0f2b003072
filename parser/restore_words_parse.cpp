// SPDX-License-Identifier: GPL-2.0-or-later
// One line of a save file -> words, by iptables-restore's quoting rules.
// restore_words() is the only door.
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

    void open(const char* at) {
        if (word_begin == nullptr) word_begin = at;
    }
    void close(const char* end) {
        const Span at{source, static_cast<std::uint32_t>(word_begin - source_begin),
                      static_cast<std::uint32_t>(end - source_begin)};
        words.push_back(
            word_of(std::move(text), {word_begin, static_cast<std::size_t>(end - word_begin)}, at));
        text.clear();
        word_begin = nullptr;
    }
};

struct Joined : pegtl::seq<pegtl::one<'\\'>, pegtl::opt<pegtl::one<'\r'>>, pegtl::one<'\n'>> {};
struct Blank : pegtl::sor<pegtl::one<' ', '\t', '\n'>, Joined> {};
struct Bare : pegtl::plus<pegtl::not_at<Joined>, pegtl::not_one<' ', '\t', '\n', '"'>> {};
struct Open : pegtl::one<'"'> {};
struct Escaped : pegtl::any {};
struct Inside : pegtl::plus<pegtl::not_one<'"', '\\'>> {};
struct Close : pegtl::one<'"'> {};
struct Quoted
    : pegtl::seq<Open, pegtl::star<pegtl::sor<pegtl::seq<pegtl::one<'\\'>, Escaped>, Inside>>,
                 pegtl::must<Close>> {};
struct Word_ : pegtl::sor<pegtl::seq<Bare, pegtl::opt<Quoted>>, Quoted> {};
struct Rest : pegtl::seq<pegtl::one<'#'>, pegtl::until<pegtl::eof>> {};
struct Line : pegtl::seq<pegtl::star<pegtl::sor<Blank, Word_>>, pegtl::eof> {};
struct CommentedLine : pegtl::seq<pegtl::star<pegtl::sor<Blank, Rest, Word_>>, pegtl::eof> {};

template <typename Rule>
struct Action : pegtl::nothing<Rule> {};
template <>
struct Action<Bare> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.open(in.begin());
        out.text.append(in.begin(), in.end());
    }
};
template <>
struct Action<Open> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.open(in.begin());
    }
};
template <>
struct Action<Inside> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.text.append(in.begin(), in.end());
    }
};
template <>
struct Action<Escaped> : Action<Inside> {};
template <>
struct Action<Word_> {
    template <typename In>
    static void apply(const In& in, Splitter& out) {
        out.close(in.end());
    }
};

}  // namespace

Word word_of(std::string text, std::string_view raw, Span at) {
    Span inside = at;
    if (raw.size() == text.size() + 2 && raw.substr(1, text.size()) == text) {
        ++inside.begin;
        --inside.end;
    }
    return {std::move(text), at, inside};
}

std::optional<std::vector<Word>> restore_words(Span line, Comments comments, const Sources& sources,
                                               Diagnostics& diags) {
    const std::string& text = sources.text(line.source);
    Splitter out;
    out.source_begin = text.data();
    out.source = line.source;
    pegtl::memory_input<pegtl::tracking_mode::lazy> in(text.data() + line.begin,
                                                       text.data() + line.end, "");
    try {
        if (comments == Comments::Skipped) {
            pegtl::parse<CommentedLine, Action>(in, out);
        } else {
            pegtl::parse<Line, Action>(in, out);
        }
    } catch (const pegtl::parse_error&) {
        const auto begin = static_cast<std::uint32_t>(out.word_begin - text.data());
        diags.error({line.source, begin, line.end}, "the quote that opens here is not closed")
            .hint("write \\\" for a quote inside \"...\"");
        return std::nullopt;
    }
    return std::move(out.words);
}

}  // namespace bpfw::parser
