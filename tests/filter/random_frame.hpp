// SPDX-License-Identifier: GPL-2.0-or-later
// One random frame, made as a sender would make it (odd ones included, cut ones not).
#pragma once

#include "tests/support/packets.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test::filter {

// What is behind the Ethernet header and its tags.
enum class Kind : std::uint8_t { Ipv4, Ipv6, Arp, Mpls, Pppoe, Llc, Geneve, Other };
inline constexpr Kind kKinds[] = {Kind::Ipv4,  Kind::Ipv6, Kind::Arp,    Kind::Mpls,
                                  Kind::Pppoe, Kind::Llc,  Kind::Geneve, Kind::Other};

Bytes random_frame(Kind kind, Random& random);
Bytes random_frame(Random& random);

}  // namespace bpfw::test::filter
