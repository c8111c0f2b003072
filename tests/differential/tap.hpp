// SPDX-License-Identifier: GPL-2.0-or-later
// A tap device in the current namespace; it lives as long as its descriptor.
#pragma once

#include <string>

#include "tests/differential/netns.hpp"

namespace bpfw::test {

Result<Descriptor> open_tap(const std::string& name);

}  // namespace bpfw::test
