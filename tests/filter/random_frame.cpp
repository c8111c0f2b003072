// SPDX-License-Identifier: GPL-2.0-or-later
// Random choices -> Ethernet frames of every kind.
#include "tests/filter/random_frame.hpp"

#include <stdexcept>

#include "tests/filter/filter_pools.hpp"
#include "tests/filter/headers.hpp"
#include "tests/filter/random_transport.hpp"

namespace bpfw::test::filter {
namespace {

constexpr std::uint16_t kTypeIp4 = 0x0800;
constexpr std::uint16_t kTypeIp6 = 0x86dd;
constexpr int kTunnels = 2;

// What follows a type field, and the type.
struct Payload {
    std::uint16_t type = 0;
    Packet packet;
};

Payload random_ip(Random& random) {
    if (random.percent(60)) return {kTypeIp4, random_ip4(random, kTunnels)};
    return {kTypeIp6, random_ip6(random, kTunnels)};
}

Payload random_arp(Random& random) {
    ArpFields fields;
    fields.operation = static_cast<std::uint16_t>(random.between(1, 4));
    fields.sender = host4(random);
    fields.target = host4(random);
    if (random.percent(10)) fields.hardware = static_cast<std::uint16_t>(random.pick(kNumbers));
    if (random.percent(10)) fields.protocol = random.pick(kEtherTypes);
    const std::uint16_t type = random.percent(75) ? 0x0806 : 0x8035;
    return {type, arp(fields) / raw(Bytes(random.percent(50) ? 18 : 0))};
}

Packet random_mpls(Random& random) {
    Packet stack;
    const std::uint32_t labels = random.between(1, 3);
    for (std::uint32_t i = 0; i < labels; ++i) {
        const bool bottom = (i + 1 == labels) == random.percent(92);
        stack = stack / mpls({.label = random.pick(kLabels), .bottom = bottom});
    }
    if (random.percent(85)) return stack / random_ip(random).packet;
    return stack / eth({}) / random_ip(random).packet;
}

Payload random_pppoe(Random& random) {
    const std::uint16_t session = random.pick(kSessions);
    if (random.percent(20)) return {0x8863, pppoe_discovery(session)};
    PppoeFields fields{.session = session};
    if (random.percent(5)) fields.code = random.byte();
    if (random.percent(20)) return {0x8864, pppoe(fields, 0x281) / random_mpls(random)};
    if (random.percent(15))
        return {0x8864, pppoe(fields, random.percent(50) ? 0xc021 : random.pick(kEtherTypes)) /
                            raw(random_bytes(random.below(30), random))};
    const Payload inner = random_ip(random);
    return {0x8864, pppoe(fields, inner.type == kTypeIp4 ? 0x21 : 0x57) / inner.packet};
}

// ISO network protocols: CLNP 0x81, ES-IS 0x82, IS-IS 0x83 with its PDU type.
Packet random_iso(Random& random) {
    static constexpr std::uint8_t kDiscriminators[] = {0x81, 0x82, 0x83, 0x83, 0x83, 0x00};
    static constexpr std::uint8_t kPdus[] = {15, 16, 17, 18, 20, 24, 25, 26, 27, 0};
    Bytes pdu = {random.pick(kDiscriminators), 27, 1, 0, random.pick(kPdus), 1, 0, 0};
    return llc(0xfe, 0xfe, 3) / raw(pdu) / raw(random_bytes(random.below(20), random));
}

Packet random_snap(Random& random) {
    static constexpr std::uint32_t kOrganisations[] = {0, 0x080007, 0x00000c, 0x0000f8};
    return llc(0xaa, 0xaa, 3) / snap(random.pick(kOrganisations), random.pick(kEtherTypes)) /
           random_ip(random).packet;
}

Payload random_llc(Random& random) {
    const auto length = static_cast<std::uint16_t>(random.percent(90) ? random.between(3, 1500)
                                                                      : random.pick(kNumbers));
    if (random.percent(25)) return {length, random_iso(random)};
    if (random.percent(25)) return {length, random_snap(random)};
    const std::uint8_t sap = random.pick(kSaps);
    const std::uint8_t other = random.percent(80) ? sap : random.pick(kSaps);
    static constexpr std::uint8_t kControls[] = {0x03, 0x00, 0x01, 0x05, 0x09, 0x73, 0x63,
                                                 0x43, 0x1f, 0x7f, 0x6f, 0xe3, 0xbf, 0x87};
    const std::uint8_t control = random.percent(85) ? random.pick(kControls) : random.byte();
    return {length, llc(sap, other, control) / raw(random_bytes(random.below(40), random))};
}

Payload random_geneve_frame(Random& random) {
    const bool ipv6 = random.percent(35);
    return {ipv6 ? kTypeIp6 : kTypeIp4, random_geneve(random, kTunnels, ipv6)};
}

Payload random_other(Random& random) {
    return {random.pick(kEtherTypes), raw(random_bytes(random.below(80), random))};
}

Payload random_payload(Kind kind, Random& random) {
    switch (kind) {
        case Kind::Ipv4:
            return {kTypeIp4, random_ip4(random, kTunnels)};
        case Kind::Ipv6:
            return {kTypeIp6, random_ip6(random, kTunnels)};
        case Kind::Arp:
            return random_arp(random);
        case Kind::Mpls:
            return {static_cast<std::uint16_t>(random.percent(92) ? 0x8847 : 0x8848),
                    random_mpls(random)};
        case Kind::Pppoe:
            return random_pppoe(random);
        case Kind::Llc:
            return random_llc(random);
        case Kind::Geneve:
            return random_geneve_frame(random);
        case Kind::Other:
            return random_other(random);
    }
    throw std::logic_error("kind of frame");
}

std::uint32_t random_tags(Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 68) return 0;
    return dice < 86 ? 1 : dice < 96 ? 2 : 3;
}

}  // namespace

Bytes random_frame(Kind kind, Random& random) {
    static constexpr std::uint16_t kTagTypes[] = {0x8100, 0x8100, 0x8100, 0x88a8, 0x9100};
    const Payload payload = random_payload(kind, random);
    const bool plain = random.percent(5);  // as tcpdump shows frames of the loopback device
    const std::string none = "00:00:00:00:00:00";
    Packet packet = plain ? eth({.dst = none, .src = none})
                          : eth({.dst = random.pick(kMacs), .src = random.pick(kMacs)});
    const std::uint32_t tags = plain ? 0 : random_tags(random);
    for (std::uint32_t i = 0; i < tags; ++i)
        packet = packet / vlan({.id = random.pick(kVlanIds),
                                .priority = static_cast<std::uint8_t>(random.below(8)),
                                .dei = random.percent(10),
                                .tpid = random.pick(kTagTypes)});
    std::visit(
        [&](auto& fields) {
            if constexpr (requires { fields.type.has_value(); }) fields.type = payload.type;
        },
        packet.layers.back());
    return frame(packet / payload.packet);
}

Bytes random_frame(Random& random) {
    static constexpr Kind kWeighted[] = {
        Kind::Ipv4,   Kind::Ipv4,   Kind::Ipv4,  Kind::Ipv4,  Kind::Ipv4, Kind::Ipv4, Kind::Ipv6,
        Kind::Ipv6,   Kind::Ipv6,   Kind::Ipv6,  Kind::Arp,   Kind::Mpls, Kind::Mpls, Kind::Llc,
        Kind::Geneve, Kind::Geneve, Kind::Pppoe, Kind::Pppoe, Kind::Other};
    return random_frame(random.pick(kWeighted), random);
}

}  // namespace bpfw::test::filter
