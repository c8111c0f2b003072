// SPDX-License-Identifier: GPL-2.0-or-later
// The two measurements.
#pragma once

#include <string>
#include <vector>

#include "parser/base/result.hpp"
#include "tests/bench/workload.hpp"

namespace bpfw::bench {

struct Figure {
    std::string name;          // "bpfw", "iptables-legacy", "return XDP_DROP" ...
    std::size_t rules = 0;     // 0: a program without rules
    double ns_per_packet = 0;  // the best round
    double median = 0;         // of all rounds
    double lost = 0;           // share of the packets that never reached the receiver
};

// ns per packet of the XDP programs alone, by BPF_PROG_TEST_RUN. A driver program gives the
// frame another of 8192 headers at each run and tail-calls the program under test, so that
// neither caches nor branch predictors know the packet; the driver's own cost is in every
// figure, and goes away in differences. Rounds are interleaved: a slow moment of the machine
// hits all programs.
Result<std::vector<Figure>> measure_programs(const std::vector<std::size_t>& sizes, Shape shape,
                                             int rounds);

// ns per packet from one end of a veth pair to the verdict at the other. Live frames of
// BPF_PROG_TEST_RUN are sent and received on one processor, one batch of 64 after another, so
// that the elapsed time is the whole cost of both sides. Every packet is dropped by the firewall.
Result<std::vector<Figure>> measure_end_to_end(const std::vector<std::size_t>& sizes, Shape shape,
                                               int rounds);

}  // namespace bpfw::bench
