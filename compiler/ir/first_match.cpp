// SPDX-License-Identifier: GPL-2.0-or-later
// One sweep over the keys with the ranges that are open there, the first rule's on top.
// first_match() is the door.
#include "compiler/ir/first_match.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <queue>

namespace bpfw::compiler {
namespace {

class Sweep {
public:
    Sweep(const std::vector<LookupRange>& by_rule, const std::vector<Field>& key)
        : ranges_(by_rule), key_(key), order_(by_rule.size()) {
        std::iota(order_.begin(), order_.end(), 0U);
        std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
            return ranges_[a].first < ranges_[b].first;
        });
    }

    std::vector<LookupRange> run() && {
        std::optional<LookupKey> at;  // nothing: everything up to here is done
        while (next_ < order_.size() || at) {
            if (!at) at = ranges_[order_[next_]].first;
            open_at(*at);
            while (!open_.empty() && ranges_[open_.top()].last < *at) open_.pop();
            at = open_.empty() ? std::nullopt : take(*at);
        }
        return std::move(out_);
    }

private:
    void open_at(const LookupKey& at) {
        while (next_ < order_.size() && ranges_[order_[next_]].first == at)
            open_.push(order_[next_++]);
    }

    // The topmost range from `at` to its end or to where the next one begins. The key behind it.
    std::optional<LookupKey> take(const LookupKey& at) {
        const LookupRange& top = ranges_[open_.top()];
        LookupKey last = top.last;
        std::optional<LookupKey> behind;
        if (next_ < order_.size() && ranges_[order_[next_]].first <= last) {
            behind = ranges_[order_[next_]].first;
            last = before(*behind);
        } else {
            behind = after(last);
        }
        const bool joins =
            !out_.empty() && out_.back().decision == top.decision && after(out_.back().last) == at;
        if (joins)
            out_.back().last = last;
        else
            out_.push_back({at, last, top.decision});
        return behind;
    }

    // Not of the least key: no range ends before it.
    [[nodiscard]] LookupKey before(LookupKey key) const {
        for (std::size_t i = key_.size(); i-- > 0;) {
            if (key.at(i) != 0) {
                --key.at(i);
                break;
            }
            key.at(i) = full_mask(key_[i]);
        }
        return key;
    }

    [[nodiscard]] std::optional<LookupKey> after(LookupKey key) const {
        for (std::size_t i = key_.size(); i-- > 0;) {
            if (key.at(i) != full_mask(key_[i])) {
                ++key.at(i);
                return key;
            }
            key.at(i) = 0;
        }
        return std::nullopt;
    }

    const std::vector<LookupRange>& ranges_;
    const std::vector<Field>& key_;
    std::vector<std::uint32_t> order_;  // by their first key
    std::size_t next_ = 0;              // in order_, to be opened
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> open_;
    std::vector<LookupRange> out_;
};

}  // namespace

std::vector<LookupRange> first_match(const std::vector<LookupRange>& by_rule,
                                     const std::vector<Field>& key) {
    return Sweep(by_rule, key).run();
}

}  // namespace bpfw::compiler
