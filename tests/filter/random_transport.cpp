// SPDX-License-Identifier: GPL-2.0-or-later
// Random choices -> IP packets with all that can stand behind an IP header.
#include "tests/filter/random_transport.hpp"

#include "tests/filter/filter_pools.hpp"
#include "tests/filter/headers.hpp"

namespace bpfw::test::filter {
namespace {

constexpr std::uint16_t kGenevePort = 6081;

Bytes random_options(Random& random) {
    Bytes options = random_bytes(4 * (random.below(10) + 1), random);
    options[0] = random.percent(50) ? 1 : 0x94;  // NOP, router alert
    return options;
}

Packet random_tcp(Random& random) {
    TcpFields fields;
    fields.sport = port(random);
    fields.dport = port(random);
    fields.seq = random.pick(kNumbers);
    fields.flags =
        random.percent(60) ? static_cast<std::uint8_t>(1u << random.below(8)) : random.byte();
    fields.window = port(random);
    if (random.percent(30)) fields.options = random_bytes(4 * (random.below(10) + 1), random);
    if (random.percent(8)) fields.doff = random.byte();
    const char* const text = random.percent(50) ? "GET / HTTP/1.1\r\n" : "SSH-2.0-x";
    const Bytes body(text, text + std::char_traits<char>::length(text));
    return tcp(fields) / raw(random.percent(60) ? body : random_bytes(random.below(30), random));
}

Packet random_udp(Random& random) {
    return udp({.sport = port(random), .dport = port(random)}) /
           raw(random_bytes(random.below(40), random));
}

Packet random_icmp(Random& random) {
    IcmpFields fields;
    fields.type = random.percent(85) ? random.pick(kIcmpTypes) : random.byte();
    fields.code = static_cast<std::uint8_t>(random.below(16));
    return icmp(fields) / raw(random_bytes(random.below(40), random));
}

Packet random_icmp6(Random& random) {
    Icmp6Fields fields;
    fields.type = random.percent(85) ? random.pick(kIcmp6Types) : random.byte();
    fields.code = static_cast<std::uint8_t>(random.below(8));
    return icmp6(fields) / raw(random_bytes(random.below(40), random));
}

// The protocol numbers of headers that begin with anything (IGMP, PIM, VRRP, ESP, ...).
Packet anything(Random& random) { return raw(random_bytes(random.below(48), random)); }

// `protocol` is what the header before must say; not set: the layer announces itself.
struct Transport {
    Packet packet;
    std::optional<std::uint8_t> protocol = {};
};

Transport random_transport(Random& random, int tunnels, bool ipv6) {
    const std::uint32_t dice = random.below(100);
    if (dice < 34) return {random_tcp(random)};
    if (dice < 56) return {random_udp(random)};
    if (dice < 63) return {sctp({.sport = port(random), .dport = port(random)})};
    if (dice < 76) return {ipv6 == random.percent(90) ? random_icmp6(random) : random_icmp(random)};
    if (dice < 82 && tunnels > 0)
        return {random.percent(50) ? random_ip4(random, tunnels - 1)
                                   : random_ip6(random, tunnels - 1)};
    if (dice < 84) return {dccp({.dport = port(random)})};
    const std::uint8_t protocol = random.percent(85) ? random.pick(kProtocols) : random.byte();
    return {anything(random), protocol};
}

AuthFields random_auth(Random& random) {
    AuthFields fields;
    fields.icv = random_bytes(4 * random.below(5), random);
    if (random.percent(10)) fields.length = random.byte();
    return fields;
}

ExtFields random_extension(Random& random) {
    static constexpr std::uint8_t kKindsOfExtension[] = {0, 43, 60};
    ExtFields fields;
    fields.kind = random.pick(kKindsOfExtension);
    fields.data = random_bytes(6 + 8 * random.below(3), random);
    if (random.percent(8)) fields.length = random.byte();
    return fields;
}

// The fields of the last header are set, since what follows may not announce itself.
void say_next(Packet& chain, const std::optional<std::uint8_t>& protocol) {
    if (!protocol || chain.layers.empty()) return;
    std::visit(
        [&](auto& fields) {
            if constexpr (requires { fields.next; }) fields.next = protocol;
            if constexpr (requires { fields.protocol = protocol; }) fields.protocol = protocol;
        },
        chain.layers.back());
}

Packet chain4(Random& random) {
    Packet chain;
    if (!random.percent(9)) return chain;
    for (std::uint32_t i = random.below(4) + 1; i > 0; --i)
        chain = chain / auth(random_auth(random));
    return chain;
}

Packet chain6(Random& random) {
    Packet chain;
    if (!random.percent(35)) return chain;
    const std::uint32_t headers = random.percent(6) ? random.between(8, 20) : random.between(1, 4);
    for (std::uint32_t i = 0; i < headers; ++i) {
        const std::uint32_t dice = random.below(100);
        if (dice < 20) {
            chain = chain / auth(random_auth(random));
        } else if (dice < 45) {
            chain = chain / frag6({.offset = static_cast<std::uint16_t>(random.below(3)),
                                   .more = random.percent(50)});
        } else {
            chain = chain / ext6(random_extension(random));
        }
    }
    return chain;
}

}  // namespace

Bytes random_bytes(std::size_t count, Random& random) {
    Bytes bytes(count);
    const bool likely = random.percent(60);
    for (std::uint8_t& byte : bytes)
        byte = likely ? static_cast<std::uint8_t>(random.pick(kNumbers)) : random.byte();
    return bytes;
}

Packet random_ip4(Random& random, int tunnels) {
    Ip4Fields fields;
    fields.src = host4(random);
    fields.dst = host4(random);
    fields.tos = random.percent(70) ? 0 : random.byte();
    fields.ttl = random.percent(70) ? 64 : random.byte();
    fields.id = static_cast<std::uint16_t>(random.pick(kNumbers));
    fields.df = random.percent(40);
    fields.mf = random.percent(10);
    fields.reserved = random.percent(3);
    if (random.percent(10)) fields.offset = static_cast<std::uint16_t>(random.pick(kNumbers));
    if (random.percent(15)) fields.options = random_options(random);
    if (random.percent(5)) fields.ihl = static_cast<std::uint8_t>(random.below(16));
    if (random.percent(3)) fields.version = static_cast<std::uint8_t>(random.below(16));
    if (random.percent(4)) fields.tot_len = static_cast<std::uint16_t>(random.pick(kNumbers));
    const Transport transport = random_transport(random, tunnels, false);
    Packet header = ip4(fields) / chain4(random);
    say_next(header, transport.protocol);
    return header / transport.packet;
}

Packet random_ip6(Random& random, int tunnels) {
    Ip6Fields fields;
    fields.src = host6(random);
    fields.dst = host6(random);
    fields.traffic_class = random.percent(70) ? 0 : random.byte();
    fields.flow = random.percent(70) ? 0 : random.pick(kNumbers) & 0xfffff;
    fields.hop_limit = random.percent(70) ? 64 : random.byte();
    if (random.percent(3)) fields.version = static_cast<std::uint8_t>(random.below(16));
    const Transport transport = random_transport(random, tunnels, true);
    Packet header = ip6(fields) / chain6(random);
    say_next(header, transport.protocol);
    return header / transport.packet;
}

Packet random_geneve(Random& random, int tunnels, bool ipv6) {
    GeneveFields fields;
    fields.vni = random.pick(kVnis);
    if (random.percent(4)) fields.version = 1;
    if (random.percent(35)) fields.options = random_bytes(4 * random.between(1, 6), random);
    const UdpFields ports = {.sport = port(random),
                             .dport = random.percent(94) ? kGenevePort : port(random)};
    Packet outer = ipv6 ? ip6({.src = host6(random), .dst = host6(random)}) / chain6(random)
                        : ip4({.src = host4(random),
                               .dst = host4(random),
                               .mf = random.percent(5),
                               .offset = static_cast<std::uint16_t>(random.percent(5) ? 1 : 0),
                               .options = random.percent(15) ? random_options(random) : Bytes{}});
    outer = outer / udp(ports);
    const bool inner6 = random.percent(40);
    const std::uint16_t type = inner6 ? 0x86dd : 0x0800;
    const Packet inner = inner6 ? random_ip6(random, tunnels - 1) : random_ip4(random, tunnels - 1);
    if (random.percent(35)) {
        fields.protocol = random.percent(90) ? type : random.pick(kEtherTypes);
        return outer / geneve(fields) / inner;
    }
    const EthFields ethernet = {.dst = random.pick(kMacs), .src = random.pick(kMacs)};
    Packet link = eth(ethernet);
    if (random.percent(15)) link = link / vlan({.id = random.pick(kVlanIds)});
    if (random.percent(8)) {
        EthFields typed = ethernet;
        typed.type = 0x8847;
        return outer / geneve(fields) / eth(typed) / mpls({.label = random.pick(kLabels)}) / inner;
    }
    return outer / geneve(fields) / link / inner;
}

}  // namespace bpfw::test::filter
