// SPDX-License-Identifier: GPL-2.0-or-later
// Doors: random_filter.hpp.
#include "tests/support/random_filter.hpp"

#include "parser/pcap/builder.hpp"
#include "parser/values.hpp"

namespace bpfw::test {
namespace {

using namespace parser::pcap;
using parser::Address;
using parser::Family;
using parser::Span;

constexpr int kDeepArithmetic = 3;

class Generator {
public:
    explicit Generator(Random& random) : random_(random) {}

    Expression run() && { return builder_.finish(tree(static_cast<int>(random_.below(4)))); }

private:
    NodeId tree(int depth) {
        if (random_.percent(12)) return builder_.negation(tree(depth - 1), {});
        if (depth <= 0 || random_.percent(25)) return primitive();
        // Joined from the left, as they are written: what a primitive may be depends on those
        // before it.
        NodeId all = tree(depth - 1);
        for (std::uint32_t more = random_.below(4); more > 0; --more) {
            const Junction how = random_.percent(50) ? Junction::And : Junction::Or;
            const NodeId next = tree(depth - 1);
            all = builder_.join(how, all, next, {});
        }
        return all;
    }

    NodeId primitive() {
        switch (random_.below(mpls_ ? 10 : 24)) {
            case 0:
                return add(IsProtocol{random_.pick(mpls_ ? kInIp : kAll)});
            case 1:
                return host4();
            case 2:
                return host6();
            case 3:
                return net();
            case 4:
            case 5:
                return add(Port{random_.pick(kWithPorts), direction(), ports()});
            case 6:
                return add(Proto{random_.pick(mpls_ ? kIps : kWithProtos), number()});
            case 7:
                return compare();
            case 8:
                return plain();
            case 9:
                mpls_ = true;
                return add(Mpls{maybe(0xfffff)});
            case 10:
                return ether();
            case 11:
                return protochain();
            case 12:
                return add(Host{Protocol::Decnet, direction(), Family::Ipv4,
                                Address{{random_.byte(), random_.byte()}}});
            case 13:
                return add(Vlan{maybe16(4095)});
            case 14:
                if (random_.percent(80)) return add(PppoeDiscovery{});
                ppp_ = true;
                return add(PppoeSession{maybe16(65535)});
            case 15:
                return geneve();
            case 16:
                return add(Llc{static_cast<LlcType>(random_.below(15))});
            default:
                return random_.percent(50) ? host4() : compare();
        }
    }

    // What the link or what is behind it does not have goes another way.
    NodeId add(const Primitive& value) {
        const bool of_ethernet =
            std::holds_alternative<Vlan>(value) || std::holds_alternative<Llc>(value);
        if (ppp_ && of_ethernet) return host4();
        return builder_.primitive(value, {});
    }

    NodeId host4() {
        const Protocol protocol = random_.pick(mpls_ ? kIp4 : kIp4Like);
        return add(Host{protocol, direction(), Family::Ipv4, address(4)});
    }
    NodeId host6() { return add(Host{random_.pick(kIp6), direction(), Family::Ipv6, address(16)}); }
    NodeId net() {
        const Family family = random_.percent(50) ? Family::Ipv4 : Family::Ipv6;
        const bool v4 = family == Family::Ipv4;
        Address mask = parser::prefix_mask(random_.below(v4 ? 32 : 128), family);
        if (v4 && random_.percent(25)) mask = address(4);
        if (mask == parser::prefix_mask(32, Family::Ipv4) && v4) mask.bytes[3] = 0;
        const Address net = parser::masked(address(v4 ? 4 : 16), mask);
        return add(Net{random_.pick(v4 ? kIp4 : kIp6), direction(), family, net, mask});
    }
    NodeId ether() {
        if (ppp_) return host6();
        if (random_.percent(30)) return add(Broadcast{});
        if (random_.percent(30)) return add(Multicast{});
        EthernetHost host{direction(), {}};
        for (std::uint8_t& byte : host.address) byte = random_.byte();
        return add(host);
    }
    NodeId protochain() {
        if (geneve_ || chains_++ >= 4) return host4();
        return add(Protochain{random_.pick(kIps), number()});
    }
    NodeId geneve() {
        if (geneve_) return host6();
        geneve_ = true;
        ppp_ = false;
        return add(Geneve{maybe(0xffffff)});
    }
    NodeId plain() {
        switch (random_.below(7)) {
            case 0:
                return add(LengthAtMost{number()});
            case 1:
                return add(LengthAtLeast{number()});
            case 2:
                return add(Byte{number(), static_cast<ByteOperator>(random_.below(5)), number()});
            case 3:
                return add(Inbound{});
            case 4:
                return add(Outbound{});
            case 5:
                return add(InterfaceIndex{number()});
            default:
                return add(Multicast{random_.percent(50) ? Protocol::Ip : Protocol::Ip6});
        }
    }
    NodeId compare() {
        const auto relation = static_cast<Relation>(random_.below(6));
        const ArithmeticId left = arithmetic(kDeepArithmetic);
        const ArithmeticId right = arithmetic(kDeepArithmetic);
        return builder_.comparison({relation, left, right}, {});
    }

