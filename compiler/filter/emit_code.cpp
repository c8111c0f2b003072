// SPDX-License-Identifier: GPL-2.0-or-later
// A run of blocks -> one function: their order, the branches between them, what each of them can
// rely on, and the ways out at the end. emit_function() is the door.
#include "compiler/filter/emit_code.hpp"

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include <algorithm>
#include <utility>

#include "bpf-templates/abi.h"
#include "compiler/filter/emit_values.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

// Below the slots: where the packet pointers wait while a lookup has their registers.
constexpr std::int64_t kDataOnStack = -4 * static_cast<std::int64_t>(kSlots) - 8;
constexpr std::int64_t kEndOnStack = kDataOnStack - 8;
constexpr std::size_t kLookupScratch = 4;
constexpr std::uint32_t kNoHeader = 256;  // stands for every number that no header has

class FunctionCode {
public:
    FunctionCode(const GraphFacts& facts, const Shape& shape, const FunctionPlan& plan)
        : graph_(facts.graph),
          facts_(facts),
          plan_(plan),
          shape_(shape),
          roles_(roles_for(graph_, plan)),
          values_(as_, facts, shape_, plan, roles_),
          null_(as_.label()),
          slow_(as_.label()),
          blocks_(plan.last - plan.first) {}

    Function run() && {
        as_.mark(graph_.blocks[plan_.entries.front()].origin < graph_.origins.size()
                     ? graph_.origins[graph_.blocks[plan_.entries.front()].origin]
                     : LineMark{0, "", 0, 0, plan_.name});
        begin();
        count_ways();
        for (const BlockId entry : plan_.entries) arrive(entry, Facts{});
        dispatch(0, plan_.entries.size());
        emit_blocks();
        emit_ends();
        Function function = std::move(as_).finish(plan_.name);
        function.signature = plan_.extent != Extent::Program         ? plan_.signature
                             : plan_.signature == Signature::FrameTc ? Signature::Tc
                                                                     : Signature::Xdp;
        return function;
    }

private:
    // ------------------------------------------------------------------ beginning
    void begin() {
        if (plan_.extent == Extent::Program)
            begin_program();
        else
            begin_function();
        if (plan_.mode == Mode::Slow || !reads_frame(graph_)) return;
        const bool tc = plan_.signature == Signature::FrameTc;
        as_.load(Size::U32, roles_.data, roles_.ctx,
                 tc ? offsetof(__sk_buff, data) : offsetof(xdp_md, data));
        as_.load(Size::U32, roles_.end, roles_.ctx,
                 tc ? offsetof(__sk_buff, data_end) : offsetof(xdp_md, data_end));
    }

    // What lies otherwise than by packet pointers from an Ethernet header on is the template's.
    void begin_program() {
        if (!reads_frame(graph_)) return;
        as_.ld_variable(Reg::R0, "bpfw_config");
        as_.load(Size::U32, Reg::R0, Reg::R0, offsetof(bpfw_config, needs));
        as_.jset32(Reg::R0, BPFW_NEEDS_RAW_IP, slow_);
        slow_used_ = true;
        if (plan_.signature != Signature::FrameTc) return;
        as_.load(Size::U32, Reg::R0, roles_.ctx, offsetof(__sk_buff, vlan_present));
        as_.jne32(Reg::R0, 0, slow_);
        as_.load(Size::U32, Reg::R0, roles_.ctx, offsetof(__sk_buff, pkt_type));
        as_.jeq32(Reg::R0, PACKET_LOOPBACK, slow_);
    }

    void begin_function() {
        as_.jeq(Reg::R1, 0, null_);
        if (plan_.mode == Mode::Fast && reads_frame(graph_)) {
            // At XDP a partial frame is a rare one: it is left to the twin as a whole.
            const bool tc = plan_.signature == Signature::FrameTc;
            as_.load(tc ? Size::U8 : Size::U16, Reg::R0, Reg::R1, offsetof(bpfw_frame, head));
            as_.jne32(Reg::R0, 0, slow_from_entry());
        }
        if (roles_.frame != Reg::R1) as_.mov(roles_.frame, Reg::R1);
        if (roles_.ctx != Reg::R2) as_.mov(roles_.ctx, Reg::R2);
    }

