// SPDX-License-Identifier: GPL-2.0-or-later
// Random rules written by save_text() must be read by bpfw's parser as the very values they were
// written from, and bpfw's own printer must lead back to them. No root, no kernel.
#include <gtest/gtest.h>

#include "parser/parse.hpp"
#include "parser/print.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

constexpr int kRules = 3000;

std::vector<Statement> read(const std::string& line, Family family, std::string& complaints) {
    Sources sources;
    Diagnostics diags;
    const std::uint32_t source = sources.add("rules", line + "\n");
    auto statements = parse_rules(source, {family}, system_names(), sources, diags);
    complaints = render(diags, sources);
    return statements;
}

bool every_port(const std::optional<PortMatch>& match) {
    return match && match->sense == Sense::Is && match->ports == PortRange{0, 65535};
}

void drop_every_port(std::optional<PortMatch>& source, std::optional<PortMatch>& destination) {
    if (every_port(source)) source.reset();
    if (every_port(destination)) destination.reset();
}

// What says nothing is left out by the parser, as iptables-save leaves it out: "-i +", every
// port, no TCP flag.
Rule canonical(Rule rule) {
    for (auto* device : {&rule.in_interface, &rule.out_interface})
        if (*device && (*device)->name == "+" && (*device)->sense == Sense::Is) device->reset();
    for (Match& match : rule.matches) {
        if (auto* udp = std::get_if<UdpMatch>(&match))
            drop_every_port(udp->source, udp->destination);
        auto* tcp = std::get_if<TcpMatch>(&match);
        if (tcp == nullptr) continue;
        drop_every_port(tcp->source, tcp->destination);
        if (tcp->flags == TcpFlagsMatch{}) tcp->flags.reset();
    }
    return rule;
}

class RuleText : public testing::TestWithParam<Family> {};

TEST_P(RuleText, ParserReadsBackWhatWasWritten) {
    Random random(20261121);
    RulesetShape shape;
    shape.family = GetParam();
    shape.hook = Hook::Forward;
    for (int i = 0; i < kRules; i++) {
        const Rule rule = random_rule(shape, {"web", "a-b_c.d"}, random);
        std::string complaints;
        const std::string ours = "-A FORWARD" + rule_text(rule, shape.family);
        const auto once = read(ours, shape.family, complaints);
        ASSERT_EQ(once.size(), 1u) << ours << "\n" << complaints;
        EXPECT_EQ(std::get<AppendRule>(once[0].action).rule, canonical(rule)) << ours << "\n"
                                                                              << to_text(once[0]);
        const std::string printed = to_text(once[0]);
        const auto twice = read(printed, shape.family, complaints);
        ASSERT_EQ(twice.size(), 1u) << printed << "\n" << complaints;
        EXPECT_EQ(twice[0], once[0]) << printed;
    }
}

INSTANTIATE_TEST_SUITE_P(Families, RuleText, testing::Values(Family::Ipv4, Family::Ipv6),
                         [](const auto& family) {
                             return family.param == Family::Ipv4 ? "Ipv4" : "Ipv6";
                         });

}  // namespace
}  // namespace bpfw::test
