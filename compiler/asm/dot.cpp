// SPDX-License-Identifier: GPL-2.0-or-later
// Program -> its control-flow graph in Graphviz's language: a cluster per function, a node per
// basic block, an edge per way out of it, and dashed ones to the functions it calls. dot() is
// the door.
#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/asm/disasm.hpp"
#include "compiler/compile.hpp"

namespace bpfw::compiler {
namespace {

// For a quoted string. Graphviz reads HTML entities in labels, and \l, \n as line ends.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out.append({'\\', c});
        else if (c == '&')
            out += "&amp;";
        else
            out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out;
}

class Drawing {
public:
    explicit Drawing(const Program& program) {
        for (std::size_t i = 0; i < program.functions.size(); ++i)
            numbers_.emplace(program.functions[i].name, i);
    }
    void put(const Function& function, std::size_t number);
    void put(std::string_view text) { out_.append(text); }
    [[nodiscard]] std::string text() const { return fmt::to_string(out_); }

private:
    void put_block(const Function& function, const Disassembly& code, std::size_t first,
                   std::size_t last);
    void put_edges(const Disassembly& code, std::size_t first, std::size_t last);
    void put_calls(const Disassembly& code, std::size_t first, std::size_t last);

    std::unordered_map<std::string_view, std::size_t> numbers_;
    std::size_t number_ = 0;                        // of the function that is being drawn
    std::vector<LineMark>::const_iterator mark_{};  // its next line
    fmt::memory_buffer out_;
};

// The instructions that begin a block, and the end.
std::vector<std::size_t> block_starts(const Function& function, const Disassembly& code) {
    std::vector<std::size_t> starts;
    bool begins = true;
    for (std::size_t i = 0; i < function.insns.size(); ++i) {
        if (begins || !code.label(i).empty()) starts.push_back(i);
        const Flow flow = code.flow(i);
        begins = flow.target.has_value() || !flow.falls_through;
    }
    starts.push_back(function.insns.size());
    return starts;
}

void Drawing::put_block(const Function& function, const Disassembly& code, std::size_t first,
                        std::size_t last) {
    const auto to = std::back_inserter(out_);
    fmt::format_to(to, "    b{}_{} [label=\"", number_, first);
    if (const std::string label = code.label(first); !label.empty())
        fmt::format_to(to, "{}:\\l", label);
    for (std::size_t i = first; i < last; ++i) {
        for (; mark_ != function.lines.end() && mark_->at <= i; ++mark_)
            fmt::format_to(to, "; {}\\l", escaped(source_line(*mark_)));
        if (const std::string text = code.text(i); !text.empty())
            fmt::format_to(to, "{}: {}\\l", i, escaped(text));
    }
    fmt::format_to(to, "\"];\n");
}

void Drawing::put_edges(const Disassembly& code, std::size_t first, std::size_t last) {
    const Flow flow = code.flow(last - 1);
    const auto edge = [&](std::size_t target, std::string_view look) {
        fmt::format_to(std::back_inserter(out_), "    b{}_{} -> b{}_{}{};\n", number_, first,
                       number_, target, look);
    };
    const bool both = flow.target && flow.falls_through;
    if (flow.target) edge(*flow.target, both ? " [label=\"true\"]" : "");
    if (flow.falls_through) edge(last, both ? " [label=\"false\"]" : "");
}

void Drawing::put_calls(const Disassembly& code, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
        const std::string* symbol = code.symbol(i);
        const auto callee = symbol == nullptr ? numbers_.end() : numbers_.find(*symbol);
        if (callee == numbers_.end()) continue;
        fmt::format_to(std::back_inserter(out_), "  b{}_{} -> b{}_0 [style=dashed];\n", number_,
                       first, callee->second);
    }
}

void Drawing::put(const Function& function, std::size_t number) {
    number_ = number;
    mark_ = function.lines.begin();
    const Disassembly code(function);
    const std::vector<std::size_t> starts = block_starts(function, code);
    fmt::format_to(std::back_inserter(out_), "  subgraph cluster_{} {{\n    label=\"{}\";\n",
                   number, escaped(function.name));
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
        put_block(function, code, starts[i], starts[i + 1]);
        put_edges(code, starts[i], starts[i + 1]);
    }
    put("  }\n");
    // Outside the cluster, or the callee's node would become part of it.
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) put_calls(code, starts[i], starts[i + 1]);
}

}  // namespace

std::string dot(const Program& program) {
    Drawing drawing(program);
    drawing.put("digraph bpfw {\n  node [shape=box, fontname=\"monospace\"];\n");
    for (std::size_t i = 0; i < program.functions.size(); ++i) drawing.put(program.functions[i], i);
    drawing.put("}\n");
    return drawing.text();
}

}  // namespace bpfw::compiler