    // The frame cannot be read by packet pointers at all.
    Label slow_from_entry() {
        if (!from_entry_) from_entry_ = as_.label();
        return *from_entry_;
    }

    // Binary search for the entry that bpfw_frame::state names.
    void dispatch(std::size_t first, std::size_t last) {
        if (plan_.entries.size() == 1) return;  // falls into its block, the first that is emitted
        if (first == 0 && last == plan_.entries.size())
            as_.load(Size::U32, Reg::R0, roles_.frame, offsetof(bpfw_frame, state));
        if (last - first == 1) {
            as_.ja(label_of(plan_.entries[first]));
            return;
        }
        const std::size_t middle = first + (last - first) / 2;
        const Label upper = as_.label();
        as_.jge32(Reg::R0, plan_.entries[middle], upper);
        dispatch(first, middle);
        as_.bind(upper);
        dispatch(middle, last);
    }

    // --------------------------------------------------------------------- order
    [[nodiscard]] bool here(const Target& target) const {
        return target.kind == Target::Kind::Block && target.value >= plan_.first &&
               target.value < plan_.last;
    }

    static std::array<Target, 3> ways(const Block& block) {
        return {block.yes, block.no, block.abort};
    }

    // How many ways lead into each block, and how far the longest way out of it is.
    void count_ways() {
        for (BlockId id = plan_.last; id-- > plan_.first;) {
            at(id).depth = 1;
            for (const Target& target : ways(graph_.blocks[id])) {
                if (!here(target)) continue;
                ++at(target.value).missing;
                at(id).depth = std::max(at(id).depth, at(target.value).depth + 1);
            }
        }
        for (BlockId id = plan_.last; id-- > plan_.first;)
            if (at(id).missing == 0) ready_.push_back(id);
    }

    void emit_blocks() {
        while (!ready_.empty()) {
            const BlockId id = ready_.back();
            ready_.pop_back();
            if (at(id).entry)
                emit_block(id);
            else
                release(graph_.blocks[id]);  // no way in was found
        }
    }

    // The block that control falls into behind this one: nothing else leads there any more.
    std::optional<BlockId> choose_next(const Block& block) {
        std::optional<BlockId> best;
        const bool log = std::holds_alternative<Log>(block.test);
        for (const Target& target : {block.no, block.yes}) {
            if (!here(target) || (log && target != block.yes)) continue;
            std::uint32_t ours = 0;
            for (const Target& way : ways(block)) ours += way == target ? 1 : 0;
            if (at(target.value).missing != ours) continue;
            if (!best || at(target.value).depth > at(*best).depth) best = target.value;
        }
        return best;
    }

    // The next one is taken first.
    void release(const Block& block) {
        for (const Target& target : ways(block))
            if (here(target) && --at(target.value).missing == 0 && !is_next(target))
                ready_.push_back(target.value);
        if (next_) ready_.push_back(*next_);
        next_.reset();
    }

    void emit_block(BlockId id) {
        const Block& block = graph_.blocks[id];
        as_.bind(label_of(id));
        if (block.origin < graph_.origins.size()) as_.mark(graph_.origins[block.origin]);
        block_ = id;
        next_ = choose_next(block);
        values_.places.begin(*at(id).entry, shape_.live_in(id));
        Items later = kNoItem;
        for (const Target& target : ways(block))
            if (here(target)) later |= shape_.live_in(target.value);
        values_.places.set_live_out(later);
        values_.begin_block(block.test, {[&] { return beyond(block); }, [&] { return far(block); },
                                         [&] { return to(block.abort); }, id});
        std::visit([&](const auto& test) { emit_test(test, block); }, block.test);
        values_.end_block();
        at(id).entry.reset();
        if (next_ && !at(*next_).entry) BPFW_BUG("nothing falls into the next block");
        release(block);
    }

    // ---------------------------------------------------------------------- ways
    Label label_of(BlockId id) {
        if (!at(id).label) at(id).label = as_.label();
        return *at(id).label;
    }

    void arrive(BlockId id, const Facts& facts) {
        std::optional<Facts>& known = at(id).entry;
        known = known ? meet(*known, facts) : facts;
    }

