// SPDX-License-Identifier: GPL-2.0-or-later
// The options of one -m match -> its AST value. read_option() and finish_match()
// are the doors; the files match_*.cpp hold what is behind them.
#pragma once

#include <optional>
#include <string>

#include "parser/ast.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/option_reader.hpp"
#include "parser/options.hpp"
#include "parser/parse.hpp"

namespace bpfw::parser {

// What the options of a match may ask about the line they are in.
struct Reading {
    Family family;
    const Names& names;
    Diagnostics& diags;
    OptionReader& reader;
    const std::optional<ProtocolMatch>& protocol;  // as far as read; nothing for "all"
};

struct LoadedMatch {
    const MatchSpec* spec;
    Match value;
    std::uint32_t seen = 0;  // bit n: the option with id n was given
    Span at;
};

// One option as it was written.
struct OptionUse {
    const OptionSpec& option;
    Sense sense;
    const Word& word;   // "--dport"
    const Word& value;  // "22"
    Span at;            // from the option to its value
};

LoadedMatch load_match(const MatchSpec& spec, Span at);
// False after a mistake, which is then in reading.diags.
bool read_option(LoadedMatch& match, const OptionUse& use, Reading& reading);
// Whether all is there that must be; at the end of the line.
bool finish_match(LoadedMatch& match, Reading& reading);

// ---- behind the doors: one function per match, same contract as read_option
bool read_tcp(TcpMatch& match, const OptionUse& use, Reading& reading);
bool read_udp(UdpMatch& match, const OptionUse& use, Reading& reading);
bool read_multiport(MultiportMatch& match, const OptionUse& use, Reading& reading);
bool read_icmp(IcmpMatch& match, const OptionUse& use, Reading& reading);
bool read_iprange(IprangeMatch& match, const OptionUse& use, Reading& reading);
bool read_mac(MacMatch& match, const OptionUse& use, Reading& reading);
bool read_comment(CommentMatch& match, const OptionUse& use, Reading& reading);
bool read_length(LengthMatch& match, const OptionUse& use, Reading& reading);
bool read_hop_limit(HopLimitMatch& match, const OptionUse& use, Reading& reading);
bool read_tos(TosMatch& match, const OptionUse& use, Reading& reading);
bool read_dscp(DscpMatch& match, const OptionUse& use, Reading& reading);
bool read_pkttype(PkttypeMatch& match, const OptionUse& use, Reading& reading);
bool read_pcap(PcapMatch& match, const OptionUse& use, Reading& reading);
bool read_bpf(BpfMatch& match, const OptionUse& use, Reading& reading);

}  // namespace bpfw::parser
