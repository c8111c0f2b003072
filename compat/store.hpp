// SPDX-License-Identifier: GPL-2.0-or-later
// Where the enforced ruleset lives, as the iptables faces need it. kernel_store() is the
// real one; tests put their own functions in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/ruleset.hpp"
#include "parser/base/diagnostics.hpp"
#include "parser/base/result.hpp"
#include "parser/base/span.hpp"

namespace bpfw::compat {

// Load: compile and enforce. Try: only see whether it compiles (iptables-restore --test).
enum class Effect : std::uint8_t { Load, Try };

// Counter slots are in the order of bpf-templates/abi.h: counter_slots() below.
struct WriteRequest {
    const compiler::Ruleset& ruleset;
    const parser::Sources& sources;
    // Counters to begin with; a slot without a value goes on with what its rule has counted.
    std::vector<std::optional<parser::Counters>> start;
    Effect effect = Effect::Load;
};

struct Store {
    // The enforced ruleset with its counters (an empty one when nothing is loaded). Its text
    // is put into `sources`, which its Spans point into.
    std::function<Result<compiler::Ruleset>(parser::Sources& sources)> read;
    // All of it or nothing. A ruleset that cannot be compiled is told in `diags`, and the
    // result is then a value.
    std::function<Result<void>(const WriteRequest& request, parser::Diagnostics& diags)> write;
    // Sets the counters of these slots to 0.
    std::function<Result<void>(const std::vector<std::uint32_t>& slots)> zero;
    // Held until the returned pointer dies. Error number EAGAIN or ETIMEDOUT: another has it.
    // wait: nothing = do not; 0 = for ever; else seconds.
    std::function<Result<std::shared_ptr<void>>(std::optional<int> wait)> lock;
};

// The whole way to the kernel: runtime/ below, compiler/ between.
Store kernel_store();

// Every counter of the ruleset, in slot order: per family the policies, then the rules; then the
// frame rules.
std::vector<parser::Counters*> counter_slots(compiler::Ruleset& ruleset);

}  // namespace bpfw::compat
