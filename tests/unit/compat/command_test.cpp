// SPDX-License-Identifier: GPL-2.0-or-later
// iptables' commands on a machine in memory: exit codes, first lines, what is changed.
// Expected texts were captured from iptables-nft 1.8.9 (program and version replaced).
#include <gtest/gtest.h>

#include "tests/unit/compat/fake_host.hpp"

namespace bpfw::compat {
namespace {

struct Refusal {
    const char* name;
    const char* words;
    Exit exit;
    const char* first;  // line on the standard error
};

FakeMachine sample() {
    FakeMachine machine;
    for (const char* words : {"-N foo", "-N bar", "-A INPUT -s 9.9.9.9 -j ACCEPT",
                              "-A INPUT -j foo", "-A foo -j bar", "-A foo -p tcp --dport 22"}) {
        EXPECT_EQ(machine.iptables(words).exit, Exit::Ok) << words;
    }
    machine.writes = 0;
    return machine;
}

class Refusals : public testing::TestWithParam<Refusal> {};
TEST_P(Refusals, AreIptables) {
    FakeMachine machine = sample();
    const compiler::Ruleset before = machine.ruleset;
    const Answer answer = machine.iptables(GetParam().words);
    EXPECT_EQ(first_line(answer.err), GetParam().first);
    EXPECT_EQ(answer.exit, GetParam().exit);
    EXPECT_EQ(machine.ruleset, before);
    EXPECT_EQ(machine.writes, 0);
}
const Refusal kRefusals[] = {
    {"no_rule", "-D INPUT -s 1.2.3.4", Exit::Other,
     "bpf-iptables: Bad rule (does a matching rule exist in that chain?)."},
    {"check", "-C INPUT -s 1.2.3.4", Exit::Other,
     "bpf-iptables: Bad rule (does a matching rule exist in that chain?)."},
    {"list_missing", "-L nope", Exit::Other, "bpf-iptables: No chain/target/match by that name."},
    {"list_missing_numeric", "-L nope -n", Exit::Other,
     "bpf-iptables: No chain/target/match by that name."},
    {"flush_missing", "-F nope", Exit::Other, "bpf-iptables: No chain/target/match by that name."},
    {"chain_exists", "-N foo", Exit::Other, "bpf-iptables: Chain already exists."},
    {"delete_too_far", "-D INPUT 9", Exit::Other, "bpf-iptables: Index of deletion too big."},
    {"policy_of_user_chain", "-P foo DROP", Exit::Other, "bpf-iptables: Bad built-in chain name."},
    {"chain_in_use", "-X bar", Exit::Resource,
     "bpf-iptables v1.8.9 (bpf):  CHAIN_DEL failed (Device or resource busy): chain bar"},
    {"loop", "-A bar -j foo", Exit::Resource,
     "bpf-iptables v1.8.9 (bpf):  RULE_APPEND failed (Too many links): rule in chain bar"},
    {"missing_target", "-A INPUT -j nope", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): Chain 'nope' does not exist"},
    {"in_interface_in_output", "-A OUTPUT -i lo", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): Can't use -i with OUTPUT"},
    {"bad_argument", "foo", Exit::Parameter, "Bad argument `foo'"},
    {"unknown_option", "-A INPUT --bogus", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): unknown option \"--bogus\""},
    {"no_command", "-n", Exit::Parameter, "bpf-iptables v1.8.9 (bpf): no command specified"},
    {"two_commands", "-A INPUT -D INPUT", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): Cannot use -D with -A"},
    {"port", "-A INPUT -p tcp --dport 70000", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): invalid port/service `70000' specified"},
    {"unknown_match", "-A INPUT -m foo", Exit::Parameter,
     "bpf-iptables v1.8.9 (bpf): Couldn't load match `foo':No such file or directory"},
    {"table", "-t nat -L", Exit::Version,
     "bpf-iptables v1.8.9 (bpf): can't initialize iptables table `nat': Table does not exist (do "
     "you need to insmod?)"},
};
INSTANTIATE_TEST_SUITE_P(Command, Refusals, testing::ValuesIn(kRefusals),
                         [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(Command, FurtherLinesPointAtTheMistake) {
    FakeMachine machine;
    const Answer answer = machine.iptables("-A INPUT -p tcp --dport 70000 -j DROP");
    EXPECT_NE(answer.err.find("Try `bpf-iptables -h' or 'bpf-iptables --help' for more "
                              "information.\ncommand line:1:"),
              std::string::npos);
    EXPECT_NE(answer.err.find("^^^^^"), std::string::npos) << answer.err;
}

TEST(Command, RefusedMatchesAreNamedAndNotIgnored) {
    FakeMachine machine;
    const Answer answer = machine.iptables("-A INPUT -m conntrack --ctstate NEW -j ACCEPT");
    EXPECT_EQ(answer.exit, Exit::Parameter);
    EXPECT_NE(answer.err.find("conntrack"), std::string::npos);
    EXPECT_EQ(machine.writes, 0);
}

TEST(Command, ChangesAreWrittenOnce) {
    FakeMachine machine = sample();
    EXPECT_EQ(machine.iptables("-I INPUT 2 -s 1.2.3.4,5.6.7.8 -j DROP").exit, Exit::Ok);
    EXPECT_EQ(machine.writes, 1);
    EXPECT_EQ(machine.iptables("-S INPUT").out.find("-P INPUT ACCEPT\n-A INPUT -s 9.9.9.9/32"), 0u);
    EXPECT_EQ(machine.iptables("-E bar baz").exit, Exit::Ok);
    EXPECT_EQ(machine.iptables("-S foo").out,
              "-N foo\n-A foo -j baz\n-A foo -p tcp -m tcp --dport 22\n");
}

TEST(Command, LookingNeedsNoLock) {
    FakeMachine machine = sample();
    machine.busy = true;
    EXPECT_EQ(machine.iptables("-L -n").exit, Exit::Ok);
    EXPECT_EQ(machine.iptables("-C INPUT -j foo").exit, Exit::Ok);
    EXPECT_EQ(machine.writes, 0);
}

TEST(Command, BusyLock) {
    FakeMachine machine;
    machine.busy = true;
    const Answer at_once = machine.iptables("-A INPUT");
    EXPECT_EQ(at_once.exit, Exit::Resource);
    EXPECT_EQ(at_once.err,
              "Another app is currently holding the xtables lock. Perhaps you want to use the -w "
              "option?\n");
    EXPECT_EQ(machine.iptables("-w 1 -A INPUT").err,
              "Another app is currently holding the xtables lock. Stopped waiting after 1s.\n");
}

TEST(Command, NotRoot) {
    FakeMachine machine;
    machine.refuse_with = EPERM;
    const Answer answer = machine.iptables("-L");
    EXPECT_EQ(answer.exit, Exit::Resource);
    EXPECT_EQ(
        first_line(answer.err),
        "bpf-iptables v1.8.9 (bpf): Could not fetch rule set generation id: Permission denied "
        "(you must be root)");
}

TEST(Command, TheVerifiersEaccesIsNotTheCallersMissingRoot) {
    FakeMachine machine;
    machine.refuse_with = EACCES;
    machine.refuse_log = "invalid zero-sized read";
    const Answer answer = machine.iptables("-L");
    EXPECT_EQ(answer.exit, Exit::Resource);
    EXPECT_EQ(answer.err.find("root"), std::string::npos) << answer.err;
    EXPECT_NE(answer.err.find("EACCES"), std::string::npos);
}

TEST(Command, WhatCannotBeCompiledIsRefused) {
    FakeMachine machine;
    machine.compile_error = "too many rules";
    const Answer answer = machine.iptables("-A INPUT");
    EXPECT_EQ(answer.exit, Exit::Resource);
    EXPECT_EQ(first_line(answer.err), "bpf-iptables v1.8.9 (bpf): too many rules");
}

TEST(Command, CountersGoOnUnlessTheyAreSet) {
    FakeMachine machine;
    machine.iptables("-A INPUT -c 5 50 -j ACCEPT");
    machine.iptables("-A INPUT -s 1.1.1.1");
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules[0].counters, (parser::Counters{5, 50}));
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules[1].counters, parser::Counters{});
}

TEST(Command, ZeroTouchesOnlyCounters) {
    FakeMachine machine;
    machine.iptables("-A INPUT -c 5 50 -j ACCEPT");
    machine.iptables("-A OUTPUT -c 6 60 -j ACCEPT");
    machine.writes = 0;
    EXPECT_EQ(machine.iptables("-L INPUT -n -v -Z").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[0].rules[0].counters, parser::Counters{});
    EXPECT_EQ(machine.ruleset.ipv4.chains[2].rules[0].counters, (parser::Counters{6, 60}));
    EXPECT_EQ(machine.iptables("-Z OUTPUT 1").exit, Exit::Ok);
    EXPECT_EQ(machine.ruleset.ipv4.chains[2].rules[0].counters, parser::Counters{});
    EXPECT_EQ(machine.writes, 0);
}

TEST(Command, ListAndZeroShowsWhatWasCounted) {
    FakeMachine machine;
    machine.iptables("-A INPUT -c 5 50 -j ACCEPT");
    const Answer answer = machine.iptables("-L INPUT -n -v -Z");
    EXPECT_NE(answer.out.find("    5    50 ACCEPT"), std::string::npos) << answer.out;
}

TEST(Command, VersionAndHelp) {
    FakeMachine machine;
    machine.refuse_with = EPERM;
    EXPECT_EQ(machine.iptables("-V").out, "bpf-iptables v1.8.9 (bpf)\n");
    EXPECT_EQ(machine.call("/sbin/ip6tables", "--version").out, "ip6tables v1.8.9 (bpf)\n");
    const std::string icmp = machine.iptables("-p icmp --help").out;
    EXPECT_NE(icmp.find("\nValid ICMP Types:\nany\necho-reply (pong)\n"), std::string::npos);
    EXPECT_NE(machine.call("bpf-ip6tables", "-p icmpv6 --help").out.find("\nValid ICMPv6 Types:\n"),
              std::string::npos);
    EXPECT_EQ(machine.iptables("-h").out.find("Valid ICMP"), std::string::npos);
}

TEST(Face, FromTheProgramsName) {
    EXPECT_EQ(face_of("/usr/sbin/bpf-ip6tables-save")->program, "bpf-ip6tables-save");
    EXPECT_EQ(face_of("bpf-ip6tables-save")->role, Role::Save);
    EXPECT_EQ(face_of("bpf-ip6tables-save")->family, parser::Family::Ipv6);
    EXPECT_EQ(face_of("iptables-restore")->role, Role::Restore);
    EXPECT_EQ(face_of("iptables")->role, Role::Command);
    EXPECT_FALSE(face_of("bpf-nonsense"));
    FakeMachine machine;
    EXPECT_EQ(machine.call("bpf-nonsense", "-L").exit, Exit::Parameter);
}

}  // namespace
}  // namespace bpfw::compat
