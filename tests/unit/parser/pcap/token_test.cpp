// SPDX-License-Identifier: GPL-2.0-or-later
// The forms of words and numbers, where each ends, and what it is taken for.
#include "parser/pcap/token.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bpfw::parser::pcap {
namespace {

char letter(TokenKind kind) {
    if (kind == TokenKind::Number) return 'n';
    if (kind == TokenKind::Dotted) return 'd';
    if (kind == TokenKind::Ipv6) return '6';
    if (kind == TokenKind::Mac) return 'm';
    if (kind == TokenKind::Arcnet) return 'a';
    if (kind == TokenKind::Name) return 'i';
    if (kind >= TokenKind::Protocol) return 'w';
    return 's';
}

// "n:80 s:+ i:a-b", or "refused TEXT"; numbers by their value.
std::string shown(std::string_view text) {
    const Tokens lexed = tokens(text);
    if (lexed.mistake) {
        const Range at = lexed.mistake->at;
        return fmt::format("refused {}", text.substr(at.begin, at.end - at.begin));
    }
    std::string out;
    for (const Token& token : lexed.tokens) {
        if (token.kind == TokenKind::End) break;
        if (!out.empty()) out += ' ';
        const std::string_view written = text.substr(token.at.begin, token.at.end - token.at.begin);
        out += letter(token.kind);
        out += ':';
        out += token.kind == TokenKind::Number ? std::to_string(token.value) : std::string(written);
    }
    return out;
}

struct Case {
    std::string_view text;
    std::string_view tokens;
};
const Case kCases[] = {
    // numbers
    {"80 0x50 0X50 0120 0", "n:80 n:80 n:80 n:80 n:0"},
    {"4294967295 0xffffffff 037777777777x", "n:4294967295 n:4294967295 i:037777777777x"},
    {"4294967296", "refused 4294967296"},
    {"0x100000000", "refused 0x100000000"},
    {"040000000000 ", "m:040000000000"},
    {"0400000000000", "refused 0400000000000"},
    {"08", "refused 08"},
    {"0x", "i:0x"},
    {"tcp-syn tcpflags icmp6-multicastrouterterm icmp-echo", "n:2 n:13 n:153 n:8"},
    {"tcp-synx", "i:tcp-synx"},
    // names
    {"80-90 0and a-b a_b x.y a. len-5", "i:80-90 i:0and i:a-b i:a_b i:x.y i:a. i:len-5"},
    {"a- b", "i:a s:- i:b"},
    {"a-_ b", "refused _"},
    {"\\tcp \\a!b", "i:\\tcp i:\\a s:! i:b"},
    {"\\tcp&&x\ty", "i:\\tcp&&x i:y"},
    {"\\", "refused \\"},
    {"TCP tcp AND", "i:TCP w:tcp i:AND"},
    {"es-is is-is length addr1 rulenum", "w:es-is w:is-is w:length w:addr1 w:rulenum"},
    // signs
    {"&&||!not and or", "s:&& s:|| s:! s:not s:and s:or"},
    {"<=>=!===<<>>=", "s:<= s:>= s:!= s:== s:<< s:>> s:="},
    {"+-*/%:[]<>()&|^", "s:+ s:- s:* s:/ s:% s:: s:[ s:] s:< s:> s:( s:) s:& s:| s:^"},
    {" \t\r\n", ""},
    {"tcp # udp", "refused #"},
    {"tcp \v", "refused \v"},
    // IPv4
    {"10.1 10.1.2 010.1.2.3 1.2.3.4.5", "d:10.1 d:10.1.2 d:010.1.2.3 i:1.2.3.4.5"},
    {"10.1. 0x1.2", "i:10.1. d:0x1.2"},
    // MAC addresses
    {"1:2:3:4:5:6 1-2-3-4-5-a 1.2.3.4.5.6", "m:1:2:3:4:5:6 m:1-2-3-4-5-a m:1.2.3.4.5.6"},
    {"0011.2233.4455 001122334455", "m:0011.2233.4455 m:001122334455"},
    {"123456789012 1234567890 ", "m:123456789012 n:1234567890"},
    {"1:2-3:4:5:6", "refused 4:5:"},
    {"00:11:22:33:44:5and", "m:00:11:22:33:44:5a i:nd"},
    {"1:2:3:4:5:6:7", "refused 1:2:3:4:5:6:"},
    {"1:2:", "refused 1:2:"},
    {"ip[1:2]", "w:ip s:[ n:1 s:: n:2 s:]"},
    // IPv6
    {":: ::1 1:: fe80::1 1::2:3", "6::: 6:::1 6:1:: 6:fe80::1 6:1::2:3"},
    {"1:2:3:4:5:6:7:8 1:2:3:4:5:6:7::", "6:1:2:3:4:5:6:7:8 6:1:2:3:4:5:6:7::"},
    {"::2:3:4:5:6:7:8 1:2:3::5:6:7:8", "6:::2:3:4:5:6:7:8 6:1:2:3::5:6:7:8"},
    {"::ffff:10.1.1.1 ::10.1.1.1", "6:::ffff:10.1.1.1 6:::10.1.1.1"},
    {"1:2:3:4:5:6:1.2.3.4 1:2:3:4:5::1.2.3.4", "6:1:2:3:4:5:6:1.2.3.4 6:1:2:3:4:5::1.2.3.4"},
    {"1:2:3::4:5:1.2.3.4", "6:1:2:3::4:5:1.2.3.4"},
    {"::1or ::12345 fe80::1234and", "6:::1 s:or 6:::1234 n:5 6:fe80::1234 s:and"},
    {"::ffff:10.1.1.256", "refused ::ffff:10.1.1.256"},
    {"::0x1.2.3.4", "refused ::0x1.2.3.4"},
    {"fe80::1%eth0", "6:fe80::1 s:% i:eth0"},
    // ARCnet
    {"$1f $ff1", "a:$1f a:$ff n:1"},
    {"$", "refused $"},
};

TEST(Tokens, LongestFormWins) {
    for (const Case& c : kCases) {
        EXPECT_EQ(shown(c.text), c.tokens) << c.text;
    }
}

TEST(Tokens, KnowTheirPlace) {
    const Tokens lexed = tokens("  tcp\n port");
    ASSERT_EQ(lexed.tokens.size(), 3u);
    EXPECT_EQ(lexed.tokens[0].at.begin, 2u);
    EXPECT_EQ(lexed.tokens[0].at.end, 5u);
    EXPECT_EQ(lexed.tokens[1].at.begin, 7u);
    EXPECT_EQ(lexed.tokens[2].at.begin, 11u);
    EXPECT_EQ(lexed.tokens[2].at.end, 11u);
}

TEST(Tokens, EveryProtocolHasAWordThatNamesIt) {
    for (auto p = static_cast<unsigned>(Protocol::Link);
         p <= static_cast<unsigned>(Protocol::Netbeui); ++p) {
        const auto known = word(protocol_word(static_cast<Protocol>(p)));
        ASSERT_TRUE(known.has_value());
        EXPECT_EQ(known->kind, TokenKind::Protocol);
        EXPECT_EQ(known->value, p);
    }
}

}  // namespace
}  // namespace bpfw::parser::pcap
