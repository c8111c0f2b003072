// SPDX-License-Identifier: GPL-2.0-or-later
// Which chain judges a packet on the real hooks, by the rules' counters: a router between two
// hosts, whose addresses, forwarding and bridge change while the firewall stands.
#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

constexpr const char* kRules = R"(*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i left -p icmp -j ACCEPT
-A INPUT -i br+ -p icmp -j ACCEPT
-A INPUT -p icmp
-A FORWARD -i left -o right -p icmp -j ACCEPT
-A FORWARD -i right -o left -p icmp -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p icmp -j ACCEPT
COMMIT
)";

class Placement : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        const std::string missing = missing_for_kernel_tests();
        if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
        router_.emplace("placement");
        host_.emplace("placement-l");
        other_.emplace("placement-r");
        connect(*host_, "left", "192.0.2");
        connect(*other_, "right", "198.51.100");
    }
    void TearDown() override {
        if (router_) shell(*router_, std::string(BPFW) + " unload -w 5");
    }

    // The router's `device` to a namespace: .1 here, .2 and the default route there.
    void connect(const Namespace& peer, const std::string& device, const std::string& net) {
        must(*router_, "ip link add " + device + " type veth peer name far netns " + peer.name() +
                           "; ip link set " + device + " addrgenmode none up; ip addr add " + net +
                           ".1/24 dev " + device);
        must(peer, "ip link set far addrgenmode none up; ip addr add " + net +
                       ".2/24 dev far; ip route add default via " + net + ".1");
    }
    void load() {
        const Outcome got = router_->run({BPFW, "load", "-4", "--mode", GetParam(), "-"}, kRules);
        ASSERT_EQ(got.code, 0) << got.err;
    }
    static Outcome shell(const Namespace& space, const std::string& command) {
        return space.run({"sh", "-c", command});
    }
    static void must(const Namespace& space, const std::string& command) {
        const Outcome got = shell(space, "set -e; " + command);
        ASSERT_EQ(got.code, 0) << command << ": " << got.err;
    }
    static bool ping(const Namespace& from, const std::string& address) {
        return shell(from, "ping -q -c 2 -i 0.05 -W 1 " + address).code == 0;
    }
    // Packets of the rule, by its text behind -A; -1 when there is none.
    int packets(const std::string& rule) {
        std::istringstream text(router_->run({std::string(BPF_IPTABLES) + "-save", "-c"}).out);
        for (std::string line; std::getline(text, line);) {
            const std::size_t at = line.find("] -A " + rule);
            if (at != line.npos && line.size() == at + 5 + rule.size())
                return std::stoi(line.substr(1));
        }
        return -1;
    }

    std::optional<Namespace> router_, host_, other_;
};

TEST_P(Placement, ForwardingSwitchedOnLater) {
    load();
    EXPECT_FALSE(ping(*host_, "198.51.100.2"));
    EXPECT_EQ(packets("INPUT -i left -p icmp -j ACCEPT"), 2);
    must(*router_, "echo 1 > /proc/sys/net/ipv4/ip_forward");
    EXPECT_TRUE(ping(*host_, "198.51.100.2"));
    EXPECT_EQ(packets("INPUT -i left -p icmp -j ACCEPT"), 2);
    EXPECT_EQ(packets("FORWARD -i left -o right -p icmp -j ACCEPT"), 2);
    EXPECT_EQ(packets("FORWARD -i right -o left -p icmp -j ACCEPT"), 2);
    EXPECT_EQ(packets("OUTPUT -p icmp -j ACCEPT"), 0);
}

TEST_P(Placement, AddressAddedLaterIsInput) {
    must(*router_, "echo 1 > /proc/sys/net/ipv4/ip_forward");
    load();
    must(*router_, "ip addr add 203.0.113.1/32 dev lo");
    EXPECT_TRUE(ping(*host_, "203.0.113.1"));
    EXPECT_EQ(packets("INPUT -i left -p icmp -j ACCEPT"), 2);
    EXPECT_EQ(packets("OUTPUT -p icmp -j ACCEPT"), 2);
}

TEST_P(Placement, OwnAddressesAreReachedOverLoopback) {
    load();
    EXPECT_TRUE(ping(*router_, "192.0.2.1"));
    EXPECT_EQ(packets("INPUT -i lo -j ACCEPT"), 4);
    EXPECT_EQ(packets("OUTPUT -o lo -j ACCEPT"), 4);
    EXPECT_EQ(packets("INPUT -p icmp"), 0);
}

TEST_P(Placement, BridgeIsSeenOnceAndItsPortsAreNot) {
    if (GetParam() == std::string("native")) GTEST_SKIP() << "a bridge has no native XDP";
    if (shell(*router_, "ip link add br0 type bridge").code != 0) GTEST_SKIP() << "needs bridges";
    shell(*router_,
          "ip addr flush dev right; ip link set right master br0; "
          "ip addr add 198.51.100.1/24 dev br0; ip link set br0 addrgenmode none up");
    load();
    EXPECT_TRUE(ping(*other_, "198.51.100.1"));
    EXPECT_EQ(packets("INPUT -i br+ -p icmp -j ACCEPT"), 2);
    EXPECT_EQ(packets("INPUT -p icmp"), 0);
    EXPECT_EQ(packets("OUTPUT -p icmp -j ACCEPT"), 2);
}

INSTANTIATE_TEST_SUITE_P(Modes, Placement, testing::Values("native", "generic", "tc"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace bpfw::test
