// SPDX-License-Identifier: GPL-2.0-or-later
// The frames and lists that filters are timed with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/filters.h"

namespace bpfw::bench {

using BenchFrame = std::array<std::uint8_t, FILTER_FRAME_BYTES>;

// FILTER_FRAMES of them: TCP, UDP, ICMP, ARP, IPv6, VLAN and fragments, such that every filter of
// filters.h matches some and misses most. The same at each call.
std::vector<BenchFrame> make_filter_frames();

// "host A or host B or ...": `hosts` addresses, one in ten of the frames' among them.
std::string host_list(std::size_t hosts);

}  // namespace bpfw::bench
