// SPDX-License-Identifier: GPL-2.0-or-later
// Seed -> frames: random ones, made worse, and cut at every length. corpus() is the door.
#include "tests/filter/corpus.hpp"

#include <algorithm>

#include "tests/filter/filter_pools.hpp"
#include "tests/filter/random_frame.hpp"
#include "tests/filter/random_transport.hpp"

namespace bpfw::test::filter {
namespace {

constexpr std::size_t kShortest = 14;  // BPF_PROG_TEST_RUN takes no less

Sample whole(Bytes bytes) {
    const auto length = static_cast<std::uint32_t>(bytes.size());
    return {std::move(bytes), length};
}

void change_a_byte(Bytes& bytes, Random& random) {
    const std::uint32_t at = random.below(std::min<std::size_t>(bytes.size(), 80));
    bytes[at] = random.percent(60) ? static_cast<std::uint8_t>(random.pick(kNumbers))
                                   : static_cast<std::uint8_t>(bytes[at] ^ (1u << random.below(8)));
}

// Bytes that nobody made a frame of.
Bytes garbage(Random& random) { return random_bytes(random.between(kShortest, 120), random); }

Sample random_sample(Random& random) {
    Bytes bytes = random.percent(3) ? garbage(random) : random_frame(random);
    if (random.percent(12)) change_a_byte(bytes, random);
    if (random.percent(5)) {
        const Bytes tail = random_bytes(random.below(60), random);
        bytes.insert(bytes.end(), tail.begin(), tail.end());
    }
    if (random.percent(1)) bytes.resize(bytes.size() + random.below(9000));
    const auto wire = static_cast<std::uint32_t>(bytes.size());
    if (random.percent(15) && bytes.size() > kShortest)
        bytes.resize(random.between(kShortest, static_cast<std::uint32_t>(bytes.size())));
    Sample sample = whole(std::move(bytes));
    if (random.percent(6)) sample.length = wire;
    return sample;
}

// One frame of each kind in turn, at every length, until `room` samples are made.
std::vector<Sample> every_length(std::size_t room, Random& random) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; samples.size() < room; ++i) {
        const Bytes bytes = random_frame(kKinds[i % std::size(kKinds)], random);
        const std::size_t end = std::min<std::size_t>(bytes.size(), 160);
        for (std::size_t size = kShortest; size <= end && samples.size() < room; ++size)
            samples.push_back(whole(truncated(bytes, size)));
    }
    return samples;
}

// Too short for an Ethernet header.
std::vector<Sample> stubs(Random& random) {
    std::vector<Sample> samples;
    const Bytes bytes = random_frame(Kind::Ipv4, random);
    for (std::size_t size = 0; size < kShortest; ++size) {
        samples.push_back(whole(truncated(bytes, size)));
        samples.push_back({truncated(bytes, size), static_cast<std::uint32_t>(bytes.size())});
    }
    return samples;
}

}  // namespace

std::vector<Sample> corpus(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    std::vector<Sample> samples = every_length(count * 4 / 10, random);
    for (Sample& stub : stubs(random)) samples.push_back(std::move(stub));
    while (samples.size() < count) samples.push_back(random_sample(random));
    samples.resize(count);
    // Workers that take the first frames only take some of each.
    for (std::size_t i = samples.size(); i > 1; --i)
        std::swap(samples[i - 1], samples[random.below(i)]);
    return samples;
}

}  // namespace bpfw::test::filter
