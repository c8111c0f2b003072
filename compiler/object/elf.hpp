// SPDX-License-Identifier: GPL-2.0-or-later
// A relocatable BPF ELF file as a value: read_elf() and write_elf() are the doors to libelf.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::compiler {

// Relocation types of EM_BPF (Documentation/bpf/llvm_reloc.rst).
inline constexpr std::uint32_t kRelocateLoad = 1;   // R_BPF_64_64: ld_imm64
inline constexpr std::uint32_t kRelocateCall = 10;  // R_BPF_64_32: call

struct ElfRelocation {
    std::uint64_t offset = 0;  // in bytes, of the instruction in its section
    std::size_t symbol = 0;    // index in ElfObject::symbols
    std::uint32_t type = 0;
};

struct ElfSection {
    std::string name;
    std::uint32_t type = 0;   // SHT_*
    std::uint64_t flags = 0;  // SHF_*
    std::uint64_t align = 1;
    std::vector<std::byte> bytes;
    std::vector<ElfRelocation> relocations;  // ascending by offset
};

struct ElfSymbol {
    static constexpr std::size_t kUndefined = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t kAbsolute = kUndefined - 1;

    std::string name;
    std::size_t section = kUndefined;  // index in ElfObject::sections
    std::uint64_t value = 0;
    std::uint64_t size = 0;
    std::uint8_t info = 0;   // binding and type
    std::uint8_t other = 0;  // visibility
};

// Sections in file order, without the tables that write_elf() makes itself (symbols,
// strings, relocations); symbols without the null symbol, in any order.
struct ElfObject {
    static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

    std::vector<ElfSection> sections;
    std::vector<ElfSymbol> symbols;

    // Index of the section, or kNone.
    [[nodiscard]] std::size_t find_section(std::string_view name) const;
};

// Only what is loaded is kept: no DWARF, no relocations of BTF (libbpf reads none).
// BPFW_BUG when `image` is no 64-bit BPF relocatable object: it is part of this binary.
ElfObject read_elf(std::span<const std::byte> image);

// Fails when memory runs out.
Result<std::vector<std::byte>> write_elf(const ElfObject& object);

}  // namespace bpfw::compiler
