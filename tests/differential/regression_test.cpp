// SPDX-License-Identifier: GPL-2.0-or-later
// Single cases that random trials found, or that are too rare for them: one rule, one frame, every
// engine.
#include <gtest/gtest.h>

#include "tests/differential/trial.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

Rule rule_with(std::uint8_t protocol, std::vector<Match> matches) {
    Rule rule;
    if (protocol != 0) rule.protocol = ProtocolMatch{Sense::Is, protocol, {}};
    rule.matches = std::move(matches);
    rule.target.kind = Target::Kind::Drop;
    return rule;
}

Draft draft_of(Family family, std::uint8_t protocol) {
    Draft draft;
    draft.family = family;
    draft.source.bytes = {10, 0, 0, 1};
    draft.destination.bytes = {10, 0, 0, 2};
    if (family == Family::Ipv6) draft.source.bytes = draft.destination.bytes = {0x20, 1, 0xd, 0xb8};
    draft.protocol = protocol;
    draft.transport.assign(28, 0);
    draft.transport[12] = 5 << 4;
    return draft;
}

TcpMatch tcp_option(std::uint8_t kind) {
    TcpMatch match;
    match.option = TcpOptionMatch{Sense::Is, kind, {}};
    return match;
}

struct OneCase {
    const char* name;
    Family family;
    Hook hook;
    Rule rule;
    Draft draft;
};

// The walk over TCP options does not end at "end of options" (tcp_find_option()).
OneCase option_behind_the_end() {
    Draft draft = draft_of(Family::Ipv4, 6);
    draft.transport[12] = 7 << 4;
    draft.transport[20] = 0;
    draft.transport[21] = 30;
    draft.transport[22] = 3;
    return {"OptionBehindTheEnd", Family::Ipv4, Hook::Input, rule_with(6, {tcp_option(30)}), draft};
}

// A length of 0 steps by one byte.
OneCase option_of_length_zero() {
    Draft draft = draft_of(Family::Ipv4, 6);
    draft.transport[12] = 7 << 4;
    draft.transport[20] = 8;
    draft.transport[21] = 0;
    draft.transport[22] = 30;
    draft.transport[23] = 2;
    return {"OptionOfLengthZero", Family::Ipv4, Hook::Input, rule_with(6, {tcp_option(30)}), draft};
}

OneCase fragment_at_offset_one() {
    Draft draft = draft_of(Family::Ipv4, 6);
    draft.fragment = 1;
    return {"FragmentAtOffsetOne", Family::Ipv4, Hook::Forward, rule_with(6, {TcpMatch{}}), draft};
}

// One byte of a UDP header is missing: hotdrop, although the ports are there.
OneCase cut_udp_header() {
    Draft draft = draft_of(Family::Ipv4, 17);
    draft.transport.resize(7);
    return {"CutUdpHeader", Family::Ipv4, Hook::Input, rule_with(17, {UdpMatch{}}), draft};
}

OneCase later_fragment_before_an_extension() {
    Draft draft = draft_of(Family::Ipv6, 60);
    draft.extensions.push_back({44, {0, 0, 8, 0, 0, 0, 1}});
    return {"LaterFragmentBeforeAnExtension", Family::Ipv6, Hook::Forward, rule_with(17, {}),
            draft};
}

OneCase truncated_destination_options() {
    Draft draft = draft_of(Family::Ipv6, 60);
    draft.transport = {6};
    return {"TruncatedDestinationOptions", Family::Ipv6, Hook::Forward, rule_with(6, {}), draft};
}

OneCase zero_payload_before_hop_by_hop(std::uint16_t length) {
    Draft draft = draft_of(Family::Ipv6, 17);
    draft.extensions.push_back({0, {0, 1, 4, 0, 0, 0, 0}});
    draft.length_error = -65535;
    return {length == 40 ? "ZeroPayloadIsNotLength40" : "ZeroPayloadIsTheFrame", Family::Ipv6,
            Hook::Input, rule_with(0, {LengthMatch{Sense::Is, length, length, {}}}), draft};
}

void PrintTo(const OneCase& one, std::ostream* out) { *out << one.name; }

class Regression : public testing::TestWithParam<OneCase> {};

TEST_P(Regression, EveryEngineGivesOneAnswer) {
    const std::string obstacle = oracle_obstacle();
    if (!obstacle.empty()) GTEST_SKIP() << obstacle;
    const OneCase& one = GetParam();
    auto bench = Bench::open(one.family, one.hook);
    ASSERT_TRUE(bench) << to_text(bench.error());
    compiler::Table table = empty_table();
    for (auto& chain : table.chains)
        if (chain.name == chain_name(one.hook)) chain.rules.push_back({one.rule, {}});
    ASSERT_TRUE(bench->load(table));
    TestPacket packet{draft_frame(one.draft), {one.hook, "eth0", ""}};
    if (one.hook == Hook::Forward) packet.place.out = route_of(one.draft.destination);
    TrialReport report;
    const auto difference = bench->compare(packet, report);
    ASSERT_TRUE(difference) << to_text(difference.error());
    EXPECT_EQ(*difference, "");
    EXPECT_EQ(report.unseen, 0u) << "the kernel did not judge it";
}

INSTANTIATE_TEST_SUITE_P(Cases, Regression,
                         testing::Values(option_behind_the_end(), option_of_length_zero(),
                                         fragment_at_offset_one(), cut_udp_header(),
                                         later_fragment_before_an_extension(),
                                         truncated_destination_options(),
                                         zero_payload_before_hop_by_hop(40),
                                         zero_payload_before_hop_by_hop(76)),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace bpfw::test
