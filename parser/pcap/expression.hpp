// SPDX-License-Identifier: GPL-2.0-or-later
// What a tcpdump expression (pcap-filter(7), Ethernet) says, as values. Qualifiers that an
// identifier took over from its left are filled in, names are numbers. Trees are held in one
// vector and named by index, children before parents. Addresses are in network byte order,
// numbers in the host's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "parser/base/span.hpp"
#include "parser/terms.hpp"

namespace bpfw::parser::pcap {

// The words that can stand before a type or a bracket. None: not said.
// clang-format off
enum class Protocol : std::uint8_t {
    None, Link, Ip, Arp, Rarp, Sctp, Tcp, Udp, Icmp, Igmp, Igrp, Pim, Vrrp, Carp, Atalk, Aarp,
    Decnet, Lat, Sca, Mopdl, Moprc, Ip6, Icmp6, Ah, Esp, Iso, Esis, Isis, L1, L2, Iih, Lsp, Snp,
    Psnp, Csnp, Clnp, Stp, Ipx, Netbeui,
};
// clang-format on

// Not said: both are asked, source first, either will do (as SourceOrDestination).
enum class Direction : std::uint8_t {
    None,
    Source,
    Destination,
    SourceOrDestination,
    SourceAndDestination,
};

enum class Relation : std::uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

// --------------------------------------------------------------------- arithmetic
using ArithmeticId = std::uint32_t;  // index into Expression::arithmetic

struct Number {
    std::uint32_t value = 0;
    bool operator==(const Number&) const = default;
};
struct FrameLength {  // len
    bool operator==(const FrameLength&) const = default;
};
struct Load {  // PROTOCOL[offset:size]
    Protocol protocol = Protocol::Link;
    ArithmeticId offset = 0;
    std::uint8_t size = 1;  // 1, 2 or 4
    bool operator==(const Load&) const = default;
};
enum class Operator : std::uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
};
struct Binary {
    Operator op = Operator::Add;
    ArithmeticId left = 0;
    ArithmeticId right = 0;
    bool operator==(const Binary&) const = default;
};
struct Negate {
    ArithmeticId operand = 0;
    bool operator==(const Negate&) const = default;
};
struct Arithmetic {
    std::variant<Number, FrameLength, Load, Binary, Negate> node;
    Span at;
    bool operator==(const Arithmetic&) const = default;
};

