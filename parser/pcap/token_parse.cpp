// SPDX-License-Identifier: GPL-2.0-or-later
// An expression's text -> tokens, by flex's rule that libpcap's scanner rests on: the longest
// form wins, of equally long ones the first in its list. Door: tokens().
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <tao/pegtl.hpp>

#include "parser/pcap/token.hpp"

namespace bpfw::parser::pcap {
namespace {

namespace pegtl = tao::pegtl;

struct Blank : pegtl::plus<pegtl::one<' ', '\t', '\r', '\n'>> {};

// ------------------------------------------------------------------- numbers and addresses
struct Number
    : pegtl::sor<pegtl::seq<pegtl::one<'0'>, pegtl::one<'x', 'X'>, pegtl::plus<pegtl::xdigit>>,
                 pegtl::plus<pegtl::digit>> {};
struct DottedPart : pegtl::seq<pegtl::one<'.'>, Number> {};
struct Dotted : pegtl::seq<Number, DottedPart, pegtl::opt<DottedPart, pegtl::opt<DottedPart>>> {};

struct Pair : pegtl::seq<pegtl::xdigit, pegtl::opt<pegtl::xdigit>> {};
template <char kJoint>
struct SixPairs : pegtl::seq<Pair, pegtl::rep<5, pegtl::one<kJoint>, Pair>> {};
struct Four : pegtl::rep<4, pegtl::xdigit> {};
struct Mac : pegtl::sor<SixPairs<':'>, SixPairs<'-'>, SixPairs<'.'>,
                        pegtl::seq<Four, pegtl::rep<2, pegtl::one<'.'>, Four>>,
                        pegtl::rep<12, pegtl::xdigit>> {};
struct Colons : pegtl::plus<pegtl::one<':'>> {};
// Pairs and colons that are no address: seven groups, say.
struct NoMac : pegtl::seq<Pair, Colons, pegtl::plus<pegtl::seq<Pair, Colons>>> {};

struct Group : pegtl::seq<pegtl::xdigit, pegtl::rep_opt<3, pegtl::xdigit>> {};
struct GroupColon : pegtl::seq<Group, pegtl::one<':'>> {};
struct ColonGroup : pegtl::seq<pegtl::one<':'>, Group> {};
struct FourParts : pegtl::seq<Number, pegtl::rep<3, DottedPart>> {};
struct TwoColons : pegtl::string<':', ':'> {};
template <unsigned kMost, typename Rule>
struct UpTo : pegtl::opt<Rule, UpTo<kMost - 1, Rule>> {};
template <typename Rule>
struct UpTo<0, Rule> : pegtl::success {};
// At most kMost groups; or two groups less and an IPv4 address.
template <unsigned kMost>
struct Tail : pegtl::sor<pegtl::seq<UpTo<kMost - 2, GroupColon>, FourParts>,
                         pegtl::seq<Group, UpTo<kMost - 1, ColonGroup>>> {};
template <>
struct Tail<1> : Group {};
template <>
struct Tail<0> : pegtl::failure {};
// kHead groups, `::`, and what follows: seven groups in all.
template <unsigned kHead>
struct Compressed
    : pegtl::seq<Group, pegtl::rep<kHead - 1, ColonGroup>, TwoColons, pegtl::opt<Tail<7 - kHead>>> {
};
template <>
struct Compressed<0> : pegtl::seq<TwoColons, pegtl::opt<Tail<7>>> {};
struct EightGroups : pegtl::sor<pegtl::seq<pegtl::rep<6, GroupColon>, FourParts>,
                                pegtl::seq<pegtl::rep<7, GroupColon>, Group>> {};
struct Ipv6
    : pegtl::seq<pegtl::at<pegtl::sor<TwoColons, GroupColon>>,
                 pegtl::sor<EightGroups, Compressed<7>, Compressed<6>, Compressed<5>, Compressed<4>,
                            Compressed<3>, Compressed<2>, Compressed<1>, Compressed<0>>> {};

// ------------------------------------------------------------------------------- words
struct Letter : pegtl::sor<pegtl::alnum, pegtl::one<'.'>> {};
struct Name : pegtl::seq<pegtl::alnum,
                         pegtl::star<pegtl::star<pegtl::one<'-', '_'>>, pegtl::plus<Letter>>> {};
struct Escaped
    : pegtl::seq<pegtl::one<'\\'>, pegtl::plus<pegtl::not_one<' ', '!', '(', ')', '\n', '\t'>>> {};
struct Arcnet : pegtl::seq<pegtl::one<'$'>, Pair> {};

// How many bytes in front of `rest` the rule takes; 0: it does not match.
template <typename Rule>
std::size_t length(std::string_view rest) {
    pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf_crlf, const char*> in(
        rest.data(), rest.data() + rest.size(), "");
    return pegtl::parse<Rule>(in) ? static_cast<std::size_t>(in.current() - rest.data()) : 0;
}

struct Sign {
    std::string_view text;
    TokenKind kind;
};
constexpr std::array<Sign, 25> kSigns = {{
    {"&&", TokenKind::And},         {"||", TokenKind::Or},
    {"!=", TokenKind::NotEqual},    {"==", TokenKind::Equal},
    {"<=", TokenKind::LessOrEqual}, {">=", TokenKind::GreaterOrEqual},
    {"<<", TokenKind::ShiftLeft},   {">>", TokenKind::ShiftRight},
    {"!", TokenKind::Not},          {"(", TokenKind::Open},
    {")", TokenKind::Close},        {"[", TokenKind::OpenBracket},
    {"]", TokenKind::CloseBracket}, {":", TokenKind::Colon},
    {"+", TokenKind::Plus},         {"-", TokenKind::Minus},
    {"*", TokenKind::Star},         {"/", TokenKind::Slash},
    {"%", TokenKind::Percent},      {"&", TokenKind::Ampersand},
    {"|", TokenKind::Pipe},         {"^", TokenKind::Caret},
    {"=", TokenKind::Equal},        {"<", TokenKind::LessThan},
    {">", TokenKind::GreaterThan},
}};

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Tokens run() && {
        while (!out_.mistake) {
            at_ += length<Blank>(rest());
            if (at_ == text_.size()) break;
            next();
        }
        add(TokenKind::End, 0);
        return std::move(out_);
    }

private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

