// SPDX-License-Identifier: GPL-2.0-or-later
// What libpcap makes of an expression. Apart from the rest: its headers and the kernel's both
// define struct bpf_insn.
#pragma once

#include <cstddef>
#include <string>

#include "parser/base/result.hpp"

namespace bpfw::bench {

struct PeerSize {
    std::size_t instructions = 0;
    double compile_ms = 0;
};
// Compiled for Ethernet and optimised, as tcpdump does.
Result<PeerSize> libpcap_size(const std::string& expression);

}  // namespace bpfw::bench
