// SPDX-License-Identifier: GPL-2.0-or-later
// Boxes -> up to four sets by how narrow their addresses are -> a cut tree each. Boxes behind one
// that covers all that a leaf's packets can be are left out; equal leaves are stored once.
// build() is the door.
#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_map>

#include "compiler/classify/classifier.hpp"
#include "compiler/classify/cut.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::classify {
namespace {

using parser::Family;
using Numbers = std::vector<std::uint32_t>;  // of boxes, ascending

constexpr unsigned kNarrow4 = 12;  // prefix length
constexpr unsigned kNarrow6 = 24;
constexpr std::uint32_t kFewPorts = 32;
constexpr std::size_t kPortSet = 2;
constexpr std::size_t kWideSet = 3;
constexpr std::size_t kSmallSet = 12;
constexpr std::size_t kSmallPortSet = 256;
constexpr std::size_t kWordsPerBox = 32;
// The verifier takes no offset into a map's value from 2^29 on (BPF_MAX_VAR_OFF), and the function
// is not alone in the tables.
constexpr std::size_t kMostWords = 1U << 25U;
constexpr std::size_t kSpareWords = 1U << 19U;
constexpr int kAttempts = 6;

std::vector<std::size_t> dimensions(Family family) {
    if (family == Family::Ipv4) return {kSource, kDestination, kL4Dst, kL4Src};
    std::vector<std::size_t> all(kDimensions);
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
}

std::uint32_t all_bits(std::size_t dim) { return dim < kL4Dst ? 0xffffffffU : kL4Last; }

Domain everything() {
    Domain domain;
    for (std::size_t dim = 0; dim < kDimensions; ++dim) domain.at(dim).bounds = {0, all_bits(dim)};
    return domain;
}

Columns columns_of(std::span<const RankedBox> boxes, const std::vector<std::size_t>& dims) {
    Columns columns;
    for (const std::size_t dim : dims) {
        columns.at(dim).reserve(boxes.size());
        for (const RankedBox& one : boxes) columns.at(dim).push_back(one.box.dims.at(dim));
    }
    return columns;
}

// What a group of children (bits first..last of the cut) knows beyond its parent.
Known narrowed(const Known& parent, const Cut& cut, Children group, std::uint32_t all) {
    Known out = parent;
    const std::uint32_t bits = ((std::uint32_t{1} << cut.bits) - 1) << cut.shift;
    const std::uint32_t first = group.first << cut.shift;
    const std::uint32_t last = group.last << cut.shift;
    const std::uint32_t value = parent.value & ~bits;
    const std::uint32_t free = all & ~(parent.bits | bits);
    out.bounds.first = std::max(out.bounds.first, value | first);
    out.bounds.last = std::min(out.bounds.last, value | free | last);
    if (first == last) {
        out.bits |= bits;
        out.value = value | first;
    }
    return out;
}

struct Built {
    std::uint64_t node = 0;
    std::uint32_t visits = 0;
};

class Builder {
public:
    Builder(Family family, std::span<const RankedBox> boxes, const CostModel& cost)
        : boxes_(boxes),
          dims_(dimensions(family)),
          columns_(columns_of(boxes, dims_)),
          cost_(cost),
          chooser_(columns_, dims_, cost) {
        out_.family = family;
        const auto bits =
            static_cast<unsigned>(boxes.empty() ? 0 : std::bit_width(boxes.back().rank));
        out_.rank_shift = bits > kLeafRankBits ? bits - kLeafRankBits : 0;
    }
    std::optional<Classifier> run();

private:
    [[nodiscard]] std::size_t set_of(std::size_t box) const;
    [[nodiscard]] std::vector<Numbers> sets() const;
    struct Sizes {
        std::size_t words;
        std::size_t entries;
        std::size_t inner;
    };
    void restart(const Sizes& before, const CostModel& cost);
    std::optional<Built> make_tree(const Numbers& set, std::size_t most_words);
    void put_headers(const std::vector<Numbers>& sets);
    Built make(const Numbers& boxes, const Domain& domain, std::uint32_t depth);
    Built make_inner(const Numbers& boxes, const Domain& domain, const Cut& cut,
                     std::uint32_t depth);
    Built make_leaf(std::span<const std::uint32_t> boxes);
    Built put_leaf(std::span<const std::uint32_t> boxes);
    void put_entry(std::size_t box, Misc misc);
    [[nodiscard]] bool covers(std::size_t box, const Domain& domain) const;
    [[nodiscard]] Numbers reachable(std::span<const std::uint32_t> boxes, const Domain& domain,
                                    std::size_t cut_dim) const;
    [[nodiscard]] bool failed() const { return out_.words.size() > limit_; }

