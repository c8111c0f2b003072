// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions -> boxes: which rules fit, into how many, and that no packet tells them apart.
#include "compiler/classify/box.hpp"

#include <gtest/gtest.h>

#include "tests/support/ir_interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::classify;

constexpr std::uint32_t kTcp = 6U << 16U;

Expr no(Expr expr) { return negate(expr); }
Expr ports(std::uint32_t first, std::uint32_t last) {
    return in_range(Field::L4Dst, kTcp | first, kTcp | last);
}
Expr sports(std::uint32_t first, std::uint32_t last) {
    return in_range(Field::L4Src, kTcp | first, kTcp | last);
}
const Expr kIsTcp = equals(Field::Protocol, 6);
const Expr kNet = masked(Field::Saddr0, 0xff000000, 0x0a000000);

struct Case {
    const char* name;
    std::vector<Expr> conditions;
    int boxes;  // -1: does not fit
};

const Case kCases[] = {
    {"no_condition", {}, 1},
    {"never", {never()}, 0},
    {"net", {kNet}, 1},
    {"not_net", {no(kNet)}, 8},
    {"not_host", {no(equals(Field::Saddr0, 0x0a000001))}, 32},
    {"address_range", {in_range(Field::Daddr0, 0x0a000001, 0x0a000006)}, 4},
    {"scattered_mask", {masked(Field::Saddr0, 0xff0000ff, 0x0a000001)}, -1},
    {"two_networks", {kNet, masked(Field::Saddr0, 0xff000000, 0x0b000000)}, 0},
    {"tcp", {kIsTcp}, 1},
    {"not_tcp", {no(kIsTcp)}, 2},
    {"port", {ports(80, 80)}, 1},
    {"not_port", {kIsTcp, no(ports(80, 80))}, 2},
    {"not_port_of_any_protocol", {no(ports(80, 80))}, 2},
    {"not_source_port_of_any_protocol", {no(sports(80, 80))}, -1},
    {"both_ports", {ports(80, 80), sports(1024, 65535)}, 1},
    {"other_protocol", {equals(Field::Protocol, 17), ports(80, 80)}, 0},
    {"multiport", {kIsTcp, {Any{{ports(80, 80), ports(443, 443), sports(20, 21)}}}}, 3},
    {"not_multiport", {kIsTcp, no({Any{{ports(80, 80), ports(443, 443)}}})}, 3},
    {"syn", {kIsTcp, masked(Field::TcpFlags, 0x17, 0x02)}, 1},
    {"not_syn", {kIsTcp, no(masked(Field::TcpFlags, 0x17, 0x02))}, 4},
    {"ttl_below", {in_range(Field::HopLimit, 0, 9)}, 2},
    {"tos_and_flags", {equals(Field::Tos, 8), masked(Field::TcpFlags, 1, 1)}, 1},
    {"interface", {equals(Field::InName0, 0x30687465)}, -1},
    {"guard", {{Guard::Tcp}}, -1},
    {"filter", {{FilterTest{}}}, -1},
    {"too_many",
     {no(equals(Field::Saddr0, 0x0a000001)), no(equals(Field::Daddr0, 0x0a000001))},
     -1},
};

bool in_any(const std::vector<Box>& boxes, const bpfw_packet& packet) {
    for (const Box& box : boxes)
        if (contains(box, packet)) return true;
    return false;
}

bpfw_packet random_packet(Random& random) {
    constexpr std::uint32_t kAddresses[] = {0,          0x0a000001, 0x0a000002, 0x0a000006,
                                            0x0a000007, 0x0b000000, 0xffffffff};
    constexpr std::uint32_t kPorts[] = {0, 20, 79, 80, 81, 443, 1023, 1024, 65535};
    constexpr std::uint8_t kProtocols[] = {1, 5, 6, 7, 17};
    bpfw_packet packet{};
    packet.saddr[0] = random.pick(kAddresses);
    packet.daddr[0] = random.pick(kAddresses);
    packet.protocol = random.pick(kProtocols);
    packet.l4_dst = static_cast<std::uint32_t>(packet.protocol) << 16U | random.pick(kPorts);
    packet.l4_src = static_cast<std::uint32_t>(packet.protocol) << 16U | random.pick(kPorts);
    packet.tcp_flags = random.percent(40) ? 2 : static_cast<std::uint8_t>(random.below(64));
    packet.hop_limit = static_cast<std::uint8_t>(random.below(12));
    packet.tos = random.percent(50) ? 8 : random.byte();
    return packet;
}

TEST(Boxes, Cases) {
    for (const Case& one : kCases) {
        SCOPED_TRACE(one.name);
        const auto boxes = to_boxes(one.conditions);
        ASSERT_EQ(boxes ? static_cast<int>(boxes->size()) : -1, one.boxes);
    }
}

TEST(Boxes, NoPacketTellsThemFromTheRule) {
    Random random(51);
    for (const Case& one : kCases) {
        SCOPED_TRACE(one.name);
        const auto boxes = to_boxes(one.conditions);
        if (!boxes) continue;
        for (int i = 0; i < 3000; ++i) {
            const bpfw_packet packet = random_packet(random);
            ASSERT_EQ(in_any(*boxes, packet),
                      evaluate({All{one.conditions}}, packet) == Outcome::Yes);
        }
    }
}

}  // namespace
}  // namespace bpfw::test
