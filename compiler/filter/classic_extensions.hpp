// SPDX-License-Identifier: GPL-2.0-or-later
// The Linux extensions of classic BPF (SKF_AD_* of linux/filter.h): loads from addresses behind
// every packet that read something else.
#pragma once

#include <cstdint>
#include <string_view>

namespace bpfw::compiler::filter {

struct Extension {
    std::uint32_t number;      // SKF_AD_*
    std::string_view name;     // "SKF_AD_MARK"
    std::string_view listing;  // as tcpdump -d names it: "mark"
    // Why the translation to eBPF has it not; empty when it has it.
    std::string_view refusal;
};

// The extension that an absolute load from `k` asks, or nullptr.
const Extension* extension_of(std::uint32_t k);

}  // namespace bpfw::compiler::filter
