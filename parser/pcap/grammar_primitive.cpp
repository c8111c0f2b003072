// SPDX-License-Identifier: GPL-2.0-or-later
// Primitives, with their qualifiers -> nodes. The door is Grammar::expression().
#include <fmt/format.h>

#include "parser/pcap/grammar.hpp"

namespace bpfw::parser::pcap {
namespace {

std::optional<AddressType> address_type(TokenKind kind) {
    if (kind == TokenKind::Host) return AddressType::Host;
    if (kind == TokenKind::Net) return AddressType::Net;
    if (kind == TokenKind::Port) return AddressType::Port;
    if (kind == TokenKind::PortRange) return AddressType::PortRange;
    return std::nullopt;
}

bool is_direction(TokenKind kind) {
    return kind == TokenKind::Source || kind == TokenKind::Destination;
}

bool begins_head(TokenKind kind) {
    return is_direction(kind) || address_type(kind) || kind == TokenKind::Proto ||
           kind == TokenKind::Protochain || kind == TokenKind::Gateway ||
           kind == TokenKind::Broadcast || kind == TokenKind::Multicast;
}

std::optional<ByteOperator> byte_operator(TokenKind kind) {
    if (kind == TokenKind::Equal) return ByteOperator::Equal;
    if (kind == TokenKind::LessThan) return ByteOperator::Less;
    if (kind == TokenKind::GreaterThan) return ByteOperator::Greater;
    if (kind == TokenKind::Ampersand) return ByteOperator::And;
    if (kind == TokenKind::Pipe) return ByteOperator::Or;
    return std::nullopt;
}

std::string_view link_of(Foreign foreign) {
    switch (foreign) {
        case Foreign::Wireless:
            return "802.11";
        case Foreign::Atm:
            return "raw ATM";
        case Foreign::Pf:
            return "PF log";
        case Foreign::Ss7:
            return "SS7 (MTP2)";
    }
    return "";
}

}  // namespace

Grammar::MaybePiece Grammar::primitive() {
    const Token token = now();
    if (begins_head(token.kind)) return with_head(Protocol::None, token.at.begin);
    switch (token.kind) {
        case TokenKind::Protocol:
            return with_protocol();
        case TokenKind::Minus:
        case TokenKind::Length:
            return arithmetic_operand();
        case TokenKind::Less:
        case TokenKind::Greater:
            return length_limit();
        case TokenKind::Byte:
            return byte_test();
        case TokenKind::Inbound:
            take();
            return term(meaning_.plain(Inbound{}, token.at), token.at);
        case TokenKind::Outbound:
            take();
            return term(meaning_.plain(Outbound{}, token.at), token.at);
        case TokenKind::IfIndex:
            return interface_index();
        case TokenKind::Vlan:
        case TokenKind::Mpls:
        case TokenKind::Pppoed:
        case TokenKind::Pppoes:
        case TokenKind::Geneve:
            return encapsulation();
        case TokenKind::Llc:
            return llc();
        case TokenKind::Foreign:
        case TokenKind::RuleNumber:
            return foreign();
        default:  // many kinds of token begin nothing
            return unexpected("a primitive");
    }
}

Grammar::MaybePiece Grammar::with_protocol() {
    const Token token = take();
    const auto protocol = static_cast<Protocol>(token.value);
    if (sees(TokenKind::OpenBracket)) return load(token);
    if (begins_head(now().kind)) return with_head(protocol, token.at.begin);
    const bool wireless =
        sees(TokenKind::Foreign) && now().value == static_cast<std::uint32_t>(Foreign::Wireless);
    if (wireless) return foreign();
    return term(meaning_.protocol(protocol, token.at), token.at);
}

std::optional<Direction> Grammar::direction() {
    const TokenKind first = take().kind;
    const bool both = sees(TokenKind::And);
    if (!both && !sees(TokenKind::Or)) {
        return first == TokenKind::Source ? Direction::Source : Direction::Destination;
    }
    take();
    const bool from_source = first == TokenKind::Source;
    if (!taken(from_source ? TokenKind::Destination : TokenKind::Source)) {
        return unexpected(from_source ? "'dst'" : "'src'");
    }
    return both ? Direction::SourceAndDestination : Direction::SourceOrDestination;
}

std::optional<Qualifiers> Grammar::head(Protocol protocol) {
    Qualifiers q{true, protocol, Direction::None, AddressType::None};
    if (is_direction(now().kind)) {
        const auto said = direction();
        if (!said) return std::nullopt;
        q.direction = *said;
        const auto type = address_type(now().kind);
        if (type) take();
        q.type = type.value_or(AddressType::None);
        return q;
    }
    const Token token = take();
    if (token.kind == TokenKind::Gateway) {
        mistakes_.error(token.at, "'gateway' is not supported")
            .hint("ether host MAC and not host ADDRESS");
        return std::nullopt;
    }
    if (token.kind == TokenKind::Proto) {
        q.type = AddressType::Proto;
    } else if (token.kind == TokenKind::Protochain) {
        q.type = AddressType::Protochain;
    } else {
        q.type = address_type(token.kind).value_or(AddressType::None);
    }
    return q;
}

Grammar::MaybePiece Grammar::with_head(Protocol protocol, std::uint32_t begin) {
    if (taken(TokenKind::Broadcast)) {
        return term(meaning_.broadcast(protocol, since(begin)), since(begin));
    }
    if (taken(TokenKind::Multicast)) {
        return term(meaning_.multicast(protocol, since(begin)), since(begin));
    }
    const auto q = head(protocol);
    if (!q) return std::nullopt;
    const MaybePiece named = operand(*q, {false, true}, Within::Text);
    if (!named) return named;
    builder_.widen(named->value, mistakes_.span(since(begin)));
    return Piece{Kind::Term, since(begin), named->value, *q};
}

// NUM, in parentheses or not.
std::optional<std::uint32_t> Grammar::number_in_parentheses() {
    std::size_t open = 0;
    while (taken(TokenKind::Open)) ++open;
    const auto value = number("a number");
    for (; value && open > 0; --open) {
        if (!expect(TokenKind::Close, "')'")) return std::nullopt;
    }
    return value;
}

Grammar::MaybePiece Grammar::encapsulation() {
    const Token token = take();
    std::optional<std::uint32_t> id;
    const bool numbered = sees(TokenKind::Number) || sees(TokenKind::Open);
    if (token.kind != TokenKind::Pppoed && numbered) {
        id = number_in_parentheses();
        if (!id) return std::nullopt;
    }
    const Range at = since(token.at.begin);
    if (token.kind == TokenKind::Vlan) return term(meaning_.vlan(id, at), at);
    if (token.kind == TokenKind::Mpls) return term(meaning_.mpls(id, at), at);
    if (token.kind == TokenKind::Pppoed) return term(meaning_.pppoe_discovery(at), at);
    if (token.kind == TokenKind::Pppoes) return term(meaning_.pppoe_session(id, at), at);
    return term(meaning_.geneve(id, at), at);
}

Grammar::MaybePiece Grammar::length_limit() {
    const Token token = take();
    const auto bytes = number("a number of bytes");
    if (!bytes) return std::nullopt;
    const Range at = since(token.at.begin);
    const Primitive limit = token.kind == TokenKind::Less ? Primitive{LengthAtMost{*bytes}}
                                                          : Primitive{LengthAtLeast{*bytes}};
    return term(meaning_.plain(limit, at), at);
}

Grammar::MaybePiece Grammar::byte_test() {
    const std::uint32_t begin = take().at.begin;
    const auto offset = number("a byte's number");
    if (!offset) return std::nullopt;
    const auto op = byte_operator(now().kind);
    if (!op) return unexpected("=, <, >, & or |");
    take();
    const auto value = number("a number");
    if (!value) return std::nullopt;
    const Range at = since(begin);
    return term(meaning_.plain(Byte{*offset, *op, *value}, at), at);
}

Grammar::MaybePiece Grammar::interface_index() {
    const std::uint32_t begin = take().at.begin;
    const auto index = number("an interface's number");
    if (!index) return std::nullopt;
    const Range at = since(begin);
    return term(meaning_.plain(InterfaceIndex{*index}, at), at);
}

Grammar::MaybePiece Grammar::llc() {
    const std::uint32_t begin = take().at.begin;
    std::string_view type;
    if (taken(TokenKind::RuleNumber)) {
        type = "rnr";
    } else if (sees(TokenKind::Name)) {
        type = mistakes_.words(take().at);
        if (type[0] == '\\') type.remove_prefix(1);
    }
    const Range at = since(begin);
    return term(meaning_.llc(type, at), at);
}

Grammar::MaybePiece Grammar::foreign() {
    const Token& token = now();
    const Foreign whose =
        token.kind == TokenKind::RuleNumber ? Foreign::Pf : static_cast<Foreign>(token.value);
    mistakes_.error(token.at, fmt::format("'{}' is supported only on {} links, this is Ethernet",
                                          mistakes_.words(token.at), link_of(whose)));
    return std::nullopt;
}

}  // namespace bpfw::parser::pcap
