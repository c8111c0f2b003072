// SPDX-License-Identifier: GPL-2.0-or-later
// What each match becomes, and what each pass makes of it: rule text in, IR text out.
#include <gtest/gtest.h>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/lower.hpp"
#include "compiler/ir/order.hpp"
#include "compiler/ir/prune.hpp"
#include "compiler/ir/specialise.hpp"
#include "parser/parse.hpp"

namespace bpfw::compiler {
namespace {

std::vector<Ir> lowered(const std::string& text) {
    parser::Sources sources;
    parser::Diagnostics diags;
    Ruleset ruleset;
    const std::uint32_t source = sources.add("t.rules", text);
    const auto statements = parser::parse_rules(source, {}, parser::system_names(), sources, diags);
    apply_all(ruleset, statements, Restore::Flush, diags);
    check(ruleset, diags);
    EXPECT_FALSE(diags.has_errors()) << render(diags, sources);
    Filters filters(sources);
    return lower(ruleset, sources, filters);
}

// The lines of one chain, without slot numbers.
std::string chain_text(const Ir& ir, const std::string& name) {
    const std::string all = to_text(ir);
    std::size_t at = all.find(" chain " + name + "\n");
    if (at == std::string::npos) return "no chain " + name;
    std::string out;
    at = all.find('\n', at) + 1;
    while (at < all.size() && all.compare(at, 2, "  ") == 0) {
        const std::size_t end = all.find('\n', at);
        out += all.substr(at + 8, end - at - 8) + "\n";
        at = end + 1;
    }
    return out;
}

struct Case {
    const char* name;
    const char* rule;
    const char* lowered;  // for every packet, folded; "": the rule is gone
    const char* regular;  // after specialise, prune and order; "": the rule is gone
};

void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Rules : public testing::TestWithParam<Case> {};

TEST_P(Rules, BecomeTests) {
    const Case& c = GetParam();
    const std::vector<Ir> irs = lowered(c.rule);
    const Ir& ir = irs[std::string(c.rule).starts_with("ip6") ? 1 : 0];
    const std::string policy = "policy accept\n";
    EXPECT_EQ(chain_text(fold(ir), "INPUT"),
              *c.lowered == 0 ? policy : c.lowered + ("\n" + policy));
    const Ir regular = order(prune(specialise(fold(ir), PacketClass::Regular)));
    check(regular);
    EXPECT_EQ(chain_text(regular, "INPUT"), *c.regular == 0 ? policy : c.regular + ("\n" + policy));
}

const Case kCases[] = {
    {"source", "-A INPUT -s 10.1.0.0/16 -j DROP", "saddr&0xffff0000 == 0xa010000, drop",
     "saddr&0xffff0000 == 0xa010000, drop"},
    {"not_host", "-A INPUT ! -d 10.0.0.1 -j DROP", "daddr != 0xa000001, drop",
     "daddr != 0xa000001, drop"},
    {"odd_mask", "-A INPUT -s 10.0.1.0/255.0.255.0 -j DROP", "saddr&0xff00ff00 == 0xa000100, drop",
     "saddr&0xff00ff00 == 0xa000100, drop"},
    {"source6", "ip6tables -A INPUT -s 2001:db8::/33 -j DROP",
     "saddr == 0x20010db8, saddr.1&0x80000000 == 0x0, drop",
     "saddr == 0x20010db8, saddr.1&0x80000000 == 0x0, drop"},
    {"not_source6", "ip6tables -A INPUT ! -s 2001:db8::/32 -j DROP", "saddr != 0x20010db8, drop",
     "saddr != 0x20010db8, drop"},
    {"interface", "-A INPUT -i eth0 -j DROP", "in_name == 0x30687465, in_name.1&0xff == 0x0, drop",
     "in_name == 0x30687465, in_name.1&0xff == 0x0, drop"},
    {"wildcard", "-A INPUT ! -i eth+ -j DROP", "in_name&0xffffff != 0x687465, drop",
     "in_name&0xffffff != 0x687465, drop"},
    {"tcp_port", "-A INPUT -p tcp --dport 22 -j DROP",
     "protocol == 0x6, has tcp-header, l4_dst == 0x60016, drop", "l4_dst == 0x60016, drop"},
    {"tcp_not_port", "-A INPUT -p tcp ! --dport 22 -j DROP",
     "protocol == 0x6, has tcp-header, l4_dst != 0x60016, drop",
     "protocol == 0x6, l4_dst != 0x60016, drop"},
    {"udp_range", "-A INPUT -p udp --sport 1000:2000 -j DROP",
     "protocol == 0x11, has udp-header, l4_src in 0x1103e8..0x1107d0, drop",
     "l4_src in 0x1103e8..0x1107d0, drop"},
    {"syn", "-A INPUT -p tcp --syn -j DROP",
     "protocol == 0x6, has tcp-header, tcp_flags&0x17 == 0x2, drop",
     "protocol == 0x6, tcp_flags&0x17 == 0x2, drop"},
    {"tcp_option", "-A INPUT -p tcp --tcp-option 34 -j DROP",
     "protocol == 0x6, has tcp-header, has tcp-options, tcp_options.1&0x4 == 0x4, drop",
     "protocol == 0x6, tcp_options.1&0x4 == 0x4, drop"},
    {"icmp_type", "-A INPUT -p icmp --icmp-type 3/1 -j DROP",
     "protocol == 0x1, has icmp-header, l4_dst == 0x10301, drop", "l4_dst == 0x10301, drop"},
    {"icmp_any", "-A INPUT -p icmp --icmp-type any -j DROP",
     "protocol == 0x1, has icmp-header, drop", "protocol == 0x1, drop"},
    {"icmp_not_any", "-A INPUT -p icmp ! --icmp-type any -j DROP",
     "protocol == 0x1, has icmp-header, never, drop", ""},
    {"icmp6", "ip6tables -A INPUT -p icmpv6 --icmpv6-type 128 -j DROP",
     "has protocol, protocol == 0x3a, has icmp-header, l4_dst in 0x3a8000..0x3a80ff, drop",
     "l4_dst in 0x3a8000..0x3a80ff, drop"},
    {"multiport", "-A INPUT -p tcp -m multiport --dports 22,80:81 -j DROP",
     "protocol == 0x6, has ports, (l4_dst == 0x60016 or l4_dst in 0x60050..0x60051), drop",
     "(l4_dst == 0x60016 or l4_dst in 0x60050..0x60051), drop"},
    {"multiport_not_either", "-A INPUT -p udp -m multiport ! --ports 53 -j DROP",
     "protocol == 0x11, has ports, l4_src != 0x110035, l4_dst != 0x110035, drop",
     "protocol == 0x11, l4_src != 0x110035, l4_dst != 0x110035, drop"},
    {"iprange", "-A INPUT -m iprange --src-range 10.0.0.5-10.0.0.9 -j DROP",
     "saddr in 0xa000005..0xa000009, drop", "saddr in 0xa000005..0xa000009, drop"},
    {"iprange6", "ip6tables -A INPUT -m iprange --src-range 2001:db8::5-2001:db8:1::9 -j DROP",
     "(saddr in 0x20010db9..0xffffffff or (saddr == 0x20010db8 and (saddr.1 in 0x1..0xffffffff or "
     "(saddr.1 == 0x0 and (saddr.2 in 0x1..0xffffffff or (saddr.2 == 0x0 and (saddr.3 in "
     "0x6..0xffffffff or saddr.3 == 0x5))))))), "
     "(saddr in 0x0..0x20010db7 or (saddr == 0x20010db8 and (saddr.1 in 0x0..0xffff or (saddr.1 == "
     "0x10000 and saddr.2 == 0x0 and (saddr.3 in 0x0..0x8 or saddr.3 == 0x9))))), drop",
     "(saddr in 0x0..0x20010db7 or (saddr == 0x20010db8 and (saddr.1 in 0x0..0xffff or (saddr.1 == "
     "0x10000 and saddr.2 == 0x0 and (saddr.3 in 0x0..0x8 or saddr.3 == 0x9))))), "
     "(saddr in 0x20010db9..0xffffffff or (saddr == 0x20010db8 and (saddr.1 in 0x1..0xffffffff or "
     "(saddr.1 == 0x0 and (saddr.2 in 0x1..0xffffffff or (saddr.2 == 0x0 and (saddr.3 in "
     "0x6..0xffffffff or saddr.3 == 0x5))))))), drop"},
    {"mac", "-A INPUT -m mac ! --mac-source 00:11:22:33:44:55 -j DROP",
     "has ethernet, (mac_low != 0x4455 or mac_high != 0x112233), drop",
     "(mac_low != 0x4455 or mac_high != 0x112233), drop"},
    {"length", "-A INPUT -m length --length 0:64 -j DROP", "length in 0x0..0x40, drop",
     "length in 0x0..0x40, drop"},
    {"ttl_less", "-A INPUT -m ttl --ttl-lt 5 -j DROP", "hop_limit in 0x0..0x4, drop",
     "hop_limit in 0x0..0x4, drop"},
    {"ttl_greater", "-A INPUT -m ttl --ttl-gt 5 -j DROP", "hop_limit in 0x6..0xff, drop",
     "hop_limit in 0x6..0xff, drop"},
    {"ttl_greater_than_all", "-A INPUT -m ttl --ttl-gt 255 -j DROP", "", ""},
    {"tos", "-A INPUT -m tos --tos 0x10/0x3f -j DROP", "tos&0x3f == 0x10, drop",
     "tos&0x3f == 0x10, drop"},
    {"dscp", "-A INPUT -m dscp ! --dscp 10 -j DROP", "tos&0xfc != 0x28, drop",
     "tos&0xfc != 0x28, drop"},
    {"pkttype", "-A INPUT -m pkttype --pkt-type broadcast -j DROP", "packet_type == 0x1, drop",
     "packet_type == 0x1, drop"},
    {"not_pkttype", "-A INPUT -m pkttype ! --pkt-type multicast -j DROP",
     "packet_type != 0x2, drop", "packet_type != 0x2, drop"},
    {"fragment", "-A INPUT -f -j DROP", "odd&0x1 == 0x1, drop", ""},
    {"not_fragment", "-A INPUT ! -f -s 10.0.0.1 -j DROP",
     "saddr == 0xa000001, odd&0x1 != 0x1, drop", "saddr == 0xa000001, drop"},
    {"counting_only", "-A INPUT -p udp", "protocol == 0x11, continue",
     "protocol == 0x11, continue"},
    {"everything", "-A INPUT -s 0.0.0.0/0 -m comment --comment x -p all", "continue", "continue"},
    {"likely_test_goes_last", "-A INPUT -i e+ -p tcp --dport 22 -s 10.0.0.0/8 -j DROP",
     "saddr&0xff000000 == 0xa000000, in_name&0xff == 0x65, protocol == 0x6, has tcp-header, "
     "l4_dst == 0x60016, drop",
     "l4_dst == 0x60016, saddr&0xff000000 == 0xa000000, in_name&0xff == 0x65, drop"},
};

INSTANTIATE_TEST_SUITE_P(Matches, Rules, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Fold, NothingStandsBehindARuleThatAlwaysEnds) {
    const auto irs = lowered("-A INPUT -j ACCEPT\n-A INPUT -s 10.0.0.1 -j DROP\n");
    EXPECT_EQ(chain_text(fold(irs[0]), "INPUT"), "accept\npolicy accept\n");
}

TEST(Prune, JumpIntoAChainThatNeverReturnsIsAGoto) {
    const auto irs = lowered(
        "-N deny\n-A deny -s 10.0.0.1 -j ACCEPT\n-A deny -j DROP\n"
        "-A INPUT -j deny\n-A INPUT -s 10.0.0.2 -j DROP\n");
    EXPECT_EQ(chain_text(prune(fold(irs[0])), "INPUT"), "goto deny\npolicy accept\n");
}

TEST(Prune, AChainThatMayReturnIsLeftAlone) {
    const auto irs = lowered(
        "-N maybe\n-A maybe -s 10.0.0.1 -j RETURN\n-A maybe -j DROP\n"
        "-A INPUT -j maybe\n-A INPUT -s 10.0.0.2 -j DROP\n");
    EXPECT_EQ(chain_text(prune(fold(irs[0])), "INPUT"),
              "jump maybe\nsaddr == 0xa000002, drop\npolicy accept\n");
}

TEST(Prune, ALoopThatNothingLeadsToEnds) {
    const auto irs = lowered(
        "-N a\n-N b\n-A a -j b\n-A b -g a\n-A b -j b\n"
        "-A INPUT -s 10.0.0.2 -j DROP\n");
    EXPECT_EQ(chain_text(prune(fold(irs[0])), "INPUT"),
              "saddr == 0xa000002, drop\npolicy accept\n");
}

// INPUT leads to chain 3, each chain to the next one, a hundred thousand deep.
Ir deep_nest() {
    constexpr ChainId kChains = 100'003;
    Ir ir;
    ir.chains.resize(kChains);
    for (ChainId id = 0; id < 3; ++id) ir.chains[id].policy = ActionKind::Accept;
    for (ChainId id = 3; id < kChains; ++id) {
        IrRule rule;
        rule.action = {ActionKind::Jump, id};
        ir.chains[id == 3 ? 0 : id - 1].rules = {rule};
    }
    return ir;
}

TEST(Prune, NestsOfAHundredThousandChainsAreWalkedWithoutRecursion) {
    Ir ir = deep_nest();
    IrRule drop;
    drop.action.kind = ActionKind::Drop;
    ir.chains.back().rules = {drop};
    const Ir pruned = prune(ir);
    for (const ChainId id : {0u, 3u, 100'001u}) {
        EXPECT_EQ(pruned.chains[id].rules.front().action.kind, ActionKind::Goto) << id;
    }
}

// No rule text says it: one rule has one protocol.
TEST(Specialise, PortsOfTwoProtocolsImplyNeither) {
    Ir ir;
    ir.chains.resize(3);
    const auto port = [](std::uint32_t protocol) {
        return equals(Field::L4Dst, protocol << 16 | 53);
    };
    IrRule rule;
    rule.action.kind = ActionKind::Drop;
    rule.conditions = {equals(Field::Protocol, 17), {Any{{port(6), port(17)}}}};
    ir.chains[0].rules = {rule};
    rule.conditions = {equals(Field::Protocol, 17), {Any{{port(17), port(17)}}}};
    ir.chains[1].rules = {rule};
    const Ir regular = specialise(ir, PacketClass::Regular);
    EXPECT_EQ(regular.chains[0].rules.front().conditions.size(), 2u);
    EXPECT_EQ(regular.chains[1].rules.front().conditions.size(), 1u);
}

TEST(Specialise, SensitivityClimbsANestOfAHundredThousandChains) {
    Ir ir = deep_nest();
    EXPECT_FALSE(sensitive_chains(ir)[0]);
    IrRule asks;
    asks.conditions = {{Guard::Tcp}};
    ir.chains.back().rules = {asks};
    const std::vector<bool> sensitive = sensitive_chains(ir);
    EXPECT_TRUE(sensitive[0]);
    EXPECT_FALSE(sensitive[1]);
}

TEST(Specialise, ChainsThatAskNothingOfTheHeadersAreShared) {
    const auto irs = lowered(
        "-N addresses\n-A addresses -s 10.0.0.1 -j DROP\n"
        "-N ports\n-A ports -p tcp --dport 1 -j DROP\n"
        "-N above\n-A above -j ports\n-A INPUT -j above\n-A INPUT -j addresses\n");
    const std::vector<bool> sensitive = sensitive_chains(fold(irs[0]));
    for (std::size_t id = 3; id < irs[0].chains.size(); ++id) {
        EXPECT_EQ(sensitive[id], irs[0].chains[id].name != "addresses") << irs[0].chains[id].name;
    }
}

TEST(Lower, SlotsCountTheLinesOfTheText) {
    const auto irs =
        lowered("-N user\n-A user -j DROP\n-A INPUT -j user\nip6tables -P INPUT DROP\n");
    EXPECT_EQ(irs[0].chains[0].policy_slot, 0u);
    EXPECT_EQ(irs[0].chains[2].policy_slot, 2u);
    EXPECT_EQ(irs[0].chains[0].rules[0].slot, 3u);
    EXPECT_EQ(irs[0].chains[3].rules[0].slot, 4u);
    EXPECT_EQ(irs[1].chains[0].policy_slot, 5u);
    EXPECT_EQ(irs[1].chains[0].policy, ActionKind::Drop);
}

TEST(Lower, APolicyNamesTheLineThatSetIt) {
    const auto irs = lowered("-A INPUT -s 10.0.0.1 -j DROP\n-P INPUT DROP\n");
    EXPECT_EQ(irs[0].chains[0].origin.line, 2u);
    EXPECT_EQ(irs[0].chains[0].origin.text, ":INPUT DROP");
    EXPECT_EQ(irs[0].chains[1].origin.line, 0u) << "nobody set FORWARD's";
}

}  // namespace
}  // namespace bpfw::compiler
