// SPDX-License-Identifier: GPL-2.0-or-later
// Classifier -> its data in the program's tables, and the loop that walks through them.
// emit_walk() is the door.
//
// The verifier follows the loop kMostVisits times. What it knows at the head of each round must
// not depend on how it came there, or the ways multiply: the tree's header and the best rank are
// read from memory, never counted or set from constants.
#include "compiler/classify/emit_walk.hpp"

#include <cstddef>
#include <cstring>

#include "compiler/asm/assembler.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::classify {
namespace {

using parser::Family;

// Registers. The rest (R0, R2, R3) holds nothing for long.
constexpr Reg kWrong = Reg::R0;
constexpr Reg kNode = Reg::R1;
constexpr Reg kTemporary = Reg::R2;
constexpr Reg kMore = Reg::R1;  // in a leaf; the node is on the stack then
constexpr Reg kAt = Reg::R3;    // pointer into the tables
constexpr Reg kLeft = Reg::R4;  // entries of the leaf
constexpr Reg kGuards = Reg::R5;
constexpr Reg kAddresses = Reg::R7;  // IPv4 only
constexpr Reg kPorts = Reg::R8;
constexpr Reg kVisits = Reg::R9;

// On the stack, from the frame pointer.
constexpr std::int64_t kBest = -8;
constexpr std::int64_t kNextHeader = -16;
constexpr std::int64_t kSavedNode = -24;
constexpr std::int64_t kEnd = -32;   // of the leaf's entries, a byte offset
constexpr std::int64_t kPair = -40;  // IPv6: four of them, downwards

constexpr std::size_t kAlignment = 64;

class WalkEmitter {
public:
    WalkEmitter(const Classifier& classifier, std::uint32_t offset)
        : classifier_(classifier), offset_(offset) {}
    Function run(std::string name) &&;

private:
    void prologue();
    void join(Reg into, std::size_t high_word, std::size_t low_word);
    void next_tree();
    void inner();
    void leaf();
    void entries(Misc misc);
    void end_of_leaf();
    void compare(Misc misc);
    void take_rank();
    void table_at(Reg into, Reg byte_offset);
    [[nodiscard]] std::size_t pairs() const { return address_pairs(classifier_.family); }
    [[nodiscard]] std::uint32_t word_count() const {
        return static_cast<std::uint32_t>(classifier_.words.size());
    }

    // The last word at which a leaf may begin.
    [[nodiscard]] std::uint32_t last_leaf() const {
        return word_count() - static_cast<std::uint32_t>(most_leaf_words(classifier_.family));
    }

