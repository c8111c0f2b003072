// SPDX-License-Identifier: GPL-2.0-or-later
// The intermediate form of filter expressions: a graph of decisions over values loaded from the
// frame. All arithmetic is on u32 and wraps. The frame is what tcpdump sees: Ethernet header
// first, VLAN tags in their place.
//
// Whatever a block's test has to load and cannot (beyond the frame's end), and a division by
// zero, sends the packet to the block's `abort`: in pcap-filter that ends the whole expression
// without a match, whatever `or` and `not` stand around it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/program.hpp"
#include "parser/terms.hpp"

namespace bpfw::compiler::filter {

using ValueId = std::uint32_t;
using BlockId = std::uint32_t;
using SetId = std::uint32_t;

// ------------------------------------------------------------------------- values
struct Constant {
    std::uint32_t value = 0;
    bool operator==(const Constant&) const = default;
};
struct FrameLength {  // bytes on the wire, Ethernet header included, FCS not
    bool operator==(const FrameLength&) const = default;
};
struct InterfaceIndex {
    bool operator==(const InterfaceIndex&) const = default;
};
enum class LoadSize : std::uint8_t { U8 = 1, U16 = 2, U32 = 4 };
inline constexpr ValueId kNoValue = 0xffffffff;
// Big endian, at frame byte base + offset. The sum is not cut to 32 bits: beyond the end is
// beyond the end. Aborts unless the whole of it lies in the frame.
struct Load {
    LoadSize size = LoadSize::U8;
    ValueId base = kNoValue;  // kNoValue: 0
    std::uint32_t offset = 0;
    bool operator==(const Load&) const = default;
};
enum class Operator : std::uint8_t {
    Add,
    Subtract,
    Multiply,
    Divide,  // by zero: abort
    Modulo,  // by zero: abort
    And,
    Or,
    Xor,
    ShiftLeft,   // by 32 or more: 0
    ShiftRight,  // by 32 or more: 0
    Equal,       // 1 or 0: for offsets that depend on what the packet is
};
struct Binary {
    Operator op = Operator::Add;
    ValueId left = 0;
    ValueId right = 0;
    bool operator==(const Binary&) const = default;
};
using Value = std::variant<Constant, FrameLength, InterfaceIndex, Load, Binary>;

// --------------------------------------------------------------------------- sets
// `words` u32 each, the most significant first; sorted, disjoint, not touching.
struct SetRange {
    std::array<std::uint32_t, 4> first{};
    std::array<std::uint32_t, 4> last{};
    bool operator==(const SetRange&) const = default;
};
struct Set {
    std::uint8_t words = 1;  // 1 (IPv4, ports), 2 (Ethernet: 16 + 32 bits), 4 (IPv6)
    std::vector<SetRange> ranges;
    bool operator==(const Set&) const = default;
};

// Sorts the ranges, and joins those that overlap or touch.
Set make_set(std::uint8_t words, std::vector<SetRange> ranges);

// -------------------------------------------------------------------------- tests
enum class Relation : std::uint8_t { Equal, Greater, GreaterEqual, AnyBit };  // AnyBit: l & r != 0
struct Compare {
    Relation relation = Relation::Equal;
    ValueId left = 0;
    ValueId right = 0;
    bool operator==(const Compare&) const = default;
};
struct Member {
    std::vector<ValueId> key;  // as many as the set has words
    SetId set = 0;
    bool operator==(const Member&) const = default;
};
struct IsOutbound {
    bool operator==(const IsOutbound&) const = default;
};
// Whether a header of `number` is found on the way from the network header at `network` through
// IPv4's AH, or IPv6's hop-by-hop, destination options, routing, fragment and AH headers; at
// most kProtochainHeaders of them, then no. The protocol of the first is read from the network
// header, which earlier blocks have found to be there.
inline constexpr unsigned kProtochainHeaders = 16;
struct InProtochain {
    parser::Family family = parser::Family::Ipv4;
    ValueId network = 0;
    std::uint32_t number = 0;  // above 255: not found, but the way there may abort
    bool operator==(const InProtochain&) const = default;
};
// No test: the packet is recorded for the `log` rule of this counter slot, and goes on by `yes`.
struct Log {
    std::uint32_t slot = 0;
    bool operator==(const Log&) const = default;
};
using Test = std::variant<Compare, Member, IsOutbound, InProtochain, Log>;

// ------------------------------------------------------------------------- blocks
// Another block, or the end: what the graph's function returns.
struct Target {
    enum class Kind : std::uint8_t { Block, Return };
    Kind kind = Kind::Return;
    std::uint32_t value = 0;  // BlockId, or what is returned
    bool operator==(const Target&) const = default;
};
inline Target to_block(BlockId block) { return {Target::Kind::Block, block}; }
inline Target give(std::uint32_t result) { return {Target::Kind::Return, result}; }

struct Block {
    Test test;
    Target yes;
    Target no;
    Target abort;
    std::uint32_t origin = 0;  // index into Graph::origins
    bool operator==(const Block&) const = default;
};

// Blocks in topological order: every Target is a later block. A value's operands are earlier
// values; equal values have one id (add_value()).
// A single expression gives 1 (match) or 0. A list of frame rules gives a decision as chain
// functions do (bpf-templates/abi.h: verdict | slot << BPFW_VERDICT_BITS; BPFW_CONTINUE when no
// rule decided).
struct Graph {
    Target entry;
    std::vector<Value> values;
    std::vector<Set> sets;
    std::vector<Block> blocks;
    std::vector<LineMark> origins;  // the primitive each block belongs to; `at` unused
    bool operator==(const Graph&) const = default;
};

// What `op` gives; nothing for a division by zero.
std::optional<std::uint32_t> apply(Operator op, std::uint32_t left, std::uint32_t right);

// The id of an equal value, or of a new one. Constants are folded, x+0 and the like too; what
// may abort is never folded away. `x - 4` becomes `x + 0xfffffffc`, `x * 4` becomes `x << 2`, a
// constant operand stands right, a load's constant base goes into its offset.
class Values {
public:
    // `values` grows by what is added here only, and outlives this.
    explicit Values(std::vector<Value>& values);
    ValueId add(const Value& value);
    ValueId constant(std::uint32_t value) { return keep(Constant{value}); }
    ValueId binary(Operator op, ValueId left, ValueId right) {
        return add(Binary{op, left, right});
    }
    ValueId load(LoadSize size, ValueId base, std::uint32_t offset) {
        return add(Load{size, base, offset});
    }
    // As it is, without any folding.
    ValueId keep(const Value& value);
    [[nodiscard]] std::optional<std::uint32_t> constant_of(ValueId id) const;
    [[nodiscard]] bool may_abort(ValueId id) const { return facts_[id].may_abort; }
    [[nodiscard]] std::uint32_t largest(ValueId id) const { return facts_[id].largest; }

private:
    struct Fact {
        std::uint32_t largest = 0;
        bool may_abort = false;
    };
    void learn(ValueId id);
    void place(ValueId id);
    ValueId add_load(Load load);
    ValueId add_binary(Binary binary);
    ValueId with_constant(Operator op, ValueId left, std::uint32_t right);
    ValueId joined(Operator op, ValueId left, std::uint32_t right);
    [[nodiscard]] bool leaves_as_is(Operator op, ValueId left, std::uint32_t right) const;
    [[nodiscard]] bool always_zero(Operator op, ValueId left, std::uint32_t right) const;

    std::vector<Value>& values_;
    std::vector<Fact> facts_;     // of each value
    std::vector<ValueId> slots_;  // open addressing, a power of two; kNoValue is free
};

// The largest value it can have (by masks, widths and shifts), for bounds of offsets.
std::uint32_t largest(const Graph& graph, ValueId value);

std::string to_text(const Graph& graph);
// Aborts (BPFW_BUG) when the graph breaks a rule that every pass relies on: order, ids in range,
// set words and key sizes, sorted ranges.
void check(const Graph& graph);

}  // namespace bpfw::compiler::filter
