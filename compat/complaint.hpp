// SPDX-License-Identifier: GPL-2.0-or-later
// Mistakes and refusals -> iptables' first line and exit code, our caret below.
#pragma once

#include <string>

#include "compat/host.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compat {

// "bpf-iptables v1.8.9 (bpf): " and "Try `bpf-iptables -h' ..." with a newline.
std::string versioned(const Face& face);
std::string try_help(const Face& face);

// The first error decides about first line and exit code; all of them follow with their carets.
Answer complain(const Face& face, const parser::Diagnostics& diags, const parser::Sources& sources);

// Well said and checked, but it cannot be compiled (exit code 4).
Answer complain_of_compile(const Face& face, const parser::Diagnostics& diags,
                           const parser::Sources& sources);
// The system refused (exit code 4): no permission is said in iptables-nft's words.
Answer complain(const Face& face, const Error& error);
// The lock is not to be had.
Answer complain_of_lock(const Face& face, const Error& error, std::optional<int> wait);
// A table that bpfw does not have (exit code 3).
Answer complain_of_table(const Face& face, const std::string& table);

}  // namespace bpfw::compat
