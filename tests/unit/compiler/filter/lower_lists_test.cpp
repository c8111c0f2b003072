// SPDX-License-Identifier: GPL-2.0-or-later
// Lists asked as sets answer as lists asked one after the other: random lists of few values over
// frames of the same values, cut at every length.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <chrono>

#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "parser/pcap/expression.hpp"
#include "tests/filter/headers.hpp"
#include "tests/support/packets.hpp"
#include "tests/support/random.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using parser::Family;
using pcap::Protocol;
using test::Bytes;
using test::Random;

const char* const kV4[] = {"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1", "11.0.0.1"};
const char* const kV6[] = {"2001:db8::1",     "2001:db8::2",     "2001:db8::1:0:0:1",
                           "2001:db8:0:1::1", "2001:db8:1:1::1", "2001:db9::1"};
const std::uint16_t kPorts[] = {53, 54, 80, 443};

parser::Address address(const char* text, Family family) {
    parser::Address result;
    inet_pton(family == Family::Ipv4 ? AF_INET : AF_INET6, text, result.bytes.data());
    return result;
}

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    pcap::Expression expression() {
        expression_ = {};
        expression_.root = list(2);
        return std::move(expression_);
    }

private:
    pcap::NodeId add(std::variant<pcap::Primitive, pcap::Not, pcap::All, pcap::Any> node) {
        expression_.nodes.push_back({std::move(node), {}});
        return static_cast<pcap::NodeId>(expression_.nodes.size() - 1);
    }

    // Members of one kind mostly, so that runs come about.
    pcap::NodeId list(int depth) {
        const bool any = random_.percent(60);
        std::vector<pcap::NodeId> of;
        const std::uint32_t count = random_.between(1, 7);
        std::uint32_t kind = random_.below(7);
        const auto direction = this->direction();
        for (std::uint32_t i = 0; i < count; ++i) {
            if (random_.percent(15)) {
                kind = random_.below(7);
            }
            const bool nested = depth > 0 && random_.percent(15);
            pcap::NodeId node =
                nested ? list(depth - 1)
                       : add(primitive(kind, random_.percent(90) ? direction : this->direction()));
            if (random_.percent(any ? 10 : 85)) {
                node = add(pcap::Not{node});
            }
            of.push_back(node);
        }
        return any ? add(pcap::Any{of}) : add(pcap::All{of});
    }

    pcap::Direction direction() {
        const pcap::Direction all[] = {
            pcap::Direction::None, pcap::Direction::Source, pcap::Direction::Destination,
            pcap::Direction::SourceOrDestination, pcap::Direction::SourceAndDestination};
        return random_.percent(60) ? pcap::Direction::None : random_.pick(all);
    }

    pcap::Primitive primitive(std::uint32_t kind, pcap::Direction direction) {
        switch (kind) {
            case 0:
            case 1:
                return host_or_net(direction, Family::Ipv4);
            case 2:
                return host_or_net(direction, Family::Ipv6);
            case 3:
                return host_or_net(direction, random_.percent(50) ? Family::Ipv4 : Family::Ipv6);
            case 4: {
                const std::uint16_t first = random_.pick(kPorts);
                const std::uint16_t last = random_.percent(70) ? first : random_.pick(kPorts);
                const Protocol protocols[] = {Protocol::None, Protocol::None, Protocol::Tcp};
                return pcap::Port{random_.pick(protocols),
                                  direction,
                                  {std::min(first, last), std::max(first, last)}};
            }
            case 5: {
                const std::uint32_t numbers[] = {1, 6, 17, 44, 58, 132, 300};
                const Protocol words[] = {Protocol::Tcp,   Protocol::Udp, Protocol::Icmp,
                                          Protocol::Icmp6, Protocol::Ip,  Protocol::Arp};
                const Protocol before[] = {Protocol::None, Protocol::Ip, Protocol::Ip6};
                if (random_.percent(40)) {
                    return pcap::IsProtocol{random_.pick(words)};
                }
                return pcap::Proto{random_.percent(60) ? Protocol::None : random_.pick(before),
                                   random_.pick(numbers)};
            }
            default:
                return pcap::EthernetHost{
                    direction, {2, 0, 0, 0, 0, static_cast<std::uint8_t>(random_.below(4))}};
        }
    }

    pcap::Primitive host_or_net(pcap::Direction direction, Family family) {
        const bool v4 = family == Family::Ipv4;
        const Protocol protocol = random_.percent(85) ? Protocol::None
                                  : v4                ? Protocol::Ip
                                                      : Protocol::Ip6;
        pcap::Net net{protocol,
                      direction,
                      family,
                      address(v4 ? random_.pick(kV4) : random_.pick(kV6), family),
                      {}};
        if (random_.percent(60)) {
            return pcap::Host{protocol, direction, family, net.address};
        }
        const std::uint32_t v4_bits[] = {0, 8, 16, 24, 31};
        const std::uint32_t v6_bits[] = {0, 16, 32, 48, 64, 96, 127};
        const std::uint32_t bits = v4 ? random_.pick(v4_bits) : random_.pick(v6_bits);
        for (std::uint32_t i = 0; i < bits; ++i) {
            net.mask.bytes[i / 8] |= static_cast<std::uint8_t>(0x80U >> i % 8);
        }
        if (v4 && random_.percent(10)) {
            net.mask = address("255.0.255.255", family);
        }
        for (std::size_t i = 0; i < 16; ++i) {
            net.address.bytes[i] &= net.mask.bytes[i];
        }
        return net;
    }

    Random random_;
    pcap::Expression expression_;
};

