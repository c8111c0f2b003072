// SPDX-License-Identifier: GPL-2.0-or-later
// .BTF.ext: which type each function has and which source line each instruction. Its layout
// is Documentation/bpf/btf.rst, "BTF.ext section".
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bpfw::compiler {

// Records of one kind, per section of code, in the order they have in the file. `section` is
// the offset of the section's name in .BTF; insn_off is in bytes from the section's start.
template <typename Record>
struct BtfExtTable {
    struct Section {
        std::uint32_t section = 0;
        std::vector<Record> records;
    };
    std::vector<Section> sections;

    // The records of this section, made when there are none: a section may stand in the table
    // once only.
    std::vector<Record>& of(std::uint32_t section);
};

struct BtfExt {
    BtfExtTable<bpf_func_info> functions;
    BtfExtTable<bpf_line_info> lines;
    std::vector<std::byte> relocations;  // CO-RE records, untouched
};

// BPFW_BUG when `section` is cut off or of another record size: it comes from the template.
BtfExt read_btf_ext(std::span<const std::byte> section);
std::vector<std::byte> write_btf_ext(const BtfExt& ext);

}  // namespace bpfw::compiler
