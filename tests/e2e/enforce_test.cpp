// SPDX-License-Identifier: GPL-2.0-or-later
// load, status, reload, unload and their refusals, in a namespace with one veth pair: what is
// said, the exit code, and that a refusal changes nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <thread>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

using Json = nlohmann::json;

class Enforce : public testing::Test {
protected:
    void SetUp() override {
        const std::string missing = missing_for_kernel_tests();
        if (!missing.empty()) GTEST_SKIP() << "needs " << missing;
        space_.emplace("cli");
        const auto ip = [&](std::vector<std::string> words) {
            words.insert(words.begin(), {"ip", "-n", space_->name()});
            ASSERT_EQ(run_command(words).code, 0);
        };
        ip({"link", "add", kDevice, "type", "veth", "peer", "name", "bpfw-cli1"});
        // No link-local addresses, so no neighbour discovery: counters stand still.
        for (const char* device : {kDevice, "bpfw-cli1"}) {
            ip({"link", "set", device, "addrgenmode", "none", "up"});
        }
    }
    void TearDown() override {
        if (space_) run({BPFW, "unload", "-w", "5"});
    }

    Outcome run(const std::vector<std::string>& words, const std::string& input = "") {
        return space_->run(words, input);
    }
    Outcome load(const std::string& rules) {
        return run({BPFW, "load", "-", "--dev", kDevice}, rules);
    }
    Json status() {
        const Outcome got = run({BPFW, "status", "--json"});
        return Json::parse(got.out, nullptr, false);
    }

    // The running rules, both families, without chains and policies.
    std::string rules() {
        std::istringstream text(status()["ruleset"].get<std::string>());
        std::string out;
        for (std::string line; std::getline(text, line);) {
            if (line.rfind("-A ", 0) == 0) out += line + "\n";
        }
        return out;
    }

    static constexpr const char* kDevice = "bpfw-cli0";
    std::optional<Namespace> space_;
    TemporaryDirectory directory_;
};

const Json* hook_of(const Json& status, const std::string& hook) {
    for (const Json& one : status["hooks"]) {
        if (one["hook"] == hook) return &one;
    }
    return nullptr;
}

TEST_F(Enforce, LoadSaysWhereAndStatusAgrees) {
    const Outcome loaded = load(
        "-A INPUT -p tcp --dport 22 -j DROP\n-A FORWARD -j DROP\n-A OUTPUT -d 192.0.2.9 -j DROP\n");
    ASSERT_EQ(loaded.code, 0) << loaded.err;
    EXPECT_NE(loaded.out.find("xdp native"), std::string::npos) << loaded.out;
    const Json now = status();
    ASSERT_TRUE(now["loaded"]);
    const Json* ingress = hook_of(now, "ingress");
    const Json* egress = hook_of(now, "egress");
    ASSERT_TRUE(ingress != nullptr && egress != nullptr) << now.dump(2);
    EXPECT_EQ((*ingress)["device"], kDevice);
    EXPECT_EQ((*ingress)["mode"], "xdp native");
    EXPECT_EQ((*ingress)["rules"], 2);
    EXPECT_EQ((*egress)["rules"], 1);
    const Outcome text = run({BPFW, "status"});
    EXPECT_EQ(text.code, 0);
    EXPECT_NE(text.out.find(kDevice), std::string::npos) << text.out;
}

TEST_F(Enforce, ModeIsTakenOrRefused) {
    for (const std::string mode : {"native", "generic", "tc"}) {
        const Outcome got = run({BPFW, "load", "-", "--dev", kDevice, "--mode", mode}, "");
        EXPECT_EQ(got.code, 0) << mode << ": " << got.err;
        const Json now = status();
        const Json* ingress = hook_of(now, "ingress");
        ASSERT_NE(ingress, nullptr) << now.dump(2);
        const std::string is = (*ingress)["mode"];
        EXPECT_TRUE(mode == "tc" ? is == "tcx" || is == "clsact" : is == "xdp " + mode) << is;
        ASSERT_EQ(run({BPFW, "unload"}).code, 0);
    }
    const Outcome offload = run({BPFW, "load", "-", "--dev", kDevice, "--mode", "offload"}, "");
    EXPECT_EQ(offload.code, 1) << "a veth is no offload device";
    EXPECT_NE(offload.err.find(kDevice), std::string::npos) << offload.err;
    EXPECT_FALSE(status()["loaded"]);
}

