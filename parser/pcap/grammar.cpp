// SPDX-License-Identifier: GPL-2.0-or-later
// and, or, not, parentheses and identifiers -> nodes. The door is Grammar::expression().
#include "parser/pcap/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace bpfw::parser::pcap {
namespace {

constexpr unsigned kMostMistakes = 10;
// A level of the tree may be written with two: `not (...)`, `-(...)`.
constexpr unsigned kMostNesting = 2 * kDeepest;

bool is_identifier(TokenKind kind) {
    return kind == TokenKind::Name || kind == TokenKind::Dotted || kind == TokenKind::Ipv6 ||
           kind == TokenKind::Mac || kind == TokenKind::Arcnet;
}

bool is_word(TokenKind kind) { return kind >= TokenKind::Protocol; }

bool is_junction(TokenKind kind) { return kind == TokenKind::And || kind == TokenKind::Or; }

}  // namespace

bool Grammar::taken(TokenKind kind) {
    if (!sees(kind)) return false;
    ++position_;
    return true;
}

std::nullopt_t Grammar::unexpected(std::string_view wanted, std::string hint) {
    const Token& token = now();
    const std::string found =
        token.kind == TokenKind::End ? "the end" : fmt::format("'{}'", mistakes_.words(token.at));
    Diagnostic& told = mistakes_.error(
        token.at, fmt::format("syntax error: {} where {} should stand", found, wanted));
    if (!hint.empty()) told.hint(std::move(hint));
    return std::nullopt;
}

bool Grammar::expect(TokenKind kind, std::string_view shown) {
    if (taken(kind)) return true;
    unexpected(shown);
    return false;
}

std::optional<std::uint32_t> Grammar::number(std::string_view wanted) {
    if (!sees(TokenKind::Number)) return unexpected(wanted);
    return take().value;
}

bool Grammar::shallow_enough() {
    if (depth_ <= kMostNesting && builder_.deepest() <= kDeepest) return true;
    mistakes_.error(now().at, fmt::format("nested too deeply: more than {} levels", kDeepest));
    return false;
}

bool Grammar::deeper() {
    ++depth_;
    return shallow_enough();
}

std::optional<NodeId> Grammar::expression() {
    const MaybePiece first = operand({}, {true, false}, Within::Text);
    if (!first) return std::nullopt;
    const MaybePiece all = list(*first, {true, true});
    if (!all || !shallow_enough()) return std::nullopt;
    if (!sees(TokenKind::End)) return unexpected("'and', 'or' or the end", hint_behind());
    return all->value;
}

// What follows a first operand: the list ends where no `and` or `or` stands.
Grammar::MaybePiece Grammar::list(Piece first, Allowed allowed) {
    while (is_junction(now().kind)) {
        const Junction how = take().kind == TokenKind::And ? Junction::And : Junction::Or;
        const MaybePiece next = operand(first.qualifiers, allowed, Within::Text);
        if (!next || mistakes_.count() >= kMostMistakes) return std::nullopt;
        const Range at{first.at.begin, next->at.end};
        const NodeId joined = builder_.join(how, first.value, next->value, mistakes_.span(at));
        first = {first.kind, at, joined, next->qualifiers};
        if (!shallow_enough()) return std::nullopt;
    }
    return first;
}

// A term or an identifier; in parentheses also arithmetic that ends with them.
Grammar::MaybePiece Grammar::operand(const Qualifiers& q, Allowed allowed, Within within) {
    if (sees(TokenKind::Not)) return negated_operand(q, allowed);
    MaybePiece piece = start_of_operand(q, allowed);
    if (!piece || (piece->kind != Kind::Number && piece->kind != Kind::Arithmetic)) return piece;
    if (allowed.term && (sees_operator() || sees_relation())) {
        piece = continued(as_arithmetic(*piece), 0);
        if (!piece) return piece;
    }
    if (within == Within::Parentheses && sees(TokenKind::Close)) return piece;
    return decided(*piece, q, allowed);
}

Grammar::MaybePiece Grammar::negated_operand(const Qualifiers& q, Allowed allowed) {
    if (!deeper()) return std::nullopt;
    const std::uint32_t begin = take().at.begin;
    MaybePiece piece = operand(q, allowed, Within::Text);
    back_up();
    if (!piece) return piece;
    piece->at.begin = begin;
    piece->value = builder_.negation(piece->value, mistakes_.span(piece->at));
    if (piece->kind == Kind::Identifiers) piece->kind = Kind::Identifier;
    return piece;
}

Grammar::MaybePiece Grammar::start_of_operand(const Qualifiers& q, Allowed allowed) {
    const Token& token = now();
    if (token.kind == TokenKind::Open) return parentheses(q, allowed);
    if (token.kind == TokenKind::Number) {
        take();
        return Piece{Kind::Number, token.at, token.value, {}};
    }
    if (is_identifier(token.kind)) {
        if (allowed.identifier) return identifier(q);
        return unexpected("a primitive", hint_unqualified());
    }
    if (allowed.term) return primitive();
    return unexpected("an address, a number or a name",
                      is_word(token.kind)
                          ? fmt::format("as a name it is written \\{}", mistakes_.words(token.at))
                          : "");
}

