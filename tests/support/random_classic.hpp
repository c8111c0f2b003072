// SPDX-License-Identifier: GPL-2.0-or-later
// Random classic programs for tests: such as the kernel takes, and such with faults in them.
#pragma once

#include "compiler/filter/classic.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

struct ClassicTaste {
    std::size_t most_instructions = 64;
    // Which of the rarer things may occur.
    enum class Loads : std::uint8_t { Packet, Negative } loads = Loads::Negative;
    enum class Extensions : std::uint8_t { None, Translated, All } extensions = Extensions::All;
};

// Without a fault.
compiler::filter::ClassicProgram random_classic(Random& random, const ClassicTaste& taste);
// The same program with a few fields changed, instructions swapped, copied or cut off; often it
// has a fault then.
compiler::filter::ClassicProgram mutated(compiler::filter::ClassicProgram program, Random& random);

}  // namespace bpfw::test
