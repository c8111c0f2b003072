// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions -> disjunctive form, one box for each alternative. to_boxes() is the door.
#include "compiler/classify/box.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "parser/base/result.hpp"

namespace bpfw::compiler::classify {
namespace {

using Boxes = std::vector<Box>;
// While boxes are built, before impossible ones fall out.
constexpr std::size_t kMostUnfinished = 1024;

std::uint32_t protocol_of(std::uint32_t l4) { return l4 >> 16U; }

// Both words carry the packet's protocol: what one of them knows of it holds for the other.
bool agree_on_protocol(Box& box) {
    Interval& dst = box.dims[kL4Dst];
    Interval& src = box.dims[kL4Src];
    const std::uint32_t low = std::max(protocol_of(dst.first), protocol_of(src.first));
    const std::uint32_t high = std::min(protocol_of(dst.last), protocol_of(src.last));
    for (Interval* one : {&dst, &src}) {
        one->first = std::max(one->first, low << 16U);
        one->last = std::min(one->last, high << 16U | 0xffffU);
        if (low > high || one->first > one->last) return false;
    }
    return true;
}

bool restrict(Box& box, std::size_t dim, Interval to) {
    Interval& own = box.dims.at(dim);
    own = {std::max(own.first, to.first), std::min(own.last, to.last)};
    return own.first <= own.last && agree_on_protocol(box);
}

bool restrict_misc(Box& box, std::uint32_t mask, std::uint32_t value) {
    if (((box.misc_value ^ value) & box.misc_mask & mask) != 0) return false;
    box.misc_mask |= mask;
    box.misc_value |= value;
    return true;
}

// An aligned block of values, by its first and the bits that are free.
struct Block {
    std::uint32_t first = 0;
    std::uint32_t free = 0;
};

std::vector<Block> blocks_of(Interval range) {
    std::vector<Block> out;
    std::uint64_t at = range.first;
    while (at <= range.last) {
        std::uint64_t size = at == 0 ? std::uint64_t{1} << 32U : at & (~at + 1);
        while (at + size - 1 > range.last) size /= 2;
        out.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size - 1)});
        at += size;
    }
    return out;
}

std::optional<std::size_t> dimension_of(Field field) {
    const std::int16_t offset = field_layout(field).offset;
    const auto word = static_cast<std::size_t>(offset) / 4;
    if (word >= kDimensions) return std::nullopt;
    return word;
}

// The bit of word kMisc where a field of one byte begins.
std::optional<std::uint32_t> misc_shift(Field field) {
    const std::int16_t offset = field_layout(field).offset;
    const auto word = static_cast<std::size_t>(offset) / 4;
    if (word != kMisc) return std::nullopt;
    return static_cast<std::uint32_t>(offset) % 4 * 8;
}

bool is_prefix(std::uint32_t mask) { return (~mask & (~mask + 1)) == 0; }

// The values that pass the test, as intervals.
std::vector<Interval> intervals_of(const Test& test, std::uint32_t full) {
    const Interval inside{test.first, test.last | (full & ~test.mask)};
    if (test.sense == Sense::Is) return {inside};
    std::vector<Interval> out;
    if (inside.first != 0) out.push_back({0, inside.first - 1});
    if (inside.last != full) out.push_back({inside.last + 1, full});
    return out;
}

// How a test on bits of a byte fails: at the first of its bits that differs.
std::vector<Block> differing(std::uint32_t mask, std::uint32_t value) {
    std::vector<Block> out;  // free: the mask
    std::uint32_t same = 0;
    for (std::uint32_t bit = 0x80; bit != 0; bit >>= 1U) {
        if ((mask & bit) == 0) continue;
        out.push_back({(value & same) | (~value & bit), same | bit});
        same |= bit;
    }
    return out;
}

// Values and masks of a byte, one of which must fit; nothing for what is neither a range of the
// byte nor bits of it.
std::optional<std::vector<Block>> byte_masks(const Test& test) {
    if (test.first == test.last) {
        if (test.sense == Sense::Is) return std::vector<Block>{{test.first, test.mask}};
        return differing(test.mask, test.first);
    }
    if (test.mask != 0xff) return std::nullopt;
    std::vector<Block> out;
    for (const Interval& range : intervals_of(test, 0xff))
        for (const Block& block : blocks_of(range))
            out.push_back({block.first, ~block.free & 0xffU});
    return out;
}