    const Classifier& classifier_;
    std::uint32_t offset_;
    Assembler as_;
    Label done_ = as_.label();
    Label null_ = as_.label();
    Label tree_ = as_.label();
    Label visit_ = as_.label();
    Label leaf_ = as_.label();
    Label over_ = as_.label();
    Label rank_ = as_.label();
};

constexpr std::int64_t word_offset(std::size_t word) { return static_cast<std::int64_t>(4 * word); }

void WalkEmitter::join(Reg into, std::size_t high_word, std::size_t low_word) {
    as_.load(Size::U32, into, kPacket, word_offset(high_word));
    as_.lsh_imm(into, 32);
    as_.load(Size::U32, kTemporary, kPacket, word_offset(low_word));
    as_.or_(into, kTemporary);
}

void WalkEmitter::table_at(Reg into, Reg byte_offset) {
    as_.ld_table(into, offset_);
    as_.add(into, byte_offset);
}

void WalkEmitter::prologue() {
    as_.jeq(kArgument, 0, null_);
    as_.mov(kPacket, kArgument);
    if (classifier_.family == Family::Ipv4) {
        join(kAddresses, kSource, kDestination);
    } else {
        for (std::size_t pair = 0; pair < pairs(); ++pair) {
            join(kAddresses, 2 * pair, 2 * pair + 1);
            as_.store(Size::U64, kStack, kPair - static_cast<std::int64_t>(8 * pair), kAddresses);
        }
    }
    as_.load(Size::U32, kPorts, kPacket, word_offset(kL4Src));
    as_.and_imm(kPorts, 0xffff);
    as_.lsh_imm(kPorts, kSportAt);
    as_.load(Size::U32, kTemporary, kPacket, word_offset(kL4Dst));
    as_.or_(kPorts, kTemporary);
    as_.ld_imm64(kGuards, kPortGuards);
    as_.mov32_imm(kVisits, 0);
    // The tables are frozen: what is read at a known place the verifier takes for a constant.
    as_.and_imm(kTemporary, 4);
    table_at(kAt, kTemporary);
    as_.load(Size::U32, kTemporary, kAt, 0);
    as_.store(Size::U64, kStack, kBest, kTemporary);
    as_.load(Size::U32, kTemporary, kAt, 8);
    as_.store(Size::U64, kStack, kNextHeader, kTemporary);
}

void WalkEmitter::next_tree() {
    as_.bind(tree_);
    as_.load(Size::U64, kTemporary, kStack, kNextHeader);
    as_.jgt(kTemporary, std::int64_t{8} * word_count() - kHeaderBytes, done_);
    table_at(kAt, kTemporary);
    as_.load(Size::U32, Reg::R0, kAt, 8);
    as_.load(Size::U64, kTemporary, kStack, kBest);
    as_.jge(Reg::R0, kTemporary, done_);
    as_.load(Size::U32, kTemporary, kAt, 12);
    as_.store(Size::U64, kStack, kNextHeader, kTemporary);
    as_.load(Size::U64, kNode, kAt, 0);
}

void WalkEmitter::inner() {
    as_.bind(visit_);
    as_.add_imm(kVisits, 1);
    as_.jgt(kVisits, kMostVisits, done_);
    as_.jset(kNode, kLeafBit, leaf_);
    as_.mov(kTemporary, kNode);
    as_.and_imm(kTemporary, kOffsetMask);
    as_.add(kTemporary, kPacket);
    as_.load(Size::U32, kTemporary, kTemporary, 0);
    as_.mov(Reg::R0, kNode);
    as_.rsh_imm(Reg::R0, kShiftAt);  // a shift looks at six bits
    as_.alu(Alu::Rsh, kTemporary, Reg::R0);
    as_.mov(Reg::R0, kNode);
    as_.rsh_imm(Reg::R0, kMaskAt);
    as_.and_(kTemporary, Reg::R0);
    as_.rsh_imm(kNode, kBaseAt);
    as_.mov32(kNode, kNode);
    as_.add(kNode, kTemporary);
    as_.jge(kNode, word_count(), done_);
    as_.lsh_imm(kNode, 3);
    table_at(kAt, kNode);
    as_.load(Size::U64, kNode, kAt, 0);
    as_.ja(visit_);
}

// kWrong becomes 0 when the entry at kAt matches.
void WalkEmitter::compare(Misc misc) {
    const auto ports = static_cast<std::int64_t>(16 * pairs());
    as_.load(Size::U64, kWrong, kAt, ports);
    as_.sub(kWrong, kPorts);
    as_.load(Size::U64, kTemporary, kAt, ports + 8);
    as_.add(kTemporary, kPorts);
    as_.or_(kWrong, kTemporary);
    as_.and_(kWrong, kGuards);
    for (std::size_t pair = 0; pair < pairs(); ++pair) {
        const auto at = static_cast<std::int64_t>(16 * pair);
        as_.load(Size::U64, kTemporary, kAt, at);
        if (pairs() > 1) as_.load(Size::U64, kMore, kStack, kPair - at / 2);
        as_.xor_(kTemporary, pairs() > 1 ? kMore : kAddresses);
        as_.load(Size::U64, kMore, kAt, at + 8);
        as_.and_(kTemporary, kMore);
        as_.or_(kWrong, kTemporary);
    }
    if (misc == Misc::Without) return;
    as_.load(Size::U32, kTemporary, kAt, ports + 16);
    as_.load(Size::U32, kMore, kPacket, word_offset(kMisc));
    as_.xor_(kTemporary, kMore);
    as_.load(Size::U32, kMore, kAt, ports + 20);
    as_.and_(kTemporary, kMore);
    as_.or_(kWrong, kTemporary);
}

// kLeft entries from kAt on. The count goes down: so the verifier sees that the loop ends. It
// leaves the loop without kAt, which is another pointer in each round: so the verifier sees that
// all rounds go on alike.
void WalkEmitter::entries(Misc misc) {
    const auto bytes = static_cast<std::uint32_t>(8 * entry_words(classifier_.family, misc));
    const Label each = as_.label();
    const Label matched = as_.label();
    as_.mov(kMore, kLeft);
    as_.mul_imm(kMore, bytes);
    as_.add(kMore, kTemporary);
    as_.store(Size::U64, kStack, kEnd, kMore);
    as_.bind(each);
    compare(misc);
    as_.jeq(kWrong, 0, matched);
    as_.add_imm(kAt, bytes);
    as_.sub_imm(kLeft, 1);
    as_.jgt(kLeft, 0, each);
    as_.ja(over_);
    as_.bind(matched);
    as_.load(Size::U64, kTemporary, kStack, kEnd);
    as_.mul_imm(kLeft, bytes);
    as_.sub(kTemporary, kLeft);
    as_.ja(rank_);
}

void WalkEmitter::leaf() {
    as_.bind(leaf_);
    as_.mov(kTemporary, kNode);
    as_.rsh_imm(kTemporary, kLeafRankAt);
    as_.load(Size::U64, kAt, kStack, kBest);
    as_.rsh_imm(kAt, classifier_.rank_shift);
    as_.jgt(kTemporary, kAt, tree_);
    as_.store(Size::U64, kStack, kSavedNode, kNode);
    as_.mov(kLeft, kNode);
    as_.rsh_imm(kLeft, kCountAt);
    as_.and_imm(kLeft, kCountMask);
    as_.jeq(kLeft, 0, tree_);
    as_.jgt(kLeft, kMostInBlock, done_);
    as_.mov(kTemporary, kNode);
    as_.rsh_imm(kTemporary, kBaseAt);
    as_.mov32(kTemporary, kTemporary);
    as_.jgt(kTemporary, last_leaf(), done_);
    as_.lsh_imm(kTemporary, 3);
    table_at(kAt, kTemporary);
    if (classifier_.misc == Misc::With) {
        const Label plain = as_.label();
        as_.and_imm(kNode, kMiscBit);
        as_.jeq(kNode, 0, plain);
        entries(Misc::With);
        as_.bind(plain);
    }
    entries(Misc::Without);
}

// No entry of the leaf matched: it may go on elsewhere.
void WalkEmitter::end_of_leaf() {
    as_.bind(over_);
    as_.load(Size::U64, kTemporary, kStack, kSavedNode);
    as_.and_imm(kTemporary, kMoreBit);
    as_.jeq(kTemporary, 0, tree_);
    as_.load(Size::U64, kTemporary, kStack, kEnd);
    as_.jgt(kTemporary, std::int64_t{8} * (word_count() - 1), done_);
    table_at(kAt, kTemporary);
    as_.load(Size::U64, kNode, kAt, 0);
    as_.ja(visit_);
}

// Of the entry whose byte offset is in kTemporary.
void WalkEmitter::take_rank() {
    const auto ports = static_cast<std::int64_t>(16 * pairs());
    as_.bind(rank_);
    as_.jgt(kTemporary, std::int64_t{8} * last_leaf(), done_);
    table_at(kAt, kTemporary);
    as_.load(Size::U64, Reg::R0, kAt, ports);
    as_.rsh_imm(Reg::R0, kRankHighAt);
    as_.lsh_imm(Reg::R0, 16);
    as_.load(Size::U64, kTemporary, kAt, ports + 8);
    as_.rsh_imm(kTemporary, kRankLowAt);
    as_.or_(Reg::R0, kTemporary);
    as_.load(Size::U64, kTemporary, kStack, kBest);
    as_.jge(Reg::R0, kTemporary, tree_);
    as_.store(Size::U64, kStack, kBest, Reg::R0);
    as_.ja(tree_);
}

Function WalkEmitter::run(std::string name) && {
    prologue();
    next_tree();
    inner();
    leaf();
    end_of_leaf();
    take_rank();
    as_.bind(done_);
    as_.load(Size::U64, kResult, kStack, kBest);
    as_.exit();
    as_.bind(null_);
    as_.mov32_imm(kResult, kNoMatch);
    as_.exit();
    return std::move(as_).finish(std::move(name));
}

}  // namespace

Function emit_walk(const Classifier& classifier, std::string name, std::vector<std::byte>& tables) {
    tables.resize((tables.size() + kAlignment - 1) / kAlignment * kAlignment);
    const std::size_t offset = tables.size();
    const std::size_t bytes = classifier.words.size() * sizeof(std::uint64_t);
    tables.resize(offset + bytes);
    std::memcpy(tables.data() + offset, classifier.words.data(), bytes);
    return WalkEmitter(classifier, static_cast<std::uint32_t>(offset)).run(std::move(name));
}

}  // namespace bpfw::compiler::classify
