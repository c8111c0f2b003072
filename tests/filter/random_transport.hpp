// SPDX-License-Identifier: GPL-2.0-or-later
// What random frames carry: IPv4 and IPv6 packets from their header on.
#pragma once

#include "tests/support/packets.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test::filter {

Bytes random_bytes(std::size_t count, Random& random);
// `tunnels`: how many more packets may lie inside one another.
Packet random_ip4(Random& random, int tunnels);
Packet random_ip6(Random& random, int tunnels);
// IPv4 or IPv6 with UDP to port 6081 (mostly) and a GENEVE header with a packet inside.
Packet random_geneve(Random& random, int tunnels, bool ipv6);

}  // namespace bpfw::test::filter
