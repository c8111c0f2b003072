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

// One rule: an address and a port, four fields with the protocol and the policy behind it.
struct BenchRule {
    std::uint32_t source = 0;
    std::uint16_t port = 0;
};

struct Workload {
    std::vector<BenchRule> rules;
    std::vector<bench_header> headers;  // BENCH_HEADERS, all different
};

// A tenth of the packets meets a rule, the others the policy, in random order. Policy and rules
// both drop.
Workload make_workload(std::size_t rules);
// The same rules for iptables-restore and for nft -f.
std::string iptables_text(const Workload& workload);
std::string nft_text(const Workload& workload);

}  // namespace bpfw::bench