    struct KnownLeaf {
        std::size_t first;  // in leaf_boxes_
        std::size_t count;
        Built built;
    };

    std::span<const RankedBox> boxes_;
    std::vector<std::size_t> dims_;
    Columns columns_;
    CostModel cost_;
    Chooser chooser_;
    std::size_t limit_ = 0;  // words of this attempt
    Classifier out_;
    std::unordered_multimap<std::uint64_t, KnownLeaf> leaves_;  // by a hash of their boxes
    Numbers leaf_boxes_;
};

unsigned prefix_length(const Box& box, std::size_t dim, Family family) {
    unsigned length = 0;
    for (std::size_t word = 0; word < (family == Family::Ipv4 ? 1 : 4); ++word) {
        const Interval& one = box.dims.at(dim + word);
        const unsigned here = 32 - static_cast<unsigned>(std::bit_width(one.first ^ one.last));
        length += here;
        if (here < 32) break;
    }
    return length;
}

// A set for narrow destinations, one for narrow sources with wide destinations, one for few
// destination ports, one for the rest. Cut by what is narrow in it, a set's boxes are in few
// leaves each; more sets, for boxes that are narrow in several ways, would cost a tree each and
// save nothing.
std::size_t Builder::set_of(std::size_t box) const {
    const unsigned limit = out_.family == Family::Ipv4 ? kNarrow4 : kNarrow6;
    const Box& one = boxes_[box].box;
    if (prefix_length(one, kDestination, out_.family) >= limit) return 0;
    if (prefix_length(one, kSource, out_.family) >= limit) return 1;
    const Interval& ports = one.dims[kL4Dst];
    return ports.last - ports.first <= kFewPorts ? kPortSet : kWideSet;
}

// A small set is not worth a tree: its boxes go to the wider ones, where they are no harm.
std::vector<Numbers> Builder::sets() const {
    std::array<Numbers, kMostTrees> out;
    for (std::uint32_t i = 0; i < boxes_.size(); ++i) out.at(set_of(i)).push_back(i);
    Numbers& wide = out.at(kWideSet);
    for (Numbers& set : out) {
        const std::size_t small = &set == &out.at(kPortSet) ? kSmallPortSet : kSmallSet;
        if (&set == &wide || set.size() > small || wide.empty()) continue;
        Numbers both;
        std::merge(set.begin(), set.end(), wide.begin(), wide.end(), std::back_inserter(both));
        wide = std::move(both);
        set.clear();
    }
    std::vector<Numbers> used;
    for (Numbers& set : out)
        if (!set.empty()) used.push_back(std::move(set));
    std::sort(used.begin(), used.end());
    return used;
}

bool Builder::covers(std::size_t box, const Domain& domain) const {
    for (const std::size_t dim : dims_) {
        const Interval& own = columns_.at(dim)[box];
        const Interval& bounds = domain.at(dim).bounds;
        if (own.first > bounds.first || own.last < bounds.last) return false;
    }
    return boxes_[box].box.misc_mask == 0;
}

Numbers Builder::reachable(std::span<const std::uint32_t> boxes, const Domain& domain,
                           std::size_t cut_dim) const {
    Numbers out;
    out.reserve(boxes.size());
    const Interval& bounds = domain.at(cut_dim).bounds;
    for (const std::uint32_t box : boxes) {
        const Interval& own = columns_.at(cut_dim)[box];
        if (own.first > bounds.last || own.last < bounds.first) continue;
        out.push_back(box);
        if (covers(box, domain)) break;
    }
    return out;
}

// The numbers of boxes in each group of children that have the same ones.
struct Groups {
    std::vector<Children> children;
    std::vector<std::size_t> starts;  // in `boxes`, and the end
    Numbers boxes;
};

Groups grouped(const Numbers& boxes, const std::vector<Interval>& column, const Cut& cut) {
    const std::size_t count = std::size_t{1} << cut.bits;
    std::vector<std::uint32_t> group_of(count + 1, 0);
    std::vector<Children> spans(boxes.size());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        spans[i] = children_of(cut, column[boxes[i]]);
        group_of[spans[i].first] = group_of[spans[i].last + 1] = 1;
    }
    group_of[0] = 0;
    for (std::size_t i = 1; i < count; ++i) group_of[i] += group_of[i - 1];
    Groups out;
    const std::uint32_t last_group = group_of[count - 1];
    out.children.assign(last_group + 1, {0xffffffff, 0});
    for (std::uint32_t i = 0; i < count; ++i) {
        Children& group = out.children[group_of[i]];
        group = {std::min(group.first, i), i};
    }
    const auto each_group = [&](const Children& span, const auto& use) {
        const std::uint32_t first = group_of[span.first];
        const std::uint32_t last = group_of[span.last];
        if (span.first <= span.last) {
            for (std::uint32_t g = first; g <= last; ++g) use(g);
            return;
        }
        for (std::uint32_t g = 0; g <= last; ++g) use(g);
        for (std::uint32_t g = first; g <= last_group; ++g) use(g);
    };
    out.starts.assign(out.children.size() + 1, 0);
    for (const Children& span : spans)
        each_group(span, [&](std::uint32_t g) { ++out.starts[g + 1]; });
    std::partial_sum(out.starts.begin(), out.starts.end(), out.starts.begin());
    out.boxes.resize(out.starts.back());
    std::vector<std::size_t> next(out.starts.begin(), out.starts.end() - 1);
    for (std::size_t i = 0; i < boxes.size(); ++i)
        each_group(spans[i], [&](std::uint32_t g) { out.boxes[next[g]++] = boxes[i]; });
    return out;
}

