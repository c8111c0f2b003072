// SPDX-License-Identifier: GPL-2.0-or-later
// Seeded random frames; make_filter_frames() and host_list() are the doors.
#include "tests/bench/filter_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tests/support/packets.hpp"

namespace bpfw::bench {
namespace {

using test::Packet;

constexpr unsigned kSeed = 20261121;
constexpr std::size_t kSources = 4096;  // different addresses in the frames

std::string dotted(std::uint32_t address) {
    return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                       address & 255);
}

// 198.18.0.0/15 is for benchmarks (RFC 2544); scattered over it, all different.
std::uint32_t source_address(std::size_t index) {
    return 0xc6120000U | ((static_cast<std::uint32_t>(index) * 40503U) & 0x1ffffU);
}

class FrameMaker {
public:
    BenchFrame next() {
        const bool asks = one_in(8);
        const bool tagged = one_in(6);
        const std::optional<std::uint16_t> type =
            asks ? std::optional<std::uint16_t>(0x0806) : std::nullopt;
        Packet packet = test::eth({.dst = one_in(8) ? "02:00:00:00:00:01" : "02:00:00:00:00:09",
                                   .src = "02:00:00:00:00:07",
                                   .type = tagged ? std::nullopt : type});
        if (tagged)
            packet = packet / test::vlan({.id = pick<std::uint16_t>({100, 200, 1}), .type = type});
        const test::Bytes bytes = test::frame(packet / (asks ? test::raw(arp()) : payload()));
        BenchFrame out{};
        std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
        return out;
    }

private:
    bool one_in(unsigned many) { return random_() % many == 0; }
    template <typename T>
    T pick(std::initializer_list<T> from) {
        return *(from.begin() + random_() % from.size());
    }

    std::string address() {
        if (one_in(4)) return dotted(source_address(random_() % kSources));
        return pick<std::string>({"10.0.0.1", "10.1.2.3", "10.2.3.4", "192.168.7.8", "192.0.2.1"});
    }
    std::uint16_t port() {
        return pick<std::uint16_t>(
            {22, 53, 80, 443, 8040, static_cast<std::uint16_t>(1024 + random_() % 60000)});
    }

    Packet l4() {
        switch (random_() % 4) {
            case 0:
                return test::udp({.sport = port(), .dport = port()}) / test::payload(40);
            case 1:
                return test::icmp({.type = pick<std::uint8_t>({8, 0, 3})}) / test::payload(40);
            default: {
                const auto flags = pick<std::uint8_t>(
                    {test::kSyn, test::kAck, test::kSyn | test::kAck, test::kFin});
                const test::Bytes text = one_in(3) ? test::Bytes{'G', 'E', 'T', ' ', '/'}
                                                   : test::Bytes{'d', 'a', 't', 'a', '.'};
                return test::tcp({.sport = port(), .dport = port(), .flags = flags}) /
                       test::raw(text);
            }
        }
    }

    Packet payload() {
        switch (random_() % 7) {
            case 0:
            case 1:
                return test::ip6() / l4();
            case 2:
                return test::ip4({.src = address(), .dst = address(), .ttl = 3, .mf = true}) / l4();
            default:
                return test::ip4({.src = address(), .dst = address()}) / l4();
        }
    }

    // RFC 826: Ethernet and IPv4, a request.
    test::Bytes arp() {
        test::Bytes bytes = {0, 1, 8, 0, 6, 4, 0, 1};
        for (int i = 0; i < 20; ++i) bytes.push_back(static_cast<std::uint8_t>(random_()));
        return bytes;
    }

    std::mt19937 random_{kSeed};
};

}  // namespace

std::vector<BenchFrame> make_filter_frames() {
    FrameMaker maker;
    std::vector<BenchFrame> frames(FILTER_FRAMES);
    for (BenchFrame& frame : frames) frame = maker.next();
    return frames;
}

std::string host_list(std::size_t hosts) {
    fmt::memory_buffer text;
    for (std::size_t i = 0; i < hosts; ++i) {
        const std::uint32_t address = i % 10 == 0 && i / 10 < kSources
                                          ? source_address(i / 10)
                                          : 0xcb000000U + static_cast<std::uint32_t>(i) * 7U;
        fmt::format_to(std::back_inserter(text), "{}host {}", i == 0 ? "" : " or ",
                       dotted(address));
    }
    return fmt::to_string(text);
}

}  // namespace bpfw::bench
