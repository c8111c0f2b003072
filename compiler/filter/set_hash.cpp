// SPDX-License-Identifier: GPL-2.0-or-later
// Exact keys -> a perfect hash table (one displacement a bucket, Belazzougui, Botelho and
// Dietzfelbinger 2009), so that a lookup is two loads and one compare and no branch depends on
// where the key lies. put_hash() and emit_hash() are the doors.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "compiler/filter/set_kinds.hpp"

namespace bpfw::compiler::filter {
namespace {

constexpr std::uint32_t kDirectSeeds = 1000;  // for small sets: no displacements at all
constexpr std::size_t kDirectKeys = 64;
constexpr std::uint32_t kSeeds = 16;
constexpr std::uint32_t kDisplacements = 1U << 16U;
constexpr std::size_t kKeysPerBucket = 4;

std::uint64_t mix(std::uint64_t x) {  // splitmix64's step
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

// Odd, or a bit of the key would be lost.
std::uint64_t multiplier(std::uint32_t seed, std::uint32_t half) {
    return mix(std::uint64_t{seed} << 1U | half) | 1U;
}

std::uint32_t displacement(std::uint32_t number) {
    return static_cast<std::uint32_t>(mix(number)) | 1U;
}

std::uint32_t bits_for(std::size_t count) {
    return static_cast<std::uint32_t>(std::bit_width(count - 1));
}

// log2 of a slot's bytes: the key, or the key and behind it a value.
std::uint32_t key_shift(std::uint8_t words) { return words == 1 ? 2 : words == 2 ? 3 : 4; }
std::uint32_t value_shift(std::uint8_t words) { return key_shift(words) + 1; }

class Builder {
public:
    Builder(const std::vector<HashKey>& keys, const std::vector<std::uint32_t>& values)
        : keys_(keys), values_(values), hashes_(keys.size()) {}

    bool build_direct();
    bool build_displaced();
    void put(std::vector<std::byte>& bytes, std::uint8_t words) const;
    [[nodiscard]] const HashShape& shape() const { return shape_; }

private:
    static constexpr std::uint32_t kFree = 0xffffffff;

    void hash_all(std::uint32_t seed);
    void sort_into_buckets();
    bool place(std::uint32_t bucket);
    bool try_place(std::span<const std::uint32_t> keys, std::uint32_t d);
    [[nodiscard]] std::size_t slot(std::uint32_t key, std::uint32_t d) const {
        return hashes_[key] * d >> (64 - shape_.slot_bits);
    }

    const std::vector<HashKey>& keys_;
    const std::vector<std::uint32_t>& values_;  // none, or one for each key
    std::vector<std::uint64_t> hashes_;
    HashShape shape_;
    std::vector<std::uint32_t> slots_;          // number of a key, or kFree
    std::vector<std::uint32_t> displacements_;  // by bucket
    std::vector<std::uint32_t> starts_;         // of each bucket in by_bucket_, and the end
    std::vector<std::uint32_t> by_bucket_;      // numbers of keys
};

void Builder::hash_all(std::uint32_t seed) {
    shape_.seed = seed;
    const std::uint64_t high = multiplier(seed, 1);
    const std::uint64_t low = multiplier(seed, 0);
    for (std::size_t i = 0; i < keys_.size(); ++i)
        hashes_[i] = keys_[i][0] * high + keys_[i][1] * low;
    slots_.assign(std::size_t{1} << shape_.slot_bits, kFree);
}

// All or nothing.
bool Builder::try_place(std::span<const std::uint32_t> keys, std::uint32_t d) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::uint32_t& taken = slots_[slot(keys[i], d)];
        if (taken == kFree) {
            taken = keys[i];
            continue;
        }
        for (std::size_t j = 0; j < i; ++j) slots_[slot(keys[j], d)] = kFree;
        return false;
    }
    return true;
}

bool Builder::build_direct() {
    constexpr std::size_t kSlotsPerKey = 8;
    if (keys_.size() > kDirectKeys) return false;
    shape_.bucket_bits = 0;
    shape_.slot_bits = std::max(1U, bits_for(keys_.size() * kSlotsPerKey));
    by_bucket_.resize(keys_.size());
    std::iota(by_bucket_.begin(), by_bucket_.end(), 0U);
    for (std::uint32_t seed = 0; seed < kDirectSeeds; ++seed) {
        hash_all(seed);
        if (try_place(by_bucket_, 1)) return true;
    }
    return false;
}

// Counting sort.
void Builder::sort_into_buckets() {
    const auto bucket = [&](std::size_t key) { return hashes_[key] >> (64 - shape_.bucket_bits); };
    starts_.assign((std::size_t{1} << shape_.bucket_bits) + 1, 0);
    for (std::size_t i = 0; i < keys_.size(); ++i) ++starts_[bucket(i) + 1];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    std::vector<std::uint32_t> next(starts_);
    by_bucket_.resize(keys_.size());
    for (std::uint32_t i = 0; i < keys_.size(); ++i) by_bucket_[next[bucket(i)]++] = i;
}

bool Builder::place(std::uint32_t bucket) {
    const auto keys = std::span<const std::uint32_t>(by_bucket_)
                          .subspan(starts_[bucket], starts_[bucket + 1] - starts_[bucket]);
    for (std::uint32_t number = 0; number < kDisplacements; ++number) {
        const std::uint32_t d = displacement(number);
        if (!try_place(keys, d)) continue;
        displacements_[bucket] = d;
        return true;
    }
    return false;
}

bool Builder::build_displaced() {
    const std::size_t count = keys_.size();
    shape_.bucket_bits = std::max(1U, bits_for(count / kKeysPerBucket + 1));
    shape_.slot_bits = bits_for(count + count / 5 + 2);  // at most 5 of 6 slots are taken
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        hash_all(seed);
        sort_into_buckets();
        displacements_.assign(std::size_t{1} << shape_.bucket_bits, 1);
        std::vector<std::uint32_t> order(displacements_.size());
        std::iota(order.begin(), order.end(), 0U);
        const auto size = [&](std::uint32_t b) { return starts_[b + 1] - starts_[b]; };
        std::stable_sort(order.begin(), order.end(),  // the largest while there is most room
                         [&](std::uint32_t a, std::uint32_t b) { return size(a) > size(b); });
        if (std::all_of(order.begin(), order.end(), [&](std::uint32_t b) { return place(b); }))
            return true;
    }
    return false;
}

