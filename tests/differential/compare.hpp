// SPDX-License-Identifier: GPL-2.0-or-later
// Two answers to one packet: the same?
#pragma once

#include <string>

#include "tests/differential/bpf_engine.hpp"
#include "tests/differential/kernel_oracle.hpp"
#include "tests/support/interpreter.hpp"

namespace bpfw::test {

// "" when the interpreter says what the kernel did; else the difference in words.
std::string difference(const compiler::Table& table, const Answer& answer,
                       const Observation& kernel);
// The same for one of bpfw's programs. Where bpfw lets a later fragment pass because the hook has
// judged the first one (BPFW_LATER_FRAGMENT of abi.h), nothing may be counted.
std::string difference(const Tables& tables, const Answer& answer, const BpfAnswer& bpf,
                       const TestPacket& packet, Entry entry);
std::string to_text(const compiler::Table& table, const Answer& answer);
std::string to_text(const compiler::Table& table, const Observation& kernel);
std::string hex(const Bytes& frame);

}  // namespace bpfw::test
