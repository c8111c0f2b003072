// SPDX-License-Identifier: GPL-2.0-or-later
// bpf-iptables beside the machine's own iptables: the same commands in two namespaces, one
// after the other; exit code, output and the first line of a refusal must be the same.
#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <sstream>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Programs, versions and dates are different by right.
std::string without_names(std::string text) {
    text = std::regex_replace(text, std::regex("bpf-(ip6?tables)"), "$1");
    text = std::regex_replace(text, std::regex("(ip6?tables)-nft"), "$1");
    text = std::regex_replace(text, std::regex("v1\\.8\\.9 \\((bpf|nf_tables)\\)"), "VERSION");
    return std::regex_replace(text, std::regex("# (Generated|Completed)[^\n]*"), "# $1");
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream text(line);
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(word);
    return words;
}

class BesideIptables : public testing::Test {
protected:
    void SetUp() override {
        const std::string missing = missing_for_kernel_tests();
        if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
        const Outcome version = run_command({"iptables-nft", "-V"});
        if (version.out.rfind("iptables v1.8.9 ", 0) != 0)
            GTEST_SKIP() << "needs iptables-nft 1.8.9";
        ours_.emplace("compat-ours");
        theirs_.emplace("compat-theirs");
        // iptables-nft makes a built-in chain with its first rule, and answers otherwise before.
        for (const char* program : {"iptables-nft", "ip6tables-nft"}) {
            for (const char* chain : {"INPUT", "FORWARD", "OUTPUT"}) {
                ASSERT_EQ(theirs_->run({program, "-A", chain}).code, 0);
                ASSERT_EQ(theirs_->run({program, "-F", chain}).code, 0);
            }
        }
    }
    void TearDown() override {
        if (!ours_) return;
        EXPECT_EQ(ours_->run({BPFW, "unload"}).code, 0);
    }

    // The same words after "iptables", "ip6tables-save", ...
    void same(const std::string& line, const std::string& input = "") {
        std::vector<std::string> words = words_of(line);
        std::vector<std::string> theirs = words;
        const std::size_t name = words[0].find("tables") + 6;
        theirs[0].insert(name, "-nft");
        words[0] = std::string(BPFW_BIN_DIR) + "/bpf-" + words[0];
        const Outcome mine = ours_->run(words, input);
        const Outcome reference = theirs_->run(theirs, input);
        EXPECT_EQ(mine.code, reference.code) << line << "\n" << mine.err << reference.err;
        EXPECT_EQ(without_names(mine.out), without_names(reference.out)) << line;
        EXPECT_EQ(first_line(without_names(mine.err)), first_line(without_names(reference.err)))
            << line;
    }
    void same_after(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            same("iptables " + line);
            same("iptables -S");
        }
        for (const char* list : {"-L", "-L -n", "-L -n -v", "-L -n -v -x --line-numbers"}) {
            same(std::string("iptables ") + list);
        }
        same("iptables-save -c");
    }

    std::optional<Namespace> ours_;
    std::optional<Namespace> theirs_;
};

TEST_F(BesideIptables, rules_and_chains) {
    same_after({"-N web",
                "-N web",
                "-N ACCEPT",
                "-A INPUT -s 10.1.2.3/8 -p tcp --dport 80 -j web",
                "-A web -p tcp --syn -j ACCEPT",
                "-A web -j RETURN",
                "-I INPUT -i lo -j ACCEPT",
                "-I INPUT 2 ! -s 192.168.0.0/16 -j DROP",
                "-I INPUT 9 -j DROP",
                "-R INPUT 1 -i lo+ -j ACCEPT",
                "-R INPUT 9 -j DROP",
                "-X web",
                "-X nope",
                "-F nope",
                "-E web www",
                "-E nope web",
                "-C INPUT -i lo+ -j ACCEPT",
                "-C INPUT -i lo -j ACCEPT",
                "-D INPUT 9",
                "-D INPUT 2",
                "-D INPUT -i lo -j ACCEPT",
                "-D INPUT -i lo+ -j ACCEPT",
                "-P FORWARD DROP",
                "-P www DROP",
                "-P INPUT BOGUS",
                "-g www -A FORWARD",
                "-A FORWARD -c 1234567 9876543210 -d 10.0.0.1,10.0.0.2 -j DROP",
                "-Z FORWARD 2",
                "-S FORWARD -v",
                "-S FORWARD 2",
                "-L FORWARD 2 -n",
                "-F www",
                "-F",
                "-X",
                "-Z"});
}