TEST_F(Enforce, NothingLoadedIsToldAndUnloadIsFine) {
    const Outcome got = run({BPFW, "status"});
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(got.out, "no rules are loaded: every packet passes\n");
    EXPECT_EQ(run({BPFW, "unload"}).code, 0);
}

TEST_F(Enforce, UnloadLeavesNothing) {
    ASSERT_EQ(load("-A INPUT -j DROP\n").code, 0);
    const std::string pins = status()["pin_directory"];
    EXPECT_TRUE(std::filesystem::exists(pins)) << pins;
    EXPECT_EQ(run({BPFW, "unload"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(pins));
    EXPECT_EQ(run({BPFW, "status"}).code, 1);
    const Outcome link = run({"ip", "link", "show", "dev", kDevice});
    EXPECT_EQ(link.out.find("xdp"), std::string::npos) << link.out;
}

TEST_F(Enforce, RefusalsChangeNothing) {
    ASSERT_EQ(load("-P INPUT DROP\n-A INPUT -p icmp -j ACCEPT\n").code, 0);
    const Json before = status();
    const std::string good = directory_.file("good", "-A INPUT -j ACCEPT\n");
    const std::string bad = directory_.file("bad", "-A INPUT -p tcp --dport 70000 -j DROP\n");
    struct Refusal {
        std::vector<std::string> words;
        int code;
        const char* says;
    };
    const Refusal refusals[] = {
        {{BPFW, "load", bad}, 2, ":1:25: error: "},
        {{BPFW, "load", good, bad}, 2, ":1:25: error: "},
        {{BPFW, "load", directory_.path("missing")}, 2, "No such file"},
        {{BPFW, "load", good, "--dev", "bpfw-none0"}, 2, "no such device: 'bpfw-none0'"},
        {{BPFW, "load", good, "--dev", kDevice, "--mode", "offload"}, 1, kDevice},
        {{BPFW, "reload", good, bad}, 2, ":1:25: error: "},
        {{BPFW, "reload", "--dir", directory_.path("none")}, 2, "no rules in"},
        {{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BPFW, "load", good},
         1,
         "needs root"},
        {{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BPFW, "unload"},
         1,
         "needs root"},
    };
    for (const Refusal& refusal : refusals) {
        const Outcome got = run(refusal.words);
        EXPECT_EQ(got.code, refusal.code) << refusal.says << ": " << got.err;
        EXPECT_NE(got.err.find(refusal.says), std::string::npos) << refusal.says << ": " << got.err;
        EXPECT_EQ(status(), before) << refusal.says;
    }
}

TEST_F(Enforce, StatusWithoutRootIsRefusedWithAHint) {
    const Outcome got =
        run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BPFW, "status"});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("needs root"), std::string::npos) << got.err;
}

// Process 1 of a pid namespace without a bpffs, bpfw in another mount namespace than it: nowhere
// to pin that would last.
TEST_F(Enforce, MissingBpffsIsNamed) {
    const std::string inner =
        "while umount /sys/fs/bpf 2>/dev/null; do :; done; "  // it may be there twice
        "unshare -m " BPFW " load - --dev bpfw-cli0 </dev/null";
    const Outcome got = run({"unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", inner});
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("bpfw: find the bpffs '/sys/fs/bpf': ENOENT"), std::string::npos)
        << got.err;
    EXPECT_NE(got.err.find("mount -t bpf bpf /sys/fs/bpf"), std::string::npos) << got.err;
    EXPECT_NE(got.err.find("nsenter --net="), std::string::npos) << got.err;
    EXPECT_FALSE(status()["loaded"]);
}

TEST_F(Enforce, LockThatIsHeldFailsAtOnceAndWaitsWhenAsked) {
    ASSERT_EQ(load("-A INPUT -j DROP\n").code, 0);
    const std::filesystem::path pins = status()["pin_directory"].get<std::string>();
    const std::string lock = "/run/bpfw/" + pins.filename().string() + ".lock";
    ASSERT_TRUE(std::filesystem::exists(lock)) << lock;
    const Outcome at_once = run({"flock", lock, BPFW, "unload"});
    EXPECT_EQ(at_once.code, 1);
    EXPECT_NE(at_once.err.find("EAGAIN"), std::string::npos) << at_once.err;
    EXPECT_NE(at_once.err.find("hint: -w waits for it"), std::string::npos) << at_once.err;
    EXPECT_EQ(run({"flock", lock, BPFW, "unload", "-w", "1"}).code, 1);
    EXPECT_TRUE(status()["loaded"]);
    const Outcome waited =
        run({"sh", "-c", "flock " + lock + " sleep 0.3 & sleep 0.1; exec " BPFW " unload -w 10"});
    EXPECT_EQ(waited.code, 0) << waited.err;
    EXPECT_FALSE(status()["loaded"]);
}