    // A way to the target, from where the code stands now.
    Label to(const Target& target) {
        if (here(target)) {
            arrive(target.value, values_.places.settled());
            return label_of(target.value);
        }
        const auto key = std::pair(target.kind, target.value);
        const auto found = ends_.find(key);
        return found != ends_.end() ? found->second : ends_.emplace(key, as_.label()).first->second;
    }

    [[nodiscard]] bool is_next(const Target& target) const {
        return here(target) && next_ && target.value == *next_;
    }

    // Behind the last instruction of a block's test.
    void go(const Target& target) {
        const Label label = to(target);
        if (is_next(target)) return;
        if (here(target))
            as_.ja(label);
        else
            leave(target);
    }

    // Where packet pointers do not reach: the abort, once the frame is known to be all there.
    Label beyond(const Block& block) {
        const Label abort = to(block.abort);
        if (plan_.mode == Mode::Slow || plan_.signature == Signature::FrameXdp) return abort;
        const BlockId resume = plan_.resumes ? block_ : graph_.entry.value;
        for (const Beyond& known : beyonds_)
            if (known.abort == abort && known.resume == resume) return known.label;
        beyonds_.push_back({abort, resume, as_.label()});
        return beyonds_.back().label;
    }

    // What no frame reaches that is all in data..data_end and not longer than BPFW_FRAME_DIRECT.
    Label far(const Block& block) {
        if (plan_.extent != Extent::Program) return beyond(block);
        slow_used_ = true;
        return slow_;
    }

    void branch(Jmp jmp, Reg left, Operand right, const Block& block) {
        const auto jump = [&](Jmp how, Label label) {
            if (const auto* reg = std::get_if<Reg>(&right))
                as_.jump32(how, left, *reg, label);
            else
                as_.jump32(how, left, static_cast<std::uint32_t>(std::get<std::int32_t>(right)),
                           label);
        };
        const auto inverted = inverse(jmp);
        if (is_next(block.yes) && !is_next(block.no) && inverted) {
            jump(*inverted, to(block.no));
            go(block.yes);
        } else {
            jump(jmp, to(block.yes));
            go(block.no);
        }
    }

    // --------------------------------------------------------------------- tests
    static Jmp jump_for(Relation relation) {
        switch (relation) {
            case Relation::Equal:
                return Jmp::Eq;
            case Relation::Greater:
                return Jmp::Gt;
            case Relation::GreaterEqual:
                return Jmp::Ge;
            case Relation::AnyBit:
                return Jmp::Set;
        }
        BPFW_BUG("relation out of range");
    }

    // a > b is b < a.
    static Jmp mirrored(Jmp jmp) {
        return jmp == Jmp::Gt ? Jmp::Lt : jmp == Jmp::Ge ? Jmp::Le : jmp;
    }

    void emit_test(const Compare& compare, const Block& block) {
        const auto* left = std::get_if<Constant>(&graph_.values[compare.left]);
        const auto* right = std::get_if<Constant>(&graph_.values[compare.right]);
        const Jmp jmp = jump_for(compare.relation);
        if (right != nullptr)
            with_constant(jmp, compare.left, right->value, block);
        else if (left != nullptr)
            with_constant(mirrored(jmp), compare.right, left->value, block);
        else
            with_number(jmp, compare, block);
    }

    void with_constant(Jmp jmp, ValueId value, std::uint32_t constant, const Block& block) {
        const auto imm = [&](ValueId of, std::uint32_t number) {
            return static_cast<std::int32_t>(in_order(graph_, shape_, of, number));
        };
        // (x & m) == 0 is one instruction, when nobody else asks for x & m.
        const auto* mask = std::get_if<Binary>(&graph_.values[value]);
        if (jmp == Jmp::Eq && constant == 0 && mask != nullptr && mask->op == Operator::And &&
            !values_.places.find_number(value) && shape_.number(value) == kNoItem) {
            if (const auto* bits = std::get_if<Constant>(&graph_.values[mask->right])) {
                const Reg reg = values_.number(mask->left);
                Block turned = block;
                std::swap(turned.yes, turned.no);
                branch(Jmp::Set, reg, imm(mask->left, bits->value), turned);
                return;
            }
        }
        const Reg reg = values_.number(value);
        branch(jmp, reg, imm(value, constant), block);
    }

