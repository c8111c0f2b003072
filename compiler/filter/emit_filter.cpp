// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> the functions it takes: a fast one and its slow twin, each cut in parts where it is
// too long for the verifier. emit_filter() is the door.
#include "compiler/filter/emit_filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bpf-templates/abi.h"
#include "compiler/filter/emit_code.hpp"
#include "compiler/filter/optimise.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Conditional jumps of one function, about: the verifier keeps the other way of each until it has
// followed the first to its end, and has room for 8192 (BPF_COMPLEXITY_LIMIT_JMP_SEQ).
constexpr std::size_t kMostJumps = 3000;

Function constant_function(const std::string& name, Signature signature, std::uint32_t value) {
    Assembler as;
    as.mov32_imm(Reg::R0, value);
    as.exit();
    Function function = std::move(as).finish(name);
    function.signature = signature;
    return function;
}

// ------------------------------------------------------------------------- parts
// Jumps that a value takes where nothing is kept, about.
std::vector<std::size_t> jumps_of_values(const Graph& graph) {
    std::vector<std::size_t> jumps;
    for (const Value& value : graph.values) {
        std::size_t count = 0;
        if (const auto* load = std::get_if<Load>(&value))
            count = load->base == kNoValue ? 1 : jumps[load->base] + 2;
        else if (const auto* binary = std::get_if<Binary>(&value))
            count = jumps[binary->left] + jumps[binary->right] + 1;
        jumps.push_back(std::min(count, kMostJumps));
    }
    return jumps;
}

constexpr std::size_t kLookupJumps = 40;

struct Range {
    BlockId first;
    BlockId last;
};

std::vector<Range> cut(const Graph& graph) {
    const std::vector<std::size_t> values = jumps_of_values(graph);
    std::vector<Range> parts;
    std::size_t jumps = 0;
    for (BlockId id = 0; id < graph.blocks.size(); ++id) {
        const Test& test = graph.blocks[id].test;
        std::size_t more = std::holds_alternative<Member>(test) ? kLookupJumps : 2;
        for (const ValueId root : roots(test)) more += values[root];
        if (parts.empty() || jumps + more > kMostJumps) {
            parts.push_back({id, id});
            jumps = 0;
        }
        jumps += more;
        parts.back().last = id + 1;
    }
    return parts;
}

// Blocks of the range that control comes to from outside of it.
std::vector<BlockId> entries_of(const Graph& graph, const Range& range,
                                const std::vector<BlockId>& more) {
    std::vector<BlockId> entries;
    const auto add = [&](BlockId id) {
        if (id >= range.first && id < range.last) entries.push_back(id);
    };
    add(graph.entry.value);
    for (const BlockId id : more) add(id);
    for (BlockId id = 0; id < range.first; ++id)
        for (const Target& target :
             {graph.blocks[id].yes, graph.blocks[id].no, graph.blocks[id].abort})
            if (target.kind == Target::Kind::Block) add(target.value);
    std::sort(entries.begin(), entries.end());
    entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
    return entries;
}

// ------------------------------------------------------------------------ driver
// Calls the parts one after the other, each when it has the block to go on with.
class Driver {
public:
    Driver(const FunctionPlan& plan, BlockId entry) : plan_(plan), entry_(entry) {}

    Function run(const std::vector<FunctionPlan>& parts) && {
        as_.jeq(Reg::R1, 0, null_);
        as_.mov(Reg::R6, Reg::R1);
        as_.mov(Reg::R7, Reg::R2);
        if (!plan_.resumes || plan_.mode == Mode::Fast) set_state(entry_);
        for (const FunctionPlan& part : parts) call(part);
        as_.mov32_imm(Reg::R0, 0);
        as_.exit();
        if (plan_.mode == Mode::Fast) go_slow();
        as_.bind(done_);
        as_.exit();
        as_.bind(null_);
        as_.mov32_imm(Reg::R0, 0);
        as_.exit();
        Function function = std::move(as_).finish(plan_.name);
        function.signature = plan_.signature;
        return function;
    }

private:
    void set_state(std::uint32_t state) {
        as_.store_imm(Size::U32, Reg::R6, offsetof(bpfw_frame, state),
                      static_cast<std::int32_t>(state));
    }
    void load_state() { as_.load(Size::U32, Reg::R1, Reg::R6, offsetof(bpfw_frame, state)); }

