// SPDX-License-Identifier: GPL-2.0-or-later
// A node's boxes -> the cut with the lowest expected cost. Chooser::choose() is the door.
#include "compiler/classify/cut.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bpfw::compiler::classify {
namespace {

constexpr std::size_t kSample = 1024;
// A cut that leaves more than this share of the boxes together is none.
constexpr double kWorthwhile = 0.9;

std::uint32_t low_bits(unsigned bits) {
    return bits >= 32 ? 0xffffffffU : (std::uint32_t{1} << bits) - 1;
}

unsigned width(std::uint32_t value) { return static_cast<unsigned>(std::bit_width(value)); }

}  // namespace

Children children_of(const Cut& cut, Interval interval) {
    const std::uint32_t mask = low_bits(cut.bits);
    const std::uint32_t first = interval.first >> cut.shift;
    const std::uint32_t last = interval.last >> cut.shift;
    if (last - first >= mask) return {0, mask};
    return {first & mask, last & mask};
}

// What a list of so many boxes will cost, cut as well as lists usually are.
double Chooser::later(double boxes) const {
    constexpr double kShort = 10;
    if (boxes <= kShort) return boxes * cost_.entry;
    return kShort * cost_.entry + cost_.bit * std::log2(boxes / kShort);
}

Chooser::Estimate Chooser::estimate(const Cut& cut) {
    const std::size_t children = std::size_t{1} << cut.bits;
    counts_.assign(children + 1, 0);
    weights_.assign(children + 1, 0);
    ends_.assign(children + 1, 0);
    std::int32_t wrapped = 0;
    float wrapped_weight = 0;
    for (const Interval& interval : sample_) {
        const Children to = children_of(cut, interval);
        const bool wraps = to.first > to.last;
        const std::size_t many = std::size_t{to.last} + 1 + (wraps ? children : 0) - to.first;
        const float weight = 1 / static_cast<float>(many);
        if (wraps) {
            ++wrapped;
            wrapped_weight += weight;
        }
        ++counts_[to.first];
        --counts_[to.last + 1];
        weights_[to.first] += weight;
        weights_[to.last + 1] -= weight;
        ends_[to.first] = ends_[to.last + 1] = 1;
    }
    Estimate out;
    std::int32_t count = wrapped;
    float weight = wrapped_weight;
    for (std::size_t i = 0; i < children; ++i) {
        count += counts_[i];
        weight += weights_[i];
        out.seen += static_cast<double>(count) * static_cast<double>(weight);
        if (ends_[i] != 0 || i == 0) out.stored += count;
    }
    out.seen /= static_cast<double>(sample_.size());
    return out;
}

void Chooser::try_cut(const Cut& cut, std::size_t boxes) {
    const Estimate found = estimate(cut);
    const auto all = static_cast<double>(boxes);
    const double scale = all / static_cast<double>(sample_.size());
    if (found.seen * scale > all * kWorthwhile) return;
    constexpr double kChildrenOfEntry = 4;  // words
    const double stored =
        found.stored * scale + std::ldexp(1, static_cast<int>(cut.bits)) / kChildrenOfEntry;
    const double cost = cost_.visit + later(std::max(1.0, found.seen * scale)) +
                        cost_.memory * std::log2(std::max(1.0, stored / all));
    if (cost >= best_cost_) return;
    best_cost_ = cost;
    best_ = cut;
}

void Chooser::consider(const Node& node, std::size_t dim, unsigned most_bits) {
    const Known& known = node.domain.at(dim);
    const std::size_t step = (node.boxes.size() + kSample - 1) / kSample;
    sample_.clear();
    std::uint32_t differing = 0;
    std::array<std::uint32_t, 33> sizes{};
    std::optional<std::uint32_t> pattern;
    std::uint32_t narrow = 0;
    for (std::size_t i = 0; i < node.boxes.size(); i += step) {
        const Interval one = columns_->at(dim)[node.boxes[i]];
        sample_.push_back(one);
        if (one.first <= known.bounds.first && one.last >= known.bounds.last) continue;
        if (!pattern) pattern = one.first;
        differing |= (one.first ^ *pattern) | (one.last ^ *pattern);
        ++sizes.at(width(one.first ^ one.last));
        ++narrow;
    }
    const std::uint32_t open = differing & ~known.bits;
    if (open == 0) return;
    const unsigned top = width(open);
    // The bits above the free ones of most prefixes.
    unsigned common = 0;
    for (std::uint32_t so_far = sizes[0]; so_far < narrow / 2;) so_far += sizes.at(++common);
    for (unsigned bits = std::min(most_bits, top); bits > 0; bits = bits * 2 / 3) {
        try_cut({dim, top - bits, bits}, node.boxes.size());
        const unsigned lower = std::min(common, top - bits);
        if (lower != top - bits) try_cut({dim, lower, bits}, node.boxes.size());
    }
}

std::optional<Cut> Chooser::choose(const Node& node) {
    best_.reset();
    const std::size_t boxes = node.boxes.size();
    best_cost_ = static_cast<double>(boxes) * cost_.entry;
    if (best_cost_ <= cost_.visit + cost_.entry || node.depth >= kMostDepth) return std::nullopt;
    const unsigned bits = width(static_cast<std::uint32_t>(boxes)) + 1;
    const unsigned most = std::min(node.depth == 0 ? kRootBits : kInnerBits, bits);
    for (const std::size_t dim : dims_) consider(node, dim, most);
    return best_;
}

}  // namespace bpfw::compiler::classify
