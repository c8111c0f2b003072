// SPDX-License-Identifier: GPL-2.0-or-later
// Chains -> instructions. A chain's rules stand one behind the other, each with the one test that
// most packets fail: a packet that matches nothing runs straight through without a taken branch.
// A rule's other tests, and what it does, stand behind them.
// emit() is the only door.
#include "compiler/emit/emit.hpp"

#include <linux/bpf.h>

#include <cstddef>
#include <deque>
#include <span>

#include "bpf-templates/abi.h"
#include "compiler/emit/emit_expr.hpp"
#include "compiler/emit/function_names.hpp"
#include "compiler/ir/order.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// What a Part returns for RETURN: no verdict, and the rest of its chain is skipped.
constexpr std::uint32_t kPartReturned = 1u << BPFW_VERDICT_BITS;
constexpr std::int64_t kSlotOnStack = -4;
constexpr std::int64_t kDecisionOnStack = -8;
constexpr double kSelective = -3;  // log2: fewer than one packet in eight

Function with_signature(Function function, Signature signature) {
    function.signature = signature;
    return function;
}

// How a chain is left when no rule gave a verdict.
struct Leave {
    std::optional<Label> to;  // inlined: behind the rule that led here
    std::uint32_t value = 0;  // else: what the function returns
};

// A chain's code. `end` for its last rule, `back` for RETURN and for a goto's way back.
struct Block {
    ChainId chain;
    Label start;
    Leave end;
    Leave back;
};

class FunctionEmitter {
public:
    FunctionEmitter(const Ir& ir, const Plan& plan, LookupTables& tables, Signature signature)
        : ir_(ir),
          plan_(plan),
          tables_(tables),
          signature_(signature),
          null_(as_.label()),
          hotdrop_(as_.label()),
          exit_(as_.label()) {}

    Function run(const Unit& unit) && {
        as_.mark(ir_.chains[unit.entries.front()].origin);
        as_.jeq(kArgument, 0, null_);
        as_.mov(kPacket, kArgument);
        if (has_context()) as_.mov(kContext, Reg::R2);
        std::vector<Label> starts;
        for (const ChainId id : unit.entries) {
            starts.push_back(as_.label());
            blocks_.push_back(outermost(id, starts.back()));
        }
        if (starts.size() > 1) {
            as_.load(Size::U32, kField, kPacket, offsetof(bpfw_packet, state));
            dispatch(starts, 0, starts.size());
        }
        while (!blocks_.empty()) {
            const Block block = blocks_.front();
            blocks_.pop_front();
            emit_block(block);
        }
        finish_tail();
        return with_signature(std::move(as_).finish(name_for(unit.name, signature_)), signature_);
    }

private:
    [[nodiscard]] bool has_context() const { return signature_ != Signature::Packet; }

    [[nodiscard]] Targets targets(Label yes, Label no) const {
        return {yes, no, hotdrop_, signature_};
    }

    // Binary search for the entry in kField.
    void dispatch(const std::vector<Label>& starts, std::size_t first, std::size_t last) {
        if (last - first == 1) {
            as_.ja(starts[first]);
            return;
        }
        const std::size_t middle = first + (last - first) / 2;
        const Label upper = as_.label();
        as_.jge32(kField, static_cast<std::uint32_t>(middle), upper);
        dispatch(starts, first, middle);
        as_.bind(upper);
        dispatch(starts, middle, last);
    }

    [[nodiscard]] Block outermost(ChainId id, Label start) const {
        const IrChain& chain = ir_.chains[id];
        Leave end{std::nullopt, 0};
        Leave back{std::nullopt, 0};
        if (chain.policy != ActionKind::Return) {
            end.value = decision(chain.policy, chain.policy_slot);
            back = end;
        } else if (chain.role == ChainRole::Part) {
            back.value = kPartReturned;
        }
        return {id, start, end, back};
    }

