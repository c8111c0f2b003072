// SPDX-License-Identifier: GPL-2.0-or-later
// The fixed BPF parts, as the ELF objects (EM_BPF) that clang made of them at build time.
// The bytes live as long as the program, aligned to 16.
#pragma once

#include <cstddef>
#include <span>

namespace bpfw::templates {

// Entry programs and maps of a ruleset; the functions of BPFW_CHAIN_FUNCTIONS (abi.h) are
// undefined in it.
std::span<const std::byte> rules_template();

// The same for rules that read the frame itself: chain functions with a context, bpfw_frames_*
// and the log of short-form rules (abi.h).
std::span<const std::byte> rules_frame_template();

// The root programs and their maps: complete, loaded as it is.
std::span<const std::byte> root_template();

// Entry programs of one filter expression; bpfw_filter_xdp and bpfw_filter_tc are undefined.
std::span<const std::byte> filter_template();

}  // namespace bpfw::templates
