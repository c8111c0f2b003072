// SPDX-License-Identifier: GPL-2.0-or-later
// Tokens -> nodes: the grammar of pcap-filter(7), as libpcap's LALR parser accepts it. Each
// function takes the tokens of what it is named after; nothing comes back after a mistake in the
// syntax, which has then been told.
#pragma once

#include <optional>
#include <vector>

#include "parser/pcap/meaning.hpp"
#include "parser/pcap/token.hpp"

namespace bpfw::parser::pcap {

class Grammar {
public:
    Grammar(std::vector<Token> tokens, Mistakes& mistakes, Builder& builder, Meaning& meaning)
        : tokens_(std::move(tokens)), mistakes_(mistakes), builder_(builder), meaning_(meaning) {}

    // The whole text, which holds at least one token.
    std::optional<NodeId> expression();

private:
    // What a piece of text can still become. A number may be an identifier or arithmetic until
    // the token behind it (or behind its parentheses) decides.
    enum class Kind : std::uint8_t {
        Number,      // in parentheses or not
        Arithmetic,  // more than a plain number
        Identifier,
        Identifiers,  // ( id ), ( id or id ): cannot be the first within further parentheses
        Term,
    };
    struct Piece {
        Kind kind = Kind::Term;
        Range at;
        std::uint32_t value = 0;  // a Number's value, an ArithmeticId, a NodeId
        Qualifiers qualifiers;    // those that an identifier behind it takes over
    };
    using MaybePiece = std::optional<Piece>;
    // Which of the two can stand here.
    struct Allowed {
        bool term = true;
        bool identifier = true;
    };
    enum class Within : std::uint8_t { Text, Parentheses };

    // grammar.cpp
    MaybePiece operand(const Qualifiers& q, Allowed allowed, Within within);
    MaybePiece negated_operand(const Qualifiers& q, Allowed allowed);
    MaybePiece start_of_operand(const Qualifiers& q, Allowed allowed);
    MaybePiece decided(Piece piece, const Qualifiers& q, Allowed allowed);
    MaybePiece parentheses(const Qualifiers& q, Allowed allowed);
    MaybePiece list(Piece first, Allowed allowed);
    MaybePiece identifier(const Qualifiers& q);

    // grammar_primitive.cpp
    MaybePiece primitive();
    MaybePiece with_protocol();
    MaybePiece with_head(Protocol protocol, std::uint32_t begin);
    std::optional<Direction> direction();
    std::optional<Qualifiers> head(Protocol protocol);
    MaybePiece encapsulation();
    MaybePiece length_limit();
    MaybePiece byte_test();
    MaybePiece interface_index();
    MaybePiece llc();
    MaybePiece foreign();
    std::optional<std::uint32_t> number_in_parentheses();

    // grammar_arithmetic.cpp
    MaybePiece comparison(const Piece& left);
    MaybePiece arithmetic();
    MaybePiece arithmetic_operand();
    MaybePiece arithmetic_parentheses();
    MaybePiece load(const Token& protocol);
    MaybePiece minus();
    MaybePiece continued(Piece left, unsigned least);
    Piece as_arithmetic(const Piece& piece);
    [[nodiscard]] bool sees_operator() const;
    [[nodiscard]] bool sees_relation() const;

    [[nodiscard]] const Token& now() const { return tokens_[position_]; }
    [[nodiscard]] bool sees(TokenKind kind) const { return now().kind == kind; }
    Token take() { return tokens_[position_++]; }
    bool taken(TokenKind kind);
    std::optional<std::uint32_t> number(std::string_view wanted);
    // Where the last token taken ends, and all since `begin`.
    [[nodiscard]] Range since(std::uint32_t begin) const {
        return {begin, tokens_[position_ - 1].at.end};
    }
    [[nodiscard]] static Piece term(NodeId node, Range at) { return {Kind::Term, at, node, {}}; }
    [[nodiscard]] std::string hint_unqualified() const;
    [[nodiscard]] std::string hint_behind() const;
    std::nullopt_t unexpected(std::string_view wanted, std::string hint = "");
    bool expect(TokenKind kind, std::string_view shown);
    // One level down and up again; false, and told, when that is too deep.
    bool deeper();
    void back_up() { --depth_; }
    bool shallow_enough();

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    unsigned depth_ = 0;
    Mistakes& mistakes_;
    Builder& builder_;
    Meaning& meaning_;
};

}  // namespace bpfw::parser::pcap
