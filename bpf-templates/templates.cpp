// SPDX-License-Identifier: GPL-2.0-or-later
// Puts the BPF objects into the library's read-only data; BPFW_*_OBJECT are their paths in the
// build directory.
#include "bpf-templates/templates.hpp"

#define BPFW_EMBED(name, path)                    \
    asm(".pushsection .rodata\n"                  \
        ".balign 16\n"                            \
        "bpfw_" name "_begin: .incbin \"" path    \
        "\"\n"                                    \
        "bpfw_" name                              \
        "_end:\n"                                 \
        ".globl bpfw_" name "_begin, bpfw_" name  \
        "_end\n"                                  \
        ".hidden bpfw_" name "_begin, bpfw_" name \
        "_end\n"                                  \
        ".popsection\n")

BPFW_EMBED("rules", BPFW_RULES_OBJECT);
BPFW_EMBED("rules_frame", BPFW_RULES_FRAME_OBJECT);
BPFW_EMBED("root", BPFW_ROOT_OBJECT);
BPFW_EMBED("filter", BPFW_FILTER_OBJECT);

extern "C" {
extern const std::byte bpfw_rules_begin[];
extern const std::byte bpfw_rules_end[];
extern const std::byte bpfw_rules_frame_begin[];
extern const std::byte bpfw_rules_frame_end[];
extern const std::byte bpfw_root_begin[];
extern const std::byte bpfw_root_end[];
extern const std::byte bpfw_filter_begin[];
extern const std::byte bpfw_filter_end[];
}

namespace bpfw::templates {

std::span<const std::byte> rules_template() { return {bpfw_rules_begin, bpfw_rules_end}; }

std::span<const std::byte> rules_frame_template() {
    return {bpfw_rules_frame_begin, bpfw_rules_frame_end};
}

std::span<const std::byte> root_template() { return {bpfw_root_begin, bpfw_root_end}; }

std::span<const std::byte> filter_template() { return {bpfw_filter_begin, bpfw_filter_end}; }

}  // namespace bpfw::templates
