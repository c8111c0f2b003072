// SPDX-License-Identifier: GPL-2.0-or-later
// Classic BPF (the language of tcpdump -d, SO_ATTACH_FILTER and xt_bpf): Graph -> program, and
// program -> eBPF.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/filter/graph.hpp"
#include "compiler/program.hpp"
#include "parser/terms.hpp"

namespace bpfw::compiler::filter {

using ClassicProgram = std::vector<parser::ClassicInstruction>;

// Returns `accepted` for a match (tcpdump's snapshot length; 262144 by default), else 0. The
// graph is lowered AsWritten (of sets, it may have those of one word). Backward jumps, which the
// kernel refuses, are never made: a protochain is unrolled. Nothing when the graph asks what
// classic BPF cannot (out of scratch words): `why` then says what. A program of more than 4096
// instructions is made all the same; fault_of() tells that no kernel takes it.
std::optional<ClassicProgram> to_classic(const Graph& graph, std::uint32_t accepted,
                                         std::string& why);

// As tcpdump prints them. -d: one disassembled instruction a line; -dd: a C array's rows; -ddd:
// the count, then decimal numbers.
enum class ClassicForm : std::uint8_t { Listing, Array, Numbers };  // -d, -dd, -ddd
std::string to_text(const ClassicProgram& program, ClassicForm form);

// What net/core/filter.c: bpf_check_classic() asks of a program that is attached (1 to 4096
// instructions; xt_bpf takes 64, see parser/bytecode.hpp): what is wrong with it in words,
// nothing when the kernel takes it. Instructions are counted from 0, as in a listing.
std::optional<std::string> fault_of(const ClassicProgram& program);
// The extensions (SKF_AD_*) that the kernel takes and emit_classic() does not, by name and with
// the reason: those whose answer cannot be the same at XDP and at TC as in xt_bpf.
std::optional<std::string> refusal_of(const ClassicProgram& program);

// A function of signature FrameXdp or FrameTc that runs `program` (no fault, no refusal) on the
// packet from its network header on, up to frame->network_end, as xt_bpf does
// (net/netfilter/xt_bpf.c): 1 when it returns something else than 0. More functions where it has
// a slow twin.
std::vector<Function> emit_classic(const ClassicProgram& program, const std::string& name,
                                   Signature entry, const LineMark& where);

// Whether it may read what a router has changed when iptables' FORWARD sees the packet, and XDP
// and TC ingress have not: IPv4's TTL and checksum, IPv6's hop limit. A load at a variable offset
// may, unless X is known well enough (behind the IPv4 header, say). A program with a fault reads
// nothing.
bool reads_what_forwarding_changes(const ClassicProgram& program, parser::Family family);

}  // namespace bpfw::compiler::filter
