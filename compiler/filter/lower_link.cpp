// SPDX-License-Identifier: GPL-2.0-or-later
// EtherTypes and what stands for them in MPLS and PPP; vlan, mpls and pppoes, which move the
// headers of all that follows in the text.
#include <fmt/format.h>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;

// What PPP (RFC 1661 and its kin) calls a protocol that Ethernet or LLC knows as `type`.
std::uint32_t ppp_protocol(std::uint32_t type) {
    switch (type) {
        case 0x0800:
            return 0x21;
        case 0x86dd:
            return 0x57;
        case 0x6003:  // DECnet
            return 0x27;
        case 0x809b:  // AppleTalk
            return 0x29;
        case 0x0600:  // Xerox NS
            return 0x25;
        case 0xfe:  // ISO
            return 0x23;
        case 0x42:  // spanning tree
            return 0x31;
        case 0xe0:  // IPX
            return 0x2b;
        default:
            return type;
    }
}

// MPLS has no type: the last label (bottom of stack), and IP's version behind it.
Target lower_mpls_type(Builder& b, const Link& link, std::uint32_t type, const Ways& ways) {
    if (type != 0x0800 && type != 0x86dd) {
        BPFW_BUG(fmt::format("ethertype {:#x} behind mpls", type));
    }
    const std::uint32_t version = type == 0x0800 ? 0x40 : 0x60;
    const Target ip = b.is(network(link, 0), LoadSize::U8, version, ways, 0xf0);
    return b.is(network(link, 0U - 2U), LoadSize::U8, 1, {ip, ways.no}, 0x01);
}

// IPX in its four forms: EtherType, SNAP, LLC, and raw behind an 802.3 length.
Target lower_ipx(Builder& b, const Link& link, const Ways& ways) {
    const Target raw = b.is(link.payload, LoadSize::U16, 0xffff, ways);
    const Target sap = b.is(link.payload, LoadSize::U8, 0xe0, {ways.yes, raw});
    const Target snap = lower_snap(b, link, 0x000000, 0x8137, {ways.yes, sap});
    const Target length = lower_is_length(b, link, {snap, ways.no});
    return b.is(link.type, LoadSize::U16, 0x8137, {ways.yes, length});
}

// EtherTalk: phase 1 by its type, phase 2 in SNAP.
Target lower_appletalk(Builder& b, const Link& link, std::uint32_t type, const Ways& ways) {
    const Target snap = lower_snap(b, link, type == 0x809b ? 0x080007 : 0x000000, type, ways);
    const Target length = lower_is_length(b, link, {snap, ways.no});
    return b.is(link.type, LoadSize::U16, type, {ways.yes, length});
}

Target lower_ethernet_type(Builder& b, const Link& link, std::uint32_t type, const Ways& ways) {
    switch (type) {
        case 0xfe:  // ISO
        case 0x06:  // IP in LLC
        case 0xf0:  // NetBEUI: both service access points are asked
            return lower_is_length(
                b, link, {b.is(link.payload, LoadSize::U16, type << 8U | type, ways), ways.no});
        case 0xe0:
            return lower_ipx(b, link, ways);
        case 0x809b:
        case 0x80f3:
            return lower_appletalk(b, link, type, ways);
        default:
            break;
    }
    if (type <= 1500) {  // the destination's service access point
        return lower_is_length(b, link, {b.is(link.type + 2, LoadSize::U8, type, ways), ways.no});
    }
    return b.is(link.type, LoadSize::U16, type, ways);
}

}  // namespace

Target lower_link_type(Builder& b, const Link& link, std::uint32_t type, const Ways& ways) {
    if (link.labels > 0) {
        return lower_mpls_type(b, link, type, ways);
    }
    switch (link.kind) {
        case Link::Kind::Ethernet:
            return lower_ethernet_type(b, link, type, ways);
        case Link::Kind::Ppp:
            return b.is(link.type, LoadSize::U16, ppp_protocol(type), ways);
    }
    BPFW_BUG("link kind out of range");
}

Target lower_vlan(Builder& b, const Link& link, const pcap::Vlan& vlan, const Ways& ways) {
    const Target found =
        vlan.id ? b.is(network(link, 0), LoadSize::U16, *vlan.id, ways, 0x0fff) : ways.yes;
    Target at = ways.no;
    for (const std::uint32_t type : {0x9100U, 0x88a8U, 0x8100U}) {
        at = lower_link_type(b, link, type, {found, at});
    }
    return at;
}

Target lower_mpls(Builder& b, const Link& link, const pcap::Mpls& mpls, const Ways& ways) {
    const Target found =
        mpls.label ? b.is(network(link, 0), LoadSize::U32, *mpls.label << 12U, ways, 0xfffff000)
                   : ways.yes;
    if (link.labels > 0) {  // the label before this one is not the last
        return b.is(network(link, 0U - 2U), LoadSize::U8, 0, {found, ways.no}, 0x01);
    }
    return lower_link_type(b, link, link.kind == Link::Kind::Ppp ? 0x0281 : 0x8847,
                           {found, ways.no});
}

Target lower_pppoe_session(Builder& b, const Link& link, const pcap::PppoeSession& session,
                           const Ways& ways) {
    const Target found =
        session.id ? b.is(network(link, 2), LoadSize::U16, *session.id, ways) : ways.yes;
    return lower_link_type(b, link, 0x8864, {found, ways.no});
}

Link behind(Builder& b, const Link& link, const pcap::Primitive& primitive) {
    Link next = link;
    if (std::holds_alternative<pcap::Vlan>(primitive)) {
        next.type = link.type + 4;
        next.payload = link.payload + 4;
    } else if (std::holds_alternative<pcap::Mpls>(primitive)) {
        next.network += 4;
        next.after_llc += 4;
        next.labels += 1;
    } else if (std::holds_alternative<pcap::PppoeSession>(primitive)) {
        next.kind = Link::Kind::Ppp;
        next.header = network(link, 6);
        next.type = next.header;
        next.payload = next.header + 2;
        next.network = 0;
        next.after_llc = 0;
        next.inner_type = kNoValue;
    } else if (const auto* geneve = std::get_if<pcap::Geneve>(&primitive)) {
        next = behind_geneve(b, link, *geneve);
    }
    return next;
}

}  // namespace bpfw::compiler::filter
