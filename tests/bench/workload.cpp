// SPDX-License-Identifier: GPL-2.0-or-later
// Number of rules -> rules and packets; the same at every run.
#include "tests/bench/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tests/support/draft.hpp"
#include "tests/support/random.hpp"

namespace bpfw::bench {
namespace {

std::string dotted(std::uint32_t address) {
    return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                       address & 255);
}

parser::Address as_address(std::uint32_t value) {
    parser::Address address;
    for (std::size_t i = 0; i < 4; i++)
        address.bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    return address;
}

bench_header header_of(std::uint32_t source, std::uint16_t port, test::Random& random) {
    test::Draft draft;
    draft.source = as_address(source);
    draft.destination = as_address(kHost);
    draft.transport.assign(20, 0);
    draft.transport[0] = random.byte();
    draft.transport[1] = random.byte();
    draft.transport[2] = static_cast<std::uint8_t>(port >> 8);
    draft.transport[3] = static_cast<std::uint8_t>(port);
    draft.transport[12] = 5 << 4;
    draft.transport[13] = 2;
    draft.padding = 10;
    const test::Bytes frame = test::draft_frame(draft);
    bench_header header{};
    std::memcpy(&header, frame.data(), std::min(sizeof header, frame.size()));
    return header;
}

}  // namespace

Workload make_workload(std::size_t rules, Shape shape) {
    const std::uint32_t hits = shape == Shape::Services ? 10 : shape == Shape::Hosts ? 100 : 0;
    test::Random random(20261121);
    Workload workload;
    workload.shape = shape;
    const auto source = [&random] { return 0x0a000000u | random.below(1u << 24); };
    const auto port = [&random] { return static_cast<std::uint16_t>(random.between(1, 65535)); };
    while (workload.rules.size() < rules) workload.rules.push_back({source(), port()});
    while (workload.headers.size() < BENCH_HEADERS) {
        BenchRule aim{source(), port()};
        if (!workload.rules.empty() && random.percent(hits)) aim = random.pick(workload.rules);
        workload.headers.push_back(header_of(aim.source, aim.port, random));
    }
    return workload;
}

std::string iptables_text(const Workload& workload) {
    std::string out = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
    const bool ports = workload.shape == Shape::Services;
    for (const BenchRule& rule : workload.rules)
        out += fmt::format("-A INPUT -s {}/32{} -j DROP\n", dotted(rule.source),
                           ports ? fmt::format(" -p tcp -m tcp --dport {}", rule.port) : "");
    return out + "COMMIT\n";
}

std::string nft_text(const Workload& workload) {
    std::string out =
        "table ip bench {\nchain input {\ntype filter hook input priority 0; policy drop;\n";
    const bool ports = workload.shape == Shape::Services;
    for (const BenchRule& rule : workload.rules)
        out += fmt::format("ip saddr {}{} counter drop\n", dotted(rule.source),
                           ports ? fmt::format(" tcp dport {}", rule.port) : "");
    return out + "}\n}\n";
}

}  // namespace bpfw::bench
