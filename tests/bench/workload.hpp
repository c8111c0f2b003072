// SPDX-License-Identifier: GPL-2.0-or-later
// The rules that are timed and the packets they are timed with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/bench.h"

namespace bpfw::bench {

// Every packet goes to this address, the host's own: 198.18.0.1.
inline constexpr std::uint32_t kHost = 0xc6120001;

// Services: each rule asks an address and a port; a tenth of the packets meets a rule.
// Hosts, Strangers: each rule asks an address only; every packet meets a rule, or none does.
enum class Shape : std::uint8_t { Services, Hosts, Strangers };

// One rule: a source address, and a port where the shape has ports.
struct BenchRule {
    std::uint32_t source = 0;
    std::uint16_t port = 0;
};

struct Workload {
    Shape shape = Shape::Services;
    std::vector<BenchRule> rules;
    std::vector<bench_header> headers;  // BENCH_HEADERS, all different
};

// Packets in random order; those that meet no rule meet the policy. Policy and rules both drop.
Workload make_workload(std::size_t rules, Shape shape = Shape::Services);
// The same rules for iptables-restore and for nft -f.
std::string iptables_text(const Workload& workload);
std::string nft_text(const Workload& workload);

}  // namespace bpfw::bench