    void emit_block(const Block& block) {
        const IrChain& chain = ir_.chains[block.chain];
        as_.bind(block.start);
        as_.mark(chain.origin);
        bool open = true;  // the next rule can be reached
        for (const IrRule& rule : chain.rules) {
            as_.mark(rule.origin);
            open =
                rule.conditions.empty() ? emit_action(rule, block, std::nullopt) : emit_rule(rule);
        }
        if (open) {
            as_.mark(chain.origin);
            leave(block.end);
        }
        emit_stubs(block);
    }

    // Tests that stand in line: the first when few packets pass it, else all of them.
    static std::size_t tests_in_line(const IrRule& rule) {
        return likelihood(rule.conditions.front()) < kSelective ? 1 : rule.conditions.size();
    }

    bool emit_rule(const IrRule& rule) {
        const Stub stub{&rule, tests_in_line(rule), as_.label(), as_.label()};
        emit(as_, std::span(rule.conditions).first(stub.asked), targets(stub.label, stub.next),
             Next::No);
        as_.bind(stub.next);
        stubs_.push_back(stub);
        return true;
    }

    void emit_stubs(const Block& block) {
        for (const Stub& stub : stubs_) {
            const Label act = as_.label();
            as_.mark(stub.rule->origin);
            as_.bind(stub.label);
            emit(as_, std::span(stub.rule->conditions).subspan(stub.asked), targets(act, stub.next),
                 Next::Yes);
            as_.bind(act);
            if (emit_action(*stub.rule, block, stub.next)) as_.ja(stub.next);
        }
        stubs_.clear();
    }

    // What a matching rule does. True: the code behind it goes on with the next rule.
    bool emit_action(const IrRule& rule, const Block& block, std::optional<Label> next) {
        switch (rule.action.kind) {
            case ActionKind::None:
                count(rule.slot);
                return true;
            case ActionKind::Accept:
            case ActionKind::Drop:
                result(decision(rule.action.kind, rule.slot));
                return false;
            case ActionKind::Return:
                count(rule.slot);
                leave(block.back);
                return false;
            case ActionKind::Jump:
                return emit_jump(rule, block, next);
            case ActionKind::Goto:
                emit_goto(rule, block);
                return false;
            case ActionKind::Lookup:
                emit_lookup(rule);
                return true;
        }
        BPFW_BUG("unknown action");
    }

    void emit_lookup(const IrRule& rule) {
        const IrLookup& lookup = ir_.lookups[rule.action.lookup];
        if (rule.found.empty()) {
            tables_.emit(as_, lookup);
            return;
        }
        const Label found = as_.label();
        const Label yes = as_.label();
        const Label next = as_.label();
        tables_.emit(as_, lookup, found);
        as_.ja(next);
        as_.bind(found);
        as_.store(Size::U32, kStack, kDecisionOnStack, kResult);  // a filter may be called
        emit(as_, rule.found, targets(yes, next), Next::Yes);
        as_.bind(yes);
        as_.load(Size::U32, kResult, kStack, kDecisionOnStack);
        as_.exit();
        as_.bind(next);
    }

    bool emit_jump(const IrRule& rule, const Block& block, std::optional<Label> next) {
        count(rule.slot);
        const ChainPlan& callee = plan_.chains[rule.action.chain];
        if (callee.home == Home::Inline) {
            const Label after = next ? *next : as_.label();
            const Label start = as_.label();
            as_.ja(start);
            if (!next) as_.bind(after);
            blocks_.push_back({rule.action.chain, start, {after, 0}, {after, 0}});
            return !next;
        }
        call(callee);
        if (ir_.chains[rule.action.chain].role == ChainRole::Part) {
            const Label returned = as_.label();
            const Label on = as_.label();
            as_.jeq32(kResult, 0, on);
            as_.jeq32(kResult, kPartReturned, returned);
            as_.exit();
            as_.bind(returned);
            leave(block.back);
            as_.bind(on);
        } else {
            as_.jne32(kResult, 0, exit_);
        }
        return true;
    }

