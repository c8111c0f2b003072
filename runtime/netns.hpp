// SPDX-License-Identifier: GPL-2.0-or-later
// Which network namespace the calling thread is in, as a name for files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/base/result.hpp"

namespace bpfw::runtime {

// The inode alone is reused after a namespace's death; the cookie (kernel 5.14+; 0 before)
// never is while the machine runs.
struct NetnsKey {
    std::uint64_t inode = 0;
    std::uint64_t cookie = 0;
    bool operator==(const NetnsKey&) const = default;
};

Result<NetnsKey> current_netns();
std::string to_text(const NetnsKey& key);  // "4026531840-1"
std::optional<NetnsKey> parse_netns_key(std::string_view text);

}  // namespace bpfw::runtime