    ArithmeticId arithmetic(int depth) {
        const std::uint32_t dice = random_.below(depth > 0 ? 100 : 30);
        if (dice < 25) return builder_.number(number(), {});
        if (dice < 30) return builder_.frame_length({});
        if (dice < 40) return builder_.negated(arithmetic(depth - 1), {});
        if (dice < 60) {
            const Protocol protocol = random_.pick(mpls_ ? kReadInIp : kRead);
            const auto size = static_cast<std::uint8_t>(1U << random_.below(3));
            return builder_.load({protocol, arithmetic(depth - 1), size}, {});
        }
        auto op = static_cast<Operator>(random_.below(10));
        const ArithmeticId left = arithmetic(depth - 1);
        const ArithmeticId right = arithmetic(depth - 1);
        // The number that libpcap looks at when it divides or shifts.
        const Number* leftmost = builder_.leftmost_number(right);
        if (leftmost != nullptr && (leftmost->value == 0 || leftmost->value > 31) &&
            op >= Operator::Divide)
            op = Operator::Add;
        return builder_.binary({op, left, right}, {});
    }

    std::uint32_t number() {
        return random_.percent(70) ? random_.below(40) : random_.between(0, UINT32_MAX);
    }
    std::optional<std::uint32_t> maybe(std::uint32_t most) {
        if (random_.percent(50)) return std::nullopt;
        return random_.between(0, most);
    }
    std::optional<std::uint16_t> maybe16(std::uint32_t most) {
        const auto value = maybe(most);
        if (!value) return std::nullopt;
        return static_cast<std::uint16_t>(*value);
    }
    Direction direction() { return static_cast<Direction>(random_.below(5)); }
    parser::PortRange ports() {
        const auto first = static_cast<std::uint16_t>(random_.below(65536));
        if (random_.percent(60)) return {first, first};
        return {first, static_cast<std::uint16_t>(random_.between(first, 65535))};
    }
    Address address(std::size_t bytes) {
        Address out;
        for (std::size_t i = 0; i < bytes; ++i) {
            out.bytes[i] = random_.percent(40) ? std::uint8_t{0} : random_.byte();
        }
        return out;
    }

    static inline const std::vector<Protocol> kInIp = {
        Protocol::Ip,   Protocol::Ip6, Protocol::Tcp,  Protocol::Udp,  Protocol::Sctp,
        Protocol::Icmp, Protocol::Pim, Protocol::Vrrp, Protocol::Carp, Protocol::Icmp6,
        Protocol::Ah,   Protocol::Esp, Protocol::Igmp, Protocol::Igrp};
    static std::vector<Protocol> all() {
        std::vector<Protocol> out;
        for (auto p = static_cast<unsigned>(Protocol::Ip);
             p <= static_cast<unsigned>(Protocol::Netbeui); ++p)
            out.push_back(static_cast<Protocol>(p));
        return out;
    }
    static inline const std::vector<Protocol> kAll = all();
    static inline const std::vector<Protocol> kIp4 = {Protocol::None, Protocol::Ip};
    static inline const std::vector<Protocol> kIp4Like = {Protocol::None, Protocol::Ip,
                                                          Protocol::Arp, Protocol::Rarp};
    static inline const std::vector<Protocol> kIp6 = {Protocol::None, Protocol::Ip6};
    static inline const std::vector<Protocol> kIps = {Protocol::None, Protocol::Ip, Protocol::Ip6};
    static inline const std::vector<Protocol> kWithPorts = {Protocol::None, Protocol::Tcp,
                                                            Protocol::Udp, Protocol::Sctp};
    static inline const std::vector<Protocol> kWithProtos = {
        Protocol::None, Protocol::Ip, Protocol::Ip6, Protocol::Link, Protocol::Iso, Protocol::Isis};
    static inline const std::vector<Protocol> kReadInIp = {
        Protocol::Link, Protocol::Ip,   Protocol::Ip6,  Protocol::Tcp,  Protocol::Udp,
        Protocol::Sctp, Protocol::Icmp, Protocol::Igmp, Protocol::Igrp, Protocol::Pim,
        Protocol::Vrrp, Protocol::Carp, Protocol::Icmp6};
    static inline const std::vector<Protocol> kRead = {
        Protocol::Link, Protocol::Ip,     Protocol::Tcp, Protocol::Arp, Protocol::Rarp,
        Protocol::Lat,  Protocol::Decnet, Protocol::Sca, Protocol::Ip6, Protocol::Icmp6};

    Random& random_;
    Builder builder_;
    bool mpls_ = false;
    bool ppp_ = false;
    bool geneve_ = false;
    int chains_ = 0;
};

}  // namespace

Expression random_filter(Random& random) { return Generator(random).run(); }

}  // namespace bpfw::test
