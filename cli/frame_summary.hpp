// SPDX-License-Identifier: GPL-2.0-or-later
// A frame's first bytes -> the line that `bpfw log` shows of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bpfw::cli {

// "02:00:00:00:00:02 > 02:00:00:00:00:01, vlan 5, 192.0.2.2:40000 > 192.0.2.1:80 tcp"; where the
// frame is no IP, "ARP" or "type 0x88cc". As far as the bytes go. A whole decoder is tcpdump's
// work: `bpfw log --pcap - | tcpdump -r -`.
std::string frame_summary(std::span<const std::byte> frame);

}  // namespace bpfw::cli
