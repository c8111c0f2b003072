// SPDX-License-Identifier: GPL-2.0-or-later
// iptables-restore and iptables-save on a machine in memory: all or nothing, -n, -c, -t.
#include <gtest/gtest.h>

#include "tests/unit/compat/fake_host.hpp"

namespace bpfw::compat {
namespace {

FakeMachine sample() {
    FakeMachine machine;
    for (const char* words : {"-N keep", "-A INPUT -s 1.1.1.1", "-A keep -s 2.2.2.2",
                              "-A INPUT -j keep", "-P FORWARD DROP"}) {
        EXPECT_EQ(machine.iptables(words).exit, Exit::Ok) << words;
    }
    EXPECT_EQ(machine.call("bpf-ip6tables", "-A INPUT -s fe80::1").exit, Exit::Ok);
    machine.writes = 0;
    return machine;
}

TEST(Restore, ReplacesItsFamilyOnly) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.restore("*filter\n-A INPUT -s 7.5.5.5\nCOMMIT\n").exit, Exit::Ok);
    EXPECT_EQ(machine.rules(),
              "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -s 7.5.5.5/32\n");
    EXPECT_EQ(machine.writes, 1);
    EXPECT_EQ(machine.ruleset.ipv6.chains[0].rules.size(), 1u);
}

TEST(Restore, NoflushEmptiesOnlyDeclaredChains) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.restore("*filter\n:keep - [0:0]\n-A keep -s 3.3.3.3\nCOMMIT\n", "-n").exit,
              Exit::Ok);
    EXPECT_EQ(machine.rules(),
              "-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-N keep\n"
              "-A INPUT -s 1.1.1.1/32\n-A INPUT -j keep\n-A keep -s 3.3.3.3/32\n");
}

TEST(Restore, CountersOnlyWithTheOption) {
    const std::string text = "*filter\n:INPUT ACCEPT [9:99]\n[3:8] -A INPUT\nCOMMIT\n";
    FakeMachine machine;
    EXPECT_EQ(machine.restore(text).exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules[0].counters, parser::Counters{});
    EXPECT_EQ(machine.restore(text, "-c").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules[0].counters, (parser::Counters{3, 8}));
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].counters, (parser::Counters{9, 99}));
}

// What stands in no chain is none of the iptables commands' business.
TEST(Restore, FrameRulesAreNeitherShownNorTouched) {
    FakeMachine machine = sample();
    parser::FrameRule arp;
    arp.action = parser::FrameAction::Drop;
    arp.expression.nodes.push_back(
        {parser::pcap::Primitive(parser::pcap::IsProtocol{parser::pcap::Protocol::Arp}), {}});
    machine.ruleset.frames.push_back({arp, {7, 420}});
    const std::vector<compiler::RulesetFrameRule> before = machine.ruleset.frames;
    for (const char* words : {"-F", "-X keep", "-Z", "-P INPUT DROP", "-A INPUT -s 1.1.1.1"}) {
        EXPECT_EQ(machine.iptables(words).exit, Exit::Ok) << words;
        EXPECT_EQ(machine.ruleset.frames, before) << words;
    }
    EXPECT_EQ(machine.restore("*filter\n:INPUT ACCEPT [1:2]\nCOMMIT\n", "-c").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.frames, before);
    EXPECT_EQ(machine.iptables("-S").out.find("arp"), std::string::npos);
    EXPECT_EQ(machine.iptables("-L").out.find("arp"), std::string::npos);
    EXPECT_EQ(machine.call("bpf-iptables-save", "-c").out.find("arp"), std::string::npos);
}

TEST(Restore, ShortFormsAreNoRulesHere) {
    FakeMachine machine;
    EXPECT_EQ(first_line(machine.restore("*filter\ndrop arp\nCOMMIT\n").err),
              "Bad argument `drop'");
    EXPECT_EQ(first_line(machine.restore("drop arp\n").err), "bpf-iptables-restore: line 1 failed");
    EXPECT_EQ(machine.writes, 0);
}

TEST(Restore, ProgramsComeBackAsTheyWereSaved) {
    FakeMachine machine;
    const std::string rules =
        "-A INPUT -m pcap --filter \"tcp or udp\" -j DROP\n"
        "-A INPUT -m pcap ! --filter arp\n"
        "-A INPUT -m bpf --bytecode \"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0\" -j ACCEPT\n";
    const Answer answer = machine.restore("*filter\n" + rules + "COMMIT\n");
    EXPECT_EQ(answer.exit, Exit::Ok) << answer.err;
    const std::string saved = machine.call("bpf-iptables-save", "").out;
    EXPECT_NE(saved.find(rules), std::string::npos) << saved;
    FakeMachine second;
    EXPECT_EQ(second.restore(saved).exit, Exit::Ok);
    EXPECT_EQ(second.ruleset, machine.ruleset);
    EXPECT_EQ(machine.iptables("-D INPUT -m pcap --filter udp||tcp -j DROP").exit, Exit::Other);
    EXPECT_EQ(machine.iptables("-D INPUT -m pcap --filter tcp||udp -j DROP").exit, Exit::Ok);
    EXPECT_EQ(machine.iptables("-C INPUT -m pcap ! --filter arp").exit, Exit::Ok);
}

