// SPDX-License-Identifier: GPL-2.0-or-later
// Masks, and the table of protocol names that both the parser and the printer
// use. The doors are in values.hpp.
#include "parser/values.hpp"

#include <algorithm>

namespace bpfw::parser {
namespace {

struct ProtocolName {
    std::uint8_t number;
    std::string_view name;
};

// Debian 12's /etc/protocols (netbase 6.4), which is what iptables-save prints there; the first
// name of a number is the one that is printed.
constexpr ProtocolName kProtocols[] = {
    {1, "icmp"},
    {2, "igmp"},
    {3, "ggp"},
    {4, "ipencap"},
    {5, "st"},
    {6, "tcp"},
    {8, "egp"},
    {9, "igp"},
    {12, "pup"},
    {17, "udp"},
    {20, "hmp"},
    {22, "xns-idp"},
    {27, "rdp"},
    {29, "iso-tp4"},
    {33, "dccp"},
    {36, "xtp"},
    {37, "ddp"},
    {38, "idpr-cmtp"},
    {41, "ipv6"},
    {43, "ipv6-route"},
    {44, "ipv6-frag"},
    {45, "idrp"},
    {46, "rsvp"},
    {47, "gre"},
    {50, "esp"},
    {51, "ah"},
    {57, "skip"},
    {58, "ipv6-icmp"},
    {59, "ipv6-nonxt"},
    {60, "ipv6-opts"},
    {73, "rspf"},
    {81, "vmtp"},
    {88, "eigrp"},
    {89, "ospf"},
    {93, "ax.25"},
    {94, "ipip"},
    {97, "etherip"},
    {98, "encap"},
    {103, "pim"},
    {108, "ipcomp"},
    {112, "vrrp"},
    {115, "l2tp"},
    {124, "isis"},
    {132, "sctp"},
    {133, "fc"},
    {135, "mobility-header"},
    {136, "udplite"},
    {137, "mpls-in-ip"},
    {138, "manet"},
    {139, "hip"},
    {140, "shim6"},
    {141, "wesp"},
    {142, "rohc"},
    {143, "ethernet"},
    // Names that iptables itself knows, and the zeroes; never printed.
    {0, "all"},
    {0, "ip"},
    {0, "hopopt"},
    {58, "icmpv6"},
    {135, "mh"},
    {135, "ipv6-mh"},
};

}  // namespace

Address prefix_mask(unsigned length, Family family) {
    Address out;
    const unsigned bits = family == Family::Ipv4 ? 32 : 128;
    for (unsigned bit = 0; bit < std::min(length, bits); ++bit) {
        out.bytes[bit / 8] = static_cast<std::uint8_t>(out.bytes[bit / 8] | (0x80U >> (bit % 8)));
    }
    return out;
}

std::optional<unsigned> prefix_length(const Address& mask, Family family) {
    const unsigned bits = family == Family::Ipv4 ? 32 : 128;
    unsigned length = 0;
    while (length < bits && (mask.bytes[length / 8] & (0x80U >> (length % 8))) != 0) ++length;
    if (mask != prefix_mask(length, family)) return std::nullopt;
    return length;
}

Address masked(const Address& address, const Address& mask) {
    Address out;
    for (std::size_t i = 0; i < out.bytes.size(); ++i) {
        out.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & mask.bytes[i]);
    }
    return out;
}

std::optional<std::uint8_t> protocol_number(std::string_view name) {
    const auto* found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                     [&](const ProtocolName& p) { return p.name == name; });
    if (found == std::end(kProtocols)) return std::nullopt;
    return found->number;
}

std::string_view protocol_table_name(std::uint8_t number) {
    if (number == 0) return "";
    const auto* found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                     [&](const ProtocolName& p) { return p.number == number; });
    return found == std::end(kProtocols) ? "" : found->name;
}

}  // namespace bpfw::parser
