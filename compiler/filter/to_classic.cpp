// SPDX-License-Identifier: GPL-2.0-or-later
// Graph -> classic program, block after block in the graph's order; both returns at the end, as
// libpcap has them (the kernel's check of scratch words is confused by others). Door: to_classic().
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

#include "compiler/filter/classic.hpp"
#include "compiler/filter/classic_select.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

struct Branch {
    unsigned code;
    Compare compare;
    bool inverted;
};

// As classic BPF has it: the constant on the right, no `not`.
Branch branch_of(Compare compare, const ClassicSelect& select) {
    bool inverted = false;
    if (select.constant_of(compare.left) && !select.constant_of(compare.right)) {
        std::swap(compare.left, compare.right);
        // c > v is not (v >= c), and so on.
        if (compare.relation == Relation::Greater) {
            compare.relation = Relation::GreaterEqual;
            inverted = true;
        } else if (compare.relation == Relation::GreaterEqual) {
            compare.relation = Relation::Greater;
            inverted = true;
        }
    }
    switch (compare.relation) {
        case Relation::Equal:
            return {BPF_JMP | BPF_JEQ, compare, inverted};
        case Relation::Greater:
            return {BPF_JMP | BPF_JGT, compare, inverted};
        case Relation::GreaterEqual:
            return {BPF_JMP | BPF_JGE, compare, inverted};
        case Relation::AnyBit:
            return {BPF_JMP | BPF_JSET, compare, inverted};
    }
    BPFW_BUG("relation out of range");
}

class Translation {
public:
    explicit Translation(const Graph& graph)
        : graph_(graph), select_(graph, as_), found_(graph.blocks.size()) {
        for (std::size_t block = 0; block < graph.blocks.size(); ++block)
            labels_.push_back(as_.label());
    }

    std::optional<ClassicProgram> run(std::uint32_t accepted, std::string& why) {
        if (!sayable(why)) return std::nullopt;
        if (graph_.entry.kind == Target::Kind::Return)
            return ClassicProgram{{BPF_RET | BPF_K, 0, 0, graph_.entry.value != 0 ? accepted : 0}};
        reach(graph_.entry, {});
        for (BlockId block = 0; block < graph_.blocks.size(); ++block)
            if (found_[block]) translate(block);
        if (select_.failed()) {
            why = "the expression needs more than 16 scratch words";
            return std::nullopt;
        }
        select_.drop_idle_stores();
        finish_with(match_, match_used_, accepted);
        finish_with(no_match_, no_match_used_, 0);
        return std::move(as_).finish();
    }

private:
    // A classic program has one answer and ends where a load fails.
    bool sayable(std::string& why) const {
        const auto is_answer = [](const Target& to) {
            return to.kind == Target::Kind::Block || to.value <= 1;
        };
        for (const Block& block : graph_.blocks) {
            if (const auto* member = std::get_if<Member>(&block.test);
                member != nullptr && member->key.size() != 1)
                why = "classic BPF has no sets of more than 32 bits";
            else if (std::holds_alternative<Log>(block.test))
                why = "classic BPF has no log";
            else if (!is_answer(block.yes) || !is_answer(block.no))
                why = "a classic program has no answer but match and no match";
            else if (block.abort != give(0) && may_abort(block.test))
                why = "a classic program ends where a load goes beyond the frame";
            else
                continue;
            return false;
        }
        return is_answer(graph_.entry);
    }

    [[nodiscard]] bool may_abort(const Test& test) const {
        if (std::holds_alternative<InProtochain>(test)) return true;
        std::vector<ValueId> left = operands(test);
        while (!left.empty()) {
            const Value value = graph_.values[left.back()];
            left.pop_back();
            if (std::holds_alternative<Load>(value)) return true;
            const auto* binary = std::get_if<Binary>(&value);
            if (binary == nullptr) continue;
            if (binary->op == Operator::Divide || binary->op == Operator::Modulo) return true;
            left.push_back(binary->left);
            left.push_back(binary->right);
        }
        return false;
    }