TEST(Restore, TestChangesNothing) {
    FakeMachine machine = sample();
    const compiler::Ruleset before = machine.ruleset;
    machine.busy = true;
    EXPECT_EQ(machine.restore("*filter\n-A INPUT\nCOMMIT\n", "--test").exit, Exit::Ok);
    EXPECT_EQ(machine.restore("*filter\n-A INPUT -j nope\nCOMMIT\n", "-t").exit, Exit::Parameter);
    EXPECT_EQ(machine.ruleset, before);
}

TEST(Restore, NothingToDoIsFine) {
    FakeMachine machine;
    for (const char* text : {"", "#foo\n", "\n\n# x\n"}) {
        const Answer answer = machine.restore(text, "-w");
        EXPECT_EQ(answer.exit, Exit::Ok);
        EXPECT_EQ(answer.out + answer.err, "");
    }
    EXPECT_EQ(machine.writes, 0);
}

TEST(Restore, OneTableOfMany) {
    FakeMachine machine;
    const std::string text = "*nat\n-A OUTPUT\nCOMMIT\n*filter\n-A INPUT\nCOMMIT\n";
    const Answer refused = machine.restore(text);
    EXPECT_EQ(refused.exit, Exit::Parameter);
    EXPECT_EQ(first_line(refused.err),
              "bpf-iptables-restore v1.8.9 (bpf): bpf-iptables-restore: unable to initialize table "
              "'nat'");
    EXPECT_EQ(machine.writes, 0);
    EXPECT_EQ(machine.restore(text, "-T filter").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules.size(), 1u);
}

// What bpfw does not know yet is no mistake in a table that nobody asked for.
TEST(Restore, OtherTablesAreNotReadButForTheirName) {
    FakeMachine machine;
    const std::string text =
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"
        "*filter\n-A INPUT\nCOMMIT\n";
    EXPECT_EQ(machine.restore(text, "-T filter").err, "");
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules.size(), 1u);
    const Answer refused = machine.restore(text);
    EXPECT_EQ(refused.exit, Exit::Parameter);
    EXPECT_NE(refused.err.find("unable to initialize table 'nat'\nError occurred at line: 1\n"),
              std::string::npos)
        << refused.err;
}

TEST(Restore, FilesAndTheirFamily) {
    FakeMachine machine;
    machine.files["rules"] = "# Generated by ip6tables-save v1.8.9\n*filter\n-A INPUT\nCOMMIT\n";
    EXPECT_EQ(machine.call("bpf-iptables-restore", "rules").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules.size(), 1u);
    EXPECT_EQ(machine.ruleset.ipv6.chains[0].rules.size(), 0u);
    const Answer missing = machine.call("bpf-iptables-restore", "nofile");
    EXPECT_EQ(missing.exit, Exit::Other);
    EXPECT_EQ(missing.err, "Can't open nofile: No such file or directory\n");
}

TEST(Restore, LinesOfTheOtherFamilyAreSkipped) {
    FakeMachine machine;
    EXPECT_EQ(machine.restore("*filter\n-6 -A INPUT\n-4 -A OUTPUT\nCOMMIT\n").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules.size(), 0u);
    EXPECT_EQ(machine.ruleset.ipv4.chains[2].rules.size(), 1u);
    EXPECT_EQ(machine.ruleset.ipv6.chains[0].rules.size(), 0u);
}

