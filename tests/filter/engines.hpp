// SPDX-License-Identifier: GPL-2.0-or-later
// What the sources of engines share; engine.hpp's engines() puts them together.
#pragma once

#include "tests/filter/engine.hpp"

namespace bpfw::test::filter {

// Frames come in on the loopback device: BPF_PROG_TEST_RUN's, when none is named.
inline constexpr std::uint32_t kIfindex = 1;

void add_graph_engines(std::vector<std::unique_ptr<Engine>>& engines);
void add_classic_engine(std::vector<std::unique_ptr<Engine>>& engines);
// Through BPF_PROG_TEST_RUN; `missing` when the kernel does not let us.
void add_kernel_engines(std::vector<std::unique_ptr<Engine>>& engines,
                        std::vector<std::string>& missing);

}  // namespace bpfw::test::filter
