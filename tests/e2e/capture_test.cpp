// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw test`: each packet of a capture through the real program, its decider named.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/pcap_file.hpp"

namespace bpfw::test {
namespace {

using Json = nlohmann::json;

constexpr const char* kRules =
    "-P INPUT DROP\n"
    "-N web\n"
    "-A web -s 192.0.2.66 -j DROP\n"
    "-A web -p tcp --dport 80 -j ACCEPT\n"
    "-A INPUT -i eth7 -j ACCEPT\n"
    "-A INPUT -p tcp -j web\n"
    "-A FORWARD -p udp -j DROP\n"
    "-A OUTPUT -o eth8 -j DROP\n"
    "-6 -A INPUT -p tcp --dport 22 -j DROP\n";

class TestCapture : public testing::Test {
protected:
    void SetUp() override {
        const std::string missing = missing_for_kernel_tests();
        if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
        rules_ = directory_.file("rules", kRules);
    }

    Outcome judge(const std::vector<Captured>& packets, std::vector<std::string> more = {}) {
        const std::string capture = directory_.file("a.pcap", pcap_file(packets));
        std::vector<std::string> words = {BPFW, "test", rules_, "--pcap", capture};
        words.insert(words.end(), more.begin(), more.end());
        return run_command(words);
    }
    // "VERDICT by" of each packet.
    std::vector<std::string> verdicts(const std::vector<Captured>& packets,
                                      std::vector<std::string> more = {}) {
        more.emplace_back("--json");
        const Outcome got = judge(packets, more);
        const Json parsed = Json::parse(got.out, nullptr, false);
        EXPECT_TRUE(parsed.is_object()) << got.out << got.err;
        std::vector<std::string> out;
        if (!parsed.is_object()) return out;
        for (const Json& one : parsed["packets"]) {
            out.push_back(one["verdict"].get<std::string>() + " " + one["by"].get<std::string>());
        }
        return out;
    }

    TemporaryDirectory directory_;
    std::string rules_;
};

const std::vector<Captured>& some_packets() {
    static const std::vector<Captured> packets = {
        {frame(eth() / ip4() / tcp({.dport = 80}))},
        {frame(eth() / ip4({.src = "192.0.2.66"}) / tcp({.dport = 80}))},
        {frame(eth() / ip4() / tcp({.dport = 443}))},
        {frame(eth() / ip4() / udp())},
        {frame(eth() / ip6() / tcp({.dport = 22}))},
        {frame(eth() / ip6() / tcp({.dport = 80}))},
        {frame(eth({.type = 0x0806}) / payload(46))},
        {frame(eth() / vlan() / ip4() / tcp({.dport = 80}))},
    };
    return packets;
}

using Verdicts = std::vector<std::string>;

TEST_F(TestCapture, NamesTheDecidingRuleWhereItStands) {
    EXPECT_EQ(verdicts(some_packets()),
              (Verdicts{"ACCEPT web:2", "DROP web:1", "DROP policy INPUT", "DROP policy INPUT",
                        "DROP INPUT:1", "ACCEPT policy INPUT", "PASS not IP", "ACCEPT web:2"}));
}

TEST_F(TestCapture, OtherHooksAndInterfaces) {
    const std::vector<Captured> udp_packet = {{frame(eth() / ip4() / udp())}};
    EXPECT_EQ(verdicts(udp_packet, {"--hook", "forward"}), Verdicts{"DROP FORWARD:1"});
    EXPECT_EQ(verdicts(udp_packet, {"--in-interface", "eth7"}), Verdicts{"ACCEPT INPUT:1"});
    EXPECT_EQ(verdicts(udp_packet, {"--hook", "output"}), Verdicts{"ACCEPT policy OUTPUT"});
    EXPECT_EQ(verdicts(udp_packet, {"--hook", "output", "--out-interface", "eth8"}),
              Verdicts{"DROP OUTPUT:1"});
}

TEST_F(TestCapture, TextHasALineEachAndASummary) {
    const Outcome got = judge(some_packets());
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
    EXPECT_NE(got.out.find("     2  DROP    web:1                 ipv4  "
                           "-A web -s 192.0.2.66/32 -j DROP\n"),
              std::string::npos)
        << got.out;
    EXPECT_NE(got.out.find("8 packets: 3 accepted, 4 dropped, 1 passed without being judged\n"),
              std::string::npos)
        << got.out;
}

TEST_F(TestCapture, PacketsCutByTheCaptureAreWarnedOf) {
    const Bytes whole = frame(eth() / ip4() / tcp({.dport = 80}) / payload(1000));
    const Outcome got = judge({{truncated(whole, 96), whole.size()}, {whole}});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_NE(got.err.find("warning: 1 of 2 packets were cut by the capture"), std::string::npos)
        << got.err;
}

TEST_F(TestCapture, BadCapturesAreTheUsersMistake) {
    const std::string missing = directory_.path("missing.pcap");
    const Outcome none = run_command({BPFW, "test", rules_, "--pcap", missing});
    EXPECT_EQ(none.code, 2);
    EXPECT_NE(none.err.find(missing), std::string::npos) << none.err;
    const std::string cooked = directory_.file("cooked.pcap", pcap_file({}, 276));
    const Outcome link = run_command({BPFW, "test", rules_, "--pcap", cooked});
    EXPECT_EQ(link.code, 2);
    EXPECT_NE(link.err.find("LINUX_SLL2"), std::string::npos) << link.err;
}

TEST_F(TestCapture, EmptyCaptureIsNoMistake) {
    const Outcome got = judge({});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out.rfind("0 packets: ", 0), 0u) << got.out;
}

}  // namespace
}  // namespace bpfw::test