struct Refusal {
    const char* name;
    const char* text;
    Exit exit;
    const char* begin;  // of the standard error
};
class RestoreRefusals : public testing::TestWithParam<Refusal> {};
TEST_P(RestoreRefusals, ChangeNothing) {
    FakeMachine machine = sample();
    const compiler::Ruleset before = machine.ruleset;
    const Answer answer = machine.restore(GetParam().text);
    EXPECT_EQ(answer.err.substr(0, std::string_view(GetParam().begin).size()), GetParam().begin);
    EXPECT_EQ(answer.exit, GetParam().exit);
    EXPECT_EQ(machine.ruleset, before);
    EXPECT_EQ(machine.writes, 0);
}
const Refusal kRefusals[] = {
    {"missing_chain", "*filter\n-A INPUT\n-A nope -j ACCEPT\nCOMMIT\n", Exit::Other,
     "bpf-iptables-restore: line 3 failed: No chain/target/match by that name.\n"},
    {"delete_too_far", "*filter\n:INPUT ACCEPT [0:0]\n-D INPUT 5\nCOMMIT\n", Exit::Other,
     "bpf-iptables-restore: line 3 failed: Index of deletion too big.\n"},
    {"missing_target", "*filter\n:INPUT ACCEPT [0:0]\n\n-A INPUT -j nope\nCOMMIT\n",
     Exit::Parameter,
     "bpf-iptables-restore v1.8.9 (bpf): Chain 'nope' does not exist\n"
     "Error occurred at line: 4\n"
     "Try `bpf-iptables-restore -h' or 'bpf-iptables-restore --help' for more information.\n"},
    {"loop", "*filter\n:a - [0:0]\n:b - [0:0]\n-A a -j b\n-A b -j a\n-A INPUT -j a\nCOMMIT\n",
     Exit::Resource,
     "bpf-iptables-restore v1.8.9 (bpf): \nline 5: RULE_APPEND failed (Too many links): rule in "
     "chain b\n"},
    {"option", "*filter\n-A INPUT --bogus\nCOMMIT\n", Exit::Parameter,
     "bpf-iptables-restore v1.8.9 (bpf): unknown option \"--bogus\"\nError occurred at line: 2\n"},
    {"no_commit", "*filter\n-A INPUT -s 5.5.5.5\n", Exit::Other,
     "bpf-iptables-restore: COMMIT expected at line 3\n"},
    {"second_table_bad", "*filter\n-A INPUT\nCOMMIT\n*filter\n-X nope\nCOMMIT\n", Exit::Other,
     "bpf-iptables-restore: line 5 failed: No chain/target/match by that name.\n"},
    {"rule_outside", "-A INPUT -j ACCEPT\n", Exit::Other, "bpf-iptables-restore: line 1 failed"},
    {"command_outside", "iptables -A INPUT -j ACCEPT\n", Exit::Other,
     "bpf-iptables-restore: line 1 failed"},
    {"commit_outside", "COMMIT\n", Exit::Other, "bpf-iptables-restore: line 1 failed"},
    {"garbage", "foo\n", Exit::Other, "bpf-iptables-restore: line 1 failed"},
};
INSTANTIATE_TEST_SUITE_P(Restore, RestoreRefusals, testing::ValuesIn(kRefusals),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(Restore, Options) {
    FakeMachine machine;
    EXPECT_EQ(machine.call("bpf-iptables-restore", "-V").out,
              "bpf-iptables-restore v1.8.9 (bpf)\n");
    EXPECT_EQ(machine.call("bpf-iptables-restore", "-h").exit, Exit::Ok);
    const Answer bogus = machine.call("bpf-iptables-restore", "--bogus");
    EXPECT_EQ(bogus.exit, Exit::Other);
    EXPECT_EQ(bogus.err,
              "bpf-iptables-restore: unrecognized option '--bogus'\n"
              "Try `bpf-iptables-restore -h' for more information.\n");
    EXPECT_EQ(machine.call("bpf-iptables-restore", "a b").err,
              "Unknown arguments found on commandline\n");
}

TEST(Save, PrintsWhatRestoreReads) {
    FakeMachine machine = sample();
    const std::string saved = machine.call("bpf-iptables-save", "-c").out;
    EXPECT_EQ(saved,
              "# Generated by iptables-save v1.8.9 (bpf) on Thu Jan  1 00:00:00 1970\n"
              "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
              ":keep - [0:0]\n[0:0] -A INPUT -s 1.1.1.1/32\n[0:0] -A INPUT -j keep\n"
              "[0:0] -A keep -s 2.2.2.2/32\nCOMMIT\n"
              "# Completed on Thu Jan  1 00:00:00 1970\n");
    FakeMachine other;
    EXPECT_EQ(other.restore(saved, "-c").exit, Exit::Ok);
    EXPECT_EQ(other.ruleset.ipv4, machine.ruleset.ipv4);
}

TEST(Save, Options) {
    FakeMachine machine;
    EXPECT_EQ(machine.call("bpf-iptables-save", "-t filter -f out -M x").exit, Exit::Ok);
    EXPECT_EQ(machine.files["out"].rfind("# Generated by iptables-save", 0), 0u);
    const Answer nat = machine.call("bpf-iptables-save", "-t nat");
    EXPECT_EQ(nat.exit, Exit::Other);
    EXPECT_EQ(first_line(nat.err), "Table `nat' does not exist");
    EXPECT_EQ(machine.call("bpf-iptables-save", "-x").err,
              "bpf-iptables-save: invalid option -- 'x'\n"
              "Look at manual page `bpf-iptables-save.8' for more information.\n");
    EXPECT_EQ(machine.call("bpf-ip6tables-save", "-V").out, "bpf-ip6tables-save v1.8.9 (bpf)\n");
}

}  // namespace
}  // namespace bpfw::compat
