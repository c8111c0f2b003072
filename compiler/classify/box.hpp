// SPDX-License-Identifier: GPL-2.0-or-later
// A rule's conditions -> boxes: an interval of each header field, and bits of one word that
// must have a value. A packet matches the rule when one of the boxes holds it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bpf-templates/abi.h"
#include "compiler/ir/ir.hpp"

namespace bpfw::compiler::classify {

// A dimension is a word of struct bpfw_packet; its number is the word's.
inline constexpr std::size_t kDimensions = 10;
inline constexpr std::size_t kSource = 0;
inline constexpr std::size_t kDestination = 4;
inline constexpr std::size_t kL4Dst = 8;
inline constexpr std::size_t kL4Src = 9;
inline constexpr std::uint32_t kL4Last = 0xffffff;  // protocol << 16 | port
// protocol, tcp_flags, hop_limit and tos, one byte each.
inline constexpr std::size_t kMisc = 11;

struct Interval {
    std::uint32_t first = 0;
    std::uint32_t last = 0xffffffff;
    bool operator==(const Interval&) const = default;
};

// In a box that to_boxes() made: addresses are aligned blocks (prefixes), and words behind a
// partial one are whole; kL4Src is whole, or the box has one protocol. The dimensions of
// another family are whole.
struct Box {
    Box() { dims[kL4Dst] = dims[kL4Src] = {0, kL4Last}; }
    std::array<Interval, kDimensions> dims{};
    std::uint32_t misc_mask = 0;  // of word kMisc
    std::uint32_t misc_value = 0;
    bool operator==(const Box&) const = default;
};

// More than so many: the rule is left to code.
inline constexpr std::size_t kMostBoxes = 64;

// For regular packets. None: the rule never matches. Nothing: the conditions don't fit (guards,
// filters, interfaces, MAC addresses ...).
std::optional<std::vector<Box>> to_boxes(const std::vector<Expr>& conditions);

// Whether a regular packet lies in the box.
bool contains(const Box& box, const bpfw_packet& packet);
// The n-th word of the packet.
std::uint32_t packet_word(const bpfw_packet& packet, std::size_t n);

}  // namespace bpfw::compiler::classify
