// SPDX-License-Identifier: GPL-2.0-or-later
// What the emitted interpreter does, in C++. walk() is the door.
#include <array>

#include "compiler/classify/classifier.hpp"

namespace bpfw::compiler::classify {
namespace {

using Words = const std::vector<std::uint64_t>&;

struct Key {
    std::array<std::uint64_t, 4> addresses{};
    std::uint64_t ports = 0;
    std::uint32_t misc = 0;
};

std::uint64_t joined(const bpfw_packet& packet, std::size_t high, std::size_t low) {
    return std::uint64_t{packet_word(packet, high)} << 32U | packet_word(packet, low);
}

Key key_of(const bpfw_packet& packet, parser::Family family) {
    Key key;
    if (family == parser::Family::Ipv4)
        key.addresses = {joined(packet, kSource, kDestination)};
    else
        key.addresses = {joined(packet, 0, 1), joined(packet, 2, 3), joined(packet, 4, 5),
                         joined(packet, 6, 7)};
    key.ports = pack_ports(packet.l4_dst, packet.l4_src);
    key.misc = packet_word(packet, kMisc);
    return key;
}

bool entry_matches(Words words, std::size_t at, const Key& key, std::size_t pairs, Misc misc) {
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < pairs; ++i)
        wrong |= (words[at + 2 * i] ^ key.addresses.at(i)) & words[at + 2 * i + 1];
    at += 2 * pairs;
    wrong |= ((words[at] - key.ports) | (words[at + 1] + key.ports)) & kPortGuards;
    if (misc == Misc::With)
        wrong |= (words[at + 2] ^ key.misc) & words[at + 2] >> 32U & 0xffffffffU;
    return wrong == 0;
}

std::uint32_t rank_of(Words words, std::size_t entry, std::size_t pairs) {
    return static_cast<std::uint32_t>(words[entry + 2 * pairs] >> kRankHighAt << 16U |
                                      words[entry + 2 * pairs + 1] >> kRankLowAt);
}

std::uint64_t base_of(std::uint64_t node) { return node >> kBaseAt & 0xffffffffU; }

std::uint64_t child(Words words, std::uint64_t node, const bpfw_packet& packet) {
    const std::uint32_t field = packet_word(packet, (node & kOffsetMask) / 4);
    const std::uint64_t shift = node >> kShiftAt & 63U;
    return words[base_of(node) + (std::uint64_t{field} >> shift & node >> kMaskAt)];
}

std::uint32_t walk_leaf(const Classifier& classifier, std::uint64_t node, const Key& key,
                        std::uint32_t best) {
    const std::size_t pairs = address_pairs(classifier.family);
    for (;;) {
        if (node >> kLeafRankAt > best >> classifier.rank_shift) return kNoMatch;
        const Misc misc = (node & kMiscBit) != 0 ? Misc::With : Misc::Without;
        std::size_t at = base_of(node);
        for (std::uint64_t left = node >> kCountAt & kCountMask; left > 0; --left) {
            if (entry_matches(classifier.words, at, key, pairs, misc))
                return rank_of(classifier.words, at, pairs);
            at += entry_words(classifier.family, misc);
        }
        if ((node & kMoreBit) == 0) return kNoMatch;
        node = classifier.words[at];
    }
}

}  // namespace

std::uint32_t walk(const Classifier& classifier, const bpfw_packet& packet) {
    Words words = classifier.words;
    const Key key = key_of(packet, classifier.family);
    std::uint32_t best = kNoMatch;
    std::uint64_t header = kHeaders;
    for (;;) {
        if (static_cast<std::uint32_t>(words[header + 1]) >= best) return best;
        std::uint64_t node = words[header];
        while ((node & kLeafBit) == 0) node = child(words, node, packet);
        best = std::min(best, walk_leaf(classifier, node, key, best));
        header = (words[header + 1] >> 32U) / sizeof(std::uint64_t);
    }
}

}  // namespace bpfw::compiler::classify