    void reach(const Target& to, const ClassicState& state) {
        if (to.kind != Target::Kind::Block) return;
        std::optional<ClassicState>& found = found_[to.value];
        found = found ? found->met(state) : state;
    }

    ClassicLabel label_of(const Target& to) {
        if (to.kind == Target::Kind::Block) return labels_[to.value];
        (to.value != 0 ? match_used_ : no_match_used_) = true;
        return to.value != 0 ? match_ : no_match_;
    }

    void finish_with(ClassicLabel label, bool used, std::uint32_t result) {
        if (!used) return;
        as_.bind(label);
        as_.emit(BPF_RET | BPF_K, result);
    }

    void translate(BlockId id) {
        const Block& block = graph_.blocks[id];
        as_.bind(labels_[id]);
        select_.begin(id, *found_[id]);
        std::visit(overloaded{
                       [&](const Compare& c) { compare(block, c); },
                       [&](const IsOutbound&) { outbound(block); },
                       [&](const InProtochain& p) { protochain(block, p); },
                       [&](const Member& m) { member(block, m); },
                       [](const Log&) { BPFW_BUG("a log in classic BPF"); },
                   },
                   block.test);
        reach(block.yes, select_.state());
        reach(block.no, select_.state());
    }

    void jump(unsigned code, std::uint32_t k, const Target& yes, const Target& no) {
        as_.branch(code, k, label_of(yes), label_of(no));
    }

    void compare(const Block& block, const Compare& test) {
        const Branch branch = branch_of(test, select_);
        const Target& yes = branch.inverted ? block.no : block.yes;
        const Target& no = branch.inverted ? block.yes : block.no;
        const auto right = select_.constant_of(branch.compare.right);
        if (!right) {
            select_.to_both(branch.compare.left, branch.compare.right);
            jump(branch.code | BPF_X, 0, yes, no);
        } else if (const auto* masked = masked_value(branch, *right)) {
            // (x & c) = 0 asks whether a bit of c is set.
            select_.to_a(masked->left);
            jump(BPF_JMP | BPF_JSET | BPF_K, *select_.constant_of(masked->right), no, yes);
        } else {
            select_.to_a(branch.compare.left);
            jump(branch.code | BPF_K, *right, yes, no);
        }
    }

    [[nodiscard]] const Binary* masked_value(const Branch& branch, std::uint32_t right) const {
        if (branch.compare.relation != Relation::Equal || right != 0) return nullptr;
        const auto* binary = std::get_if<Binary>(&graph_.values[branch.compare.left]);
        const bool fits = binary != nullptr && binary->op == Operator::And &&
                          select_.constant_of(binary->right) &&
                          !select_.at_hand(branch.compare.left);
        return fits ? binary : nullptr;
    }

    // The ranges ascend: below one, none is left.
    void member(const Block& block, const Member& test) {
        select_.to_a(test.key[0]);
        for (const SetRange& range : graph_.sets[test.set].ranges) {
            const std::uint32_t first = range.first[0];
            const std::uint32_t last = range.last[0];
            const ClassicLabel next = as_.label();
            if (first == last) {
                as_.branch(BPF_JMP | BPF_JEQ | BPF_K, first, label_of(block.yes), next);
            } else {
                const ClassicLabel inside = as_.label();
                as_.branch(BPF_JMP | BPF_JGE | BPF_K, first, inside, label_of(block.no));
                as_.bind(inside);
                as_.branch(BPF_JMP | BPF_JGT | BPF_K, last, next, label_of(block.yes));
            }
            as_.bind(next);
        }
        as_.ja(label_of(block.no));
    }