    void call(const FunctionPlan& part) {
        const Label next = as_.label();
        load_state();
        as_.jge32(Reg::R1, part.last, next);
        as_.mov(Reg::R1, Reg::R6);
        as_.mov(Reg::R2, Reg::R7);
        as_.call(part.name);
        load_state();
        as_.jeq32(Reg::R1, kDone, done_);
        if (plan_.mode == Mode::Fast) as_.jge32(Reg::R1, kGoSlow, slow_);
        as_.bind(next);
    }

    void go_slow() {
        as_.bind(slow_);
        if (plan_.resumes) {
            as_.and32_imm(Reg::R1, ~kGoSlow);
            as_.store(Size::U32, Reg::R6, offsetof(bpfw_frame, state), Reg::R1);
        }
        as_.mov(Reg::R1, Reg::R6);
        as_.mov(Reg::R2, Reg::R7);
        as_.call(plan_.slow_name);
        as_.exit();
    }

    const FunctionPlan& plan_;
    BlockId entry_;
    Assembler as_;
    Label null_ = as_.label();
    Label slow_ = as_.label();
    Label done_ = as_.label();
};

bool logs(const Graph& graph) {
    return std::any_of(graph.blocks.begin(), graph.blocks.end(),
                       [](const Block& block) { return std::holds_alternative<Log>(block.test); });
}

// A fast function or a slow twin, in parts where it has to be.
void add_functions(const GraphFacts& facts, const FunctionPlan& plan,
                   const std::vector<BlockId>& resumed, std::vector<Function>& out) {
    const std::vector<Range> ranges = cut(facts.graph);
    std::vector<FunctionPlan> parts;
    std::vector<BlockId> entries;
    for (const Range& range : ranges) {
        FunctionPlan part = plan;
        part.first = range.first;
        part.last = range.last;
        part.entries = entries_of(facts.graph, range, resumed);
        if (part.entries.empty()) continue;
        part.extent = ranges.size() == 1 ? Extent::Whole : Extent::Part;
        if (ranges.size() > 1) part.name = fmt::format("{}_{}", plan.name, parts.size() + 1);
        entries.insert(entries.end(), part.entries.begin(), part.entries.end());
        parts.push_back(part);
    }
    if (ranges.size() > 1) out.push_back(Driver(plan, facts.graph.entry.value).run(parts));
    const Shape shape(facts.graph, plan.mode, entries);
    for (const FunctionPlan& part : parts) out.push_back(emit_function(facts, shape, part));
}

}  // namespace

std::vector<Function> emit_filter(const Graph& graph, const std::string& name, Signature entry,
                                  std::vector<std::byte>& tables) {
    if (graph.entry.kind == Target::Kind::Return)
        return {constant_function(name, entry, graph.entry.value)};
    GraphFacts facts{graph, {}, anticipated_bytes(graph)};
    for (const Set& set : graph.sets) facts.sets.push_back(place(set, tables));
    // A packet is not logged twice: the twin goes on where the fast function stopped.
    const bool resumes = logs(graph) && entry == Signature::FrameTc;
    std::vector<BlockId> resumed;
    for (BlockId id = 0; resumes && id < graph.blocks.size(); ++id) resumed.push_back(id);

    FunctionPlan plan{name, name + "_slow", Mode::Fast, Extent::Whole, entry, 0, 0, {}, resumes};
    std::vector<Function> out;
    add_functions(facts, plan, {}, out);
    if (!reads_frame(graph)) return out;
    plan.name = plan.slow_name;
    plan.mode = Mode::Slow;
    add_functions(facts, plan, resumed, out);
    return out;
}

std::optional<Function> emit_program(const Graph& graph, const std::string& name,
                                     const std::string& judge, Signature signature,
                                     std::vector<std::byte>& tables) {
    const bool plain =
        std::all_of(graph.blocks.begin(), graph.blocks.end(), [](const Block& block) {
            return std::holds_alternative<Compare>(block.test) ||
                   std::holds_alternative<Member>(block.test);
        });
    if (graph.entry.kind == Target::Kind::Return || !plain || cut(graph).size() > 1)
        return std::nullopt;
    GraphFacts facts{graph, {}, anticipated_bytes(graph)};
    for (const Set& set : graph.sets) facts.sets.push_back(place(set, tables));
    const Signature entry = signature == Signature::Tc ? Signature::FrameTc : Signature::FrameXdp;
    const std::vector<BlockId> entries{graph.entry.value};
    const auto blocks = static_cast<BlockId>(graph.blocks.size());
    const FunctionPlan plan{name,   judge,   Mode::Fast, Extent::Program, entry, 0,
                            blocks, entries, false};
    return emit_function(facts, Shape(graph, Mode::Fast, entries), plan);
}

}  // namespace bpfw::compiler::filter
