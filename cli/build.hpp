// SPDX-License-Identifier: GPL-2.0-or-later
// Checked rules -> Program and object, with everything that can go wrong reported.
#pragma once

#include <cstddef>
#include <tl/expected.hpp>
#include <vector>

#include "cli/exit_code.hpp"
#include "cli/input.hpp"
#include "compiler/program.hpp"

namespace bpfw::cli {

struct Built {
    compiler::Program program;
    std::vector<std::byte> object;
};

// Reports what is wrong with `input` or its compilation (warnings too); on an error the exit code.
tl::expected<compiler::Program, Exit> compile_input(Input& input);
tl::expected<Built, Exit> build(Input& input);

}  // namespace bpfw::cli
