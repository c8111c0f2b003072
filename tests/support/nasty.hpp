// SPDX-License-Identifier: GPL-2.0-or-later
// What makes a packet nasty: one change, drawn at random, to a well-formed one.
#pragma once

#include "tests/support/draft.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

// On the way out only what a raw socket can send is done: no tags, no lying lengths.
void make_nasty(Draft& draft, Hook hook, Random& random);

}  // namespace bpfw::test
