// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> eBPF functions that read the frame: at XDP by packet pointers; at TC too, and through
// the template's bpfw_load_tc() where the frame is not all there (a tag taken out, paged data).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/filter/graph.hpp"
#include "compiler/program.hpp"

namespace bpfw::compiler::filter {

// Functions `int name(struct bpfw_frame *frame, CTX *ctx)`, CTX by `entry`: struct xdp_md or
// struct __sk_buff (Signature in program.hpp). The first is `name` itself; more where it has a
// slow twin or had to be cut in parts. Their sets' data goes to the end of `tables`.
std::vector<Function> emit_filter(const Graph& graph, const std::string& name, Signature entry,
                                  std::vector<std::byte>& tables);

// The same as a program of filter.bpf.c that needs no struct bpfw_frame, of signature Xdp or Tc:
// what it cannot read by packet pointers it leaves to the template's function `judge`. Nothing
// where a test asks more than the frame's bytes, or the graph is too long for one function.
std::optional<Function> emit_program(const Graph& graph, const std::string& name,
                                     const std::string& judge, Signature signature,
                                     std::vector<std::byte>& tables);

}  // namespace bpfw::compiler::filter
