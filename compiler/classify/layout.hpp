// SPDX-License-Identifier: GPL-2.0-or-later
// How a classifier's trees lie in memory: what the builder writes, walk() reads and the emitted
// interpreter reads. 64-bit words; a word's number counts from the classifier's first.
//
//   0    twice 0xffffffff: no match yet (twice, see emit_walk.cpp)
//   1    twice the byte offset of the first header
//   2    a header of two words for each tree, the one with the lowest rank first:
//          its root; the lowest rank in it | the byte offset of the next header << 32
//        and one behind the last, with the rank 0xffffffff
//   ...  nodes, leaves, and zeroes, so that the longest leaf may begin at every word
//
// A node is a word. Inner: bit 0 is 0; bits 2-6 the byte offset in struct bpfw_packet of the word
// that is asked; 7-12 the shift; 50-63 the mask; the child is the word number
// base + (field >> shift & mask), base in bits 18-49.
// Leaf: bit 0 is 1; bit 1: its entries test misc bits; bit 2: the word behind the entries is one
// more leaf; 7-12 how many entries; base as above, the first entry's; 50-63 the first entry's rank,
// shifted right (Classifier::rank_shift): a better match makes the leaf's entries useless.
//
// An entry: pairs of words for the addresses, the value and the mask (IPv4: source << 32 |
// destination; IPv6: source, destination, two pairs each); two words for ports (see kPortSpan);
// misc mask << 32 | value where the leaf says so.
#pragma once

#include <cstddef>
#include <cstdint>

#include "parser/ast.hpp"

namespace bpfw::compiler::classify {

inline constexpr std::uint32_t kNoMatch = 0xffffffff;
inline constexpr std::uint32_t kHeaders = 2;  // word number
inline constexpr std::uint32_t kHeaderBytes = 16;

inline constexpr std::uint64_t kLeafBit = 1;
inline constexpr std::uint64_t kMiscBit = 2;
inline constexpr std::uint64_t kMoreBit = 4;
inline constexpr std::uint32_t kOffsetMask = 0x7c;
inline constexpr unsigned kShiftAt = 7;
inline constexpr unsigned kCountAt = 7;
inline constexpr std::uint32_t kCountMask = 63;
inline constexpr unsigned kBaseAt = 18;
inline constexpr unsigned kMaskAt = 50;
inline constexpr unsigned kLeafRankAt = 50;
inline constexpr unsigned kLeafRankBits = 14;
inline constexpr unsigned kRootBits = 14;  // at most
inline constexpr unsigned kInnerBits = 8;  // below the root

inline constexpr std::uint32_t kMostInBlock = 32;  // entries of one leaf
// Nodes and leaves that one packet may visit, in all trees. The verifier follows them all.
inline constexpr std::uint32_t kMostVisits = 64;
inline constexpr std::size_t kMostTrees = 4;

// Destination port with protocol (24 bits), a guard bit, source port (16 bits), a guard bit.
// low + kPortSpan - packet sets the guard bit of a field that is below `low`; inverse high +
// packet that of one above. No field reaches into the next.
inline constexpr unsigned kSportAt = 25;
inline constexpr std::uint64_t kPortSpan = 0xffffffU | std::uint64_t{0xffff} << kSportAt;
inline constexpr std::uint64_t kPortGuards = std::uint64_t{1} << 24U | std::uint64_t{1} << 41U;
// The rank lies above them: its high half in the first word, its low half in the second.
inline constexpr unsigned kRankHighAt = 42;
inline constexpr unsigned kRankLowAt = 48;

constexpr std::uint64_t pack_ports(std::uint32_t l4_dst, std::uint32_t l4_src) {
    return l4_dst | std::uint64_t{l4_src & 0xffffU} << kSportAt;
}

constexpr std::size_t address_pairs(parser::Family family) {
    return family == parser::Family::Ipv4 ? 1 : 4;
}
enum class Misc : std::uint8_t { Without, With };
constexpr std::size_t entry_words(parser::Family family, Misc misc) {
    return 2 * address_pairs(family) + 2 + (misc == Misc::With ? 1 : 0);
}
constexpr std::size_t most_leaf_words(parser::Family family) {
    return kMostInBlock * entry_words(family, Misc::With) + 1;
}

}  // namespace bpfw::compiler::classify
