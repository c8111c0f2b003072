// SPDX-License-Identifier: GPL-2.0-or-later
// load() with the kernel's features given, so that a test can take the road of an older one.
#pragma once

#include "runtime/hooks.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::runtime {

Result<std::vector<HookReport>> load_with(std::span<const std::byte> object,
                                          const LoadOptions& options, const Features& features);

}  // namespace bpfw::runtime