Built Builder::make(const Numbers& boxes, const Domain& domain, std::uint32_t depth) {
    if (failed()) return {};
    const auto cut = chooser_.choose({boxes, domain, depth});
    return cut ? make_inner(boxes, domain, *cut, depth) : make_leaf(boxes);
}

Built Builder::make_inner(const Numbers& boxes, const Domain& domain, const Cut& cut,
                          std::uint32_t depth) {
    const Groups groups = grouped(boxes, columns_.at(cut.dim), cut);
    const std::uint64_t base = out_.words.size();
    const std::uint64_t mask = (std::uint64_t{1} << cut.bits) - 1;
    out_.words.resize(base + mask + 1);
    ++out_.inner;
    Built out{
        cut.dim << 2U | std::uint64_t{cut.shift} << kShiftAt | base << kBaseAt | mask << kMaskAt,
        0};
    Domain inside = domain;
    for (std::size_t g = 0; g < groups.children.size(); ++g) {
        const Children& children = groups.children[g];
        inside.at(cut.dim) = narrowed(domain.at(cut.dim), cut, children, all_bits(cut.dim));
        const auto list = std::span(groups.boxes)
                              .subspan(groups.starts[g], groups.starts[g + 1] - groups.starts[g]);
        const Built child = make(reachable(list, inside, cut.dim), inside, depth + 1);
        for (std::uint64_t i = children.first; i <= children.last; ++i)
            out_.words[base + i] = child.node;
        out.visits = std::max(out.visits, child.visits);
    }
    ++out.visits;
    return out;
}

std::uint64_t hash_of(std::span<const std::uint32_t> boxes) {
    std::uint64_t hash = boxes.size();
    for (const std::uint32_t box : boxes) {
        hash = (hash ^ box) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29U;
    }
    return hash;
}

Built Builder::make_leaf(std::span<const std::uint32_t> boxes) {
    const std::uint64_t hash = hash_of(boxes);
    const auto [first, last] = leaves_.equal_range(hash);
    for (auto it = first; it != last; ++it) {
        const auto own = std::span(leaf_boxes_).subspan(it->second.first, it->second.count);
        if (std::equal(own.begin(), own.end(), boxes.begin(), boxes.end())) return it->second.built;
    }
    const Built built = put_leaf(boxes);
    leaves_.emplace(hash, KnownLeaf{leaf_boxes_.size(), boxes.size(), built});
    leaf_boxes_.insert(leaf_boxes_.end(), boxes.begin(), boxes.end());
    return built;
}

Built Builder::put_leaf(std::span<const std::uint32_t> boxes) {
    const auto here = boxes.first(std::min<std::size_t>(boxes.size(), kMostInBlock));
    const auto rest = boxes.subspan(here.size());
    const bool with_misc = std::any_of(here.begin(), here.end(), [&](std::uint32_t box) {
        return boxes_[box].box.misc_mask != 0;
    });
    const Misc misc = with_misc ? Misc::With : Misc::Without;
    const std::uint32_t first_rank = here.empty() ? 0 : boxes_[here.front()].rank;
    if (with_misc) out_.misc = Misc::With;
    Built out{kLeafBit | (with_misc ? kMiscBit : 0) | (rest.empty() ? 0 : kMoreBit) |
                  std::uint64_t{here.size()} << kCountAt |
                  std::uint64_t{out_.words.size()} << kBaseAt |
                  std::uint64_t{first_rank >> out_.rank_shift} << kLeafRankAt,
              1};
    for (const std::uint32_t box : here) put_entry(box, misc);
    out_.entries += here.size();
    if (rest.empty()) return out;
    const std::size_t link = out_.words.size();
    out_.words.push_back(0);
    const Built more = put_leaf(rest);
    out_.words[link] = more.node;
    out.visits += more.visits;
    return out;
}

