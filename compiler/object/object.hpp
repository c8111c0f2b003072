// SPDX-License-Identifier: GPL-2.0-or-later
// Program + the embedded BPF template -> a standard BPF ELF object (EM_BPF): programs,
// maps described in BTF, .rodata, .BTF.ext with the rules as source lines. libbpf, bpftool
// and ip link load it. No kernel, no file, no root.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/program.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {

Result<std::vector<std::byte>> write_object(const Program& program);

}  // namespace bpfw::compiler
