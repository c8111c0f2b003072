// SPDX-License-Identifier: GPL-2.0-or-later
// What the sources of engines share; engine.hpp's engines() puts them together.
#pragma once

#include "tests/filter/engine.hpp"

namespace bpfw::test::filter {

// Frames come in on the loopback device.
inline constexpr std::uint32_t kIfindex = 1;

void add_graph_engines(std::vector<std::unique_ptr<Engine>>& engines);
void add_classic_engine(std::vector<std::unique_ptr<Engine>>& engines);

}  // namespace bpfw::test::filter
