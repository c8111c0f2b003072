// SPDX-License-Identifier: GPL-2.0-or-later
// Boxes with packets aimed at them: usual ones, random ones, and ones that are hard to cut.
#pragma once

#include <string>
#include <vector>

#include "compiler/classify/classifier.hpp"
#include "tests/support/random.hpp"

namespace bpfw::test {

struct ClassifyCase {
    std::string name;
    parser::Family family = parser::Family::Ipv4;
    std::vector<compiler::classify::RankedBox> boxes;
    std::vector<bpfw_packet> packets;
    compiler::classify::CostModel cost = {};
};

// The rank of the first box that holds the packet, or kNoMatch.
std::uint32_t scan(const std::vector<compiler::classify::RankedBox>& boxes,
                   const bpfw_packet& packet);
std::string to_text(const bpfw_packet& packet);

// ClassBench's flavours, IPv4 and IPv6, so many packets of each trace.
std::vector<ClassifyCase> flavoured_cases(std::size_t rules, std::size_t packets);
// Boxes from few values, the extremes among them.
ClassifyCase random_case(Random& random);
std::vector<ClassifyCase> hard_cases();

}  // namespace bpfw::test