void Builder::put(std::vector<std::byte>& bytes, std::uint8_t words) const {
    const std::size_t slot_bytes = std::size_t{1}
                                   << (values_.empty() ? key_shift(words) : value_shift(words));
    bytes.reserve(bytes.size() + 4 * displacements_.size() + 16 + slot_bytes * slots_.size());
    for (const std::uint32_t d : displacements_) put_u32(bytes, d);
    while (bytes.size() % 16 != 0) bytes.push_back(std::byte{0});
    for (const std::uint32_t number : slots_) {
        // A free slot holds a member too: a key that equals it is one.
        const std::uint32_t member = number == kFree ? 0 : number;
        const HashKey& key = keys_[member];
        const std::size_t end = bytes.size() + slot_bytes;
        if (words == 1)
            put_u32(bytes, static_cast<std::uint32_t>(key[1]));
        else if (words == 4)
            put_u64(bytes, key[0]);
        if (words != 1) put_u64(bytes, key[1]);
        if (!values_.empty()) put_u32(bytes, values_[member]);
        bytes.resize(end);
    }
}

std::uint32_t displacement_bytes(const HashShape& shape) {
    return shape.bucket_bits == 0 ? 0 : std::max(16U, 4U << shape.bucket_bits);
}

void emit_joined(Assembler& as, Reg high, Reg low) {
    as.lsh_imm(high, 32);
    as.or_(high, low);
}

