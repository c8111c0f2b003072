// SPDX-License-Identifier: GPL-2.0-or-later
// Random IR: values from small pools, the extremes among them, so that rules hit.
#include "tests/support/random_ir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace bpfw::test {

using namespace compiler;

std::uint32_t RandomIr::below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
}

std::uint32_t RandomIr::value(Field field) {
    static constexpr std::uint32_t kValues[] = {
        0, 1, 2, 5, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x00060016, 0x1234};
    return kValues[below(std::size(kValues))] & full_mask(field);
}

Expr RandomIr::test() {
    static constexpr Field kFields[] = {Field::Saddr0, Field::L4Dst,    Field::Protocol,
                                        Field::Tos,    Field::MacLow,   Field::Odd,
                                        Field::Length, Field::TcpFlags, Field::InName3};
    const Field field = kFields[below(std::size(kFields))];
    const Sense sense = below(2) == 0 ? Sense::Is : Sense::IsNot;
    if (below(2) == 0) {
        const std::uint32_t mask = value(field) | 1;
        const std::uint32_t same = value(field) & mask;
        return {Test{field, mask, same, same, sense}};
    }
    const std::uint32_t a = value(field);
    const std::uint32_t b = value(field);
    return {Test{field, full_mask(field), std::min(a, b), std::max(a, b), sense}};
}

Expr RandomIr::expr(unsigned depth) {
    const std::uint32_t kind = below(depth == 0 ? 2 : 6);
    if (filters_ && below(4) == 0)
        return {FilterTest{below(kFilters), below(2) == 0 ? Sense::Is : Sense::IsNot}};
    if (kind == 0) return {static_cast<Guard>(below(7))};
    if (kind <= 2) return test();
    std::vector<Expr> of;
    for (std::uint32_t n = below(4); n > 0; --n) of.push_back(expr(depth - 1));
    return kind <= 4 ? Expr{All{of}} : Expr{Any{of}};
}

bpfw_packet RandomIr::packet() {
    bpfw_packet packet{};
    for (const Field field : {Field::Saddr0, Field::Saddr1, Field::Saddr2, Field::Saddr3,
                              Field::L4Dst, Field::Protocol, Field::Tos, Field::MacLow,
                              Field::MacHigh, Field::Length, Field::TcpFlags, Field::InName3}) {
        const std::uint32_t v = near_value(field);
        std::memcpy(reinterpret_cast<char*>(&packet) + field_layout(field).offset, &v,
                    static_cast<std::size_t>(field_layout(field).width));
    }
    // The upper half is the protocol in every packet.
    if (packet.l4_dst >> 16 <= 0xff)
        packet.protocol = static_cast<std::uint8_t>(packet.l4_dst >> 16);
    else
        packet.l4_dst = std::uint32_t{packet.protocol} << 16 | (packet.l4_dst & 0xffff);
    packet.odd = below(3) == 0 ? 0 : below(128);
    return packet;
}

std::uint32_t RandomIr::near_value(Field field) {
    return (value(field) + below(4) / 3) & full_mask(field);
}

// Exact, a prefix or a range in the last word that is asked; sometimes not all words are.
std::vector<Expr> RandomIr::key(const std::vector<Field>& fields) {
    std::vector<Expr> out;
    const std::size_t words = 1 + below(static_cast<std::uint32_t>(fields.size()));
    for (std::size_t i = 0; i + 1 < words; ++i) out.push_back(equals(fields[i], value(fields[i])));
    const Field last = fields[words - 1];
    const std::uint32_t full = full_mask(last);
    const std::uint32_t a = near_value(last);
    const std::uint32_t b = near_value(last);
    const std::uint32_t mask = full & ~((1U << below(8)) - 1);
    const Expr one = below(4) == 0   ? in_range(last, std::min(a, b), std::max(a, b))
                     : below(3) == 0 ? masked(last, mask, a & mask)
                                     : equals(last, a);
    out.push_back(fields.size() == 1 && below(6) == 0 ? Expr{Any{{one, equals(last, b)}}} : one);
    return out;
}

// 8 to 47 rules, some in the midst of which are no part of the run.
void RandomIr::add_run(IrChain& chain, std::uint32_t& slot, const Shape& shape) {
    static const std::vector<std::vector<Field>> kKeys = {
        {Field::Saddr0},
        {Field::Saddr0, Field::Saddr1, Field::Saddr2, Field::Saddr3},
        {Field::L4Dst},
        {Field::MacHigh, Field::MacLow},
        {Field::Length}};
    const auto& fields = kKeys[below(static_cast<std::uint32_t>(kKeys.size()))];
    std::vector<Expr> before;
    std::vector<Expr> behind;
    for (std::uint32_t n = below(3); n > 0; --n)
        (below(2) == 0 ? before : behind).push_back(expr(shape.depth));
    for (std::uint32_t rules = 8 + below(40); rules > 0; --rules) {
        IrRule rule;
        rule.conditions = before;
        for (Expr& part : key(fields)) rule.conditions.push_back(std::move(part));
        rule.conditions.insert(rule.conditions.end(), behind.begin(), behind.end());
        rule.action.kind = below(3) == 0 ? ActionKind::Accept : ActionKind::Drop;
        if (below(60) == 0)
            rule.action.kind = below(2) == 0 ? ActionKind::None : ActionKind::Return;
        rule.slot = slot++;
        chain.rules.push_back(std::move(rule));
        if (below(40) == 0) std::swap(before, behind);
    }
}

IrAction RandomIr::action(ChainId from, std::uint32_t chains, const Shape& shape) {
    const ChainId first = std::max<ChainId>(from + 1, 3);
    const std::uint32_t kind = below(first < chains ? 10 : 4);
    if (kind == 0) return {ActionKind::None, 0};
    if (kind == 1) return {ActionKind::Accept, 0};
    if (kind == 2) return {ActionKind::Drop, 0};
    if (kind == 3) return {ActionKind::Return, 0};
    const ChainId target = below(4) < shape.next_only ? first : first + below(chains - first);
    return {kind < 9 ? ActionKind::Jump : ActionKind::Goto, target};
}

Ir RandomIr::ir(const Shape& shape) {
    Ir ir;
    std::uint32_t slot = 0;
    const std::uint32_t chains = 3 + shape.user_chains;
    for (ChainId id = 0; id < chains; ++id) {
        IrChain chain;
        chain.name = fmt::format("c{}", id);
        if (id < 3) chain.policy = below(2) == 0 ? ActionKind::Accept : ActionKind::Drop;
        chain.policy_slot = slot++;
        for (std::uint32_t n = below(shape.most_rules + 1); n > 0; --n) {
            IrRule rule;
            for (std::uint32_t parts = below(3); parts > 0; --parts) {
                rule.conditions.push_back(expr(shape.depth));
            }
            rule.action = action(id, chains, shape);
            rule.slot = slot++;
            chain.rules.push_back(std::move(rule));
            if (shape.runs != 0 && below(3) == 0) add_run(chain, slot, shape);
        }
        for (std::uint32_t n = below(shape.runs + 1); n > 0; --n) add_run(chain, slot, shape);
        ir.chains.push_back(std::move(chain));
    }
    return ir;
}

}  // namespace bpfw::test
