// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter of a classifier's data (layout.hpp), as a function of Signature::Packet. Its
// size does not depend on the boxes; it calls no helper.
#pragma once

#include <string>
#include <vector>

#include "compiler/classify/classifier.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler::classify {

// Puts the data into `tables`. The function returns the rank of the first match, or kNoMatch.
Function emit_walk(const Classifier& classifier, std::string name, std::vector<std::byte>& tables);

}  // namespace bpfw::compiler::classify
