// SPDX-License-Identifier: GPL-2.0-or-later
// Puts the two BPF objects into the library's read-only data; BPFW_RULES_OBJECT and
// BPFW_ROOT_OBJECT are their paths in the build directory.
#include "bpf-templates/templates.hpp"

asm(".pushsection .rodata\n"
    ".balign 16\n"
    "bpfw_rules_begin: .incbin \"" BPFW_RULES_OBJECT
    "\"\n"
    "bpfw_rules_end:\n"
    ".balign 16\n"
    "bpfw_root_begin: .incbin \"" BPFW_ROOT_OBJECT
    "\"\n"
    "bpfw_root_end:\n"
    ".globl bpfw_rules_begin, bpfw_rules_end, bpfw_root_begin, bpfw_root_end\n"
    ".hidden bpfw_rules_begin, bpfw_rules_end, bpfw_root_begin, bpfw_root_end\n"
    ".popsection\n");

extern "C" {
extern const std::byte bpfw_rules_begin[];
extern const std::byte bpfw_rules_end[];
extern const std::byte bpfw_root_begin[];
extern const std::byte bpfw_root_end[];
}

namespace bpfw::templates {

std::span<const std::byte> rules_template() { return {bpfw_rules_begin, bpfw_rules_end}; }

std::span<const std::byte> root_template() { return {bpfw_root_begin, bpfw_root_end}; }

}  // namespace bpfw::templates