// --------------------------------------------------------------------- primitives
// A protocol word alone: `tcp`.
struct IsProtocol {
    Protocol protocol = Protocol::Ip;
    bool operator==(const IsProtocol&) const = default;
};
// `host A`, `ip6 src A`, ... A host name with several addresses is an Any of several Hosts.
// `decnet host AREA.NODE`: Decnet, Ipv4, area << 10 | node in address.bytes[0..1].
struct Host {
    Protocol protocol = Protocol::None;  // None Ip Arp Rarp Ip6 Decnet (others are refused)
    Direction direction = Direction::None;
    Family family = Family::Ipv4;
    Address address;
    bool operator==(const Host&) const = default;
};
// `net 10`, `net 10.0/16`, `net A mask M`, `host 10.1`; address & mask == address. A mask of
// ones only is a Host instead.
struct Net {
    Protocol protocol = Protocol::None;
    Direction direction = Direction::None;
    Family family = Family::Ipv4;
    Address address;
    Address mask;
    bool operator==(const Net&) const = default;
};
struct EthernetHost {  // ether host MAC
    Direction direction = Direction::None;
    std::array<std::uint8_t, 6> address{};
    bool operator==(const EthernetHost&) const = default;
};
// `port N`, `portrange A-B`. None asks tcp, udp and sctp. `port http`, which is tcp only in
// /etc/services, has become Tcp.
struct Port {
    Protocol protocol = Protocol::None;  // None Tcp Udp Sctp
    Direction direction = Direction::None;
    PortRange ports;  // first <= last
    bool operator==(const Port&) const = default;
};
// `[ip|ip6|link|iso|isis|...] proto N`. protocol None: ip or ip6. The number may be above what
// the field holds: it then never matches.
struct Proto {
    Protocol protocol = Protocol::None;
    std::uint32_t number = 0;
    bool operator==(const Proto&) const = default;
};
struct Protochain {
    Protocol protocol = Protocol::None;  // None (either), Ip, Ip6
    std::uint32_t number = 0;            // above 255: never matches, as in Proto
    bool operator==(const Protochain&) const = default;
};
struct Broadcast {  // link, or `ip broadcast` with the netmask that was given
    Protocol protocol = Protocol::Link;
    std::optional<Address> mask;  // Ip only
    bool operator==(const Broadcast&) const = default;
};
struct Multicast {
    Protocol protocol = Protocol::Link;  // Link Ip Ip6
    bool operator==(const Multicast&) const = default;
};
struct LengthAtMost {  // less N
    std::uint32_t bytes = 0;
    bool operator==(const LengthAtMost&) const = default;
};
struct LengthAtLeast {  // greater N
    std::uint32_t bytes = 0;
    bool operator==(const LengthAtLeast&) const = default;
};
// `byte N op V`, on the frame's byte N. And/Or: (byte op V) != 0.
enum class ByteOperator : std::uint8_t { Equal, Less, Greater, And, Or };
struct Byte {
    std::uint32_t offset = 0;
    ByteOperator op = ByteOperator::Equal;
    std::uint32_t value = 0;
    bool operator==(const Byte&) const = default;
};
struct Inbound {
    bool operator==(const Inbound&) const = default;
};
struct Outbound {
    bool operator==(const Outbound&) const = default;
};
struct InterfaceIndex {  // ifindex N
    std::uint32_t index = 0;
    bool operator==(const InterfaceIndex&) const = default;
};
// The next five change what later text means: the network header lies behind them.
struct Vlan {
    std::optional<std::uint16_t> id;  // 0..4095
    bool operator==(const Vlan&) const = default;
};
struct Mpls {
    std::optional<std::uint32_t> label;  // 20 bits
    bool operator==(const Mpls&) const = default;
};
struct PppoeDiscovery {
    bool operator==(const PppoeDiscovery&) const = default;
};
struct PppoeSession {
    std::optional<std::uint16_t> id;
    bool operator==(const PppoeSession&) const = default;
};
struct Geneve {
    std::optional<std::uint32_t> vni;  // 24 bits
    bool operator==(const Geneve&) const = default;
};
// `llc`, `llc rr`, ... (the words of pcap-filter(7))
enum class LlcType : std::uint8_t {
    Any,
    I,
    S,
    U,
    Rr,
    Rnr,
    Rej,
    Ui,
    Ua,
    Disc,
    Dm,
    Sabme,
    Test,
    Xid,
    Frmr,
};
struct Llc {
    LlcType type = LlcType::Any;
    bool operator==(const Llc&) const = default;
};
struct Compare {  // arithmetic on both sides
    Relation relation = Relation::Equal;
    ArithmeticId left = 0;
    ArithmeticId right = 0;
    bool operator==(const Compare&) const = default;
};

// ---------------------------------------------------------------------- expressions
using NodeId = std::uint32_t;  // index into Expression::nodes

struct Not {
    NodeId operand = 0;
    bool operator==(const Not&) const = default;
};
// Left to right with short circuit. `a and b or c` is Any{All{a, b}, c}; neighbours joined by
// the same word are one list, parentheses around a part of it or not, so `host a or b or c ...`
// is not deep, whatever its length.
struct All {
    std::vector<NodeId> of;  // none: true (the empty expression)
    bool operator==(const All&) const = default;
};
struct Any {
    std::vector<NodeId> of;  // at least one
    bool operator==(const Any&) const = default;
};

using Primitive =
    std::variant<IsProtocol, Host, Net, EthernetHost, Port, Proto, Protochain, Broadcast, Multicast,
                 LengthAtMost, LengthAtLeast, Byte, Inbound, Outbound, InterfaceIndex, Vlan, Mpls,
                 PppoeDiscovery, PppoeSession, Geneve, Llc, Compare>;

struct Node {
    std::variant<Primitive, Not, All, Any> node;
    Span at;
    bool operator==(const Node&) const = default;
};

// Trees deeper than this are refused by the parser: what reads them may recurse.
inline constexpr unsigned kDeepest = 2000;

struct Expression {
    std::vector<Arithmetic> arithmetic;
    std::vector<Node> nodes;
    NodeId root = 0;
    bool operator==(const Expression&) const = default;
};

}  // namespace bpfw::parser::pcap
