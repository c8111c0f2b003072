// SPDX-License-Identifier: GPL-2.0-or-later
// Runs libpcap's classic programs as bpf_filter() does, and sees what bpf_filter() does not tell:
// scratch words read before they were written, and protochain loops. A second mode does right
// what libpcap's protochain does wrong behind an AH header.
#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tests/filter/corpus.hpp"

namespace bpfw::test::filter {

enum class Protochain : std::uint8_t { AsLibpcap, Mended };

struct Outcome {
    std::uint32_t accepted = 0;
    bool uninitialised = false;  // a scratch word was read that nobody had written for this
    bool endless = false;        // given up
    std::uint32_t rounds = 0;    // backward jumps taken: headers of a chain
};

Outcome run_classic(std::span<const bpf_insn> program, const Sample& sample, Protochain mode);

}  // namespace bpfw::test::filter
