// SPDX-License-Identifier: GPL-2.0-or-later
// Expressions with words left out, doubled, exchanged or put in: what libpcap refuses we refuse,
// what it still accepts means the same. mutated() is the door.
#include <cctype>
#include <vector>

#include "tests/filter/expressions.hpp"

namespace bpfw::test::filter {
namespace {

const char* const kVocabulary[] = {"and",
                                   "or",
                                   "not",
                                   "!",
                                   "&&",
                                   "||",
                                   "(",
                                   ")",
                                   "[",
                                   "]",
                                   "src",
                                   "dst",
                                   "src or dst",
                                   "host",
                                   "net",
                                   "port",
                                   "portrange",
                                   "proto",
                                   "protochain",
                                   "mask",
                                   "/",
                                   "/24",
                                   "/0",
                                   "/33",
                                   "/129",
                                   "ether",
                                   "link",
                                   "ip",
                                   "ip6",
                                   "arp",
                                   "rarp",
                                   "tcp",
                                   "udp",
                                   "sctp",
                                   "icmp",
                                   "icmp6",
                                   "igmp",
                                   "igrp",
                                   "pim",
                                   "vrrp",
                                   "carp",
                                   "ah",
                                   "esp",
                                   "atalk",
                                   "aarp",
                                   "decnet",
                                   "lat",
                                   "sca",
                                   "moprc",
                                   "mopdl",
                                   "iso",
                                   "esis",
                                   "es-is",
                                   "isis",
                                   "is-is",
                                   "clnp",
                                   "stp",
                                   "ipx",
                                   "netbeui",
                                   "llc",
                                   "broadcast",
                                   "multicast",
                                   "less",
                                   "greater",
                                   "byte",
                                   "inbound",
                                   "outbound",
                                   "ifindex",
                                   "vlan",
                                   "mpls",
                                   "pppoed",
                                   "pppoes",
                                   "geneve",
                                   "len",
                                   "length",
                                   "=",
                                   "==",
                                   "!=",
                                   "<>",
                                   "<",
                                   ">",
                                   "<=",
                                   ">=",
                                   "<<",
                                   ">>",
                                   "+",
                                   "-",
                                   "*",
                                   "/",
                                   "%",
                                   "&",
                                   "|",
                                   "^",
                                   ":",
                                   ":1",
                                   ":2",
                                   ":3",
                                   ":4",
                                   "0",
                                   "1",
                                   "80",
                                   "0x50",
                                   "0120",
                                   "08",
                                   "0x",
                                   "4294967295",
                                   "4294967296",
                                   "65535",
                                   "65536",
                                   "4095",
                                   "4096",
                                   "1048575",
                                   "1048576",
                                   "16777215",
                                   "16777216",
                                   "10.1.1.1",
                                   "10.1",
                                   "10.1.1",
                                   "010.1.1.1",
                                   "256.1.1.1",
                                   "1.2.3.4.5",
                                   "10.0.0.0/8",
                                   "10.1.1.1/8",
                                   "10/8",
                                   "2001:db8::1",
                                   "::",
                                   "::ffff:10.1.1.1",
                                   "2001:db8::/32",
                                   "2001:db8::1/32",
                                   "fe80::1%eth0",
                                   "1:2:3:4:5:6:7:8",
                                   "1:2:3:4:5:6:7",
                                   "00:11:22:33:44:55",
                                   "0:1:2:3:4:5",
                                   "00-11-22-33-44-55",
                                   "0011.2233.4455",
                                   "001122334455",
                                   "00.11.22.33.44.55",
                                   "00:11:22-33:44:55",
                                   "037777777777",
                                   "http",
                                   "\\tcp",
                                   "\\ip",
                                   "\\icmp",
                                   "ssh",
                                   "domain",
                                   "80-90",
                                   "http-https",
                                   "ftp-data-80",
                                   "80-90-100",
                                   "90-80",
                                   "tcp-syn",
                                   "tcpflags",
                                   "icmptype",
                                   "icmp-echo",
                                   "nosuchname",
                                   "TCP",
                                   "gateway",
                                   "wlan",
                                   "ppp",
                                   "slip",
                                   "fddi",
                                   "tr",
                                   "radio",
                                   "type",
                                   "subtype",
                                   "dir",
                                   "lane",
                                   "vpi",
                                   "vci",
                                   "oam",
                                   "sio",
                                   "opc",
                                   "fisu",
                                   "on",
                                   "rulenum",
                                   "action",
                                   "reason",
                                   "$10",
                                   "addr1",
                                   "ra",
                                   "ta",
                                   "i",
                                   "s",
                                   "u",
                                   "rr",
                                   "frmr",
                                   "hopopt",
                                   "l1",
                                   "l2",
                                   "iih",
                                   "lsp",
                                   "snp",
                                   "csnp",
                                   "psnp",
                                   "1 / 0",
                                   "% 0",
                                   "<< 32",
                                   "<< 31",
                                   "#",
                                   "@",
                                   "\"",
                                   "'",
                                   ",",
                                   "._",
                                   "-1",
                                   "- -1",
                                   "(1)",
                                   "((80))"};

using Words = std::vector<std::string>;

// Names and numbers, and each other character.
Words split(const std::string& text) {
    Words words;
    bool in_word = false;
    for (const char c : text) {
        const bool joins =
            std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '\\';
        if (joins && in_word) {
            words.back() += c;
        } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
            words.emplace_back(1, c);
        } else {
            words.emplace_back(" ");
        }
        in_word = joins;
    }
    return words;
}

void change(Words& words, Random& random) {
    const std::uint32_t at = random.below(words.size());
    const auto place = words.begin() + at;
    const std::uint32_t dice = random.below(100);
    if (dice < 25) {
        words.erase(place);
    } else if (dice < 40) {
        words.insert(place, *place);
    } else if (dice < 55) {
        std::swap(words[at], words[random.below(words.size())]);
    } else if (dice < 78) {
        words[at] = random.pick(kVocabulary);
    } else {
        words.insert(place, std::string(" ") + random.pick(kVocabulary) + " ");
    }
}

}  // namespace

std::string mutated(const std::string& expression, Random& random) {
    Words words = split(expression);
    for (std::uint32_t changes = random.percent(75) ? 1 : 2; changes > 0 && !words.empty();
         --changes)
        change(words, random);
    std::string text;
    for (const std::string& word : words) text += word;
    return text;
}

}  // namespace bpfw::test::filter
