// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> Graph whose jumps lead past the tests that are decided on the way. Blocks are visited
// in topological order, so that all ways into a block are known before its own jumps are looked
// at: the cost is linear in blocks and jumps. jump_over() is the door.
#include <optional>
#include <utility>

#include "compiler/filter/knowledge.hpp"
#include "compiler/filter/passes.hpp"

namespace bpfw::compiler::filter {
namespace {

// Each jump may lead so far, and all together so much farther: a jump that stops early is right,
// too.
constexpr std::size_t kStepsPerJump = 16;
constexpr std::size_t kStepsPerBlock = 64;

class JumpOver {
public:
    explicit JumpOver(Graph graph)
        : graph_(std::move(graph)),
          table_(graph_),
          tests_(graph_, table_),
          arrived_(graph_.blocks.size()),
          steps_left_(kStepsPerBlock * (graph_.blocks.size() + 1)) {}

    Graph run() && {
        graph_.entry = go(graph_.entry, Knowledge(graph_, table_, tests_));
        for (BlockId block = 0; block < graph_.blocks.size(); ++block) {
            if (!arrived_[block]) continue;
            const Knowledge here = *std::exchange(arrived_[block], std::nullopt);
            visit(block, here);
        }
        return std::move(graph_);
    }

private:
    void visit(BlockId id, const Knowledge& here);
    Target go(Target to, Knowledge knowledge);
    // One jump further, if the target's test needs not be done.
    [[nodiscard]] std::optional<Target> past(BlockId block, const Knowledge& knowledge) const;

    Graph graph_;
    ValueTable table_;
    TestTable tests_;
    std::vector<std::optional<Knowledge>> arrived_;
    std::size_t steps_left_;
};

void JumpOver::visit(BlockId id, const Knowledge& here) {
    Block& block = graph_.blocks[id];
    if (std::holds_alternative<Log>(block.test)) {
        block.yes = go(block.yes, here);
        block.no = block.abort = block.yes;
        return;
    }
    const Answer answer = here.answer(id);
    const auto side = [&](Target to, bool is) {
        Knowledge after = here;
        after.pass(id, is);
        return go(to, std::move(after));
    };
    // A test whose answer is known still stands when what it loads may be missing.
    if (answer != Answer::No) block.yes = side(block.yes, true);
    block.no = answer == Answer::Yes ? block.yes : side(block.no, false);
    if (answer == Answer::No) block.yes = block.no;
    if (here.safety(id) == Safety::Safe) {
        block.abort = give(0);  // never
        return;
    }
    Knowledge after = here;
    after.pass_abort(id);
    block.abort = go(block.abort, std::move(after));
}

std::optional<Target> JumpOver::past(BlockId id, const Knowledge& knowledge) const {
    const Block& block = graph_.blocks[id];
    if (std::holds_alternative<Log>(block.test)) return std::nullopt;
    const Safety safety = knowledge.safety(id);
    if (safety == Safety::Aborts) return block.abort;
    const Answer answer = knowledge.answer(id);
    if (answer == Answer::Unknown && block.yes != block.no) return std::nullopt;
    const Target to = answer == Answer::No ? block.no : block.yes;
    if (safety == Safety::Safe || to == block.abort) return to;
    return std::nullopt;
}

Target JumpOver::go(Target to, Knowledge knowledge) {
    for (std::size_t step = 0; to.kind == Target::Kind::Block; ++step) {
        if (step >= kStepsPerJump && steps_left_-- == 0) {
            steps_left_ = 0;
            break;
        }
        const auto next = past(to.value, knowledge);
        if (!next) break;
        to = *next;
    }
    if (to.kind == Target::Kind::Return) return to;
    std::optional<Knowledge>& there = arrived_[to.value];
    if (there)
        there->meet(knowledge);
    else
        there.emplace(std::move(knowledge));
    return to;
}

}  // namespace

Graph jump_over(Graph graph) { return JumpOver(std::move(graph)).run(); }

}  // namespace bpfw::compiler::filter