    // The chain gone to comes back to where this one would.
    void emit_goto(const IrRule& rule, const Block& block) {
        count(rule.slot);
        const ChainPlan& callee = plan_.chains[rule.action.chain];
        if (callee.home == Home::Inline) {
            const Label start = as_.label();
            as_.ja(start);
            blocks_.push_back({rule.action.chain, start, block.back, block.back});
            return;
        }
        call(callee);
        as_.jne32(kResult, 0, exit_);
        leave(block.back);
    }

    void call(const ChainPlan& callee) {
        if (callee.selector) {
            as_.store_imm(Size::U32, kPacket, offsetof(bpfw_packet, state),
                          static_cast<std::int32_t>(*callee.selector));
        }
        as_.mov(kArgument, kPacket);
        if (has_context()) as_.mov(Reg::R2, kContext);
        as_.call(name_for(callee.function, signature_));
    }

    void leave(const Leave& leave) {
        if (leave.to) {
            as_.ja(*leave.to);
        } else {
            result(leave.value);
        }
    }

    void result(std::uint32_t value) {
        as_.mov32_imm(kResult, value);
        as_.exit();
    }

    // A rule that gives no verdict counts by itself; verdicts are counted by the entry program.
    void count(std::uint32_t slot) {
        if (slot == kNoSlot) return;
        const Label none = as_.label();
        as_.store_imm(Size::U32, kStack, kSlotOnStack, static_cast<std::int32_t>(slot));
        as_.mov(Reg::R2, kStack);
        as_.add_imm(Reg::R2, kSlotOnStack);
        as_.ld_map(Reg::R1, BPFW_MAP_COUNTERS);
        as_.call_helper(BPF_FUNC_map_lookup_elem);
        as_.jeq(kResult, 0, none);
        as_.load(Size::U64, Reg::R1, kResult, offsetof(bpfw_counter, packets));
        as_.add_imm(Reg::R1, 1);
        as_.store(Size::U64, kResult, offsetof(bpfw_counter, packets), Reg::R1);
        as_.load(Size::U32, Reg::R1, kPacket, offsetof(bpfw_packet, length));
        as_.load(Size::U64, Reg::R2, kResult, offsetof(bpfw_counter, bytes));
        as_.add(Reg::R2, Reg::R1);
        as_.store(Size::U64, kResult, offsetof(bpfw_counter, bytes), Reg::R2);
        as_.bind(none);
    }

    // Shared ends. A null packet can't happen (the verifier wants it asked): drop.
    void finish_tail() {
        as_.bind(null_);
        as_.bind(hotdrop_);
        as_.mov32_imm(kResult, BPFW_HOTDROP);
        as_.bind(exit_);
        as_.exit();
    }

    struct Stub {
        const IrRule* rule;
        std::size_t asked;  // conditions that stand in line
        Label label;
        Label next;
    };

    const Ir& ir_;
    const Plan& plan_;
    LookupTables& tables_;
    Signature signature_;
    Assembler as_;
    Label null_;
    Label hotdrop_;
    Label exit_;
    std::deque<Block> blocks_;
    std::vector<Stub> stubs_;
};

// The arguments are where the other function wants them.
Function emit_forward(const Unit& unit, Signature signature) {
    Assembler as;
    as.mark("", 0, 0, "the same as " + unit.same_as);
    as.call(name_for(unit.same_as, signature));
    as.exit();
    return with_signature(std::move(as).finish(name_for(unit.name, signature)), signature);
}

}  // namespace

std::vector<Function> emit(const Ir& ir, const Plan& plan, LookupTables& tables,
                           Signature signature) {
    std::vector<Function> out;
    for (const Unit& unit : plan.units) {
        out.push_back(unit.same_as.empty() ? FunctionEmitter(ir, plan, tables, signature).run(unit)
                                           : emit_forward(unit, signature));
    }
    return out;
}

}  // namespace bpfw::compiler