    void with_number(Jmp jmp, const Compare& compare, const Block& block) {
        const bool right_first = shape_.weight(compare.right) > shape_.weight(compare.left);
        const ValueId first = right_first ? compare.right : compare.left;
        const ValueId second = right_first ? compare.left : compare.right;
        values_.number(first);
        values_.places.hold(first);
        const Reg second_reg = values_.number(second);
        values_.places.pin(second_reg);
        const Reg first_reg = values_.number(first);
        values_.places.unpin(second_reg);
        values_.places.release(first);
        branch(jmp, right_first ? second_reg : first_reg, right_first ? first_reg : second_reg,
               block);
    }

    void emit_test(const Member& member, const Block& block) {
        for (const ValueId word : member.key) {
            values_.number(word);
            values_.places.hold(word);
        }
        std::vector<Reg> key;
        for (const ValueId word : member.key) {
            Reg reg = values_.number(word);
            if (std::find(key.begin(), key.end(), reg) != key.end()) {
                const Reg copy = values_.places.take(Use::Pass);
                as_.mov(copy, reg);
                reg = copy;
            }
            values_.places.pin(reg);
            key.push_back(reg);
        }
        for (const ValueId word : member.key) values_.places.release(word);
        look_up(member, key, block);
    }

    void look_up(const Member& member, const std::vector<Reg>& key, const Block& block) {
        Places& places = values_.places;
        values_.end_block();  // nothing is read after the lookup
        std::vector<Reg> scratch = places.spare();
        scratch.resize(std::min(scratch.size(), kLookupScratch));
        const bool lends = scratch.size() < kLookupScratch;
        for (const Reg reg : scratch) places.evict(reg);
        for (const Reg reg : key) {
            places.unpin(reg);
            places.forget(reg);
        }
        if (lends) {
            as_.store(Size::U64, kStack, kDataOnStack, roles_.data);
            as_.store(Size::U64, kStack, kEndOnStack, roles_.end);
            scratch.push_back(roles_.data);
            scratch.push_back(roles_.end);
        }
        const auto give_back = [&](const Target& target) {
            if (!lends || target.kind == Target::Kind::Return) return;
            as_.load(Size::U64, roles_.data, kStack, kDataOnStack);
            as_.load(Size::U64, roles_.end, kStack, kEndOnStack);
        };
        const Label found = as_.label();
        const bool direct = !lends && !is_next(block.yes);
        emit_lookup(as_, graph_.sets[member.set], facts_.sets[member.set], {key, scratch},
                    direct ? to(block.yes) : found);
        if (direct) {
            go(block.no);
            return;
        }
        const bool yes_falls = is_next(block.yes);
        give_back(block.no);
        const Label no = to(block.no);
        if (is_next(block.no) && !yes_falls) {
            const Label over = as_.label();
            as_.ja(over);
            as_.bind(found);
            give_back(block.yes);
            as_.ja(to(block.yes));
            as_.bind(over);
            return;
        }
        as_.ja(no);
        as_.bind(found);
        give_back(block.yes);
        go(block.yes);
    }

    void emit_test(const IsOutbound&, const Block& block) {
        const Reg reg = values_.places.take(Use::Pass);
        as_.load(Size::U8, reg, roles_.frame, offsetof(bpfw_frame, outbound));
        branch(Jmp::Ne, reg, 0, block);
    }

    void emit_test(const InProtochain& chain, const Block& block) {
        values_.number(chain.network);
        values_.call(names_for(plan_.signature).protochain, [&] {
            values_.argument(Reg::R3, chain.network);
            const std::uint32_t ipv6 = chain.family == parser::Family::Ipv6 ? 1 : 0;
            as_.mov32_imm(Reg::R4, std::min(chain.number, kNoHeader) | ipv6 << 16U);
        });
        as_.jump32(Jmp::Slt, Reg::R0, 0U, to(block.abort));
        branch(Jmp::Ne, Reg::R0, 0, block);
    }

    void emit_test(const Log& log, const Block& block) {
        values_.call(names_for(plan_.signature).log, [&] { as_.mov32_imm(Reg::R3, log.slot); });
        go(block.yes);
    }

    // ------------------------------------------------------------------------ end
    void set_state(std::uint32_t state) {
        as_.store_imm(Size::U32, roles_.frame, offsetof(bpfw_frame, state),
                      static_cast<std::int32_t>(state));
    }