TEST_F(BesideIptables, matches) {
    same_after({"-A INPUT -p udp --sport 53 --dport 1024:65535", "-A INPUT -p tcp ! --dport 22",
                "-A INPUT -p tcp --tcp-flags ALL SYN,ACK --tcp-option 5",
                "-A INPUT -p icmp --icmp-type echo-request", "-A INPUT -p icmp ! --icmp-type 3/4",
                "-A INPUT -p tcp -m multiport --dports ssh,80:90", "-A INPUT -f -j DROP",
                "-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP",
                "-A INPUT -m mac --mac-source 00:00:5e:00:53:01",
                "-A INPUT -m comment --comment why", "-A INPUT -m length --length 100:200",
                "-A INPUT -m ttl --ttl-gt 3", "-A INPUT -m tos --tos Minimize-Delay",
                "-A INPUT -m dscp --dscp-class EF", "-A INPUT -m pkttype --pkt-type multicast",
                "-A INPUT -p 47", "-A INPUT ! -p sctp -j DROP",
                "-A FORWARD ! -i eth0 -o wlan+ -j ACCEPT"});
}

TEST_F(BesideIptables, ipv6) {
    for (const char* line :
         {"-A INPUT -s 2001:db8::1 -p tcp --dport 22 -j ACCEPT", "-A INPUT -p icmpv6 -j ACCEPT",
          "-A INPUT -p ipv6-icmp --icmpv6-type neighbour-solicitation -j ACCEPT",
          "-A INPUT ! -d fe80::/10 -m hl --hl-lt 255 -j DROP", "-A INPUT -f", "-P OUTPUT DROP"}) {
        same(std::string("ip6tables ") + line);
    }
    for (const char* list : {"-S", "-L", "-L -n", "-L -n -v"})
        same(std::string("ip6tables ") + list);
    same("ip6tables-save");
}

TEST_F(BesideIptables, mistakes) {
    same_after({"-A INPUT -j nope",
                "-A nope -j ACCEPT",
                "-A OUTPUT -i lo",
                "-A INPUT -o lo",
                "-A INPUT -p tcp --dport 70000",
                "-A INPUT --dport 22",
                "-A INPUT -p tcp --bogus",
                "-A INPUT -m bogus",
                "-A INPUT -s 300.1.1.1",
                "-A INPUT -D INPUT",
                "-n",
                "foo",
                "-A",
                "-D INPUT 0",
                "-N foo bar",
                "-L INPUT foo",
                "-N -x",
                "-w x -L",
                "-L -c 1 2",
                "-N aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "-A INPUT -i averyveryverylongname",
                "-A INPUT -p bogus",
                "-A INPUT -p tcp -m multiport --dports 1,2,x"});
}

TEST_F(BesideIptables, loops_and_uses) {
    same_after({"-N a", "-N b", "-A a -j b", "-A b -j a", "-F b", "-A INPUT -j a", "-X b",
                "-A a -j INPUT", "-D a -j b", "-X b", "-X", "-F", "-X"});
}

// Not with --test: iptables-nft looks at less than what the restore itself would refuse.
TEST_F(BesideIptables, restore_files) {
    for (const char* text :
         {"*filter\n:INPUT DROP [1:2]\n:chain - [0:0]\n[3:4] -A INPUT -j chain\n-A chain\nCOMMIT\n",
          "*filter\n:chain - [0:0]\n-A chain -s 1.1.1.1\nCOMMIT\n", "# nothing\n", "",
          "*filter\n-N more\n-I INPUT 1 -j more\n-D INPUT 2\nCOMMIT\n",
          "*filter\n-A INPUT\n-A nope\nCOMMIT\n", "*filter\n-A INPUT\n", "COMMIT\n", "garbage\n",
          "*filter\n-A INPUT --bogus\nCOMMIT\n", "*filter\n-A INPUT -j nope\nCOMMIT\n",
          "*filter\n-A INPUT -t filter\nCOMMIT\n", "*filter\n:INPUT BOGUS [0:0]\nCOMMIT\n",
          "*filter\n-X more\nCOMMIT\n", "*filter\n:OUTPUT ACCEPT [0:0]\n-F\n-X\nCOMMIT\n"}) {
        for (const char* options : {" -n", " -n -c", "", " -c"}) {
            same(std::string("iptables-restore") + options, text);
            same("iptables-save -c");
        }
    }
}

}  // namespace
}  // namespace bpfw::test
