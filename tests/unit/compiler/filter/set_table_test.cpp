// SPDX-License-Identifier: GPL-2.0-or-later
// The emitted lookups, run in this process, against the plain answer.
#include "compiler/filter/set_table.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "compiler/filter/set_kinds.hpp"
#include "tests/support/bpf_machine.hpp"
#include "tests/support/random_sets.hpp"
#include "tests/support/set_program.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::filter;

constexpr std::uint8_t kWords[] = {1, 2, 4};

void expect_right(const Set& set, const std::vector<SetKey>& keys) {
    const SetProgram built = set_program(set, KeyAt::Packet);
    BpfMachine machine(built.program);
    for (const SetKey& key : keys) {
        bpfw_packet packet{};
        std::copy(key.begin(), key.end(), std::begin(packet.saddr));
        const std::uint32_t expected = contains(set, key) ? 1 : 0;
        ASSERT_EQ(machine.run("lookup", packet), expected)
            << std::hex << key[0] << ' ' << key[1] << ' ' << key[2] << ' ' << key[3] << ", "
            << set.ranges.size() << " ranges, lookup " << static_cast<int>(built.placed.lookup);
    }
}

Lookup lookup_of(const Set& set) {
    std::vector<std::byte> tables;
    return place(set, tables).lookup;
}

TEST(SetTable, EveryShapeIsRight) {
    for (const std::uint8_t words : kWords) {
        Random random(words);
        for (const NamedSet& one : shapes_of_sets(words)) {
            SCOPED_TRACE(one.name);
            expect_right(one.set, keys_for(random, one.set, 2000));
        }
    }
}

TEST(SetTable, RandomSetsAreRight) {
    Random random(1);
    for (int i = 0; i < 600; ++i) {
        const Set set = random_set(random, random.pick(kWords));
        expect_right(set, keys_for(random, set, 300));
    }
}

TEST(SetTable, TheLookupFitsTheSet) {
    const auto keys = [](std::uint8_t words, std::uint32_t count, std::uint32_t stride) {
        std::vector<SetRange> ranges;
        for (std::uint32_t i = 0; i < count; ++i) {
            SetKey key{};
            key.at(words - 1U) = (i + 1) * stride;
            ranges.push_back({key, key});
        }
        return Set{words, ranges};
    };
    const auto nets = [](std::uint32_t count) {
        std::vector<SetRange> ranges;
        for (std::uint32_t i = 0; i < count; ++i)
            ranges.push_back({{i << 20U}, {i << 20U | 0xffffU}});
        return Set{1, ranges};
    };
    EXPECT_EQ(lookup_of(keys(1, 6, 7)), Lookup::Compares);
    EXPECT_EQ(lookup_of(keys(1, 7, 7)), Lookup::Bitmap);
    EXPECT_EQ(lookup_of(keys(1, 7, 1U << 20U)), Lookup::Hash);
    EXPECT_EQ(lookup_of(keys(1, 100'000, 64)), Lookup::Bitmap);
    EXPECT_EQ(lookup_of(keys(1, 100'000, 256)), Lookup::Hash);
    EXPECT_EQ(lookup_of(keys(2, 7, 7)), Lookup::Hash);
    EXPECT_EQ(lookup_of(keys(4, 800, 7)), Lookup::Hash);
    EXPECT_EQ(lookup_of(nets(6)), Lookup::Compares);
    EXPECT_EQ(lookup_of(nets(9)), Lookup::Search);
    EXPECT_EQ(lookup_of(nets(1000)), Lookup::Search);
}

TEST(SetTable, OneSetGivesTheSameBytesEachTime) {
    Random random(3);
    for (const std::uint8_t words : kWords) {
        const Set set = random_keys(random, words, 1000);
        EXPECT_EQ(set_program(set, KeyAt::Packet).program, set_program(set, KeyAt::Packet).program);
    }
}

TEST(SetTable, LookupsAreShort) {
    Random random(4);
    const auto instructions = [&](std::uint8_t words) {
        const Set set = random_keys(random, words, 100'000);
        return set_program(set, KeyAt::Packet).program.functions[0].insns.size();
    };
    EXPECT_LE(instructions(1), 30U);
    EXPECT_LE(instructions(2), 35U);
    EXPECT_LE(instructions(4), 45U);
}

TEST(SetTable, HundredThousandAndAMillionKeys) {
    Random random(5);
    for (const std::uint8_t words : kWords) {
        for (const std::size_t count : {std::size_t{100'000}, std::size_t{1'000'000}}) {
            const Set set = random_keys(random, words, count);
            const auto start = std::chrono::steady_clock::now();
            std::vector<std::byte> tables;
            EXPECT_EQ(place(set, tables).lookup, Lookup::Hash);
            const std::chrono::duration<double, std::milli> took =
                std::chrono::steady_clock::now() - start;
            RecordProperty("build_ms_" + std::to_string(words) + "_" + std::to_string(count),
                           std::to_string(took.count()));
            // At most 5 of 6 slots are taken, at least 5 of 12; a displacement for 2 to 4 keys.
            EXPECT_LE(tables.size(), count * (4U * words * 12 / 5 + 2) + 64);
            expect_right(set, keys_for(random, set, 3000));
        }
    }
}

// Keys that no seed can part: what asks the hash for a table gets none, and takes another way.
TEST(SetTable, AHashThatCannotBeBuiltIsGivenUp) {
    std::vector<std::byte> tables;
    const std::vector<HashKey> same(100, HashKey{1, 2});
    EXPECT_FALSE(put_hash(tables, 4, same).has_value());
    EXPECT_TRUE(tables.empty());
}

}  // namespace
}  // namespace bpfw::test
