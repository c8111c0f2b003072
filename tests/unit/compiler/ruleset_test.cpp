// SPDX-License-Identifier: GPL-2.0-or-later
// Statements applied to a Ruleset: iptables' meaning, iptables' refusals.
#include "compiler/ruleset.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "parser/parse.hpp"

namespace bpfw::compiler {
namespace {

using namespace parser;

Rule from(std::uint8_t host, Target::Kind kind = Target::Kind::None, std::string chain = "") {
    Rule rule;
    AddressMatch source;
    source.address.bytes = {10, 0, 0, host};
    source.mask.bytes = {255, 255, 255, 255};
    rule.source = source;
    rule.target = {kind, std::move(chain), {}};
    return rule;
}
Rule jump(std::string chain) {
    Rule rule;
    rule.target = {Target::Kind::Jump, std::move(chain), {}};
    return rule;
}
Rule accept() {
    Rule rule;
    rule.target.kind = Target::Kind::Accept;
    return rule;
}
Rule on_interfaces(std::string in, std::string out) {
    Rule rule;
    if (!in.empty()) rule.in_interface = InterfaceMatch{Sense::Is, std::move(in), {}};
    if (!out.empty()) rule.out_interface = InterfaceMatch{Sense::Is, std::move(out), {}};
    return rule;
}
Rule commented(std::string text) {
    Rule rule;
    rule.matches.emplace_back(CommentMatch{std::move(text), {}});
    return rule;
}

// Chains in order as "NAME POLICY packets" with the last byte of each rule's source, or its
// target chain's name.
std::string picture(const Ruleset& ruleset) {
    std::string out;
    for (const Chain& chain : ruleset.ipv4.chains) {
        if (chain.policy == Verdict::Accept && chain.rules.empty()) continue;
        out += chain.name + (chain.policy == Verdict::Drop ? "(D):" : ":");
        for (const RulesetRule& have : chain.rules) {
            out += have.rule.source ? " " + std::to_string(have.rule.source->address.bytes[3]) : "";
            if (!have.rule.target.chain.empty()) out += " >" + have.rule.target.chain;
        }
        out += "; ";
    }
    return out;
}

struct Outcome {
    std::string classic;  // of the first mistake; "" when all went well
    Mistake kind = Mistake::Parameter;
    std::string after;
};

// INPUT: 1, 2; FORWARD jumps to used; used: 3; full: 4; empty.
Ruleset sample() {
    Ruleset ruleset;
    Diagnostics diags;
    const std::vector<Statement> statements = {
        {Family::Ipv4, "filter", NewChain{"used"}, {}},
        {Family::Ipv4, "filter", NewChain{"full"}, {}},
        {Family::Ipv4, "filter", NewChain{"empty"}, {}},
        {Family::Ipv4, "filter", AppendRule{"INPUT", from(1), Counters{5, 50}}, {}},
        {Family::Ipv4, "filter", AppendRule{"INPUT", from(2), {}}, {}},
        {Family::Ipv4, "filter", AppendRule{"FORWARD", jump("used"), {}}, {}},
        {Family::Ipv4, "filter", AppendRule{"used", from(3), {}}, {}},
        {Family::Ipv4, "filter", AppendRule{"full", from(4), {}}, {}},
    };
    apply_all(ruleset, statements, Restore::Keep, diags);
    EXPECT_EQ(diags.error_count(), 0u);
    return ruleset;
}
const char* const kSample = "INPUT: 1 2; FORWARD: >used; empty:; full: 4; used: 3; ";

Outcome after(const std::vector<Action>& actions, Restore restore = Restore::Keep) {
    Ruleset ruleset = sample();
    Diagnostics diags;
    std::vector<Statement> statements;
    for (const Action& action : actions) statements.push_back({Family::Ipv4, "filter", action, {}});
    apply_all(ruleset, statements, restore, diags);
    Outcome outcome{"", Mistake::Parameter, picture(ruleset)};
    if (diags.has_errors()) {
        outcome.classic = diags.all().front().classic();
        outcome.kind = diags.all().front().kind();
    }
    return outcome;
}

struct Case {
    const char* name;
    std::vector<Action> actions;
    const char* after;
    Restore restore = Restore::Keep;
};

class Changes : public testing::TestWithParam<Case> {};
TEST_P(Changes, Apply) {
    const Outcome outcome = after(GetParam().actions, GetParam().restore);
    EXPECT_EQ(outcome.classic, "");
    EXPECT_EQ(outcome.after, GetParam().after);
}
INSTANTIATE_TEST_SUITE_P(
    Ruleset, Changes,
    testing::Values(
        Case{"append",
             {AppendRule{"INPUT", from(9), {}}},
             "INPUT: 1 2 9; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"insert_first",
             {InsertRule{"INPUT", 1, from(9), {}}},
             "INPUT: 9 1 2; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"insert_behind_the_last",
             {InsertRule{"INPUT", 3, from(9), {}}},
             "INPUT: 1 2 9; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"replace",
             {ReplaceRule{"INPUT", 2, from(9), {}}},
             "INPUT: 1 9; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"delete_number",
             {DeletePosition{"INPUT", 1}},
             "INPUT: 2; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"delete_rule",
             {DeleteRule{"INPUT", from(2)}},
             "INPUT: 1; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"delete_takes_the_first_of_equals",
             {AppendRule{"INPUT", from(1), {}}, DeleteRule{"INPUT", from(1)}},
             "INPUT: 2 1; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"check_changes_nothing", {CheckRule{"INPUT", from(2)}}, kSample},
        Case{"chains_stand_by_name",
             {NewChain{"Zed"}, NewChain{"beta"}},
             "INPUT: 1 2; FORWARD: >used; Zed:; beta:; empty:; full: 4; used: 3; "},
        Case{"delete_chain",
             {DeleteChain{"empty"}},
             "INPUT: 1 2; FORWARD: >used; full: 4; used: 3; "},
        Case{"delete_all_chains_when_none_is_used", {FlushChain{}, DeleteChain{}}, ""},
        Case{"rename_follows_the_jumps",
             {RenameChain{"used", "aaa"}},
             "INPUT: 1 2; FORWARD: >aaa; aaa: 3; empty:; full: 4; "},
        Case{"rename_of_the_first_of_many",
             {RenameChain{"empty", "zero"}, RenameChain{"full", "u"}, RenameChain{"used", "x"}},
             "INPUT: 1 2; FORWARD: >x; u: 4; x: 3; zero:; "},
        Case{"policy",
             {SetPolicy{"INPUT", Verdict::Drop, {}}},
             "INPUT(D): 1 2; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"flush_one",
             {FlushChain{"used"}},
             "INPUT: 1 2; FORWARD: >used; empty:; full: 4; used:; "},
        Case{"flush_all", {FlushChain{}}, "empty:; full:; used:; "},
        Case{"declare_empties_a_user_chain",
             {DeclareChain{"full", {}, {}}},
             "INPUT: 1 2; FORWARD: >used; empty:; full:; used: 3; "},
        Case{"declare_keeps_built_in_rules",
             {DeclareChain{"INPUT", Verdict::Drop, {}}},
             "INPUT(D): 1 2; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"declare_without_policy_keeps_it", {DeclareChain{"INPUT", {}, {}}}, kSample},
        Case{"noflush_keeps",
             {BeginTable{}, AppendRule{"INPUT", from(9), {}}, Commit{}},
             "INPUT: 1 2 9; FORWARD: >used; empty:; full: 4; used: 3; "},
        Case{"restore_begins_empty",
             {BeginTable{}, DeclareChain{"a", {}, {}}, AppendRule{"a", from(9), {}}, Commit{}},
             "a: 9; ",
             Restore::Flush},
        Case{"restore_takes_a_chain_out_of_use_first",
             {FlushChain{"FORWARD"}, FlushChain{"used"}, DeleteChain{"used"}},
             "INPUT: 1 2; empty:; full: 4; "}),
    [](const auto& chosen) { return chosen.param.name; });

struct Refusal {
    const char* name;
    std::vector<Action> actions;
    const char* classic;
    Mistake kind;
};
constexpr const char* kNoChain = "No chain/target/match by that name.";
constexpr const char* kBadRule = "Bad rule (does a matching rule exist in that chain?).";

class Refusals : public testing::TestWithParam<Refusal> {};
TEST_P(Refusals, ChangeNothing) {
    const Outcome outcome = after(GetParam().actions);
    EXPECT_EQ(outcome.classic, GetParam().classic);
    EXPECT_EQ(outcome.kind, GetParam().kind);
    EXPECT_EQ(outcome.after, kSample);
}
INSTANTIATE_TEST_SUITE_P(
    Ruleset, Refusals,
    testing::Values(
        Refusal{"new_chain_exists", {NewChain{"full"}}, "Chain already exists.", Mistake::Missing},
        Refusal{
            "new_chain_built_in", {NewChain{"INPUT"}}, "Chain already exists.", Mistake::Missing},
        Refusal{"new_chain_named_like_a_target",
                {NewChain{"DROP"}},
                "chain name may not clash with target name",
                Mistake::Parameter},
        Refusal{"delete_missing_chain", {DeleteChain{"nope"}}, kNoChain, Mistake::Missing},
        Refusal{"delete_built_in_chain", {DeleteChain{"INPUT"}}, kNoChain, Mistake::Missing},
        Refusal{"delete_full_chain",
                {DeleteChain{"full"}},
                "CHAIN_DEL failed (Device or resource busy): chain full",
                Mistake::Refused},
        Refusal{"delete_used_chain",
                {FlushChain{"used"}, DeleteChain{"used"}},
                "CHAIN_DEL failed (Device or resource busy): chain used",
                Mistake::Refused},
        Refusal{"delete_all_chains_in_use",
                {DeleteChain{}},
                "CHAIN_DEL failed (Device or resource busy): chain full",
                Mistake::Refused},
        Refusal{"rename_missing", {RenameChain{"nope", "other"}}, kNoChain, Mistake::Missing},
        Refusal{"rename_built_in", {RenameChain{"INPUT", "other"}}, kNoChain, Mistake::Missing},
        Refusal{"rename_onto_another",
                {RenameChain{"full", "empty"}},
                "File exists.",
                Mistake::Missing},
        Refusal{"rename_onto_a_target",
                {RenameChain{"full", "ACCEPT"}},
                "File exists.",
                Mistake::Missing},
        Refusal{"append_to_missing_chain",
                {AppendRule{"nope", accept(), {}}},
                kNoChain,
                Mistake::Missing},
        Refusal{"append_missing_target",
                {AppendRule{"INPUT", jump("nope"), {}}},
                "Chain 'nope' does not exist",
                Mistake::Parameter},
        Refusal{"missing_target_is_told_before_missing_chain",
                {AppendRule{"nope1", jump("nope"), {}}},
                "Chain 'nope' does not exist",
                Mistake::Parameter},
        Refusal{"jump_to_built_in",
                {AppendRule{"full", jump("INPUT"), {}}},
                "RULE_APPEND failed (Operation not supported): rule in chain full",
                Mistake::Refused},
        Refusal{"insert_jump_to_built_in",
                {InsertRule{"full", 1, jump("INPUT"), {}}},
                "RULE_INSERT failed (Operation not supported): rule in chain full",
                Mistake::Refused},
        Refusal{"insert_too_far",
                {InsertRule{"INPUT", 4, accept(), {}}},
                "Index of insertion too big.",
                Mistake::Missing},
        Refusal{"replace_too_far",
                {ReplaceRule{"INPUT", 3, accept(), {}}},
                "Index of replacement too big.",
                Mistake::Missing},
        Refusal{"delete_too_far",
                {DeletePosition{"INPUT", 3}},
                "Index of deletion too big.",
                Mistake::Missing},
        Refusal{"delete_number_in_missing_chain",
                {DeletePosition{"nope", 1}},
                kNoChain,
                Mistake::Missing},
        Refusal{"delete_missing_rule", {DeleteRule{"INPUT", from(3)}}, kBadRule, Mistake::Missing},
        Refusal{
            "delete_in_missing_chain", {DeleteRule{"nope", accept()}}, kBadRule, Mistake::Missing},
        Refusal{"delete_other_verdict",
                {DeleteRule{"INPUT", from(1, Target::Kind::Drop)}},
                kBadRule,
                Mistake::Missing},
        Refusal{"delete_goto_is_no_jump",
                {DeleteRule{"FORWARD",
                            [] {
                                Rule rule = jump("used");
                                rule.target.kind = Target::Kind::Goto;
                                return rule;
                            }()}},
                kBadRule,
                Mistake::Missing},
        Refusal{"comments_count",
                {AppendRule{"INPUT", commented("a"), {}}, DeleteRule{"INPUT", commented("b")}},
                kBadRule,
                Mistake::Missing},
        Refusal{"check_missing_rule", {CheckRule{"INPUT", accept()}}, kBadRule, Mistake::Missing},
        Refusal{"check_missing_target",
                {CheckRule{"INPUT", jump("nope")}},
                "Chain 'nope' does not exist",
                Mistake::Parameter},
        Refusal{"policy_of_user_chain",
                {SetPolicy{"full", Verdict::Drop, {}}},
                "Bad built-in chain name.",
                Mistake::Missing},
        Refusal{"declared_policy_of_user_chain",
                {DeclareChain{"full", Verdict::Drop, {}}},
                "Bad built-in chain name.",
                Mistake::Missing},
        Refusal{"flush_missing", {FlushChain{"nope"}}, kNoChain, Mistake::Missing},
        Refusal{"zero_missing", {ZeroChain{"nope", {}}}, kNoChain, Mistake::Missing},
        Refusal{
            "zero_too_far", {ZeroChain{"INPUT", 3}}, "Index of counter too big.", Mistake::Missing},
        Refusal{"list_missing", {ListRules{"nope", {}}}, kNoChain, Mistake::Missing},
        Refusal{"input_has_no_out_interface",
                {AppendRule{"INPUT", on_interfaces("", "lo"), {}}},
                "Can't use -o with INPUT",
                Mistake::Parameter},
        Refusal{"output_has_no_in_interface",
                {AppendRule{"OUTPUT", on_interfaces("lo", ""), {}}},
                "Can't use -i with OUTPUT",
                Mistake::Parameter},
        Refusal{"all_or_nothing",
                {AppendRule{"INPUT", accept(), {}}, DeletePosition{"INPUT", 7}},
                "Index of deletion too big.",
                Mistake::Missing},
        Refusal{"table_without_commit",
                {BeginTable{}, AppendRule{"INPUT", accept(), {}}},
                "COMMIT expected",
                Mistake::Missing}),
    [](const auto& chosen) { return chosen.param.name; });

TEST(Ruleset, OtherTablesAreRefused) {
    Ruleset ruleset;
    Diagnostics diags;
    apply(ruleset, {Family::Ipv4, "nat", FlushChain{}, {}}, Restore::Keep, diags);
    ASSERT_EQ(diags.error_count(), 1u);
    EXPECT_EQ(diags.all().front().kind(), Mistake::Unsupported);
    EXPECT_EQ(diags.all().front().classic(),
              "can't initialize iptables table `nat': Table does not exist (do you need to "
              "insmod?)");
}

TEST(Ruleset, FamiliesAreApart) {
    Ruleset ruleset;
    Diagnostics diags;
    apply(ruleset, {Family::Ipv6, "filter", AppendRule{"INPUT", accept(), {}}, {}}, Restore::Keep,
          diags);
    EXPECT_EQ(ruleset.ipv4, Ruleset().ipv4);
    EXPECT_EQ(ruleset.ipv6.chains[0].rules.size(), 1u);
}

TEST(Ruleset, CountersOfRulesAreSetAndZeroed) {
    Ruleset ruleset = sample();
    Diagnostics diags;
    EXPECT_EQ(ruleset.ipv4.chains[0].rules[0].counters, (Counters{5, 50}));
    ruleset.ipv4.chains[0].counters = {7, 70};
    apply(ruleset, {Family::Ipv4, "filter", ZeroChain{"INPUT", 1}, {}}, Restore::Keep, diags);
    EXPECT_EQ(ruleset.ipv4.chains[0].rules[0].counters, Counters{});
    EXPECT_EQ(ruleset.ipv4.chains[0].counters, (Counters{7, 70}));
    apply(ruleset, {Family::Ipv4, "filter", ZeroChain{}, {}}, Restore::Keep, diags);
    EXPECT_EQ(ruleset.ipv4.chains[0].counters, Counters{});
}

// The refusal that check() has for this ruleset; "" for none.
std::string checked(const std::vector<Action>& actions) {
    Ruleset ruleset = sample();
    Diagnostics diags;
    for (const Action& action : actions) {
        apply(ruleset, {Family::Ipv4, "filter", action, {}}, Restore::Keep, diags);
    }
    EXPECT_EQ(diags.error_count(), 0u);
    check(ruleset, diags);
    return diags.has_errors() ? diags.all().front().classic() : "";
}

TEST(RulesetCheck, SampleIsFine) { EXPECT_EQ(checked({}), ""); }

TEST(RulesetCheck, LoopIsRefusedWhereAPacketGetsToIt) {
    EXPECT_EQ(checked({AppendRule{"used", jump("full"), {}}, AppendRule{"full", jump("used"), {}}}),
              "RULE_APPEND failed (Too many links): rule in chain full");
    EXPECT_EQ(checked({AppendRule{"used", jump("used"), {}}}),
              "RULE_APPEND failed (Too many links): rule in chain used");
}

TEST(RulesetCheck, UnusedLoopIsAccepted) {
    EXPECT_EQ(
        checked({AppendRule{"full", jump("empty"), {}}, AppendRule{"empty", jump("full"), {}}}),
        "");
}

TEST(RulesetCheck, SharedChainsAreNoLoop) {
    EXPECT_EQ(checked({AppendRule{"INPUT", jump("used"), {}}, AppendRule{"INPUT", jump("full"), {}},
                       AppendRule{"full", jump("used"), {}}}),
              "");
}

TEST(RulesetCheck, HandMadeMistakesAreFound) {
    Ruleset ruleset;
    ruleset.ipv6.chains[0].rules = {{jump("nope"), {}}, {on_interfaces("", "lo"), {}}};
    ruleset.ipv4.chains[2].rules = {{jump("INPUT"), {}}, {on_interfaces("lo", ""), {}}};
    Diagnostics diags;
    check(ruleset, diags);
    EXPECT_EQ(diags.error_count(), 4u);
}

TEST(Ruleset, HundredThousandAppendsAndDeepChainsAreQuick) {
    std::vector<Statement> statements;
    for (int i = 0; i < 2000; ++i) {
        statements.push_back({Family::Ipv4, "filter", NewChain{"c" + std::to_string(i)}, {}});
    }
    for (int i = 0; i + 1 < 2000; ++i) {
        statements.push_back(
            {Family::Ipv4,
             "filter",
             AppendRule{"c" + std::to_string(i), jump("c" + std::to_string(i + 1)), {}},
             {}});
    }
    statements.push_back({Family::Ipv4, "filter", AppendRule{"INPUT", jump("c0"), {}}, {}});
    for (int i = 0; i < 100000; ++i) {
        statements.push_back({Family::Ipv4,
                              "filter",
                              AppendRule{"INPUT", from(1, Target::Kind::Jump, "c1999"), {}},
                              {}});
    }
    Ruleset ruleset;
    Diagnostics diags;
    const auto begin = std::chrono::steady_clock::now();
    apply_all(ruleset, statements, Restore::Keep, diags);
    check(ruleset, diags);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_EQ(diags.error_count(), 0u);
    EXPECT_EQ(ruleset.ipv4.chains[0].rules.size(), 100001u);
}

TEST(Ruleset, HundredThousandInsertionsAtTheFrontAreQuick) {
    std::vector<Statement> statements;
    for (int i = 0; i < 100000; ++i) {
        statements.push_back({Family::Ipv4,
                              "filter",
                              InsertRule{"INPUT", 1, from(static_cast<std::uint8_t>(i & 255)), {}},
                              {}});
    }
    Ruleset ruleset;
    Diagnostics diags;
    const auto begin = std::chrono::steady_clock::now();
    apply_all(ruleset, statements, Restore::Keep, diags);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
    const auto& rules = ruleset.ipv4.chains[0].rules;
    ASSERT_EQ(rules.size(), 100000u);
    EXPECT_EQ(rules.front().rule, from(99999 & 255));
    EXPECT_EQ(rules.back().rule, from(0));
}

TEST(Ruleset, DeletingFiftyThousandChainsIsQuick) {
    Ruleset ruleset;
    for (int i = 0; i < 50000; ++i) {
        ruleset.ipv4.chains.push_back({fmt::format("c{:05}", i), {}, {}, {}, {}});
    }
    const Statement all{Family::Ipv4, "filter", DeleteChain{}, {}};
    ruleset.ipv4.chains[0].rules = {{jump("c00007"), {}}};
    Diagnostics diags;
    const auto begin = std::chrono::steady_clock::now();
    apply(ruleset, all, Restore::Keep, diags);
    EXPECT_EQ(diags.error_count(), 1u);  // c00007 is in use
    EXPECT_EQ(ruleset.ipv4.chains.size(), 50003u);
    ruleset.ipv4.chains[0].rules.clear();
    apply(ruleset, all, Restore::Keep, diags);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_EQ(diags.error_count(), 1u);
    EXPECT_EQ(ruleset.ipv4.chains.size(), 3u);
}

FrameRule frame_rule(FrameAction action, pcap::Protocol protocol) {
    FrameRule rule;
    rule.action = action;
    rule.expression.nodes.push_back({pcap::Primitive(pcap::IsProtocol{protocol}), {}});
    return rule;
}

// What iptables says empties chains, not the rules that are none of its own.
TEST(Ruleset, FrameRulesKeepTheirOrderAndSurviveFlushes) {
    const FrameRule drop = frame_rule(FrameAction::Drop, pcap::Protocol::Arp);
    const FrameRule log = frame_rule(FrameAction::Log, pcap::Protocol::Ip6);
    Ruleset ruleset;
    Diagnostics diags;
    apply_all(ruleset,
              {{Family::Ipv4, "filter", AppendFrameRule{drop, Counters{3, 180}}, {}},
               {Family::Ipv6, "filter", AppendFrameRule{log, {}}, {}},
               {Family::Ipv4, "filter", FlushChain{}, {}},
               {Family::Ipv4, "filter", DeleteChain{}, {}},
               {Family::Ipv4, "filter", ZeroChain{}, {}},
               {Family::Ipv4, "filter", BeginTable{}, {}},
               {Family::Ipv4, "filter", Commit{}, {}}},
              Restore::Flush, diags);
    ASSERT_FALSE(diags.has_errors());
    ASSERT_EQ(ruleset.frames.size(), 2u);
    EXPECT_EQ(ruleset.frames[0], (RulesetFrameRule{drop, Counters{3, 180}}));
    EXPECT_EQ(ruleset.frames[1], (RulesetFrameRule{log, {}}));
    EXPECT_NE(ruleset, Ruleset());
}

// What a running object carries is read back by every command that changes it.
TEST(Ruleset, TextWithFrameRulesComesBack) {
    const std::string text =
        "*filter\n-A INPUT -m pcap ! --filter \"tcp or udp\" -j DROP\n"
        "-A INPUT -m bpf --bytecode \"1,6 0 0 1\"\nCOMMIT\nlog arp\ndrop ip[0] & 15 != 5\n";
    const auto read = [](std::string file, Restore restore) {
        Sources sources;
        Diagnostics diags;
        const FileDefaults defaults{.short_forms = ShortForms::Read};
        Ruleset ruleset;
        const auto statements =
            parse_rules(sources.add("t", std::move(file)), defaults, Names{}, sources, diags);
        apply_all(ruleset, statements, restore, diags);
        EXPECT_EQ(render(diags, sources), "");
        return ruleset;
    };
    const Ruleset ruleset = read(text, Restore::Keep);
    const std::string carried = to_text(ruleset);
    EXPECT_NE(carried.find("COMMIT\n# bpfw frames\nlog arp\ndrop ip[0] & 15 != 5\n"),
              std::string::npos)
        << carried;
    const std::size_t ipv6 = carried.find("# bpfw ipv6");
    Ruleset back = read(carried.substr(0, ipv6), Restore::Flush);
    const Ruleset rest = read(carried.substr(ipv6), Restore::Flush);
    back.frames = rest.frames;
    EXPECT_EQ(back, ruleset);
    EXPECT_EQ(to_text(Ruleset()).find("frames"), std::string::npos);
}

}  // namespace
}  // namespace bpfw::compiler
