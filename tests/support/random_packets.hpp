// SPDX-License-Identifier: GPL-2.0-or-later
// Packets aimed at a table: for its rules ones that fit and near misses, and among them the
// nasty ones: options, fragments, extension headers, tags, cut-off headers, lying lengths.
#pragma once

#include <string>
#include <vector>

#include "compiler/ruleset.hpp"
#include "tests/support/draft.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

struct TestPacket {
    Bytes frame;
    Place place;
};

// The device of the oracle's world that a destination is routed to in FORWARD: the lower half
// of the addresses leaves by the first.
const std::string& route_of(const parser::Address& destination);

std::vector<TestPacket> random_packets(const compiler::Table& table, parser::Family family,
                                       Hook hook, std::size_t count, Random& random);

}  // namespace bpfw::test
