// SPDX-License-Identifier: GPL-2.0-or-later
// Many callers at once, and what one of them cannot do: none is lost, nothing is half done.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

const std::string kIptables = std::string(BPFW_BIN_DIR) + "/bpf-iptables";

class Callers : public testing::Test {
protected:
    void SetUp() override {
        const std::string missing = missing_for_kernel_tests();
        if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
        space_.emplace("compat-callers");
    }
    void TearDown() override {
        if (!space_) return;
        EXPECT_EQ(space_->run({BPFW, "unload"}).code, 0);
    }
    std::optional<Namespace> space_;
};

TEST_F(Callers, twenty_waiting_appends_leave_twenty_rules) {
    std::vector<std::thread> threads;
    std::vector<int> codes(20, -1);
    for (int i = 0; i < 20; ++i) {
        threads.emplace_back([this, i, &codes] {
            codes[static_cast<std::size_t>(i)] =
                space_->run({kIptables, "-w", "-A", "INPUT", "-s", "10.0.0." + std::to_string(i)})
                    .code;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count(codes.begin(), codes.end(), 0), 20);
    const std::string rules = space_->run({kIptables, "-S", "INPUT"}).out;
    for (int i = 0; i < 20; ++i) {
        const std::string rule = "-A INPUT -s 10.0.0." + std::to_string(i) + "/32\n";
        EXPECT_NE(rules.find(rule), std::string::npos) << rule << rules;
    }
    EXPECT_EQ(std::count(rules.begin(), rules.end(), '\n'), 21);  // and the policy
}

TEST_F(Callers, families_and_counters_of_others_stay) {
    ASSERT_EQ(space_->run({kIptables, "-A", "INPUT", "-c", "7", "700", "-j", "ACCEPT"}).code, 0);
    const std::string six = std::string(BPFW_BIN_DIR) + "/bpf-ip6tables";
    ASSERT_EQ(space_->run({six, "-A", "INPUT", "-c", "8", "800", "-j", "ACCEPT"}).code, 0);
    ASSERT_EQ(space_->run({kIptables, "-I", "INPUT", "-s", "10.0.0.1", "-j", "DROP"}).code, 0);
    EXPECT_NE(space_->run({kIptables, "-S", "INPUT", "2", "-v"}).out.find("-c 7 700"),
              std::string::npos);
    EXPECT_EQ(space_->run({kIptables + "-restore"}, "*filter\n-A INPUT -j ACCEPT\nCOMMIT\n").code,
              0);
    EXPECT_NE(space_->run({six, "-S", "INPUT", "1", "-v"}).out.find("-c 8 800"), std::string::npos);
    EXPECT_NE(space_->run({kIptables, "-S", "INPUT", "1", "-v"}).out.find("-c 0 0"),
              std::string::npos);
    EXPECT_EQ(space_->run({six, "-Z", "INPUT"}).code, 0);
    EXPECT_NE(space_->run({six, "-S", "INPUT", "1", "-v"}).out.find("-c 0 0"), std::string::npos);
}

// lo carries nothing of ours at ingress, so a veth pair: ping from its other end.
TEST_F(Callers, a_drop_rule_drops_and_counts) {
    Namespace other("compat-peer");
    const auto ip = [](std::vector<std::string> words) {
        words.insert(words.begin(), "ip");
        ASSERT_EQ(run_command(words).code, 0);
    };
    ip({"-n", space_->name(), "link", "add", "bpfw-c0", "type", "veth", "peer", "name", "bpfw-c1",
        "netns", other.name()});
    ip({"-n", space_->name(), "addr", "add", "10.9.0.1/24", "dev", "bpfw-c0"});
    ip({"-n", other.name(), "addr", "add", "10.9.0.2/24", "dev", "bpfw-c1"});
    ip({"-n", space_->name(), "link", "set", "bpfw-c0", "up"});
    ip({"-n", other.name(), "link", "set", "bpfw-c1", "up"});
    const std::vector<std::string> ping = {"ping", "-c", "3", "-i", "0.1", "-W", "1", "10.9.0.1"};
    ASSERT_EQ(other.run(ping).code, 0);
    ASSERT_EQ(space_->run({kIptables, "-A", "INPUT", "-p", "icmp", "-j", "DROP"}).code, 0);
    EXPECT_EQ(other.run(ping).code, 1);
    EXPECT_NE(
        space_->run({kIptables, "-S", "INPUT", "1", "-v"}).out.find("-p icmp -c 3 252 -j DROP"),
        std::string::npos);
    ASSERT_EQ(space_->run({kIptables, "-D", "INPUT", "1"}).code, 0);
    EXPECT_EQ(other.run(ping).code, 0);
}

TEST_F(Callers, files_that_are_no_rules) {
    TemporaryDirectory directory;
    const auto restore = [&](const std::string& file) {
        return space_->run({kIptables + "-restore", file});
    };
    const Outcome a_directory = restore(directory.path());
    EXPECT_EQ(a_directory.code, 1);
    EXPECT_EQ(a_directory.err, "Can't open " + directory.path() + ": Is a directory\n");
    EXPECT_EQ(restore(directory.path("missing")).code, 1);
    EXPECT_EQ(restore(directory.file("empty", "")).code, 0);
    EXPECT_EQ(restore(directory.file("long", std::string(1000000, 'a'))).code, 1);
    EXPECT_EQ(restore(directory.file("zero", std::string("*filter\n\0\nCOMMIT\n", 17))).code, 2);
    EXPECT_EQ(space_->run({kIptables, "-S"}).out,
              "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n");
}

TEST_F(Callers, without_root_nothing_but_a_clear_word) {
    const Outcome refused =
        space_->run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                     "--bounding-set=-all", "--inh-caps=-all", kIptables, "-A", "INPUT"});
    if (refused.code == 127) GTEST_SKIP() << "needs setpriv";
    EXPECT_EQ(refused.code, 4) << refused.err;
    EXPECT_NE(refused.err.find("Permission denied (you must be root)"), std::string::npos)
        << refused.err;
}

}  // namespace
}  // namespace bpfw::test
