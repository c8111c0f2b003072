// SPDX-License-Identifier: GPL-2.0-or-later
// What the emitter makes and everything after it reads: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parser/base/span.hpp"

namespace bpfw::compiler {

// One eBPF instruction as the kernel encodes it (Documentation/bpf/standardization/
// instruction-set.rst). ld_imm64 takes two. Registers 0..10.
struct Insn {
    std::uint8_t opcode = 0;
    std::uint8_t dst = 0;
    std::uint8_t src = 0;
    std::int16_t offset = 0;
    std::int32_t imm = 0;
    bool operator==(const Insn&) const = default;
};

// What the linker has to fill in at instruction `at` of its function.
struct Relocation {
    enum class Kind : std::uint8_t {
        Map,       // ld_imm64: the map named `symbol`, or .rodata's variable
        Function,  // call: the function named `symbol`
        Table,     // ld_imm64: the byte of Program::tables that the instruction's imm names
    };
    Kind kind = Kind::Map;
    std::uint32_t at = 0;
    std::string symbol;
    bool operator==(const Relocation&) const = default;
};

// From instruction `at` on, the source line is `text` at file:line (until the next one).
struct LineMark {
    std::uint32_t at = 0;
    std::string file;
    std::uint32_t line = 0;    // 1-based
    std::uint32_t column = 0;  // 1-based; 0 unknown
    std::string text;          // "-A INPUT -p tcp --dport 22 -j DROP"
    bool operator==(const LineMark&) const = default;
};

// What an emitted function takes. The verifier knows a context pointer by the name of its type,
// so what reads the frame exists once for XDP and once for TC.
enum class Signature : std::uint8_t {
    Packet,     // int name(struct bpfw_packet *packet)
    PacketXdp,  // int name(struct bpfw_packet *packet, struct xdp_md *ctx)
    PacketTc,   // int name(struct bpfw_packet *packet, struct __sk_buff *ctx)
    FrameXdp,   // int name(struct bpfw_frame *frame, struct xdp_md *ctx)
    FrameTc,    // int name(struct bpfw_frame *frame, struct __sk_buff *ctx)
    Xdp,        // int name(struct xdp_md *ctx): in the place of the template's program of that name
    Tc,         // int name(struct __sk_buff *ctx): the same
};

// A function of the emitted code: global. The verifier checks it on its own and takes the first
// argument for a pointer that may be NULL, so the code compares r1 with 0 before it reads
// through it.
struct Function {
    std::string name;
    std::vector<Insn> insns;
    std::vector<Relocation> relocations;  // ascending by `at`
    std::vector<LineMark> lines;          // ascending by `at`; the first has at == 0
    Signature signature = Signature::Packet;
    bool operator==(const Function&) const = default;
};

// Where a chain runs, and how and why, for people to read.
struct Placement {
    std::string family;  // "ipv4" or "ipv6"
    std::string chain;
    std::string text;
    bool operator==(const Placement&) const = default;
};

// Which template the functions are linked into.
enum class Entry : std::uint8_t {
    Rules,       // rules.bpf.c: chains that need the packet's headers only
    FrameRules,  // rules_frame.bpf.c: something reads the frame itself
    Filter,      // filter.bpf.c: one expression, matching frames are dropped
};

struct Program {
    // Every name the template declares (bpf-templates/abi.h), then the rest.
    std::vector<Function> functions;
    std::uint32_t needs = 0;     // BPFW_NEEDS_*
    std::uint32_t counters = 0;  // number of counter slots
    std::string ruleset;         // the text the object carries (abi.h)
    std::vector<Placement> placements;
    std::vector<std::byte> tables;  // read-only data (BPFW_TABLES_SECTION)
    Entry entry = Entry::Rules;
    bool operator==(const Program&) const = default;
};

}  // namespace bpfw::compiler
