// SPDX-License-Identifier: GPL-2.0-or-later
// Shape and seed -> rules and headers. classbench_rules() and classbench_trace() are the doors.
#include "tests/support/classbench.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_set>

namespace bpfw::test {
namespace {

using namespace compiler::classify;
using parser::Family;

constexpr std::uint32_t kTcp = 6;
constexpr std::uint32_t kUdp = 17;
constexpr std::uint32_t kIcmp = 1;
constexpr std::uint32_t kServices[] = {20,  21,  22,   23,   25,   53,   67,   80,   110,  111,
                                       123, 135, 137,  139,  143,  161,  389,  443,  445,  514,
                                       993, 995, 1433, 1521, 1723, 3306, 3389, 5060, 8080, 8443};

struct Prefix {
    std::array<std::uint32_t, 4> words{};
    unsigned length = 0;
};

std::uint32_t word_mask(unsigned length, unsigned word) {
    const int bits = std::clamp(static_cast<int>(length) - 32 * static_cast<int>(word), 0, 32);
    return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits);
}

// Percentages, which add up to 100.
struct Weights {
    std::uint32_t wild;    // addresses
    std::uint32_t wide;    // /8 - /16 of 32, the same share of 128
    std::uint32_t subnet;  // /17 - /28
    // the rest: hosts
};

struct Habits {
    Weights source;
    Weights destination;
    std::uint32_t source_port;  // percent of rules that ask for it
    std::uint32_t exact_port;   // of destination ports
    std::uint32_t port_range;
    std::uint32_t tcp;
    std::uint32_t udp;
    std::uint32_t icmp;
};

Habits habits_of(Flavour flavour) {
    switch (flavour) {
        case Flavour::Acl:
            return {{8, 12, 50}, {1, 4, 45}, 2, 62, 20, 75, 17, 4};
        case Flavour::Fw:
            return {{30, 10, 30}, {24, 6, 30}, 22, 45, 30, 68, 22, 5};
        case Flavour::Ipc:
            return {{12, 10, 35}, {12, 8, 35}, 14, 50, 15, 60, 26, 6};
    }
    return {};
}

// Prefixes recur, and new ones often lie inside older ones.
class Addresses {
public:
    Addresses(Family family, Weights weights) : family_(family), weights_(weights) {}
    Prefix next(Random& random) {
        const std::uint32_t kind = random.below(100);
        if (kind < weights_.wild) return {};
        const unsigned length = length_of(kind, random);
        // A network has few of the wide ones.
        const bool wide = kind < weights_.wild + weights_.wide;
        std::vector<Prefix>& known = wide ? wide_ : seen_;
        if (!known.empty() && (random.percent(35) || (wide && known.size() >= kWide)))
            return random.pick(known);
        Prefix out;
        for (std::uint32_t& word : out.words) word = random.below(std::size_t{1} << 32U);
        if (const auto& parents = random.percent(20) ? wide_ : seen_;
            !parents.empty() && random.percent(70))
            inherit(out, random.pick(parents), random);
        out.length = length;
        for (unsigned word = 0; word < 4; ++word) out.words.at(word) &= word_mask(length, word);
        known.push_back(out);
        return out;
    }

private:
    unsigned length_of(std::uint32_t kind, Random& random) const {
        const bool six = family_ == Family::Ipv6;
        if (kind < weights_.wild + weights_.wide)
            return random.between(six ? 20 : 8, six ? 47 : 16);
        if (kind < weights_.wild + weights_.wide + weights_.subnet)
            return random.percent(50) ? (six ? 64 : 24)
                                      : random.between(six ? 48 : 17, six ? 72 : 28);
        return six ? 128 : 32;
    }
    static void inherit(Prefix& out, const Prefix& parent, Random& random) {
        const unsigned kept = std::min(parent.length, 8 + random.below(parent.length + 1));
        for (unsigned word = 0; word < 4; ++word) {
            const std::uint32_t mask = word_mask(kept, word);
            out.words.at(word) = (parent.words.at(word) & mask) | (out.words.at(word) & ~mask);
        }
    }
    Family family_;
    Weights weights_;
    static constexpr std::size_t kWide = 64;
    std::vector<Prefix> wide_;
    std::vector<Prefix> seen_;  // the others
};

void put(Box& box, std::size_t dim, const Prefix& prefix, Family family) {
    for (unsigned word = 0; word < (family == Family::Ipv4 ? 1U : 4U); ++word) {
        const std::uint32_t mask = word_mask(prefix.length, word);
        box.dims.at(dim + word) = {prefix.words.at(word), prefix.words.at(word) | ~mask};
    }
}

// However many the rules, they use few different ports and ranges.
class Ports {
public:
    Ports(const Habits& habits, Random& random) : habits_(habits) {
        constexpr std::size_t kExact = 200;
        constexpr std::size_t kRanges = 40;
        while (exact_.size() < kExact) exact_.push_back(random.between(1, 65535));
        ranges_ = {{1024, 65535}, {1024, 65535}, {1024, 65535}, {0, 1023}};
        while (ranges_.size() < kRanges) {
            const std::uint32_t first = random.between(1024, 60000);
            ranges_.push_back({first, first + random.between(1, random.percent(50) ? 16 : 4000)});
        }
    }
    [[nodiscard]] Interval next(Random& random) const {
        const std::uint32_t kind = random.below(100);
        if (kind < habits_.exact_port) {
            const std::uint32_t one =
                random.percent(70) ? random.pick(kServices) : random.pick(exact_);
            return {one, one};
        }
        if (kind >= habits_.exact_port + habits_.port_range) return {0, 65535};
        return random.percent(30) ? ranges_.front() : random.pick(ranges_);
    }

