// SPDX-License-Identifier: GPL-2.0-or-later
// The intermediate form: chains of rules whose conditions are tests on fields of
// struct bpfw_packet, and filters asked on the frame. Negation is pushed down to the tests, so an
// Expr is read left to right with short circuit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compiler/program.hpp"
#include "parser/ast.hpp"

namespace bpfw::compiler {

// Fields of struct bpfw_packet, in its order (field_layout() has offset and width).
enum class Field : std::uint8_t {
    Saddr0,
    Saddr1,
    Saddr2,
    Saddr3,
    Daddr0,
    Daddr1,
    Daddr2,
    Daddr3,
    L4Dst,
    L4Src,
    Length,
    Protocol,
    TcpFlags,
    HopLimit,
    Tos,
    Odd,
    PacketType,
    MacLow,
    MacHigh,
    TcpOptions0,
    TcpOptions1,
    TcpOptions2,
    TcpOptions3,
    TcpOptions4,
    TcpOptions5,
    TcpOptions6,
    TcpOptions7,
    InName0,
    InName1,
    InName2,
    InName3,
    OutName0,
    OutName1,
    OutName2,
    OutName3,
};
enum class FieldWidth : std::uint8_t { W8 = 1, W16 = 2, W32 = 4 };
struct FieldLayout {
    const char* name;
    std::int16_t offset;
    FieldWidth width;
};
const FieldLayout& field_layout(Field field);
// The n-th word after `first` of a field that spans several.
Field word(Field first, unsigned n);
// All the bits that a field of that width has.
std::uint32_t full_mask(Field field);

using parser::Sense;

// Is: first <= (field & mask) <= last. IsNot: the opposite.
struct Test {
    Field field = Field::Protocol;
    std::uint32_t mask = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    Sense sense = Sense::Is;
    bool operator==(const Test&) const = default;
};

// What a match needs to read before it can say yes or no. A guard never fails on a regular
// packet; on an odd one it ends the rule (no match) or the packet (hotdrop), as the kernel's
// match functions do (net/netfilter/xt_tcpudp.c, xt_multiport.c, xt_mac.c, ip6_tables.c).
enum class Guard : std::uint8_t { Tcp, TcpOptions, Udp, Icmp, Ports, Mac, Protocol6 };

// Whether the frame matches a filter of the ruleset (compiler/filters.hpp).
using FilterId = std::uint32_t;
struct FilterTest {
    FilterId filter = 0;
    Sense sense = Sense::Is;
    bool operator==(const FilterTest&) const = default;
};

struct Expr;
struct All {
    std::vector<Expr> of;  // none: true
    bool operator==(const All&) const;
};
struct Any {
    std::vector<Expr> of;  // none: false
    bool operator==(const Any&) const;
};
struct Expr {
    std::variant<Test, Guard, FilterTest, All, Any> node;
    bool operator==(const Expr&) const = default;
};
inline bool All::operator==(const All& other) const { return of == other.of; }
inline bool Any::operator==(const Any& other) const { return of == other.of; }

Expr always();
Expr never();
bool is_always(const Expr& expr);
bool is_never(const Expr& expr);
// De Morgan; a Guard inside is a bug (the kernel's guards come before the negated part).
Expr negate(const Expr& expr);
Expr with_sense(Expr expr, Sense sense);
Expr equals(Field field, std::uint32_t value);
Expr in_range(Field field, std::uint32_t first, std::uint32_t last);
Expr masked(Field field, std::uint32_t mask, std::uint32_t value);

using ChainId = std::uint32_t;

using LookupId = std::uint32_t;

// Lookup: a run of Accept and Drop rules that differ in one key only (compiler/ir/runs.hpp). The
// packet's key decides; without a decision for it the chain goes on.
enum class ActionKind : std::uint8_t { None, Accept, Drop, Return, Jump, Goto, Lookup };
struct IrAction {
    ActionKind kind = ActionKind::None;
    ChainId chain = 0;    // Jump, Goto
    LookupId lookup = 0;  // Lookup
    bool operator==(const IrAction&) const = default;
};

constexpr std::uint32_t kNoSlot = 0xffffffff;  // nothing is counted

// What a chain function returns when a rule or policy gives a verdict (Accept or Drop).
std::uint32_t decision(ActionKind verdict, std::uint32_t slot);

// As many words as the lookup's key has fields, the most significant first; the others are 0.
using LookupKey = std::array<std::uint32_t, 4>;
struct LookupRange {
    LookupKey first{};
    LookupKey last{};
    std::uint32_t decision = 0;
    bool operator==(const LookupRange&) const = default;
};
struct IrLookup {
    std::vector<Field> key;
    std::vector<LookupRange> ranges;  // ascending and disjoint
    std::uint32_t rules = 0;          // that it stands for
    bool operator==(const IrLookup&) const = default;
};

struct IrRule {
    std::vector<Expr> conditions;  // all must hold, evaluated in the kernel's order
    IrAction action;
    std::uint32_t slot = 0;  // counter slot
    LineMark origin;         // `at` unused; text and place of the rule
    parser::Span span;
    std::vector<Expr> found = {};  // Lookup: must hold too, asked when the key has a decision
    bool operator==(const IrRule&) const = default;
};

// Part: a piece of a chain that was cut (compiler/plan/split.hpp). Its end goes on with the next
// piece; a RETURN in it ends the whole chain.
enum class ChainRole : std::uint8_t { Whole, Part };

struct IrChain {
    std::string name;
    ChainRole role = ChainRole::Whole;
    ActionKind policy = ActionKind::Return;  // Accept or Drop; Return for a user chain
    std::uint32_t policy_slot = 0;
    std::vector<IrRule> rules;
    LineMark origin;
    parser::Span span;
    bool operator==(const IrChain&) const = default;
};

// Which packets the code will see: every one, only regular ones (bpfw_packet.odd == 0), or
// only odd ones.
enum class PacketClass : std::uint8_t { Every, Regular, Odd };

// One family's filter table. chains[0..2] are INPUT, FORWARD, OUTPUT.
struct Ir {
    parser::Family family = parser::Family::Ipv4;
    PacketClass packets = PacketClass::Every;
    std::vector<IrChain> chains;
    std::vector<IrLookup> lookups = {};  // by LookupId
    bool operator==(const Ir&) const = default;
};

std::string to_text(const Expr& expr);
std::string to_text(const Ir& ir);

// Aborts (BPFW_BUG) when `ir` breaks a rule that every pass relies on: ids in range, first <=
// last, tests within their field's bits, no Guard in regular code.
void check(const Ir& ir);

}  // namespace bpfw::compiler