    // The end of the function for a target that is not one of its blocks.
    void leave(const Target& target) {
        const bool result = target.kind == Target::Kind::Return;
        if (plan_.extent == Extent::Part) set_state(result ? kDone : target.value);
        as_.mov32_imm(Reg::R0, result ? returned(target.value) : 0);
        as_.exit();
    }

    [[nodiscard]] std::uint32_t returned(std::uint32_t result) const {
        if (plan_.extent != Extent::Program) return result;
        if (plan_.signature == Signature::FrameTc)
            return result != 0 ? TC_ACT_SHOT : static_cast<std::uint32_t>(TC_ACT_UNSPEC);
        return result != 0 ? XDP_DROP : XDP_PASS;
    }

    void emit_ends() {
        for (const Beyond& one : beyonds_) {
            as_.bind(one.label);
            if (plan_.extent == Extent::Program) {
                ask_partial(one.abort);
                continue;
            }
            as_.load(Size::U8, Reg::R0, roles_.frame, offsetof(bpfw_frame, partial));
            as_.jeq32(Reg::R0, 0, one.abort);
            go_slow(one.resume);
        }
        for (const auto& [key, label] : ends_) {
            as_.bind(label);
            leave({key.first, key.second});
        }
        if (from_entry_) {
            as_.bind(*from_entry_);
            if (roles_.frame != Reg::R1) as_.mov(roles_.frame, Reg::R1);
            if (roles_.ctx != Reg::R2) as_.mov(roles_.ctx, Reg::R2);
            go_slow(graph_.entry.value);
        }
        if (plan_.extent != Extent::Program) {
            as_.bind(null_);
            as_.mov32_imm(Reg::R0, 0);
            as_.exit();
        }
        if (slow_used_) emit_slow_call();
    }

    // Whether a TC program has the whole frame in data..data_end.
    void ask_partial(Label abort) {
        as_.load(Size::U32, Reg::R0, roles_.ctx, offsetof(__sk_buff, len));
        as_.mov(Reg::R4, roles_.end);
        as_.sub(Reg::R4, roles_.data);
        as_.jle(Reg::R0, Reg::R4, abort);
        slow_used_ = true;
        as_.ja(slow_);
    }

    // The twin takes over, from block `resume` on.
    void go_slow(BlockId resume) {
        if (plan_.extent == Extent::Part) {
            set_state(resume | kGoSlow);
            as_.mov32_imm(Reg::R0, 0);
            as_.exit();
            return;
        }
        if (plan_.resumes) set_state(resume);
        slow_used_ = true;
        as_.ja(slow_);
    }

    void emit_slow_call() {
        as_.bind(slow_);
        if (plan_.extent != Extent::Program) {
            if (roles_.frame != Reg::R1) as_.mov(Reg::R1, roles_.frame);
            if (roles_.ctx != Reg::R2) as_.mov(Reg::R2, roles_.ctx);
        }
        as_.call(plan_.slow_name);
        as_.exit();
    }

    // Of a block, until it is emitted.
    struct State {
        std::optional<Facts> entry;  // what every way so far knows
        std::optional<Label> label;
        std::uint32_t missing = 0;  // ways in that are not emitted yet
        std::uint32_t depth = 0;    // the longest way from here, in blocks
    };
    State& at(BlockId id) { return blocks_.at(id - plan_.first); }

    struct Beyond {
        Label abort;
        BlockId resume;
        Label label;
    };

    const Graph& graph_;
    const GraphFacts& facts_;
    const FunctionPlan& plan_;
    const Shape& shape_;
    Roles roles_;
    Assembler as_;
    ValueEmitter values_;
    Label null_;
    Label slow_;
    std::optional<Label> from_entry_;
    bool slow_used_ = false;
    std::vector<State> blocks_;   // from plan_.first on
    std::vector<BlockId> ready_;  // every way in is emitted, none falls in
    std::map<std::pair<Target::Kind, std::uint32_t>, Label> ends_;
    std::vector<Beyond> beyonds_;
    BlockId block_ = 0;
    std::optional<BlockId> next_;
};

}  // namespace

Function emit_function(const GraphFacts& facts, const Shape& shape, const FunctionPlan& plan) {
    return FunctionCode(facts, shape, plan).run();
}

}  // namespace bpfw::compiler::filter
