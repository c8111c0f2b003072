// SPDX-License-Identifier: GPL-2.0-or-later
// A list of IPv6 hosts and nets as one set. One after the other they are compared word by word,
// so a frame that is cut inside of an address ends the expression at the first member of the
// list that the words before the cut do not rule out. That has its own blocks here, which no
// whole packet comes to.
#include <algorithm>
#include <set>

#include "compiler/filter/lowering.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;

// Of a list with more different beginnings (of one, two or three words) the order is not kept:
// a frame that is cut inside of its destination, which begins as one of the list does, then is no
// match whatever its source. Only a header that no IPv6 stack accepts is cut there.
constexpr std::size_t kBeginnings = 64;

using Words6 = std::array<ValueId, 4>;

Words6 load_words(Builder& b, const Offset& at) {
    Words6 words{};
    for (std::uint32_t i = 0; i < words.size(); ++i) {
        words[i] = b.load(at + 4 * i, LoadSize::U32);
    }
    return words;
}

Member member(const Words6& key, SetId set) { return {{key.begin(), key.end()}, set}; }

// The first `words` of it, then zeros.
Words beginning(Words words, std::size_t count) {
    std::fill(words.begin() + static_cast<std::ptrdiff_t>(count), words.end(), 0);
    return words;
}
SetRange beginning(const SetRange& range, std::size_t count) {
    return {beginning(range.first, count), beginning(range.last, count)};
}
Words6 beginning(Builder& b, Words6 key, std::size_t count) {
    std::fill(key.begin() + static_cast<std::ptrdiff_t>(count), key.end(), b.values.constant(0));
    return key;
}

SetId beginnings(Builder& b, std::span<const SetRange> ranges, std::size_t count) {
    std::vector<SetRange> cut;
    cut.reserve(ranges.size());
    for (const SetRange& range : ranges) {
        cut.push_back(beginning(range, count));
    }
    return b.add_set(make_set(4, std::move(cut)));
}

Target lower_one_side(Builder& b, const Ipv6List& list, const Words6& key, const Ways& ways) {
    Target cut = b.abort;
    for (std::size_t count = 1; count < 4 && !(ways.no == b.abort); ++count) {
        const SetId set = beginnings(b, list.ranges, count);
        cut = b.add(member(beginning(b, key, count), set), {b.abort, ways.no}, cut);
    }
    return b.add(member(key, list.set), ways, cut);
}

// Only the first `count` words of the destination are there.
Target lower_cut(Builder& b, const Ipv6List& list, const Words6& source, const Words6& destination,
                 std::size_t count, const Ways& ways) {
    // The members that are the first with their beginning.
    std::vector<std::size_t> firsts;
    std::set<std::pair<Words, Words>> seen;
    for (std::size_t i = 0; i < list.ranges.size() && firsts.size() <= kBeginnings; ++i) {
        const SetRange cut = beginning(list.ranges[i], count);
        if (seen.emplace(cut.first, cut.last).second) {
            firsts.push_back(i);
        }
    }
    const Words6 key = beginning(b, destination, count);
    Target at = b.add(member(source, list.set), ways);
    if (firsts.size() > kBeginnings) {
        const SetId all = beginnings(b, list.ranges, count);
        at = b.add(member(key, all), {b.abort, at});
        firsts.erase(firsts.begin() + 1, firsts.end());
    }
    for (std::size_t i = firsts.size(); i > 0; --i) {
        const std::size_t begin = i > 1 ? firsts[i - 2] + 1 : 0;
        const std::size_t end = firsts[i - 1] + 1;
        const SetId same = beginnings(b, list.ranges.subspan(end - 1, 1), count);
        at = b.add(member(key, same), {b.abort, at});
        const auto sources = list.ranges.subspan(begin, end - begin);
        const SetId set = b.add_set(make_set(4, {sources.begin(), sources.end()}));
        at = b.add(member(source, set), {ways.yes, at});
    }
    return at;
}

Target lower_both_sides(Builder& b, const Ipv6List& list, const Words6& source,
                        const Words6& destination, const Ways& ways) {
    // Nothing of the destination is there: the first of the list ends it.
    const SetId first = b.add_set(make_set(4, {list.ranges.front()}));
    Target cut = b.add(member(source, first), {ways.yes, b.abort});
    for (std::size_t count = 1; count < 4; ++count) {
        const Target here = lower_cut(b, list, source, destination, count, ways);
        cut = b.add(Compare{Relation::GreaterEqual, destination[count - 1], b.values.constant(0)},
                    {here, here}, cut);
    }
    const Target other = b.add(member(source, list.set), ways);
    return b.add(member(destination, list.set), {ways.yes, other}, cut);
}

}  // namespace

Target lower_ipv6_list(Builder& b, const Ipv6List& list, pcap::Direction direction,
                       const Offset& source, const Offset& destination, const Ways& ways) {
    const Words6 src = load_words(b, source);
    const Words6 dst = load_words(b, destination);
    if (direction == pcap::Direction::SourceOrDestination) {
        return lower_both_sides(b, list, src, dst, ways);
    }
    return lower_one_side(b, list, direction == pcap::Direction::Source ? src : dst, ways);
}

}  // namespace bpfw::compiler::filter
