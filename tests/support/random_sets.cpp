// SPDX-License-Identifier: GPL-2.0-or-later
// Sets of every shape, and keys for them.
#include "tests/support/random_sets.hpp"

#include <algorithm>

namespace bpfw::test {
namespace {

using compiler::filter::make_set;
using compiler::filter::Set;
using compiler::filter::SetRange;

constexpr std::uint32_t kMost = 0xffffffff;

SetKey step(SetKey key, std::uint8_t words, std::uint32_t by) {  // by 1 or -1, wrapping
    const std::uint32_t carry = by == 1 ? 0 : kMost;
    for (std::size_t i = words; i-- > 0;) {
        key.at(i) += by;
        if (key.at(i) != carry) break;
    }
    return key;
}

SetKey filled(std::uint8_t words, std::uint32_t value) {
    SetKey key{};
    std::fill_n(key.begin(), words, value);
    return key;
}

// Few different words, many with all bits alike: keys that nearly meet.
SetKey random_key(Random& random, std::uint8_t words) {
    static constexpr std::uint32_t kWords[] = {0, 1, 7, 0x7fffffff, 0x80000000, kMost - 1, kMost};
    SetKey key{};
    for (std::size_t i = 0; i < words; ++i) {
        if (random.percent(40))
            key.at(i) = random.pick(kWords);
        else if (random.percent(30))
            key.at(i) = random.below(64);
        else
            key.at(i) = random.below(std::size_t{kMost} + 1);
    }
    return key;
}

SetRange random_range(Random& random, std::uint8_t words) {
    SetRange range;
    range.first = random_key(random, words);
    range.last = range.first;
    if (random.percent(50)) {  // a prefix
        const std::uint32_t whole = random.below(words);
        const std::uint32_t bits = random.between(0, 32);
        const std::uint32_t host = bits == 32 ? 0 : kMost >> bits;
        range.first.at(whole) &= ~host;
        range.last.at(whole) |= host;
        for (std::size_t i = whole + 1; i < words; ++i) {
            range.first.at(i) = 0;
            range.last.at(i) = kMost;
        }
    } else if (random.percent(50)) {
        range.last = random_key(random, words);
        if (range.last < range.first) std::swap(range.first, range.last);
    }
    return range;
}

std::vector<SetRange> keys_apart(std::uint8_t words, std::uint32_t count, std::uint32_t stride) {
    std::vector<SetRange> ranges;
    for (std::uint32_t i = 0; i < count; ++i) {
        SetKey key = filled(words, 0x0a000000);
        key.at(words - 1U) += i * stride;
        ranges.push_back({key, key});
    }
    return ranges;
}

}  // namespace

Set random_keys(Random& random, std::uint8_t words, std::size_t count) {
    std::vector<SetRange> ranges;
    for (std::size_t i = 0; i < count; ++i) {
        SetKey key{};
        for (std::size_t w = 0; w < words; ++w) key.at(w) = random.below(std::size_t{kMost} + 1);
        ranges.push_back({key, key});
    }
    return make_set(words, std::move(ranges));
}

Set random_set(Random& random, std::uint8_t words) {
    static constexpr std::size_t kSizes[] = {1, 2, 3, 5, 8, 13, 40, 200, 1500};
    const std::size_t size = random.pick(kSizes);
    if (random.percent(30)) return random_keys(random, words, size);
    std::vector<SetRange> ranges;
    const std::uint32_t keys = random.below(101);
    for (std::size_t i = 0; i < size; ++i) {
        SetRange range = random_range(random, words);
        if (random.percent(keys)) range.last = range.first;
        ranges.push_back(range);
    }
    return make_set(words, std::move(ranges));
}

std::vector<NamedSet> shapes_of_sets(std::uint8_t words) {
    const SetKey none = filled(words, 0);
    const SetKey all = filled(words, kMost);
    Random random(words);
    std::vector<NamedSet> out = {
        {"all keys", {words, {{none, all}}}},
        {"the first", {words, {{none, none}}}},
        {"the last", {words, {{all, all}}}},
        {"the first and the last", {words, {{none, none}, {all, all}}}},
        {"all but the first", {words, {{step(none, words, 1), all}}}},
        {"all but the last", {words, {{none, step(all, words, kMost)}}}},
        {"adjacent", make_set(words, keys_apart(words, 100, 1))},
        {"every second", make_set(words, keys_apart(words, 3000, 2))},
        {"every 256th", make_set(words, keys_apart(words, 800, 256))},
        {"every 65536th", make_set(words, keys_apart(words, 5000, 65536))},
        {"800 random", random_keys(random, words, 800)},
    };
    std::vector<SetRange> mixed = keys_apart(words, 500, 77);
    for (int i = 0; i < 5; ++i) mixed.push_back(random_range(random, words));
    out.push_back({"keys and a few ranges", make_set(words, mixed)});
    for (int i = 0; i < 200; ++i) mixed.push_back(random_range(random, words));
    out.push_back({"keys and ranges", make_set(words, mixed)});
    return out;
}

bool contains(const Set& set, const SetKey& key) {
    const auto after =
        std::upper_bound(set.ranges.begin(), set.ranges.end(), key,
                         [](const SetKey& k, const SetRange& range) { return k < range.first; });
    return after != set.ranges.begin() && key <= std::prev(after)->last;
}

std::vector<SetKey> keys_for(Random& random, const Set& set, std::size_t most) {
    std::vector<SetKey> keys = {filled(set.words, 0), filled(set.words, kMost)};
    const std::size_t ranges = std::min(set.ranges.size(), most / 8);
    for (std::size_t i = 0; i < ranges; ++i) {
        const SetRange& range =
            ranges == set.ranges.size() ? set.ranges[i] : random.pick(set.ranges);
        keys.insert(keys.end(), {range.first, range.last, step(range.first, set.words, kMost),
                                 step(range.last, set.words, 1)});
        SetKey near = range.first;
        near.at(random.below(set.words)) ^= 1U << random.below(32);
        keys.push_back(near);
    }
    while (keys.size() < most) keys.push_back(random_key(random, set.words));
    return keys;
}

}  // namespace bpfw::test