TEST_F(Enforce, ReloadReadsTheConfiguredFilesInTheirOrder) {
    directory_.file("rules.v4", "-P INPUT DROP\n-A INPUT -j first\n");
    directory_.file("rules.v6", "-A INPUT -s 2001:db8::/32 -j DROP\n");
    directory_.file("rules.d/20-b", "-A INPUT -p tcp --dport 80 -j ACCEPT\n");
    directory_.file("rules.d/10-a", "-A INPUT -p tcp --dport 22 -j ACCEPT\n");
    directory_.file("rules.d/30-c.v6", "-A INPUT -s 2001:db8:1::/48 -j DROP\n");
    directory_.file("rules.d/.hidden", "nonsense\n");
    directory_.file("rules.d/10-a~", "nonsense\n");
    directory_.file("rules.d/10-a.dpkg-old", "nonsense\n");
    directory_.file("rules.d/blocked.expr", "host 192.0.2.66\n");
    directory_.file("rules.d/05-blocked", "drop -F blocked.expr\n");
    const std::vector<std::string> reload = {BPFW,    "reload", "--dir", directory_.path(),
                                             "--dev", kDevice};
    const Outcome broken = run(reload);
    EXPECT_EQ(broken.code, 2) << "there is no chain 'first'";
    EXPECT_NE(broken.err.find("rules.v4:2:"), std::string::npos) << broken.err;
    EXPECT_FALSE(status()["loaded"]);

    directory_.file("rules.v4", "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n");
    const Outcome loaded = run(reload);
    ASSERT_EQ(loaded.code, 0) << loaded.err;
    EXPECT_EQ(rules(),
              "-A INPUT -i lo -j ACCEPT\n"
              "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
              "-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\n"
              "-A INPUT -s 2001:db8::/32 -j DROP\n"
              "-A INPUT -s 2001:db8:1::/48 -j DROP\n");
    const Json frames = status()["frames"];
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0]["expression"], "host 192.0.2.66");
}

// --dev was a choice: bpf-iptables must not hook lo because a rule is added.
TEST_F(Enforce, RuleAddedLaterHooksNoOtherInterface) {
    ASSERT_EQ(load("-A INPUT -j DROP\n").code, 0);
    const Outcome added = run({BPF_IPTABLES, "-A", "INPUT", "-p", "udp", "-j", "ACCEPT"});
    ASSERT_EQ(added.code, 0) << added.err;
    EXPECT_EQ(rules(), "-A INPUT -j DROP\n-A INPUT -p udp -j ACCEPT\n");
    EXPECT_EQ(status()["hooks"].size(), 2u) << status()["hooks"].dump(2);
}

// The other end of the veth asks for an address by ARP, which no chain sees.
TEST_F(Enforce, ShortFormsAreCountedShownAndLeftAloneByIptables) {
    ASSERT_EQ(run({"ip", "addr", "add", "192.0.2.1/24", "dev", "bpfw-cli1"}).code, 0);
    // Asked once: no second request while the counters are compared.
    const std::string once = "echo 1 > /proc/sys/net/ipv4/neigh/bpfw-cli1/mcast_solicit";
    ASSERT_EQ(run({"sh", "-c", once}).code, 0);
    const std::string rules = "log arp\ndrop arp\naccept ip6 and less 40\n-A INPUT -j ACCEPT\n";
    ASSERT_EQ(load(rules).code, 0);
    run({"ping", "-q", "-c", "1", "-W", "1", "-I", "bpfw-cli1", "192.0.2.7"});
    const Json before = status()["frames"];
    ASSERT_EQ(before.size(), 3u) << before.dump(2);
    EXPECT_EQ(before[1]["action"], "drop");
    EXPECT_EQ(before[1]["number"], 2);
    EXPECT_EQ(before[1]["expression"], "arp");
    EXPECT_GE(before[1]["packets"].get<int>(), 1);
    EXPECT_EQ(before[0]["packets"], before[1]["packets"]) << "log goes on to the next";
    EXPECT_EQ(before[0]["bytes"], 42 * before[0]["packets"].get<int>());
    EXPECT_EQ(before[2]["packets"], 0);
    EXPECT_GE((*hook_of(status(), "ingress"))["packets"], before[1]["packets"]);
    const Outcome text = run({BPFW, "status"});
    EXPECT_NE(text.out.find("\ndrop #2 "), std::string::npos) << text.out;

    for (const char* option : {"-F", "-Z"}) {
        ASSERT_EQ(run({BPF_IPTABLES, option}).code, 0) << option;
        EXPECT_EQ(status()["frames"], before) << option;
    }
    EXPECT_EQ(run({BPF_IPTABLES, "-S"}).out.find("arp"), std::string::npos);
    ASSERT_EQ(load("drop tcp\n" + rules).code, 0);
    EXPECT_EQ(status()["frames"][2]["packets"], before[1]["packets"]) << "it moved, unchanged";
    ASSERT_EQ(load("-A INPUT -j ACCEPT\n").code, 0);
    EXPECT_EQ(status()["frames"].size(), 0u);
}