    // Clients' ports above all.
    [[nodiscard]] Interval next_source(Random& random) const {
        if (random.percent(70)) return ranges_.front();
        if (random.percent(80)) {
            const std::uint32_t one = random.pick(kServices);
            return {one, one};
        }
        return random.pick(ranges_);
    }

private:
    Habits habits_;
    std::vector<std::uint32_t> exact_;
    std::vector<Interval> ranges_;
};

void put_transport(Box& box, const RulesetShape& shape, const Habits& habits, const Ports& ports,
                   Random& random) {
    const std::uint32_t kind = random.below(100);
    const std::uint32_t protocol = kind < habits.tcp                              ? kTcp
                                   : kind < habits.tcp + habits.udp               ? kUdp
                                   : kind < habits.tcp + habits.udp + habits.icmp ? kIcmp
                                                                                  : 256;
    if (protocol > 255) return;
    Interval dst{0, 65535};
    Interval src{0, 65535};
    if (protocol == kIcmp) {
        if (random.percent(60)) dst = {8U << 8U, 8U << 8U | 0xff};
    } else {
        dst = ports.next(random);
        if (random.percent(habits.source_port)) src = ports.next_source(random);
    }
    box.dims[kL4Dst] = {protocol << 16U | dst.first, protocol << 16U | dst.last};
    box.dims[kL4Src] = {protocol << 16U | src.first, protocol << 16U | src.last};
    if (protocol == kTcp && random.percent(shape.tcp_flags)) {
        box.misc_mask = 0x1700;  // --syn
        box.misc_value = 0x0200;
    }
}

std::string key_of(const Box& box) {
    std::string key(sizeof box.dims, '\0');
    std::memcpy(key.data(), box.dims.data(), sizeof box.dims);
    return key;
}

int width_of(const Box& box) {
    int bits = 0;
    for (const Interval& one : box.dims) bits += std::bit_width(one.last - one.first);
    return bits;
}

std::uint32_t inside(const Interval& interval, Random& random) {
    return random.between(interval.first, interval.last);
}

std::uint32_t same_protocol(std::uint32_t l4, std::uint32_t port) {
    return (l4 & 0xff0000U) | (port & 0xffffU);
}

void set_protocol(bpfw_packet& packet) {
    packet.protocol = static_cast<std::uint8_t>(packet.l4_dst >> 16U);
}

}  // namespace