std::vector<Bytes> frames() {
    Random random(11);
    std::vector<Bytes> out;
    const auto mac = [&] { return "02:00:00:00:00:0" + std::to_string(random.below(4)); };
    for (int i = 0; i < 6; ++i) {
        const auto ether = [&] { return test::eth({.dst = mac(), .src = mac()}); };
        const auto v4 = [&] {
            return test::ip4({.src = random.pick(kV4), .dst = random.pick(kV4)});
        };
        const auto v6 = [&] {
            return test::ip6({.src = random.pick(kV6), .dst = random.pick(kV6)});
        };
        const auto tcp = [&] {
            return test::tcp({.sport = random.pick(kPorts), .dport = random.pick(kPorts)});
        };
        const auto udp = [&] {
            return test::udp({.sport = random.pick(kPorts), .dport = random.pick(kPorts)});
        };
        for (const test::Packet& packet :
             {ether() / v4() / tcp(), ether() / v4() / udp(), ether() / v6() / tcp(),
              ether() / v6() / udp(), ether() / v6() / test::frag6() / udp(),
              ether() / v4() / test::sctp({.sport = 80, .dport = 53}),
              ether() / v4() / test::icmp(), ether() / v6() / test::icmp6(),
              test::eth({.dst = mac(), .src = mac(), .type = 0x0806}) /
                  test::filter::arp({.sender = random.pick(kV4), .target = random.pick(kV4)})}) {
            out.push_back(test::frame(packet));
        }
    }
    return out;
}

std::uint32_t answer(const Graph& graph, const Bytes& bytes, std::size_t size) {
    return evaluate(graph, {std::as_bytes(std::span(bytes).first(size)),
                            static_cast<std::uint32_t>(bytes.size()), 1, Frame::Direction::In});
}

