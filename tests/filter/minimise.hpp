// SPDX-License-Identifier: GPL-2.0-or-later
// Makes what disagrees small enough to look at.
#pragma once

#include <string>

#include "tests/filter/engine.hpp"

namespace bpfw::test::filter {

// Takes words out of `expression` and bytes off `sample` for as long as the engine still
// disagrees with libpcap (or, where that has not decided, with the graph as written).
void minimise(Engine& engine, std::string& expression, Sample& sample);
// The same while the engine fails to take the expression.
std::string minimised_failure(Engine& engine, const std::string& expression);

}  // namespace bpfw::test::filter