std::vector<Box> classbench_rules(const RulesetShape& shape, std::uint64_t seed) {
    Random random(seed);
    const Habits habits = habits_of(shape.flavour);
    Addresses sources(shape.family, habits.source);
    Addresses destinations(shape.family, habits.destination);
    const Ports ports(habits, random);
    std::unordered_set<std::string> seen;
    std::vector<std::pair<int, Box>> boxes;
    while (boxes.size() < shape.rules) {
        Box box;
        put(box, kSource, sources.next(random), shape.family);
        put(box, kDestination, destinations.next(random), shape.family);
        put_transport(box, shape, habits, ports, random);
        if (!seen.insert(key_of(box)).second) continue;
        boxes.emplace_back(width_of(box) + static_cast<int>(random.below(12)), box);
    }
    std::stable_sort(boxes.begin(), boxes.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Box> out;
    out.reserve(boxes.size());
    for (const auto& [width, box] : boxes) out.push_back(box);
    return out;
}

bpfw_packet point_of(const Box& box, Random& random) {
    bpfw_packet packet{};
    for (unsigned word = 0; word < 4; ++word) {
        packet.saddr[word] = inside(box.dims.at(kSource + word), random);
        packet.daddr[word] = inside(box.dims.at(kDestination + word), random);
    }
    packet.l4_dst = inside(box.dims[kL4Dst], random);
    if (box.dims[kL4Dst].last == kL4Last && box.dims[kL4Dst].first == 0) {
        const std::uint32_t protocol = random.percent(70) ? kTcp : kUdp;
        packet.l4_dst = protocol << 16U | (packet.l4_dst & 0xffffU);
    }
    packet.l4_src = same_protocol(packet.l4_dst, inside(box.dims[kL4Src], random));
    const std::uint32_t misc =
        (random.below(std::size_t{1} << 32U) & ~box.misc_mask) | box.misc_value;
    std::memcpy(&packet.protocol, &misc, sizeof misc);
    set_protocol(packet);
    return packet;
}

namespace {

bpfw_packet random_packet(Random& random) {
    static constexpr std::uint32_t kProtocols[] = {kTcp, kTcp, kTcp, kUdp, kUdp, kIcmp};
    Box box;
    const std::uint32_t protocol = random.pick(kProtocols);
    box.dims[kL4Dst] = box.dims[kL4Src] = {protocol << 16U, protocol << 16U | 0xffffU};
    return point_of(box, random);
}

bpfw_packet mixed_packet(const std::vector<Box>& rules, Random& random) {
    bpfw_packet packet = point_of(random.pick(rules), random);
    const bpfw_packet other = point_of(random.pick(rules), random);
    const bpfw_packet third = point_of(random.pick(rules), random);
    const bpfw_packet fourth = point_of(random.pick(rules), random);
    std::memcpy(packet.daddr, other.daddr, sizeof packet.daddr);
    packet.l4_dst = third.l4_dst;
    packet.l4_src = same_protocol(packet.l4_dst, fourth.l4_src);
    set_protocol(packet);
    return packet;
}

// ClassBench's: scale 1, shape 1/0.1 -> mostly one or two copies, now and then many.
std::size_t copies(Random& random) {
    const double u = (random.below(1U << 24U) + 1) / static_cast<double>(1U << 24U);
    return static_cast<std::size_t>(std::min(64.0, std::ceil(0.1 / u)));
}

}  // namespace

std::vector<bpfw_packet> classbench_trace(const std::vector<Box>& rules, Family family, Trace trace,
                                          std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<bpfw_packet> out;
    while (out.size() < count) {
        switch (trace) {
            case Trace::Hits: {
                const bpfw_packet packet = point_of(random.pick(rules), random);
                for (std::size_t n = copies(random); n > 0 && out.size() < count; --n)
                    out.push_back(packet);
                break;
            }
            case Trace::Mixed:
                out.push_back(mixed_packet(rules, random));
                break;
            case Trace::Random:
                out.push_back(random_packet(random));
                break;
        }
    }
    if (family == Family::Ipv4)
        for (bpfw_packet& packet : out)
            for (unsigned word = 1; word < 4; ++word) packet.saddr[word] = packet.daddr[word] = 0;
    return out;
}

}  // namespace bpfw::test
