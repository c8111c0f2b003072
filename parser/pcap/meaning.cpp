// SPDX-License-Identifier: GPL-2.0-or-later
// Words without an identifier -> nodes, and what they change for the text behind them. The door
// is class Meaning.
#include "parser/pcap/meaning.hpp"

#include <fmt/format.h>

namespace bpfw::parser::pcap {
namespace {

constexpr unsigned kScratchWords = 16;  // BPF_MEMWORDS
constexpr std::uint32_t kMostVlan = 4095;
constexpr std::uint32_t kMostLabel = 0xfffff;
constexpr std::uint32_t kMostSession = 0xffff;
constexpr std::uint32_t kMostVni = 0xffffff;

constexpr Address kAllOnes{{255, 255, 255, 255}};

struct LlcWord {
    std::string_view text;
    LlcType type;
};
constexpr LlcWord kLlcWords[] = {
    {"", LlcType::Any},      {"i", LlcType::I},     {"s", LlcType::S},
    {"u", LlcType::U},       {"rr", LlcType::Rr},   {"rnr", LlcType::Rnr},
    {"rej", LlcType::Rej},   {"ui", LlcType::Ui},   {"ua", LlcType::Ua},
    {"disc", LlcType::Disc}, {"dm", LlcType::Dm},   {"sabme", LlcType::Sabme},
    {"test", LlcType::Test}, {"xid", LlcType::Xid}, {"frmr", LlcType::Frmr},
};

bool same_word(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

// Told apart by the type field of the frame (or by LLC): there is none behind MPLS labels, where
// only the version nibble of IP can be looked at.
bool by_frame_type(Protocol protocol) {
    switch (protocol) {
        case Protocol::Arp:
        case Protocol::Rarp:
        case Protocol::Atalk:
        case Protocol::Aarp:
        case Protocol::Decnet:
        case Protocol::Lat:
        case Protocol::Sca:
        case Protocol::Mopdl:
        case Protocol::Moprc:
        case Protocol::Iso:
        case Protocol::Esis:
        case Protocol::Isis:
        case Protocol::L1:
        case Protocol::L2:
        case Protocol::Iih:
        case Protocol::Lsp:
        case Protocol::Snp:
        case Protocol::Psnp:
        case Protocol::Csnp:
        case Protocol::Clnp:
        case Protocol::Stp:
        case Protocol::Ipx:
        case Protocol::Netbeui:
            return true;
        case Protocol::None:
        case Protocol::Link:
        case Protocol::Ip:
        case Protocol::Ip6:
        case Protocol::Sctp:
        case Protocol::Tcp:
        case Protocol::Udp:
        case Protocol::Icmp:
        case Protocol::Igmp:
        case Protocol::Igrp:
        case Protocol::Pim:
        case Protocol::Vrrp:
        case Protocol::Carp:
        case Protocol::Icmp6:
        case Protocol::Ah:
        case Protocol::Esp:
            return false;
    }
    return false;
}

}  // namespace

Diagnostic& Mistakes::error(Range at, std::string what) {
    ++count_;
    return diags_.error(span(at), std::move(what));
}

Span Mistakes::span(Range at) const {
    const Span whole = text_.at;
    if (whole.end - whole.begin != text_.text.size()) return whole;
    return {whole.source, whole.begin + at.begin, whole.begin + at.end};
}

std::string_view Mistakes::words(Range at) const {
    return text_.text.substr(at.begin, at.end - at.begin);
}

bool Encapsulation::take(unsigned words) {
    words_ += words;
    return words_ <= kScratchWords;
}

NodeId Meaning::refuse(Range at, std::string what, std::string hint) {
    Diagnostic& told = mistakes_.error(at, std::move(what));
    if (!hint.empty()) told.hint(std::move(hint));
    return builder_.primitive(IsProtocol{}, mistakes_.span(at));
}

void Meaning::need_link_type(Protocol protocol, Range at) {
    if (!encapsulation_.mpls || !by_frame_type(protocol)) return;
    refuse(at, "unsupported protocol over mpls",
           "to the right of 'mpls' only what is in IPv4 or IPv6 can be asked for");
}

void Meaning::need_words(unsigned words, Range at) {
    if (encapsulation_.take(words) || told_words_) return;
    told_words_ = true;
    refuse(at, "too many registers needed to evaluate expression",
           "at most 16 values wait for their operator at one time: a - (b - (c - ...))");
}

NodeId Meaning::plain(const Primitive& value, Range at) {
    return builder_.primitive(value, mistakes_.span(at));
}

NodeId Meaning::protocol(Protocol protocol, Range at) {
    if (protocol == Protocol::Link) {
        return refuse(at, "link layer applied in wrong context",
                      "ether host MAC, ether proto N, ether[0], ether broadcast");
    }
    need_link_type(protocol, at);
    return plain(IsProtocol{protocol}, at);
}

NodeId Meaning::broadcast(Protocol protocol, Range at) {
    if (protocol == Protocol::None || protocol == Protocol::Link) {
        if (encapsulation_.ppp) return refuse(at, "not a broadcast link", "the link is PPP here");
        return plain(Broadcast{}, at);
    }
    if (protocol != Protocol::Ip) {
        return refuse(at, "only link-layer/IP broadcast filters supported");
    }
    if (!options_.netmask || *options_.netmask == kAllOnes) {
        return refuse(at, "netmask not known, so 'ip broadcast' not supported");
    }
    return plain(Broadcast{Protocol::Ip, options_.netmask}, at);
}

NodeId Meaning::multicast(Protocol protocol, Range at) {
    const bool link = protocol == Protocol::None || protocol == Protocol::Link;
    if (link && encapsulation_.ppp) {
        return refuse(at, "link-layer multicast filters supported only on ethernet",
                      "the link is PPP here");
    }
    if (link) return plain(Multicast{}, at);
    if (protocol == Protocol::Ip || protocol == Protocol::Ip6) {
        return plain(Multicast{protocol}, at);
    }
    return refuse(at, "only link-layer, ip and ip6 multicast filters supported");
}

NodeId Meaning::vlan(std::optional<std::uint32_t> id, Range at) {
    if (encapsulation_.mpls) return refuse(at, "no VLAN match after MPLS");
    if (encapsulation_.ppp) return refuse(at, "no VLAN support for PPP");
    if (!id) return plain(Vlan{}, at);
    if (*id > kMostVlan) {
        return refuse(at, fmt::format("VLAN tag {} greater than maximum {}", *id, kMostVlan));
    }
    return plain(Vlan{static_cast<std::uint16_t>(*id)}, at);
}

NodeId Meaning::mpls(std::optional<std::uint32_t> label, Range at) {
    encapsulation_.mpls = true;
    if (label && *label > kMostLabel) {
        return refuse(at, fmt::format("MPLS label {} greater than maximum {}", *label, kMostLabel));
    }
    return plain(Mpls{label}, at);
}

NodeId Meaning::pppoe_discovery(Range at) {
    if (encapsulation_.mpls) return refuse(at, "unsupported protocol over mpls");
    return plain(PppoeDiscovery{}, at);
}

NodeId Meaning::pppoe_session(std::optional<std::uint32_t> id, Range at) {
    if (encapsulation_.mpls) return refuse(at, "unsupported protocol over mpls");
    encapsulation_.ppp = true;
    if (!id) return plain(PppoeSession{}, at);
    if (*id > kMostSession) {
        return refuse(
            at, fmt::format("PPPoE session number {} greater than maximum {}", *id, kMostSession));
    }
    return plain(PppoeSession{static_cast<std::uint16_t>(*id)}, at);
}

NodeId Meaning::geneve(std::optional<std::uint32_t> vni, Range at) {
    constexpr unsigned kOffsets = 3;  // of type, link header and payload: kept to the end
    need_words(kOffsets, at);
    encapsulation_.ppp = false;
    encapsulation_.geneve = true;
    if (vni && *vni > kMostVni) {
        return refuse(at, fmt::format("Geneve VNI {} greater than maximum {}", *vni, kMostVni));
    }
    return plain(Geneve{vni}, at);
}

NodeId Meaning::llc(std::string_view type, Range at) {
    if (encapsulation_.ppp) return refuse(at, "'llc' not supported for PPP");
    for (const LlcWord& known : kLlcWords) {
        if (same_word(known.text, type)) return plain(Llc{known.type}, at);
    }
    return refuse(at, fmt::format("unknown LLC type name \"{}\"", type),
                  "i, s, u, rr, rnr, rej, ui, ua, disc, dm, sabme, test, xid or frmr");
}

}  // namespace bpfw::parser::pcap
