// SPDX-License-Identifier: GPL-2.0-or-later
// pcap_compile(), timed; libpcap_size() is the only door.
#include "tests/bench/libpcap.hpp"

#include <pcap/pcap.h>

#include <chrono>

namespace bpfw::bench {

Result<PeerSize> libpcap_size(const std::string& expression) {
    using Clock = std::chrono::steady_clock;
    constexpr int kSnapshot = 262144;
    constexpr int kOptimise = 1;
    pcap_t* shape = pcap_open_dead(DLT_EN10MB, kSnapshot);
    bpf_program program{};
    const auto start = Clock::now();
    const int bad =
        pcap_compile(shape, &program, expression.c_str(), kOptimise, PCAP_NETMASK_UNKNOWN);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    Result<PeerSize> result = PeerSize{program.bf_len, ms};
    if (bad != 0) result = failure("pcap_compile", expression, 0, pcap_geterr(shape));
    if (bad == 0) pcap_freecode(&program);
    pcap_close(shape);
    return result;
}

}  // namespace bpfw::bench
