// SPDX-License-Identifier: GPL-2.0-or-later
// The whole way from save files to an object, as `bpfw compile` goes it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "parser/base/result.hpp"

namespace bpfw::test {

// One iptables-save text for each family ("" for none). The error carries the diagnostics.
Result<std::vector<std::byte>> compile_text(const std::string& ipv4, const std::string& ipv6);

}  // namespace bpfw::test