// A rule more in a chain moves the slots of all that stand behind it.
TEST_F(Enforce, LogNamesTheRuleOfTheRulesThatStandNow) {
    ASSERT_EQ(run({"ip", "addr", "add", "192.0.2.1/24", "dev", "bpfw-cli1"}).code, 0);
    ASSERT_EQ(load("log arp\nlog port 1\n-A INPUT -j ACCEPT\n").code, 0);
    const auto ask = [&] {
        run({"ping", "-q", "-c", "1", "-W", "1", "-I", "bpfw-cli1", "192.0.2.7"});
    };
    ask();
    const Outcome before = run({BPFW, "log", "--no-follow"});
    ASSERT_NE(before.out.find("log #1"), std::string::npos) << before.out << before.err;

    Outcome after;
    std::thread reader([&] { after = run({"timeout", "20", BPFW, "log"}); });
    ask();
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    EXPECT_EQ(run({BPF_IPTABLES, "-A", "INPUT", "-j", "DROP"}).code, 0);
    ask();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(run({BPFW, "unload"}).code, 0);
    reader.join();
    EXPECT_NE(after.out.find("log #1"), std::string::npos) << after.out << after.err;
    EXPECT_EQ(after.out.find("log #2"), std::string::npos) << after.out;
}

TEST_F(Enforce, AWarningIsToldWhenTheRuleComes) {
    ASSERT_EQ(load("drop tcp and udp\n").code, 0);
    const Outcome first =
        run({BPF_IPTABLES, "-A", "INPUT", "-m", "pcap", "--filter", "arp and ip", "-j", "DROP"});
    EXPECT_EQ(first.code, 0);
    EXPECT_NE(first.err.find("command line:1:"), std::string::npos) << first.err;
    EXPECT_EQ(first.err.find("running ruleset"), std::string::npos) << first.err;
    EXPECT_EQ(run({BPF_IPTABLES, "-A", "INPUT", "-p", "tcp", "-j", "DROP"}).err, "");
}

// What is read and cannot be written would be gone.
TEST_F(Enforce, LogEndsWhenItCannotWrite) {
    ASSERT_EQ(run({"ip", "addr", "add", "192.0.2.1/24", "dev", "bpfw-cli1"}).code, 0);
    ASSERT_EQ(load("log arp\n").code, 0);
    const std::string log = std::string("timeout 5 ") + BPFW + " log ";
    for (const std::string to : {">/dev/full", "--pcap /dev/full"}) {
        run({"ping", "-q", "-c", "1", "-W", "1", "-I", "bpfw-cli1", "192.0.2.7"});
        const Outcome got = run({"sh", "-c", log + to});
        EXPECT_EQ(got.code, 1) << to;
        EXPECT_NE(got.err.find("No space left"), std::string::npos) << to << ": " << got.err;
    }
}

TEST_F(Enforce, KilledAtAnyMomentTheOldOrTheNewRulesStand) {
    ASSERT_EQ(load("-A INPUT -j DROP\n").code, 0);
    const std::string one = "-A INPUT -j DROP\n";
    const std::string two = "-A INPUT -p tcp -j DROP\n-A INPUT -j ACCEPT\n";
    const std::string file = directory_.file("new", two);
    for (const std::string seconds : {"0.005", "0.01", "0.02", "0.03", "0.05", "0.08"}) {
        for (const std::string signal : {"INT", "KILL"}) {
            run({"timeout", "-s", signal, seconds, BPFW, "load", file, "--dev", kDevice});
            EXPECT_TRUE(rules() == one || rules() == two)
                << seconds << " " << signal << ": " << rules();
            EXPECT_EQ(run({BPFW, "status"}).code, 0);
        }
    }
}

}  // namespace
}  // namespace bpfw::test
