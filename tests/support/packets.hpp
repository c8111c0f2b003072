// SPDX-License-Identifier: GPL-2.0-or-later
// Builds the frames that tests send: eth() / vlan({.id = 5}) / ip4() / tcp({.dport = 22}).
// Every field has a knob; what is not set (types, lengths, checksums) is computed from the
// layers that follow. frame() gives the bytes. A wrong address text throws: a test's bug.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bpfw::test {

using Bytes = std::vector<std::uint8_t>;

struct EthFields {
    std::string dst = "02:00:00:00:00:01";
    std::string src = "02:00:00:00:00:02";
    std::optional<std::uint16_t> type = {};
};

struct VlanFields {
    std::uint16_t id = 1;
    std::uint8_t priority = 0;
    bool dei = false;
    std::uint16_t tpid = 0x8100;  // what the layer before writes as its type
    std::optional<std::uint16_t> type = {};
};

struct Ip4Fields {
    std::string src = "192.0.2.2";
    std::string dst = "192.0.2.1";
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    std::uint16_t id = 1;
    bool reserved = false;
    bool df = false;
    bool mf = false;
    std::uint16_t offset = 0;                   // of the fragment, in units of 8 bytes
    std::optional<std::uint8_t> protocol = {};  // 253 when nothing follows
    std::optional<std::uint8_t> version = {};
    std::optional<std::uint8_t> ihl = {};  // in 4 bytes, header and options
    std::optional<std::uint16_t> tot_len = {};
    std::optional<std::uint16_t> checksum = {};
    Bytes options = {};  // padded with zeros to 4 bytes
};

struct Ip6Fields {
    std::string src = "2001:db8::2";
    std::string dst = "2001:db8::1";
    std::uint8_t traffic_class = 0;
    std::uint32_t flow = 0;
    std::uint8_t hop_limit = 64;
    std::optional<std::uint8_t> version = {};
    std::optional<std::uint8_t> next = {};  // 59, no next header, when nothing follows
    std::optional<std::uint16_t> payload_len = {};
};

// An IPv6 extension header made of TLVs: hop-by-hop, routing or destination options.
struct ExtFields {
    std::uint8_t kind = 0;
    std::optional<std::uint8_t> next = {};
    std::optional<std::uint8_t> length = {};  // in 8 bytes, without the first 8
    Bytes data = {0, 0, 0, 0, 0, 0};          // after the first two bytes, padded to 8
};

struct Frag6Fields {
    std::uint16_t offset = 0;  // in units of 8 bytes
    bool more = false;
    std::uint32_t id = 1;
    std::optional<std::uint8_t> next = {};
};

struct AuthFields {
    std::optional<std::uint8_t> next = {};
    std::optional<std::uint8_t> length = {};  // in 4 bytes, minus 2
    std::uint32_t spi = 1;
    std::uint32_t sequence = 1;
    Bytes icv = {0, 0, 0, 0};  // 4 bytes: 16 in all, so also fit for IPv6
};

enum TcpFlag : std::uint8_t {
    kFin = 1,
    kSyn = 2,
    kRst = 4,
    kPsh = 8,
    kAck = 16,
    kUrg = 32,
    kEce = 64,
    kCwr = 128,
};

struct TcpFields {
    std::uint16_t sport = 40000;
    std::uint16_t dport = 80;
    std::uint32_t seq = 1;
    std::uint32_t ack = 0;
    std::uint8_t flags = kSyn;
    std::uint16_t window = 1024;
    std::uint16_t urgent = 0;
    std::optional<std::uint8_t> doff = {};  // in 4 bytes
    std::optional<std::uint16_t> checksum = {};
    Bytes options = {};  // padded with zeros to 4 bytes
};

struct UdpFields {
    std::uint16_t sport = 40000;
    std::uint16_t dport = 53;
    std::optional<std::uint16_t> length = {};
    std::optional<std::uint16_t> checksum = {};
    std::uint8_t protocol = 17;  // 136: UDP-Lite, checksum over everything
};

struct IcmpFields {
    std::uint8_t type = 8;
    std::uint8_t code = 0;
    std::uint32_t rest = 0x00010001;  // identifier and sequence number
    std::optional<std::uint16_t> checksum = {};
};

struct Icmp6Fields {
    std::uint8_t type = 128;
    std::uint8_t code = 0;
    std::uint32_t rest = 0x00010001;
    std::optional<std::uint16_t> checksum = {};
};

// Ports and nothing more that a firewall reads: SCTP (132, 12 bytes) or DCCP (33, 16 bytes).
struct PortsFields {
    std::uint16_t sport = 40000;
    std::uint16_t dport = 80;
    std::uint8_t protocol = 132;
};

struct RawFields {
    Bytes bytes = {};
};

using Layer =
    std::variant<EthFields, VlanFields, Ip4Fields, Ip6Fields, ExtFields, Frag6Fields, AuthFields,
                 TcpFields, UdpFields, IcmpFields, Icmp6Fields, PortsFields, RawFields>;

// The layers from the outside in; a packet may begin with any of them (eth() or ip4() mostly).
struct Packet {
    std::vector<Layer> layers;
};

[[nodiscard]] Packet eth(EthFields fields = {});
[[nodiscard]] Packet vlan(VlanFields fields = {});
[[nodiscard]] Packet ip4(Ip4Fields fields = {});
[[nodiscard]] Packet ip6(Ip6Fields fields = {});
[[nodiscard]] Packet ext6(ExtFields fields = {});
[[nodiscard]] Packet frag6(Frag6Fields fields = {});
[[nodiscard]] Packet auth(AuthFields fields = {});
[[nodiscard]] Packet tcp(TcpFields fields = {});
[[nodiscard]] Packet udp(UdpFields fields = {});
[[nodiscard]] Packet icmp(IcmpFields fields = {});
[[nodiscard]] Packet icmp6(Icmp6Fields fields = {});
[[nodiscard]] Packet sctp(PortsFields fields = {});
[[nodiscard]] Packet dccp(PortsFields fields = {});
[[nodiscard]] Packet raw(Bytes bytes);
// `count` bytes 0, 1, 2, ... (modulo 256).
[[nodiscard]] Packet payload(std::size_t count);

[[nodiscard]] Packet operator/(Packet outer, const Packet& inner);

// The bytes as they go over the wire. An L4 checksum covers the pseudo header of the nearest IP
// layer before it; in a fragment with offset != 0 the bytes are written the same way.
[[nodiscard]] Bytes frame(const Packet& packet);

// The first `size` bytes of a frame.
[[nodiscard]] Bytes truncated(Bytes bytes, std::size_t size);

// RFC 1071 over `bytes`, as a header field holds it (host byte order).
[[nodiscard]] std::uint16_t internet_checksum(const Bytes& bytes);

}  // namespace bpfw::test
