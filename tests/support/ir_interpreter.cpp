// SPDX-License-Identifier: GPL-2.0-or-later
// Walks an IR's rules for one packet.
#include "tests/support/ir_interpreter.hpp"

#include <cstring>
#include <optional>

#include "parser/base/result.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;

std::uint32_t value_of(const bpfw_packet& packet, Field field) {
    std::uint32_t value = 0;
    const FieldLayout& layout = field_layout(field);
    std::memcpy(&value, reinterpret_cast<const char*>(&packet) + layout.offset,
                static_cast<std::size_t>(layout.width));
    return value;
}

Outcome evaluate(const Test& test, const bpfw_packet& packet) {
    const std::uint32_t value = value_of(packet, test.field) & test.mask;
    const bool inside = test.first <= value && value <= test.last;
    return inside == (test.sense == Sense::Is) ? Outcome::Yes : Outcome::No;
}

Outcome evaluate(Guard guard, const bpfw_packet& packet) {
    const auto is = [&](std::uint32_t bits) { return (packet.odd & bits) != 0; };
    const auto drop_if = [&](std::uint32_t bits) {
        return is(bits) ? Outcome::Hotdrop : Outcome::Yes;
    };
    switch (guard) {
        case Guard::Tcp:
            if (is(BPFW_ODD_FRAGMENT_ONE)) return Outcome::Hotdrop;
            return is(BPFW_ODD_FRAGMENT) ? Outcome::No : drop_if(BPFW_ODD_NO_L4);
        case Guard::TcpOptions:
            return drop_if(BPFW_ODD_TCP_DOFF);
        case Guard::Udp:
        case Guard::Icmp:
            return is(BPFW_ODD_FRAGMENT) ? Outcome::No : drop_if(BPFW_ODD_NO_L4);
        case Guard::Ports:
            return is(BPFW_ODD_FRAGMENT) ? Outcome::No : drop_if(BPFW_ODD_NO_PORTS);
        case Guard::Mac:
            return is(BPFW_ODD_NO_MAC) ? Outcome::No : Outcome::Yes;
        case Guard::Protocol6:
            return drop_if(BPFW_ODD_NO_PROTOCOL);
    }
    BPFW_BUG("unknown guard");
}

Outcome evaluate(const FilterTest& test, std::uint32_t filters) {
    const bool matches = (filters >> test.filter & 1) != 0;
    return matches == (test.sense == Sense::Is) ? Outcome::Yes : Outcome::No;
}

Outcome evaluate_list(const std::vector<Expr>& of, const Subject& subject, Outcome go_on) {
    for (const Expr& part : of) {
        const Outcome outcome = test::evaluate(part, subject);
        if (outcome != go_on) return outcome;
    }
    return go_on;
}

class Walker {
public:
    Walker(const Ir& ir, const Subject& subject) : ir_(ir), subject_(subject) {}

    Walk run(ChainId base) && {
        const IrChain& chain = ir_.chains[base];
        if (!visit(chain)) {
            decide(chain.policy == ActionKind::Accept ? BPFW_ACCEPT : BPFW_DROP, chain.policy_slot);
        }
        return std::move(walk_);
    }

private:
    bool decide(std::uint32_t verdict, std::uint32_t slot) {
        walk_.decision = slot << BPFW_VERDICT_BITS | verdict;
        return true;
    }

    // By a walk over all ranges.
    [[nodiscard]] std::optional<std::uint32_t> look_up(const IrLookup& lookup) const {
        LookupKey key{};
        for (std::size_t i = 0; i < lookup.key.size(); ++i)
            key.at(i) = value_of(subject_.packet, lookup.key[i]);
        for (const LookupRange& range : lookup.ranges) {
            if (range.first <= key && key <= range.last) return range.decision;
        }
        return std::nullopt;
    }

    // True: there is a verdict. False: the packet came back.
    bool visit(const IrChain& chain) {
        for (const IrRule& rule : chain.rules) {
            const Outcome outcome = evaluate_list(rule.conditions, subject_, Outcome::Yes);
            if (outcome == Outcome::Hotdrop) {
                walk_.decision = BPFW_HOTDROP;
                return true;
            }
            if (outcome == Outcome::No) continue;
            if (rule.action.kind == ActionKind::Accept) return decide(BPFW_ACCEPT, rule.slot);
            if (rule.action.kind == ActionKind::Drop) return decide(BPFW_DROP, rule.slot);
            if (rule.action.kind == ActionKind::Lookup) {
                const auto found = look_up(ir_.lookups[rule.action.lookup]);
                if (!found) continue;
                const Outcome also = evaluate_list(rule.found, subject_, Outcome::Yes);
                if (also == Outcome::No) continue;
                walk_.decision = also == Outcome::Hotdrop ? std::uint32_t{BPFW_HOTDROP} : *found;
                return true;
            }
            walk_.counted.push_back(rule.slot);
            if (rule.action.kind == ActionKind::Return) return false;
            if (rule.action.kind == ActionKind::None) continue;
            if (visit(ir_.chains[rule.action.chain])) return true;
            if (rule.action.kind == ActionKind::Goto) return false;
        }
        return false;
    }

    const Ir& ir_;
    const Subject& subject_;
    Walk walk_;
};

}  // namespace

Outcome evaluate(const Expr& expr, const Subject& subject) {
    return std::visit(
        overloaded{
            [&](const Test& test) { return evaluate(test, subject.packet); },
            [&](const FilterTest& test) { return evaluate(test, subject.filters); },
            [&](Guard guard) { return evaluate(guard, subject.packet); },
            [&](const All& all) { return evaluate_list(all.of, subject, Outcome::Yes); },
            [&](const Any& any) { return evaluate_list(any.of, subject, Outcome::No); },
        },
        expr.node);
}

Walk walk(const Ir& ir, ChainId base, const Subject& subject) {
    return Walker(ir, subject).run(base);
}

}  // namespace bpfw::test