    void outbound(const Block& block) {
        as_.emit(BPF_LD | BPF_H | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
        select_.forget_registers();
        jump(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, block.yes, block.no);
    }

    // The chain, unrolled. In each round A is the number of a header and X where it begins,
    // counted from a constant network header when there is one.
    void protochain(const Block& block, const InProtochain& chain) {
        const bool ipv4 = chain.family == parser::Family::Ipv4;
        const auto network = select_.constant_of(chain.network);
        const std::uint32_t base = network.value_or(0);
        first_header(chain, network);
        const std::uint32_t word = select_.take_word();
        for (unsigned header = 0; header < kProtochainHeaders; ++header) {
            const ClassicLabel other = as_.label();
            as_.branch(BPF_JMP | BPF_JEQ | BPF_K, chain.number, label_of(block.yes), other);
            as_.bind(other);
            const ClassicLabel next = as_.label();
            step(ipv4, base, word, label_of(block.no), next);
            as_.bind(next);
        }
        as_.ja(label_of(block.no));
        select_.give_back(word);
        select_.forget_registers();
    }

    void first_header(const InProtochain& chain, std::optional<std::uint32_t> network) {
        const bool ipv4 = chain.family == parser::Family::Ipv4;
        const std::uint32_t number = ipv4 ? 9 : 6;
        if (network) {
            if (ipv4)
                as_.emit(BPF_LDX | BPF_MSH | BPF_B, *network);
            else
                as_.emit(BPF_LDX | BPF_IMM, 40);
            select_.forget_registers();
            as_.emit(BPF_LD | BPF_B | BPF_ABS, *network + number);
            return;
        }
        select_.to_x(chain.network);
        const std::uint32_t word = select_.take_word();
        as_.emit(BPF_LD | BPF_B | BPF_IND, number);
        as_.emit(BPF_ST, word);
        if (ipv4) {
            as_.emit(BPF_LD | BPF_B | BPF_IND, 0);
            as_.emit(BPF_ALU | BPF_AND | BPF_K, 0xf);
            as_.emit(BPF_ALU | BPF_LSH | BPF_K, 2);
        } else {
            as_.emit(BPF_LD | BPF_IMM, 40);
        }
        as_.emit(BPF_ALU | BPF_ADD | BPF_X);
        as_.emit(BPF_MISC | BPF_TAX);
        as_.emit(BPF_LD | BPF_MEM, word);
        select_.give_back(word);
        select_.forget_registers();
    }

    // Over one header, if it is one that another may follow.
    void step(bool ipv4, std::uint32_t base, std::uint32_t word, ClassicLabel none,
              ClassicLabel next) {
        const ClassicLabel auth = as_.label();
        if (!ipv4) {
            const ClassicLabel options = as_.label();
            for (const std::uint32_t number :
                 {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT}) {
                const ClassicLabel other = as_.label();
                as_.branch(BPF_JMP | BPF_JEQ | BPF_K, number, options, other);
                as_.bind(other);
            }
            as_.branch(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_AH, auth, none);
            as_.bind(options);
            advance(base, word, 1, 3);
            as_.ja(next);
        } else {
            as_.branch(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_AH, auth, none);
        }
        as_.bind(auth);
        advance(base, word, 2, 2);
    }

    // A = the next header's number, X += (length + more) << shift.
    void advance(std::uint32_t base, std::uint32_t word, std::uint32_t more, std::uint32_t shift) {
        as_.emit(BPF_LD | BPF_B | BPF_IND, base);
        as_.emit(BPF_ST, word);
        as_.emit(BPF_LD | BPF_B | BPF_IND, base + 1);
        as_.emit(BPF_ALU | BPF_ADD | BPF_K, more);
        as_.emit(BPF_ALU | BPF_LSH | BPF_K, shift);
        as_.emit(BPF_ALU | BPF_ADD | BPF_X);
        as_.emit(BPF_MISC | BPF_TAX);
        as_.emit(BPF_LD | BPF_MEM, word);
    }

    const Graph& graph_;
    ClassicAssembler as_;
    ClassicSelect select_;
    std::vector<std::optional<ClassicState>> found_;  // by block; nothing: no way leads there
    std::vector<ClassicLabel> labels_;
    ClassicLabel match_ = as_.label();
    ClassicLabel no_match_ = as_.label();
    bool match_used_ = false;
    bool no_match_used_ = false;
};

}  // namespace

std::optional<ClassicProgram> to_classic(const Graph& graph, std::uint32_t accepted,
                                         std::string& why) {
    return Translation(graph).run(accepted, why);
}

}  // namespace bpfw::compiler::filter
