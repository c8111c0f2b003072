// SPDX-License-Identifier: GPL-2.0-or-later
// Arithmetic and relations -> nodes, with the precedences of libpcap's grammar, in which '%' and
// '^' have none: bison then reads on, so they take all that stands to their right. The door is
// Grammar::expression().
#include "parser/pcap/grammar.hpp"

namespace bpfw::parser::pcap {
namespace {

constexpr unsigned kAnyPrecedence = 0;
constexpr unsigned kUnaryPrecedence = 6;  // above every operator's
constexpr unsigned kReadsOn = 7;          // '%' and '^'

struct OperatorRule {
    TokenKind kind;
    Operator op;
    unsigned precedence;
};
constexpr OperatorRule kOperators[] = {
    {TokenKind::Pipe, Operator::Or, 1},
    {TokenKind::Ampersand, Operator::And, 2},
    {TokenKind::ShiftLeft, Operator::ShiftLeft, 3},
    {TokenKind::ShiftRight, Operator::ShiftRight, 3},
    {TokenKind::Plus, Operator::Add, 4},
    {TokenKind::Minus, Operator::Subtract, 4},
    {TokenKind::Star, Operator::Multiply, 5},
    {TokenKind::Slash, Operator::Divide, 5},
    {TokenKind::Percent, Operator::Modulo, kReadsOn},
    {TokenKind::Caret, Operator::Xor, kReadsOn},
};

struct RelationRule {
    TokenKind kind;
    Relation relation;
};
constexpr RelationRule kRelations[] = {
    {TokenKind::Equal, Relation::Equal},
    {TokenKind::NotEqual, Relation::NotEqual},
    {TokenKind::LessThan, Relation::Less},
    {TokenKind::LessOrEqual, Relation::LessEqual},
    {TokenKind::GreaterThan, Relation::Greater},
    {TokenKind::GreaterOrEqual, Relation::GreaterEqual},
};

template <typename Rule, std::size_t N>
const Rule* rule_of(const Rule (&rules)[N], TokenKind kind) {
    for (const Rule& rule : rules) {
        if (rule.kind == kind) return &rule;
    }
    return nullptr;
}

}  // namespace

bool Grammar::sees_operator() const { return rule_of(kOperators, now().kind) != nullptr; }
bool Grammar::sees_relation() const { return rule_of(kRelations, now().kind) != nullptr; }

Grammar::Piece Grammar::as_arithmetic(const Piece& piece) {
    if (piece.kind != Kind::Number) return piece;
    return {Kind::Arithmetic, piece.at, meaning_.constant(piece.value, piece.at), {}};
}

Grammar::MaybePiece Grammar::comparison(const Piece& left) {
    const Relation relation = rule_of(kRelations, take().kind)->relation;
    const MaybePiece right = arithmetic();
    if (!right) return right;
    const Range at = since(left.at.begin);
    return term(meaning_.compare(relation, left.value, right->value, at), at);
}

Grammar::MaybePiece Grammar::arithmetic() {
    const MaybePiece first = arithmetic_operand();
    if (!first) return first;
    return continued(*first, kAnyPrecedence);
}

Grammar::MaybePiece Grammar::arithmetic_operand() {
    const Token token = now();
    switch (token.kind) {
        case TokenKind::Number:
            take();
            return as_arithmetic({Kind::Number, token.at, token.value, {}});
        case TokenKind::Length:
            take();
            return Piece{Kind::Arithmetic, token.at, meaning_.frame_length(token.at), {}};
        case TokenKind::Open:
            return arithmetic_parentheses();
        case TokenKind::Minus:
            return minus();
        case TokenKind::Protocol:
            take();
            return load(token);
        default:  // many kinds of token are no arithmetic
            return unexpected("a number, len or PROTOCOL[...]",
                              sees(TokenKind::Name) ? "it is one name: blanks part words" : "");
    }
}

Grammar::MaybePiece Grammar::arithmetic_parentheses() {
    if (!deeper()) return std::nullopt;
    const std::uint32_t begin = take().at.begin;
    MaybePiece inside = arithmetic();
    if (!inside || !expect(TokenKind::Close, "')'")) return std::nullopt;
    back_up();
    inside->at = since(begin);
    return inside;
}

Grammar::MaybePiece Grammar::load(const Token& protocol) {
    if (!deeper() || !expect(TokenKind::OpenBracket, "'['")) return std::nullopt;
    const MaybePiece offset = arithmetic();
    if (!offset) return offset;
    std::uint32_t size = 1;
    if (taken(TokenKind::Colon)) {
        const auto said = number("a size: 1, 2 or 4");
        if (!said) return std::nullopt;
        size = *said;
    }
    if (!expect(TokenKind::CloseBracket, "']'")) return std::nullopt;
    back_up();
    const Range at = since(protocol.at.begin);
    const ArithmeticId value =
        meaning_.load(static_cast<Protocol>(protocol.value), offset->value, size, at);
    return Piece{Kind::Arithmetic, at, value, {}};
}

Grammar::MaybePiece Grammar::minus() {
    if (!deeper()) return std::nullopt;
    const std::uint32_t begin = take().at.begin;
    const MaybePiece first = arithmetic_operand();
    if (!first) return first;
    const MaybePiece all = continued(*first, kUnaryPrecedence);
    if (!all) return all;
    back_up();
    const Range at = since(begin);
    return Piece{Kind::Arithmetic, at, meaning_.negated(all->value, at), {}};
}

// All operators to the right that bind as tightly as `least`.
Grammar::MaybePiece Grammar::continued(Piece left, unsigned least) {
    while (const OperatorRule* rule = rule_of(kOperators, now().kind)) {
        if (rule->precedence < least) break;
        take();
        if (!deeper()) return std::nullopt;
        MaybePiece right = arithmetic_operand();
        if (!right) return right;
        const bool reads_on = rule->precedence == kReadsOn;
        right = continued(*right, reads_on ? kAnyPrecedence : rule->precedence + 1);
        if (!right) return right;
        back_up();
        const Range at{left.at.begin, right->at.end};
        left.at = at;
        left.value = meaning_.binary(rule->op, left.value, right->value, at);
    }
    return left;
}

}  // namespace bpfw::parser::pcap