TEST(Lists, AsSetsAnswerAsWritten) {
    const std::vector<Bytes> all = frames();
    Generator generator(1);
    std::size_t with_sets = 0;
    std::size_t yes = 0;
    std::size_t asked = 0;
    for (int i = 0; i < 1500; ++i) {
        const pcap::Expression expression = generator.expression();
        const Graph sets = lower(expression, Lists::AsSets, {});
        const Graph written = lower(expression, Lists::AsWritten, {});
        check(sets);
        check(written);
        with_sets += sets.sets.empty() ? 0 : 1;
        EXPECT_TRUE(written.sets.empty());
        for (const Bytes& bytes : all) {
            for (std::size_t size = 0; size <= bytes.size(); ++size) {
                const std::uint32_t expected = answer(written, bytes, size);
                ASSERT_EQ(answer(sets, bytes, size), expected)
                    << "expression " << i << ", " << size << " of " << bytes.size() << " bytes\n"
                    << to_text(written) << to_text(sets);
                yes += expected;
                ++asked;
            }
        }
    }
    EXPECT_GT(with_sets, 750U);
    EXPECT_GT(yes, asked / 10);
    EXPECT_LT(yes, asked * 9 / 10);
}

// More different beginnings than are asked in order.
TEST(Lists, ManyIpv6HostsAnswerAsWrittenUnlessCutInsideOfTheDestination) {
    pcap::Expression expression;
    pcap::Any any;
    for (std::uint32_t i = 0; i < 200; ++i) {
        parser::Address host = address(kV6[i % 6], Family::Ipv6);
        host.bytes[1] = static_cast<std::uint8_t>(i);
        any.of.push_back(i);
        expression.nodes.push_back(
            {pcap::Host{Protocol::None, pcap::Direction::None, Family::Ipv6, host}, {}});
    }
    expression.nodes.push_back({any, {}});
    expression.root = 200;
    const Graph sets = lower(expression, Lists::AsSets, {});
    const Graph written = lower(expression, Lists::AsWritten, {});
    check(sets);
    EXPECT_LT(sets.blocks.size(), 20U);
    const Bytes in = test::frame(test::eth() / test::ip6({.src = "2005:db9::1", .dst = "::1"}));
    const Bytes out = test::frame(test::eth() / test::ip6({.src = "::1", .dst = "::2"}));
    const Bytes twice =
        test::frame(test::eth() / test::ip6({.src = "2005:db9::1", .dst = "2006:db8::1"}));
    EXPECT_EQ(answer(sets, in, in.size()), 1U);
    for (std::size_t size = 0; size <= in.size(); ++size) {
        EXPECT_EQ(answer(sets, in, size), answer(written, in, size)) << size;
        EXPECT_EQ(answer(sets, out, size), answer(written, out, size)) << size;
        if (size < 42 || size >= 54) {
            EXPECT_EQ(answer(sets, twice, size), answer(written, twice, size)) << size;
        }
    }
}

pcap::Expression many_hosts(std::uint32_t count) {
    pcap::Expression expression;
    pcap::Any any;
    for (std::uint32_t i = 0; i < count; ++i) {
        parser::Address host;
        const std::uint32_t number = 0x0a000000 + i * 2654435761U % 0x1000000;
        for (std::size_t byte = 0; byte < 4; ++byte) {
            host.bytes[byte] = static_cast<std::uint8_t>(number >> (24 - 8 * byte));
        }
        any.of.push_back(i);
        expression.nodes.push_back(
            {pcap::Host{Protocol::None, pcap::Direction::None, Family::Ipv4, host}, {}});
    }
    expression.nodes.push_back({any, {}});
    expression.root = count;
    return expression;
}

TEST(Lists, AHundredThousandHostsAreOneSet) {
    const pcap::Expression expression = many_hosts(100000);
    const auto start = std::chrono::steady_clock::now();
    const Graph graph = lower(expression, Lists::AsSets, {});
    const auto took = std::chrono::steady_clock::now() - start;
    RecordProperty("ms", static_cast<int>(took / std::chrono::milliseconds(1)));
    EXPECT_LT(took, std::chrono::seconds(1));
    check(graph);
    EXPECT_EQ(graph.sets.size(), 1U);
    EXPECT_LT(graph.blocks.size(), 20U);
}

}  // namespace
}  // namespace bpfw::compiler::filter
