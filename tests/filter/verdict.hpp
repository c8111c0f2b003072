// SPDX-License-Identifier: GPL-2.0-or-later
// What is asked of a frame, by libpcap and by our engines alike. (libpcap's headers and the
// kernel's both have a struct bpf_insn: this one is for sources of either side.)
#pragma once

#include <cstdint>

namespace bpfw::test::filter {

enum class Verdict : std::uint8_t {
    No,
    Yes,
    Undecided,      // libpcap does not agree with itself
    Uninitialised,  // libpcap reads scratch words that nobody wrote
    LongChain,      // more headers than a protochain of ours follows
    NotRun,         // the engine cannot be given such a frame
};
inline bool decided(Verdict verdict) { return verdict == Verdict::No || verdict == Verdict::Yes; }

// What `ip broadcast` is compiled with, here and by us: 255.255.255.0.
inline constexpr std::uint32_t kNetmask = 0xffffff00;

}  // namespace bpfw::test::filter
