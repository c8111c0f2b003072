// SPDX-License-Identifier: GPL-2.0-or-later
// Frames that filter expressions are tried on: every kind of header they ask for, in odd forms,
// cut off everywhere. The same for one seed on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/packets.hpp"

namespace bpfw::test::filter {

struct Sample {
    Bytes bytes;
    std::uint32_t length = 0;  // on the wire; more than there are bytes in some
};

// `count` frames: two fifths of them frames of each kind, cut at every length, the rest random.
std::vector<Sample> corpus(std::uint64_t seed, std::size_t count);

}  // namespace bpfw::test::filter