void Builder::put_entry(std::size_t number, Misc misc) {
    const Box& box = boxes_[number].box;
    const std::uint32_t rank = boxes_[number].rank;
    const auto put_pair = [&](std::size_t high, std::size_t low) {
        const Interval& a = box.dims.at(high);
        const Interval& b = box.dims.at(low);
        out_.words.push_back(std::uint64_t{a.first} << 32U | b.first);
        out_.words.push_back(std::uint64_t{~(a.first ^ a.last)} << 32U | ~(b.first ^ b.last));
    };
    if (out_.family == Family::Ipv4) {
        put_pair(kSource, kDestination);
    } else {
        for (std::size_t word = 0; word < kL4Dst; word += 2) put_pair(word, word + 1);
    }
    const Interval& dst = box.dims[kL4Dst];
    const Interval& src = box.dims[kL4Src];
    const bool one_protocol = dst.first >> 16U == dst.last >> 16U;
    const Interval sport =
        one_protocol ? Interval{src.first & 0xffffU, src.last & 0xffffU} : Interval{0, 0xffff};
    out_.words.push_back((pack_ports(dst.first, sport.first) + kPortSpan) |
                         std::uint64_t{rank >> 16U} << kRankHighAt);
    out_.words.push_back((kPortSpan - pack_ports(dst.last, sport.last)) |
                         std::uint64_t{rank & 0xffffU} << kRankLowAt);
    if (misc == Misc::With)
        out_.words.push_back(std::uint64_t{box.misc_mask} << 32U | box.misc_value);
}

void Builder::put_headers(const std::vector<Numbers>& sets) {
    out_.words.push_back(std::uint64_t{kNoMatch} << 32U | kNoMatch);
    out_.words.push_back(std::uint64_t{8 * kHeaders} << 32U | 8 * kHeaders);
    for (std::size_t i = 0; i <= sets.size(); ++i) {
        const std::uint32_t rank = i < sets.size() ? boxes_[sets[i].front()].rank : kNoMatch;
        const std::uint64_t next = 8 * kHeaders + kHeaderBytes * (i + 1);
        out_.words.push_back(0);
        out_.words.push_back(rank | next << 32U);
    }
    out_.trees = sets.size();
}

// What an attempt wrote is forgotten.
void Builder::restart(const Sizes& before, const CostModel& cost) {
    out_.words.resize(before.words);
    out_.entries = before.entries;
    out_.inner = before.inner;
    leaves_.clear();
    leaf_boxes_.clear();
    chooser_ = Chooser(columns_, dims_, cost);
}

// Memory weighs more and short lists less with each attempt: fewer cuts, longer leaves.
std::optional<Built> Builder::make_tree(const Numbers& set, std::size_t most_words) {
    const Sizes before{out_.words.size(), out_.entries, out_.inner};
    const Numbers boxes = reachable(set, everything(), kSource);
    CostModel cost = cost_;
    limit_ = before.words + most_words;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const Built tree = make(boxes, everything(), 0);
        if (!failed() && out_.visits + tree.visits <= kMostVisits) return tree;
        cost.memory = cost.memory * 2 + 1;
        if (failed()) cost.entry /= 2;
        restart(before, cost);
    }
    return std::nullopt;
}

std::optional<Classifier> Builder::run() {
    const std::vector<Numbers> all = sets();
    put_headers(all);
    const std::size_t cap = std::min(
        kMostWords, cost_.words != 0 ? cost_.words : boxes_.size() * kWordsPerBox + kSpareWords);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t left = cap - std::min(cap, out_.words.size());
        const std::size_t usual = all[i].size() * kWordsPerBox + kSpareWords / 2;
        const auto tree = make_tree(all[i], std::min(left, usual));
        if (!tree) return std::nullopt;
        out_.words[kHeaders + 2 * i] = tree->node;
        out_.visits += tree->visits;
    }
    out_.words.resize(out_.words.size() + most_leaf_words(out_.family), 0);
    return std::move(out_);
}

}  // namespace

std::optional<Classifier> build(Family family, std::span<const RankedBox> boxes,
                                const CostModel& cost) {
    return Builder(family, boxes, cost).run();
}

}  // namespace bpfw::compiler::classify
