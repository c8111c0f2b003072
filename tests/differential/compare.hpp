// SPDX-License-Identifier: GPL-2.0-or-later
// Two answers to one packet: the same?
#pragma once

#include <string>

#include "tests/differential/kernel_oracle.hpp"
#include "tests/support/interpreter.hpp"

namespace bpfw::test {

// "" when the interpreter says what the kernel did; else the difference in words.
std::string difference(const compiler::Table& table, const Answer& answer,
                       const Observation& kernel);
std::string to_text(const compiler::Table& table, const Answer& answer);
std::string to_text(const compiler::Table& table, const Observation& kernel);
std::string hex(const Bytes& frame);

}  // namespace bpfw::test
