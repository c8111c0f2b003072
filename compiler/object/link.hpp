// SPDX-License-Identifier: GPL-2.0-or-later
// The linker behind write_object(), with the template as an argument.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compiler/program.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {

// The object of `rules_template` with the program's functions, ruleset text and counter slots
// linked in. BPFW_BUG: a symbol that neither of them has, a name that is no C identifier or
// there twice, a template without one of the things named in bpf-templates/abi.h.
// Fails when the kernel's limit for type information (16 MiB) is passed, or memory runs out.
Result<std::vector<std::byte>> link_object(std::span<const std::byte> rules_template,
                                           const Program& program);

}  // namespace bpfw::compiler
