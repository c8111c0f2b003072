// SPDX-License-Identifier: GPL-2.0-or-later
// The words and signs of an expression, in text order. Door: tokens().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/pcap/expression.hpp"

namespace bpfw::parser::pcap {

// clang-format off
enum class TokenKind : std::uint8_t {
    End,
    // signs; `not`, `and`, `or` are the same tokens as `!`, `&&`, `||`
    Not, And, Or, Open, Close, OpenBracket, CloseBracket, Colon,
    Plus, Minus, Star, Slash, Percent, Ampersand, Pipe, Caret, ShiftLeft, ShiftRight,
    Equal, NotEqual, LessThan, LessOrEqual, GreaterThan, GreaterOrEqual,
    // values
    Number, Dotted, Ipv6, Mac, Arcnet, Name,
    // words
    Protocol, Source, Destination, Host, Net, Mask, Port, PortRange, Proto, Protochain, Gateway,
    Less, Greater, Byte, Broadcast, Multicast, Length, Inbound, Outbound, IfIndex,
    Vlan, Mpls, Pppoed, Pppoes, Geneve, Llc, RuleNumber, Foreign,
};
// clang-format on

// Whose word a Foreign one is: of links that are not Ethernet.
enum class Foreign : std::uint8_t { Wireless, Atm, Pf, Ss7 };

// Bytes [begin, end) of the expression's text.
struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

struct Token {
    TokenKind kind = TokenKind::End;
    Range at;
    std::uint32_t value = 0;  // a Number's; a Protocol's or a Foreign's as its enum
};

// What a word stands for when it is one of the language's; a Number for `tcp-syn` and its like.
struct Word {
    TokenKind kind = TokenKind::Name;
    std::uint32_t value = 0;
};
std::optional<Word> word(std::string_view text);
// The word that names a protocol, `ether` for Link.
std::string_view protocol_word(Protocol protocol);

struct LexicalMistake {
    Range at;
    std::string text;
    std::string hint;
};
struct Tokens {
    std::vector<Token> tokens;  // an End is the last
    std::optional<LexicalMistake> mistake;
};
Tokens tokens(std::string_view text);

}  // namespace bpfw::parser::pcap
