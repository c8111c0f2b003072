// SPDX-License-Identifier: GPL-2.0-or-later
// Statements -> a change of the enforced ruleset, all of it or nothing: the way that
// command lines and restore files share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compat/complaint.hpp"
#include "compat/host.hpp"
#include "compat/listing.hpp"
#include "compiler/ruleset.hpp"

namespace bpfw::compat {

struct Transaction {
    std::vector<parser::Statement> statements;
    compiler::Restore restore = compiler::Restore::Keep;
    std::optional<int> wait;  // as in Store::lock
    Effect effect = Effect::Load;
    ListFormat format;  // of the -L and -S among the statements
    bool verbose = false;
};

// Reads, applies, checks, writes. `sources` and `diags` hold what the parser left there
// (warnings at most).
Answer carry_out(const Transaction& transaction, const Face& face, const Host& host,
                 parser::Sources& sources, parser::Diagnostics& diags);

}  // namespace bpfw::compat
