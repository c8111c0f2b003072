// SPDX-License-Identifier: GPL-2.0-or-later
// What a ruleset asks on the frame itself: tcpdump expressions (-m pcap), classic bytecode
// (-m bpf) and the short-form rules -> functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/graph.hpp"
#include "compiler/ir/ir.hpp"
#include "compiler/program.hpp"
#include "compiler/ruleset.hpp"
#include "parser/ast.hpp"
#include "parser/base/diagnostics.hpp"

namespace bpfw::compiler {

struct Filter {
    std::variant<parser::pcap::Expression, filter::ClassicProgram> asked;
    filter::Graph graph;           // of an expression: lowered and optimised
    std::optional<bool> constant;  // what it gives for every frame, if that is known
    LineMark origin;               // the first rule that asks it
    parser::Span at;
};

// The filters of a ruleset's chains. Equal ones are one, whatever rules they stand in.
class Filters {
public:
    explicit Filters(const parser::Sources& sources) : sources_(sources) {}
    // What a rule with this match asks: never() or always() where no frame makes a difference.
    Expr add(const parser::PcapMatch& match, const LineMark& rule);
    Expr add(const parser::BpfMatch& match, const LineMark& rule);
    [[nodiscard]] const std::vector<Filter>& all() const { return all_; }

private:
    const parser::Sources& sources_;
    std::vector<Filter> all_;
};

// The short-form rules as one graph, before and after optimisation; their slots begin at
// `first_slot`.
filter::Graph lower_frames(const Ruleset& ruleset, std::uint32_t first_slot,
                           const parser::Sources& sources);

// Warns of expressions that no frame matches. `frames` is the optimised graph of the short forms.
void warn(const Ruleset& ruleset, const Filters& filters, const filter::Graph& frames,
          parser::Diagnostics& diags);

// The function of one filter, for XDP or TC (FrameXdp, FrameTc), and of the short-form rules.
// Tables go to the end of `tables`.
std::vector<Function> emit_filter(const Filter& filter, FilterId id, Signature entry,
                                  std::vector<std::byte>& tables);
std::vector<Function> emit_frames(const filter::Graph& frames, Signature entry,
                                  std::vector<std::byte>& tables);

// Call frames that asking each filter takes, the template's included; `functions` has those of the
// filters that are asked (the others take none).
std::vector<std::uint32_t> filter_frames(const Filters& filters,
                                         const std::vector<Function>& functions);

}  // namespace bpfw::compiler