class Expansion {
public:
    // False: does not fit.
    bool apply(const Expr& expr) {
        return std::visit(overloaded{
                              [&](const Test& test) { return apply(test); },
                              [](const Guard&) { return false; },
                              [](const FilterTest&) { return false; },
                              [&](const All& all) {
                                  return std::all_of(all.of.begin(), all.of.end(),
                                                     [&](const Expr& one) { return apply(one); });
                              },
                              [&](const Any& any) { return apply(any); },
                          },
                          expr.node);
    }
    std::optional<Boxes> finish() &&;

private:
    template <class Alternatives, class Change>
    bool branch(const Alternatives& alternatives, const Change& change) {
        Boxes out;
        for (const Box& box : boxes_)
            for (const auto& one : alternatives) {
                Box changed = box;
                if (change(changed, one)) out.push_back(changed);
            }
        boxes_ = std::move(out);
        return boxes_.size() <= kMostUnfinished;
    }
    bool apply(const Test& test);
    bool apply(const Any& any);

    Boxes boxes_{Box{}};
};

bool Expansion::apply(const Test& test) {
    if (test.field == Field::Protocol) {
        if (test.mask != 0xff) return false;
        return branch(intervals_of(test, 0xff), [](Box& box, Interval protocols) {
            return restrict(box, kL4Dst, {protocols.first << 16U, protocols.last << 16U | 0xffffU});
        });
    }
    if (const auto shift = misc_shift(test.field)) {
        const auto masks = byte_masks(test);
        return masks && branch(*masks, [&](Box& box, const Block& one) {
                   return restrict_misc(box, one.free << *shift, one.first << *shift);
               });
    }
    const auto dim = dimension_of(test.field);
    if (!dim || !is_prefix(test.mask)) return false;
    return branch(intervals_of(test, 0xffffffff),
                  [&](Box& box, Interval to) { return restrict(box, *dim, to); });
}

bool Expansion::apply(const Any& any) {
    Boxes out;
    for (const Expr& one : any.of) {
        Expansion part;
        part.boxes_ = boxes_;
        if (!part.apply(one)) return false;
        out.insert(out.end(), part.boxes_.begin(), part.boxes_.end());
    }
    boxes_ = std::move(out);
    return boxes_.size() <= kMostUnfinished;
}

// Sources ports are compared without their protocol.
bool source_port_fits(const Box& box) {
    const Interval& src = box.dims[kL4Src];
    const bool whole = (src.first & 0xffffU) == 0 && (src.last & 0xffffU) == 0xffff;
    return whole || protocol_of(src.first) == protocol_of(src.last);
}

std::optional<Boxes> Expansion::finish() && {
    for (std::size_t dim = kSource; dim < kL4Dst; ++dim) {
        Boxes out;
        for (const Box& box : boxes_)
            for (const Block& block : blocks_of(box.dims.at(dim))) {
                out.push_back(box);
                out.back().dims.at(dim) = {block.first, block.first | block.free};
            }
        boxes_ = std::move(out);
        if (boxes_.size() > kMostUnfinished) return std::nullopt;
    }
    if (boxes_.size() > kMostBoxes) return std::nullopt;
    if (!std::all_of(boxes_.begin(), boxes_.end(), source_port_fits)) return std::nullopt;
    return std::move(boxes_);
}

}  // namespace

std::optional<std::vector<Box>> to_boxes(const std::vector<Expr>& conditions) {
    Expansion expansion;
    for (const Expr& condition : conditions)
        if (!expansion.apply(condition)) return std::nullopt;
    return std::move(expansion).finish();
}

std::uint32_t packet_word(const bpfw_packet& packet, std::size_t n) {
    std::uint32_t word = 0;
    std::memcpy(&word, reinterpret_cast<const char*>(&packet) + 4 * n, sizeof word);
    return word;
}

bool contains(const Box& box, const bpfw_packet& packet) {
    for (std::size_t dim = 0; dim < kDimensions; ++dim) {
        const std::uint32_t value = packet_word(packet, dim);
        if (value < box.dims.at(dim).first || value > box.dims.at(dim).last) return false;
    }
    return ((packet_word(packet, kMisc) ^ box.misc_value) & box.misc_mask) == 0;
}

}  // namespace bpfw::compiler::classify
