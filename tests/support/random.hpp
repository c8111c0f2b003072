// SPDX-License-Identifier: GPL-2.0-or-later
// Random choices that are the same on every machine for one seed: the engine is the
// standard's, the distributions (which the standard leaves open) are these.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace bpfw::test {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}

    // 0 .. limit-1; limit > 0.
    std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(engine_() % limit); }
    // first..last, both included.
    std::uint32_t between(std::uint32_t first, std::uint32_t last) {
        return first + below(std::size_t{last} - first + 1);
    }
    bool percent(std::uint32_t chance) { return below(100) < chance; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }
    template <typename T>
    const T& pick(const std::vector<T>& pool) {
        return pool[below(pool.size())];
    }
    template <typename T, std::size_t N>
    const T& pick(const T (&pool)[N]) {
        return pool[below(N)];
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace bpfw::test