    [[nodiscard]] Range range(std::size_t size) const {
        return {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(at_ + size)};
    }

    void add(TokenKind kind, std::size_t size, std::uint32_t value = 0) {
        out_.tokens.push_back({kind, range(size), value});
        at_ += size;
    }

    void refuse(std::size_t size, std::string why, std::string hint = "") {
        out_.mistake = LexicalMistake{range(size), std::move(why), std::move(hint)};
    }

    struct Form {
        std::size_t (*length)(std::string_view);
        void (Lexer::*take)(std::size_t);
    };

    // The longest of these, the first of equally long ones.
    template <std::size_t N>
    void longest(const Form (&forms)[N]) {
        std::size_t size = 0;
        const Form* best = nullptr;
        for (const Form& form : forms) {
            const std::size_t now = form.length(rest());
            if (now > size) size = now, best = &form;
        }
        if (best == nullptr) return sign();
        (this->*best->take)(size);
    }

    void next() {
        static constexpr Form kDigit[] = {
            {length<Mac>, &Lexer::mac},       {length<Number>, &Lexer::number},
            {length<Dotted>, &Lexer::dotted}, {length<Ipv6>, &Lexer::ipv6},
            {length<NoMac>, &Lexer::no_mac},  {length<Name>, &Lexer::name},
        };
        static constexpr Form kHexLetter[] = {
            {length<Mac>, &Lexer::mac},
            {length<Ipv6>, &Lexer::ipv6},
            {length<NoMac>, &Lexer::no_mac},
            {length<Name>, &Lexer::name},
        };
        static constexpr Form kOther[] = {
            {length<Name>, &Lexer::name},
            {length<Ipv6>, &Lexer::ipv6},
            {length<Escaped>, &Lexer::escaped},
            {length<Arcnet>, &Lexer::arcnet},
        };
        const char first = text_[at_];
        if (first >= '0' && first <= '9') return longest(kDigit);
        const char lower = static_cast<char>(first | 0x20);
        if (lower >= 'a' && lower <= 'f') return longest(kHexLetter);
        longest(kOther);
    }

    void sign() {
        for (const Sign& sign : kSigns) {
            if (rest().substr(0, sign.text.size()) == sign.text) {
                return add(sign.kind, sign.text.size());
            }
        }
        std::size_t size = 1;  // of the whole character, in UTF-8
        while (size < rest().size() && (rest()[size] & 0xc0) == 0x80) ++size;
        refuse(1, fmt::format("'{}' is no character of an expression", rest().substr(0, size)));
    }

    void mac(std::size_t size) { add(TokenKind::Mac, size); }
    void dotted(std::size_t size) { add(TokenKind::Dotted, size); }
    void escaped(std::size_t size) { add(TokenKind::Name, size); }
    void arcnet(std::size_t size) { add(TokenKind::Arcnet, size); }

    void name(std::size_t size) {
        const auto known = word(rest().substr(0, size));
        if (known) return add(known->kind, size, known->value);
        add(TokenKind::Name, size);
    }

    void no_mac(std::size_t size) {
        refuse(size, fmt::format("bogus ethernet address {}", rest().substr(0, size)),
               "six groups of hexadecimal digits: 52:54:00:12:34:56");
    }

    void ipv6(std::size_t size) {
        std::array<std::uint8_t, 16> bytes{};
        if (::inet_pton(AF_INET6, std::string(rest().substr(0, size)).c_str(), bytes.data()) == 1) {
            return add(TokenKind::Ipv6, size);
        }
        refuse(size, fmt::format("bogus IPv6 address {}", rest().substr(0, size)));
    }

    void number(std::size_t size) {
        std::string_view digits = rest().substr(0, size);
        std::uint64_t base = 10;
        if (size > 1 && digits[0] == '0') base = (digits[1] | 0x20) == 'x' ? 16 : 8;
        if (base == 16) digits.remove_prefix(2);
        std::uint64_t value = 0;
        for (const char c : digits) {
            const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
            if (digit >= static_cast<int>(base)) {
                return refuse(
                    size, fmt::format("number {} contains non-octal digit", rest().substr(0, size)),
                    "a leading 0 means octal");
            }
            value = value * base + static_cast<std::uint64_t>(digit);
            if (value > UINT32_MAX) {
                return refuse(size,
                              fmt::format("number {} overflows 32 bits", rest().substr(0, size)));
            }
        }
        add(TokenKind::Number, size, static_cast<std::uint32_t>(value));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Tokens out_;
};

}  // namespace

Tokens tokens(std::string_view text) { return Lexer(text).run(); }

}  // namespace bpfw::parser::pcap
