// SPDX-License-Identifier: GPL-2.0-or-later
// Random Expressions that some text parses to: every primitive, every kind of arithmetic.
#pragma once

#include "parser/pcap/expression.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

parser::pcap::Expression random_filter(Random& random);

}  // namespace bpfw::test
