// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/classify_cases.hpp"

#include <fmt/format.h>

#include <cstring>

#include "tests/support/classbench.hpp"

namespace bpfw::test {

using namespace compiler::classify;
using parser::Family;

namespace {

constexpr std::uint32_t kWords[] = {0,          1,          0x0a000000, 0x0a000001, 0x0a0000ff,
                                    0x0a00ff00, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
constexpr std::uint32_t kPorts[] = {0, 1, 22, 53, 80, 443, 1023, 1024, 32768, 65534, 65535};
constexpr std::uint32_t kProtocols[] = {0, 1, 6, 17, 58, 255};
constexpr unsigned kFree[] = {0, 0, 0, 1, 7, 8, 12, 16, 24, 31, 32};

std::vector<RankedBox> ranked(const std::vector<Box>& boxes) {
    std::vector<RankedBox> out;
    for (std::size_t i = 0; i < boxes.size(); ++i)
        out.push_back({boxes[i], static_cast<std::uint32_t>(4 * i + 1)});  // as decisions do
    return out;
}

Interval block(std::uint32_t value, unsigned free) {
    const std::uint32_t mask = free >= 32 ? 0 : ~std::uint32_t{0} << free;
    return {value & mask, value | ~mask};
}

void random_address(Random& random, Box& box, std::size_t dim, unsigned words) {
    for (unsigned word = 0; word < words; ++word) {
        const unsigned free = random.pick(kFree);
        box.dims.at(dim + word) = block(random.pick(kWords), free);
        if (free != 0) break;
    }
}

Interval random_ports(Random& random, std::uint32_t protocol) {
    std::uint32_t first = random.pick(kPorts);
    std::uint32_t last = random.percent(50) ? first : random.pick(kPorts);
    if (random.percent(30)) {
        first = 0;
        last = 65535;
    }
    return {protocol << 16U | std::min(first, last), protocol << 16U | std::max(first, last)};
}

Box random_box(Random& random, Family family) {
    Box box;
    const unsigned words = family == Family::Ipv4 ? 1 : 4;
    if (random.percent(70)) random_address(random, box, kSource, words);
    if (random.percent(70)) random_address(random, box, kDestination, words);
    if (random.percent(70)) {
        const std::uint32_t protocol = random.pick(kProtocols);
        box.dims[kL4Dst] = random_ports(random, protocol);
        box.dims[kL4Src] = random_ports(random, protocol);
    } else if (random.percent(30)) {  // ! -p tcp
        box.dims[kL4Dst] = box.dims[kL4Src] = {7U << 16U, kL4Last};
    }
    if (random.percent(15)) {
        box.misc_mask = random.percent(50) ? 0x1700U : 0xffU << 8U * random.below(4);
        box.misc_value = random.pick(kWords) & box.misc_mask;
    }
    return box;
}

// One that could be meant for one of the boxes.
bpfw_packet random_packet(Random& random, const std::vector<Box>& boxes, Family family) {
    if (!boxes.empty() && random.percent(50)) {
        bpfw_packet packet = point_of(random.pick(boxes), random);
        if (random.percent(30)) packet.saddr[0] = random.pick(kWords);
        if (random.percent(30)) packet.daddr[0] ^= 1U << random.below(32);
        if (family == Family::Ipv4)
            for (unsigned word = 1; word < 4; ++word) packet.saddr[word] = packet.daddr[word] = 0;
        return packet;
    }
    bpfw_packet packet{};
    for (unsigned word = 0; word < (family == Family::Ipv4 ? 1U : 4U); ++word) {
        packet.saddr[word] = random.pick(kWords);
        packet.daddr[word] = random.pick(kWords);
    }
    const std::uint32_t protocol = random.pick(kProtocols);
    const std::uint32_t misc = random.pick(kWords);
    std::memcpy(&packet.protocol, &misc, sizeof misc);
    packet.protocol = static_cast<std::uint8_t>(protocol);
    packet.l4_dst = protocol << 16U | random.pick(kPorts);
    packet.l4_src = protocol << 16U | random.pick(kPorts);
    return packet;
}

ClassifyCase with_packets(std::string name, Family family, const std::vector<Box>& boxes,
                          std::size_t count, Random& random) {
    ClassifyCase out{std::move(name), family, ranked(boxes), {}, {}};
    while (out.packets.size() < count) out.packets.push_back(random_packet(random, boxes, family));
    return out;
}

// Every box overlaps every other, and none covers another.
std::vector<Box> crossed(std::size_t count) {
    std::vector<Box> out;
    for (std::uint32_t i = 0; i < count; ++i) {
        Box box;
        box.dims[kL4Dst] = {6U << 16U | i, 6U << 16U | (65535 - i)};
        box.dims[kL4Src] = {6U << 16U | (static_cast<std::uint32_t>(count) - i),
                            6U << 16U | (65535 - static_cast<std::uint32_t>(count) + i)};
        out.push_back(box);
    }
    return out;
}

// Wide sources times wide destinations.
std::vector<Box> grid(std::uint32_t side) {
    std::vector<Box> out;
    for (std::uint32_t i = 0; i < side; ++i) {
        Box box;
        box.dims[kSource] = block(i << 24U, 24);
        box.dims[kL4Dst] = box.dims[kL4Src] = {6U << 16U, 6U << 16U | 65535};
        out.push_back(box);
        Box other;
        other.dims[kDestination] = block(i << 24U, 24);
        out.push_back(other);
    }
    return out;
}

std::vector<Box> only_misc() {
    std::vector<Box> out;
    for (std::uint32_t tos = 0; tos < 256; ++tos) {
        Box box;
        box.misc_mask = 0xff0000ff;
        box.misc_value = tos << 24U | 6;
        out.push_back(box);
    }
    return out;
}

std::vector<Box> hosts(std::uint32_t count) {
    std::vector<Box> out;
    for (std::uint32_t i = 0; i < count; ++i) {
        Box box;
        box.dims[kSource] = block(0x0a000000 + i * 3, 0);
        out.push_back(box);
    }
    return out;
}

}  // namespace

std::uint32_t scan(const std::vector<RankedBox>& boxes, const bpfw_packet& packet) {
    for (const RankedBox& one : boxes)
        if (contains(one.box, packet)) return one.rank;
    return kNoMatch;
}

std::string to_text(const bpfw_packet& packet) {
    std::string out;
    for (std::size_t word = 0; word <= kMisc; ++word)
        out += fmt::format("{:x} ", packet_word(packet, word));
    return out;
}

std::vector<ClassifyCase> flavoured_cases(std::size_t rules, std::size_t packets) {
    std::vector<ClassifyCase> out;
    for (const auto& [flavour, name] :
         {std::pair{Flavour::Acl, "acl"}, {Flavour::Fw, "fw"}, {Flavour::Ipc, "ipc"}})
        for (const Family family : {Family::Ipv4, Family::Ipv6})
            for (const std::uint32_t flags : {0U, 30U}) {
                const auto boxes = classbench_rules({flavour, family, rules, flags}, rules);
                ClassifyCase one{fmt::format("{}{} {} rules, {}% --syn", name,
                                             family == Family::Ipv4 ? 4 : 6, rules, flags),
                                 family,
                                 ranked(boxes),
                                 {},
                                 {}};
                for (const Trace trace : {Trace::Hits, Trace::Mixed, Trace::Random})
                    for (const bpfw_packet& packet :
                         classbench_trace(boxes, family, trace, packets, rules + 1))
                        one.packets.push_back(packet);
                out.push_back(std::move(one));
            }
    return out;
}

ClassifyCase random_case(Random& random) {
    const Family family = random.percent(50) ? Family::Ipv4 : Family::Ipv6;
    std::vector<Box> boxes;
    for (std::uint32_t n = random.below(random.percent(80) ? 30 : 400); n > 0; --n)
        boxes.push_back(random_box(random, family));
    return with_packets("random", family, boxes, 200, random);
}

std::vector<ClassifyCase> hard_cases() {
    Random random(43);
    std::vector<ClassifyCase> out;
    const auto add = [&](const char* name, const std::vector<Box>& boxes) {
        out.push_back(with_packets(name, Family::Ipv4, boxes, 500, random));
    };
    add("the same box", std::vector<Box>(100));
    add("overlapping ports", crossed(400));
    add("sources and destinations", grid(200));
    add("tos only", only_misc());
    add("neighbouring hosts", hosts(5000));
    return out;
}

}  // namespace bpfw::test
