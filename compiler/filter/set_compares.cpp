// SPDX-License-Identifier: GPL-2.0-or-later
// Ranges of keys -> compares with immediates, word by word: a few in a row, more as a tree.
// emit_compares() is the door.
#include <algorithm>
#include <optional>

#include "compiler/filter/set_kinds.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kMost = 0xffffffff;

// What the keys with first <= word <= last lead to: a member, or (first == last) the tree of the
// next word.
struct Piece {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::vector<SetRange> rest;  // empty: a member whatever the later words are
};

class CompareTree {
public:
    CompareTree(const Lookups& to, std::uint8_t words, Label miss)
        : to_(to), words_(words), miss_(miss) {}

    void emit(std::span<const SetRange> ranges) { emit_word(0, ranges, AtEnd::Yes); }

private:
    // Whether the code that follows is what a miss leads to.
    enum class AtEnd : std::uint8_t { No, Yes };
    struct Bounds {  // of the word, by the compares made so far
        std::uint32_t least = 0;
        std::uint32_t most = kMost;
    };

    [[nodiscard]] bool rest_is(const std::array<std::uint32_t, 4>& key, std::size_t word,
                               std::uint32_t value) const {
        return std::all_of(key.begin() + static_cast<std::ptrdiff_t>(word) + 1,
                           key.begin() + words_, [&](std::uint32_t w) { return w == value; });
    }
    [[nodiscard]] std::vector<Piece> pieces(std::size_t word,
                                            std::span<const SetRange> ranges) const;
    void emit_word(std::size_t word, std::span<const SetRange> ranges, AtEnd at_end);
    void emit_tree(std::size_t word, std::span<const Piece> pieces, Bounds bounds, AtEnd at_end);
    void emit_row(std::size_t word, std::span<const Piece> pieces, AtEnd at_end);
    void emit_leaf(std::size_t word, const Piece& piece, Bounds bounds, AtEnd at_end);
    void missed(AtEnd at_end) {
        if (at_end == AtEnd::No) to_.as.ja(miss_);
    }

    const Lookups& to_;
    std::uint8_t words_;
    Label miss_;
};

// A range that begins or ends amid a word's value gives that value a piece of its own.
std::vector<Piece> CompareTree::pieces(std::size_t word, std::span<const SetRange> ranges) const {
    std::vector<Piece> out;
    const auto point = [&](std::uint32_t value, const SetRange& rest) {
        if (out.empty() || out.back().first != value || out.back().rest.empty())
            out.push_back({value, value, {}});
        out.back().rest.push_back(rest);
    };
    for (const SetRange& range : ranges) {
        const bool from_start = rest_is(range.first, word, 0);
        const bool to_end = rest_is(range.last, word, kMost);
        std::uint64_t first = range.first[word];
        std::uint64_t last = range.last[word];
        if (first == last && !(from_start && to_end)) {
            point(range.first[word], range);
            continue;
        }
        if (!from_start) {
            SetRange head = range;
            head.last.fill(kMost);
            point(range.first[word], head);
            ++first;
        }
        const std::uint64_t end = to_end ? last + 1 : last;
        if (first < end)
            out.push_back(
                {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - 1), {}});
        if (!to_end) {
            SetRange tail = range;
            tail.first.fill(0);
            point(range.last[word], tail);
        }
    }
    return out;
}

void CompareTree::emit_word(std::size_t word, std::span<const SetRange> ranges, AtEnd at_end) {
    emit_tree(word, pieces(word, ranges), Bounds{}, at_end);
}

void CompareTree::emit_leaf(std::size_t word, const Piece& piece, Bounds bounds, AtEnd at_end) {
    const Reg key = to_.regs.key[word];
    const bool only_value = bounds.least == bounds.most;
    if (!piece.rest.empty()) {
        if (!only_value) to_.as.jne32(key, piece.first, miss_);
        emit_word(word + 1, piece.rest, at_end);
        return;
    }
    const bool lowest = piece.first <= bounds.least;
    const bool highest = piece.last >= bounds.most;
    if (lowest && highest) {
        to_.as.ja(to_.member);
        return;
    }
    if (piece.first == piece.last)
        to_.as.jeq32(key, piece.first, to_.member);
    else if (highest)
        to_.as.jge32(key, piece.first, to_.member);
    else {
        if (!lowest) to_.as.jlt32(key, piece.first, miss_);
        to_.as.jle32(key, piece.last, to_.member);
    }
    missed(at_end);
}

// On a miss each of these branches goes the way it always goes: for few pieces that costs less
// than the branches of a tree, half of which go either way.
void CompareTree::emit_row(std::size_t word, std::span<const Piece> pieces, AtEnd at_end) {
    Assembler& as = to_.as;
    const Reg key = to_.regs.key[word];
    for (const Piece& piece : pieces) {
        if (!piece.rest.empty()) {
            const Label next = as.label();
            as.jne32(key, piece.first, next);
            emit_word(word + 1, piece.rest, AtEnd::No);
            as.bind(next);
        } else if (piece.first == piece.last) {
            as.jeq32(key, piece.first, to_.member);
        } else if (piece.first == 0) {
            as.jle32(key, piece.last, to_.member);
        } else if (piece.last == kMost) {
            as.jge32(key, piece.first, to_.member);
        } else {
            const Reg distance = to_.regs.scratch[0];
            as.mov32(distance, key);
            as.sub32_imm(distance, piece.first);
            as.jle32(distance, piece.last - piece.first, to_.member);
        }
    }
    missed(at_end);
}

void CompareTree::emit_tree(std::size_t word, std::span<const Piece> pieces, Bounds bounds,
                            AtEnd at_end) {
    constexpr std::size_t kRow = 6;
    if (pieces.size() == 1) {
        emit_leaf(word, pieces.front(), bounds, at_end);
    } else if (pieces.size() <= kRow) {
        emit_row(word, pieces, at_end);
    } else {
        const std::size_t middle = pieces.size() / 2;
        const std::uint32_t cut = pieces[middle].first;
        const Label right = to_.as.label();
        to_.as.jge32(to_.regs.key[word], cut, right);
        emit_tree(word, pieces.first(middle), {bounds.least, cut - 1}, AtEnd::No);
        to_.as.bind(right);
        emit_tree(word, pieces.subspan(middle), {cut, bounds.most}, at_end);
    }
}

}  // namespace

void emit_compares(const Lookups& to, const Ranges& set, Label miss) {
    if (!set.ranges.empty()) CompareTree(to, set.words, miss).emit(set.ranges);
}

}  // namespace bpfw::compiler::filter