// What stands in front of an identifier that nothing says anything about.
std::string Grammar::hint_unqualified() const {
    const std::string_view text = mistakes_.words(now().at);
    if (sees(TokenKind::Mac)) return fmt::format("ether host {}", text);
    if (!sees(TokenKind::Name)) return fmt::format("host {0}, net {0}, ...", text);
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower != text && word(lower)) return fmt::format("words are in small letters: {}", lower);
    if (text.find('-') != text.npos && text[0] != '\\') {
        return fmt::format("'{}' is one name; where '-' is minus it needs blanks", text);
    }
    return fmt::format("host {0}, net {0}, port {0}, ...", text);
}

// Where an expression could have been complete.
std::string Grammar::hint_behind() const {
    const Token& before = tokens_[position_ - 1];
    const std::string_view text = mistakes_.words(before.at);
    if (sees(TokenKind::Close)) return "no '(' belongs to it";
    if (sees(TokenKind::Slash) && before.kind == TokenKind::Number) {
        return fmt::format("a network before a '/' has two parts at least: {}.0", text);
    }
    if (sees_relation() && !is_identifier(before.kind))
        return "relations are not chained: a < b and b < c";
    if (sees(TokenKind::Number) && before.kind == TokenKind::Protocol) {
        const auto protocol = static_cast<Protocol>(before.value);
        const bool ports =
            protocol == Protocol::Tcp || protocol == Protocol::Udp || protocol == Protocol::Sctp;
        return fmt::format("{} {} {}", text, ports ? "port" : "proto", mistakes_.words(now().at));
    }
    return is_identifier(now().kind) ? hint_unqualified() : "";
}

// A number or arithmetic to whose right nothing more belongs to it but a relation.
Grammar::MaybePiece Grammar::decided(Piece piece, const Qualifiers& q, Allowed allowed) {
    if (allowed.term && sees_relation()) return comparison(piece);
    if (piece.kind == Kind::Number && allowed.identifier) {
        const NodeId node = meaning_.number(q, piece.value, piece.at);
        return Piece{Kind::Identifier, piece.at, node, q};
    }
    if (piece.kind == Kind::Number && !allowed.term) return unexpected("an identifier");
    if (piece.kind == Kind::Number) {
        return unexpected("a relation (=, !=, <, ...)",
                          fmt::format("a number alone asks nothing: port {0}, proto {0}, ...",
                                      mistakes_.words(piece.at)));
    }
    return unexpected("a relation (=, !=, <, ...)");
}

Grammar::MaybePiece Grammar::parentheses(const Qualifiers& q, Allowed allowed) {
    if (!deeper()) return std::nullopt;
    const std::uint32_t begin = take().at.begin;
    MaybePiece piece = operand(q, allowed, Within::Parentheses);
    if (!piece) return piece;
    if (piece->kind == Kind::Identifiers) {
        mistakes_.error(piece->at, "syntax error: two pairs of parentheses around identifiers")
            .hint("one is enough");
        return std::nullopt;
    }
    if (piece->kind == Kind::Identifier) {
        piece = list(*piece, {false, true});
        if (piece) piece->kind = Kind::Identifiers;
    } else if (piece->kind == Kind::Term) {
        piece = list(*piece, {true, true});
        if (piece) piece->qualifiers = q;
    }
    if (!piece) return piece;
    if (!expect(TokenKind::Close, "')'")) return std::nullopt;
    piece->at = since(begin);
    back_up();
    return piece;
}

Grammar::MaybePiece Grammar::identifier(const Qualifiers& q) {
    const Token token = take();
    const std::string_view text = mistakes_.words(token.at);
    Range at = token.at;
    NodeId node = 0;
    if (token.kind == TokenKind::Mac) {
        node = meaning_.mac(q, text, at);
    } else if (token.kind == TokenKind::Name) {
        node = meaning_.name(q, text[0] == '\\' ? text.substr(1) : text, at);
    } else if (token.kind == TokenKind::Arcnet) {
        node = meaning_.arcnet(at);
    } else if (taken(TokenKind::Slash)) {
        const auto length = number("a prefix length");
        if (!length) return std::nullopt;
        at = since(at.begin);
        node = token.kind == TokenKind::Dotted ? meaning_.dotted_net(q, text, *length, at)
                                               : meaning_.ipv6(q, text, *length, at);
    } else if (token.kind == TokenKind::Dotted && taken(TokenKind::Mask)) {
        if (!sees(TokenKind::Dotted)) return unexpected("a mask such as 255.255.0.0");
        const Token mask = take();
        at = since(at.begin);
        node = meaning_.dotted_net(q, text, mistakes_.words(mask.at), at);
    } else if (token.kind == TokenKind::Dotted) {
        node = meaning_.dotted(q, text, at);
    } else {
        node = meaning_.ipv6(q, text, 128, at);
    }
    return Piece{Kind::Identifier, at, node, q};
}

}  // namespace bpfw::parser::pcap
