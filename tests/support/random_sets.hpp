// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of every shape for the set tables, the keys that are likeliest to go wrong in them, and
// the answer in plain C++.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/filter/graph.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

using SetKey = std::array<std::uint32_t, 4>;

struct NamedSet {
    std::string name;
    compiler::filter::Set set;
};
// One of each shape: one key, all keys, adjacent, dense, sparse, mixed, at both ends, ...
std::vector<NamedSet> shapes_of_sets(std::uint8_t words);
compiler::filter::Set random_set(Random& random, std::uint8_t words);
// `count` random keys.
compiler::filter::Set random_keys(Random& random, std::uint8_t words, std::size_t count);

bool contains(const compiler::filter::Set& set, const SetKey& key);
// The ends of ranges and their neighbours (of about `most` / 8 ranges), members, random keys.
std::vector<SetKey> keys_for(Random& random, const compiler::filter::Set& set, std::size_t most);

}  // namespace bpfw::test
