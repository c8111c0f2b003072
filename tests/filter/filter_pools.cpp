// SPDX-License-Identifier: GPL-2.0-or-later
// Draws the values that expressions and frames share.
#include "tests/filter/filter_pools.hpp"

#include <fmt/format.h>

namespace bpfw::test::filter {

std::string host4(Random& random) {
    if (random.percent(65)) return random.pick(kHosts4);
    if (random.percent(75))
        return fmt::format("10.{}.{}.{}", random.below(3), random.below(4), random.below(256));
    return fmt::format("{}.{}.{}.{}", random.byte(), random.byte(), random.byte(), random.byte());
}

std::string host6(Random& random) {
    if (random.percent(70)) return random.pick(kHosts6);
    return fmt::format("2001:db8:{:x}::{:x}", random.below(3), random.below(512) + 1);
}

std::uint16_t port(Random& random) {
    if (random.percent(75)) return random.pick(kFilterPorts);
    if (random.percent(70)) return static_cast<std::uint16_t>(random.below(2000));
    return static_cast<std::uint16_t>(random.below(65536));
}

}  // namespace bpfw::test::filter