// What a key's slot is compared with: the low half, or the only one.
Reg low_half(const LookupRegs& regs, std::uint8_t words) {
    return words == 4 ? regs.key[2] : regs.key[0];
}

// Joins the key's words, and leaves the address of its slot in scratch[1].
void emit_slot(Assembler& as, const LookupRegs& regs, std::uint8_t words, const HashShape& shape,
               std::uint32_t offset, std::uint32_t slot_shift) {
    const auto key = regs.key;
    const Reg h = regs.scratch[0];
    const Reg pointer = regs.scratch[1];
    const Reg other = regs.scratch[2];
    if (words >= 2) emit_joined(as, key[0], key[1]);
    if (words == 4) emit_joined(as, key[2], key[3]);
    as.ld_imm64(h, multiplier(shape.seed, 0));
    as.mul(h, low_half(regs, words));
    if (words == 4) {
        as.ld_imm64(other, multiplier(shape.seed, 1));
        as.mul(other, key[0]);
        as.add(h, other);
    }
    if (shape.bucket_bits != 0) {
        as.mov(other, h);
        as.rsh_imm(other, 64 - shape.bucket_bits);
        as.lsh_imm(other, 2);
        as.ld_table(pointer, offset);
        as.add(pointer, other);
        as.load(Size::U32, other, pointer, 0);
        as.mul(h, other);
    }
    as.rsh_imm(h, 64 - shape.slot_bits);
    as.lsh_imm(h, slot_shift);
    as.ld_table(pointer, offset + displacement_bytes(shape));
    as.add(pointer, h);
}

}  // namespace

HashKey hash_key(const std::array<std::uint32_t, 4>& key, std::uint8_t words) {
    const auto join = [&](std::size_t i) {
        return std::uint64_t{key.at(i)} << 32U | key.at(i + 1);
    };
    if (words == 1) return {0, key[0]};
    if (words == 2) return {0, join(0)};
    return {join(0), join(2)};
}

std::optional<HashShape> put_hash(std::vector<std::byte>& bytes, std::uint8_t words,
                                  const std::vector<HashKey>& keys,
                                  const std::vector<std::uint32_t>& values) {
    Builder builder(keys, values);
    if (!builder.build_direct() && !builder.build_displaced()) return std::nullopt;
    builder.put(bytes, words);
    return builder.shape();
}

void emit_hash(const Lookups& to, std::uint8_t words, const HashShape& shape, std::uint32_t offset,
               Label miss) {
    Assembler& as = to.as;
    const Reg h = to.regs.scratch[0];
    const Reg pointer = to.regs.scratch[1];
    emit_slot(as, to.regs, words, shape, offset, key_shift(words));
    as.load(words == 1 ? Size::U32 : Size::U64, h, pointer, 0);
    if (words == 4) {
        as.jne(h, to.regs.key[0], miss);
        as.load(Size::U64, h, pointer, 8);
    }
    as.jeq(h, low_half(to.regs, words), to.member);
}

void emit_hash_value(Assembler& as, const LookupRegs& regs, std::uint8_t words,
                     const HashShape& shape, std::uint32_t offset, Label miss) {
    const Reg h = regs.scratch[0];
    const Reg pointer = regs.scratch[1];
    emit_slot(as, regs, words, shape, offset, value_shift(words));
    as.load(Size::U64, h, pointer, 0);
    if (words == 1) {  // key and value in one load
        as.jne32(h, low_half(regs, words), miss);
        as.rsh_imm(h, 32);
        return;
    }
    as.jne(h, regs.key[0], miss);
    if (words == 4) {
        as.load(Size::U64, h, pointer, 8);
        as.jne(h, regs.key[2], miss);
    }
    as.load(Size::U32, h, pointer, words == 4 ? 16 : 8);
}

}  // namespace bpfw::compiler::filter
