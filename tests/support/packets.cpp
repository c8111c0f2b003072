// SPDX-License-Identifier: GPL-2.0-or-later
// Turns a list of layers into the bytes of a frame, from the innermost layer outwards, so that
// lengths and checksums are known when a header is written. frame() is the door.
#include "tests/support/packets.hpp"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ether.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bpfw::test {
namespace {

constexpr std::uint8_t kNoProtocol4 = 253;  // RFC 3692: for experiments
constexpr std::uint8_t kNoNextHeader = 59;  // RFC 8200

void put8(Bytes& out, unsigned value) { out.push_back(static_cast<std::uint8_t>(value)); }

void put16(Bytes& out, unsigned value) {
    put8(out, value >> 8 & 0xff);
    put8(out, value & 0xff);
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

void put(Bytes& out, const Bytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void set16(Bytes& out, std::size_t at, unsigned value) {
    out.at(at) = static_cast<std::uint8_t>(value >> 8 & 0xff);
    out.at(at + 1) = static_cast<std::uint8_t>(value & 0xff);
}

Bytes padded(Bytes bytes, std::size_t multiple) {
    while (bytes.size() % multiple != 0) bytes.push_back(0);
    return bytes;
}

Bytes address(int family, const std::string& text) {
    Bytes bytes(family == AF_INET ? 4 : 16);
    if (inet_pton(family, text.c_str(), bytes.data()) != 1) {
        throw std::invalid_argument("not an address: " + text);
    }
    return bytes;
}

void put_mac(Bytes& out, const std::string& text) {
    ether_addr mac{};
    if (ether_aton_r(text.c_str(), &mac) == nullptr) {
        throw std::invalid_argument("not a MAC address: " + text);
    }
    out.insert(out.end(), mac.ether_addr_octet, mac.ether_addr_octet + 6);
}

// What the layer before writes as its EtherType (kEther) or as its protocol (kIp).
struct Announced {
    std::optional<std::uint16_t> ether;
    std::optional<std::uint8_t> ip;
};

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

Announced announced(const Layer& layer) {
    return std::visit(Overloaded{
                          [](const EthFields&) {
                              return Announced{0x6558, {}};
                          },
                          [](const VlanFields& f) {
                              return Announced{f.tpid, {}};
                          },
                          [](const Ip4Fields&) {
                              return Announced{ETHERTYPE_IP, IPPROTO_IPIP};
                          },
                          [](const Ip6Fields&) {
                              return Announced{ETHERTYPE_IPV6, IPPROTO_IPV6};
                          },
                          [](const ExtFields& f) {
                              return Announced{{}, f.kind};
                          },
                          [](const Frag6Fields&) {
                              return Announced{{}, IPPROTO_FRAGMENT};
                          },
                          [](const AuthFields&) {
                              return Announced{{}, IPPROTO_AH};
                          },
                          [](const TcpFields&) {
                              return Announced{{}, IPPROTO_TCP};
                          },
                          [](const UdpFields& f) {
                              return Announced{{}, f.protocol};
                          },
                          [](const IcmpFields&) {
                              return Announced{{}, IPPROTO_ICMP};
                          },
                          [](const Icmp6Fields&) {
                              return Announced{{}, IPPROTO_ICMPV6};
                          },
                          [](const PortsFields& f) {
                              return Announced{{}, f.protocol};
                          },
                          [](const RawFields&) { return Announced{}; },
                      },
                      layer);
}

// The pseudo header of the nearest IP layer outside, without length and protocol.
struct Writer {
    const std::vector<Layer>& layers;
    Bytes addresses = {};

    Bytes from(std::size_t index) {
        if (index == layers.size()) return {};
        return std::visit([&](const auto& fields) { return write(fields, index); }, layers[index]);
    }

    Announced next(std::size_t index) const {
        return index + 1 < layers.size() ? announced(layers[index + 1]) : Announced{};
    }

    std::uint8_t next_header(const std::optional<std::uint8_t>& knob, std::size_t index) const {
        return knob.value_or(next(index).ip.value_or(kNoNextHeader));
    }

    unsigned l4_checksum(const Bytes& segment, unsigned protocol) const {
        Bytes covered = addresses;
        put32(covered, static_cast<std::uint32_t>(segment.size()));
        put32(covered, protocol);
        put(covered, segment);
        return internet_checksum(covered);
    }

    Bytes write(const EthFields& f, std::size_t index) {
        Bytes out;
        put_mac(out, f.dst);
        put_mac(out, f.src);
        put16(out, f.type.value_or(next(index).ether.value_or(0x88b5)));
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const VlanFields& f, std::size_t index) {
        Bytes out;
        put16(out, static_cast<unsigned>(f.priority) << 13 | (f.dei ? 1u << 12 : 0u) | f.id);
        put16(out, f.type.value_or(next(index).ether.value_or(0x88b5)));
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const Ip4Fields& f, std::size_t index) {
        const Bytes options = padded(f.options, 4);
        const Bytes source = address(AF_INET, f.src);
        const Bytes destination = address(AF_INET, f.dst);
        addresses = source;
        put(addresses, destination);
        const Bytes inner = from(index + 1);
        const unsigned words = static_cast<unsigned>(5 + options.size() / 4);
        Bytes out;
        put8(out, (f.version.value_or(4) & 15u) << 4 | (f.ihl.value_or(words & 15u) & 15u));
        put8(out, f.tos);
        put16(out, f.tot_len.value_or(static_cast<std::uint16_t>(words * 4 + inner.size())));
        put16(out, f.id);
        put16(out, (f.reserved ? 0x8000u : 0u) | (f.df ? 0x4000u : 0u) | (f.mf ? 0x2000u : 0u) |
                       (f.offset & 0x1fffu));
        put8(out, f.ttl);
        put8(out, f.protocol.value_or(next(index).ip.value_or(kNoProtocol4)));
        put16(out, 0);
        put(out, source);
        put(out, destination);
        put(out, options);
        set16(out, 10, f.checksum.value_or(internet_checksum(out)));
        put(out, inner);
        return out;
    }

    Bytes write(const Ip6Fields& f, std::size_t index) {
        const Bytes source = address(AF_INET6, f.src);
        const Bytes destination = address(AF_INET6, f.dst);
        addresses = source;
        put(addresses, destination);
        const Bytes inner = from(index + 1);
        Bytes out;
        put32(out, static_cast<std::uint32_t>(f.version.value_or(6) & 15u) << 28 |
                       static_cast<std::uint32_t>(f.traffic_class) << 20 | (f.flow & 0xfffffu));
        put16(out, f.payload_len.value_or(static_cast<std::uint16_t>(inner.size())));
        put8(out, next_header(f.next, index));
        put8(out, f.hop_limit);
        put(out, source);
        put(out, destination);
        put(out, inner);
        return out;
    }

    Bytes write(const ExtFields& f, std::size_t index) {
        Bytes out;
        put8(out, next_header(f.next, index));
        put8(out, 0);
        put(out, f.data);
        out = padded(out, 8);
        out.at(1) = f.length.value_or(static_cast<std::uint8_t>(out.size() / 8 - 1));
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const Frag6Fields& f, std::size_t index) {
        Bytes out;
        put8(out, next_header(f.next, index));
        put8(out, 0);
        put16(out, static_cast<unsigned>(f.offset) << 3 | (f.more ? 1u : 0u));
        put32(out, f.id);
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const AuthFields& f, std::size_t index) {
        const Bytes icv = padded(f.icv, 4);
        Bytes out;
        put8(out, next_header(f.next, index));
        put8(out, f.length.value_or(static_cast<std::uint8_t>((12 + icv.size()) / 4 - 2)));
        put16(out, 0);
        put32(out, f.spi);
        put32(out, f.sequence);
        put(out, icv);
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const TcpFields& f, std::size_t index) {
        const Bytes options = padded(f.options, 4);
        const unsigned words = static_cast<unsigned>(5 + options.size() / 4);
        Bytes out;
        put16(out, f.sport);
        put16(out, f.dport);
        put32(out, f.seq);
        put32(out, f.ack);
        put8(out, (f.doff.value_or(words & 15u) & 15u) << 4);
        put8(out, f.flags);
        put16(out, f.window);
        put16(out, 0);
        put16(out, f.urgent);
        put(out, options);
        put(out, from(index + 1));
        set16(out, 16, f.checksum.value_or(l4_checksum(out, IPPROTO_TCP)));
        return out;
    }

    Bytes write(const UdpFields& f, std::size_t index) {
        const Bytes inner = from(index + 1);
        Bytes out;
        put16(out, f.sport);
        put16(out, f.dport);
        put16(out, f.length.value_or(static_cast<std::uint16_t>(8 + inner.size())));
        put16(out, 0);
        put(out, inner);
        const unsigned sum = l4_checksum(out, f.protocol);
        set16(out, 6, f.checksum.value_or(sum == 0 ? 0xffff : sum));  // RFC 768: 0 means none
        return out;
    }

    Bytes write_icmp(unsigned type, unsigned code, std::uint32_t rest, std::size_t index) {
        Bytes out;
        put8(out, type);
        put8(out, code);
        put16(out, 0);
        put32(out, rest);
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const IcmpFields& f, std::size_t index) {
        Bytes out = write_icmp(f.type, f.code, f.rest, index);
        set16(out, 2, f.checksum.value_or(internet_checksum(out)));
        return out;
    }

    // The inner packet of an error message would change `addresses`: take the sum's first.
    Bytes write(const Icmp6Fields& f, std::size_t index) {
        const Bytes outer = addresses;
        Bytes out = write_icmp(f.type, f.code, f.rest, index);
        addresses = outer;
        set16(out, 2, f.checksum.value_or(l4_checksum(out, IPPROTO_ICMPV6)));
        return out;
    }

    Bytes write(const PortsFields& f, std::size_t index) {
        Bytes out;
        put16(out, f.sport);
        put16(out, f.dport);
        put(out, Bytes(f.protocol == IPPROTO_DCCP ? 12 : 8));
        put(out, from(index + 1));
        return out;
    }

    Bytes write(const RawFields& f, std::size_t index) {
        Bytes out = f.bytes;
        put(out, from(index + 1));
        return out;
    }
};

template <class Fields>
Packet one(Fields fields) {
    return Packet{{Layer{std::move(fields)}}};
}

}  // namespace

Packet eth(EthFields fields) { return one(std::move(fields)); }
Packet vlan(VlanFields fields) { return one(std::move(fields)); }
Packet ip4(Ip4Fields fields) { return one(std::move(fields)); }
Packet ip6(Ip6Fields fields) { return one(std::move(fields)); }
Packet ext6(ExtFields fields) { return one(std::move(fields)); }
Packet frag6(Frag6Fields fields) { return one(std::move(fields)); }
Packet auth(AuthFields fields) { return one(std::move(fields)); }
Packet tcp(TcpFields fields) { return one(std::move(fields)); }
Packet udp(UdpFields fields) { return one(std::move(fields)); }
Packet icmp(IcmpFields fields) { return one(std::move(fields)); }
Packet icmp6(Icmp6Fields fields) { return one(std::move(fields)); }
Packet sctp(PortsFields fields) { return one(std::move(fields)); }
Packet raw(Bytes bytes) { return one(RawFields{std::move(bytes)}); }

Packet dccp(PortsFields fields) {
    fields.protocol = IPPROTO_DCCP;
    return one(std::move(fields));
}

Packet payload(std::size_t count) {
    Bytes bytes(count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i & 0xff);
    return raw(std::move(bytes));
}

Packet operator/(Packet outer, const Packet& inner) {
    outer.layers.insert(outer.layers.end(), inner.layers.begin(), inner.layers.end());
    return outer;
}

Bytes frame(const Packet& packet) { return Writer{packet.layers}.from(0); }

Bytes truncated(Bytes bytes, std::size_t size) {
    bytes.resize(std::min(bytes.size(), size));
    return bytes;
}

std::uint16_t internet_checksum(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

}  // namespace bpfw::test
