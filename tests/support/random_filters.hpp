// SPDX-License-Identifier: GPL-2.0-or-later
// Random -m pcap and -m bpf matches over the values that random rulesets and packets are made of
// (pools.hpp), so that a good share of the packets matches.
#pragma once

#include "parser/ast.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

parser::PcapMatch random_pcap_match(parser::Family family, Random& random);
// Below FORWARD none that bpfw refuses there.
parser::BpfMatch random_bpf_match(parser::Family family, Hook hook, Random& random);

}  // namespace bpfw::test
