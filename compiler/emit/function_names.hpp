// SPDX-License-Identifier: GPL-2.0-or-later
// Names of emitted functions that exist once per kind of context (bpf-templates/abi.h).
#pragma once

#include <string>

#include "compiler/ir/ir.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler {

// "NAME_xdp" or "NAME_tc" by the kind of context the signature has; NAME without one.
std::string name_for(const std::string& name, Signature signature);

// The function that asks this filter, for a caller of that signature: "bpfw_filter_3_xdp".
std::string filter_function(FilterId filter, Signature caller);

}  // namespace bpfw::compiler
