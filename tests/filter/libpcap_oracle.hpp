// SPDX-License-Identifier: GPL-2.0-or-later
// What libpcap says of an expression and of frames. A verdict is decided where its optimised and
// its unoptimised program agree. Three things that libpcap does wrong are not asked of anyone:
// `byte N & V` and `byte N | V` (it forgets the load) are given to it as `(ether[N] & V != 0)`;
// a protochain behind an AH header is followed rightly; what depends on scratch words that were
// never written (GENEVE's offsets where the packet was none) is undecided.
#pragma once

#include <pcap/pcap.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/filter/corpus.hpp"
#include "tests/filter/verdict.hpp"

namespace bpfw::test::filter {

using PcapProgram = std::vector<bpf_insn>;

// As libpcap is to get it: bytes' bit tests, and what offline libpcap has no packet data for
// (inbound: true, outbound: false; ifindex: of the loopback device), said in other words.
std::string for_libpcap(const std::string& expression);

class LibpcapOracle {
public:
    LibpcapOracle();
    LibpcapOracle(const LibpcapOracle&) = delete;
    LibpcapOracle& operator=(const LibpcapOracle&) = delete;
    ~LibpcapOracle();

    // False: refused, why() says how.
    bool prepare(const std::string& expression);
    [[nodiscard]] const std::string& why() const { return why_; }
    [[nodiscard]] Verdict judge(const Sample& sample);
    // The optimiser found that nothing can match.
    [[nodiscard]] bool rejects_all() const { return rejects_all_; }
    [[nodiscard]] const PcapProgram& optimised() const { return optimised_; }
    [[nodiscard]] const PcapProgram& unoptimised() const { return unoptimised_; }
    // Verdicts where libpcap's own protochain was wrong, or without end.
    [[nodiscard]] std::uint64_t mended() const { return mended_; }

private:
    std::optional<PcapProgram> compile(const std::string& text, int optimise);
    Verdict judge_slowly(const Sample& sample);

    pcap_t* handle_;
    PcapProgram optimised_;
    PcapProgram unoptimised_;
    bool rejects_all_ = false;
    bool silent_ = false;  // too long for libpcap
    bool slowly_ = false;  // in classic_machine.hpp: protochain, GENEVE
    std::string why_;
    std::uint64_t mended_ = 0;
};

}  // namespace bpfw::test::filter
