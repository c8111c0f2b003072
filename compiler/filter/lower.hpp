// SPDX-License-Identifier: GPL-2.0-or-later
// Expressions -> Graph, exactly as pcap-filter evaluates them: left to right, protocol guards
// first, source before destination.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "compiler/filter/graph.hpp"
#include "parser/base/span.hpp"
#include "parser/pcap/expression.hpp"

namespace bpfw::compiler::filter {

// AsSets: neighbours of an `or` list (or of an `and` list of nots) that ask the same field for
// hosts, nets, ports, ... become one Member test; the verdict is the same for every frame, cut
// ones included. AsWritten: one test after the other (what classic bytecode can say).
enum class Lists : std::uint8_t { AsSets, AsWritten };

// Where an expression stands: `mark` is the rule's place. With `sources`, each origin names the
// primitive's own (its Span), which may be in a file that the rule reads.
struct Where {
    LineMark mark;
    const parser::Sources* sources = nullptr;
};

// Gives 1 for a match, 0 for none. Each origin's text is the primitive's.
Graph lower(const parser::pcap::Expression& expression, Lists lists, const Where& where);

// One of the short-form rules (drop EXPR).
struct Step {
    const parser::pcap::Expression* expression;
    enum class Action : std::uint8_t { Accept, Drop, Log };
    Action action = Action::Drop;
    std::uint32_t slot = 0;  // counter
    Where where;
};
// In order, at ingress (where nothing is outbound); the first Accept or Drop that matches decides,
// a Log records and goes on. An abort in one expression means that this one does not match.
Graph lower(std::span<const Step> steps, Lists lists);

}  // namespace bpfw::compiler::filter
