// SPDX-License-Identifier: GPL-2.0-or-later
// A running ruleset is replaced: under traffic, by a process that is killed, by two at once.
// No packet may pass by, none may go uncounted.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "runtime/load.hpp"
#include "runtime/switch.hpp"
#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

using lab::object_with;
using lab::plain_ruleset;

constexpr Features kNew = {.xdp_links = true, .tcx = true};
constexpr Features kOld = {.xdp_links = false, .tcx = false};

LoadOptions on_veth(Mode mode) {
    LoadOptions options;
    options.devices = {"in"};
    options.mode = mode;
    return options;
}

// The second ruleset: another policy line at the end, the counted rules stand in both.
std::string other_ruleset() {
    std::string text = plain_ruleset();
    return text.replace(text.find(":OUTPUT ACCEPT"), 14, ":OUTPUT DROP");
}

struct TrafficCase {
    const char* name;
    Mode mode;
    Features features;
    int replacements;
};
const TrafficCase kTraffic[] = {
    {"native_1000", Mode::Native, kNew, 1000},
    {"generic", Mode::Generic, kNew, 100},
    {"tcx", Mode::Tc, kNew, 100},
    {"clsact", Mode::Tc, kOld, 100},
};

class TrafficTest : public lab::Lab, public ::testing::WithParamInterface<TrafficCase> {
protected:
    // Sends to the dropped port from both sides until told to stop.
    void start() {
        in_ = std::thread([this] {
            peer().enter();
            const lab::UdpSender sender("10.9.0.2", 9);
            for (; !stop_; pause()) sent_in_ += sender.send(8);
            dropped_in_ = lab::tx_dropped("out");
        });
        out_ = std::thread([this] {
            fw().enter();
            const lab::UdpSender sender("10.9.0.1", 7);
            for (; !stop_; pause()) sent_out_ += sender.send(8);
        });
    }
    void stop() {
        stop_ = true;
        in_.join();
        out_.join();
    }
    static void pause() { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

    std::thread in_, out_;
    std::atomic<bool> stop_ = false;
    std::uint64_t sent_in_ = 0, sent_out_ = 0, dropped_in_ = 0;
};

TEST_P(TrafficTest, every_packet_is_judged_and_counted) {
    const TrafficCase& test = GetParam();
    if (test.features.tcx && !probe_features().tcx) GTEST_SKIP() << "needs tcx (kernel 6.6)";
    const auto objects = {object_with(plain_ruleset()), object_with(other_ruleset())};
    const LoadOptions options = on_veth(test.mode);
    ASSERT_TRUE(load_with(*objects.begin(), options, test.features));
    const lab::UdpReceiver leaked_in(9);
    const lab::UdpReceiver leaked_out = receiver_at_peer(7);
    const std::size_t fds = lab::open_fds();
    start();
    bool all = true;
    for (int i = 1; i <= test.replacements && all; ++i)
        all = load_with(objects.begin()[i % 2], options, test.features).has_value();
    stop();
    EXPECT_TRUE(all);
    EXPECT_EQ(lab::open_fds(), fds);
    EXPECT_GT(sent_in_, 100U);
    EXPECT_GT(sent_out_, 100U);
    EXPECT_EQ(packets(0), sent_in_ - dropped_in_);
    EXPECT_EQ(packets(2), sent_out_);
    EXPECT_EQ(leaked_in.received(), 0);
    EXPECT_EQ(leaked_out.received(), 0);
    std::printf("%d replacements under %s packets\n", test.replacements,
                fmt::format("{}", sent_in_ + sent_out_).c_str());
}

INSTANTIATE_TEST_SUITE_P(modes, TrafficTest, ::testing::ValuesIn(kTraffic),
                         [](const auto& each) { return std::string(each.param.name); });

class ReplaceTest : public lab::Lab {
protected:
    // A child that loads the two rulesets in turn until it is killed.
    static pid_t start_loader() {
        const pid_t child = ::fork();
        if (child != 0) return child;
        const auto objects = {object_with(plain_ruleset()), object_with(other_ruleset())};
        for (int i = 0;; ++i)
            if (!load(objects.begin()[i % 2], on_veth(Mode::Auto))) ::_exit(1);
    }
    static void kill_after(pid_t child, int microseconds) {
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status)) << "the loader failed by itself";
    }
    static void expect_whole(const Snapshot& snapshot) {
        EXPECT_TRUE(snapshot.ruleset == plain_ruleset() || snapshot.ruleset == other_ruleset());
    }
};

TEST_F(ReplaceTest, killed_at_any_instant_the_old_or_the_new_stands) {
    ASSERT_TRUE(load(object_with(plain_ruleset()), on_veth(Mode::Auto)));
    const lab::UdpReceiver leaked(9);
    std::mt19937 random(2);
    for (int i = 0; i < 50; ++i) {
        kill_after(start_loader(), std::uniform_int_distribution<int>(0, 40000)(random));
        const auto snapshot = current();
        ASSERT_TRUE(snapshot && *snapshot) << "round " << i;
        expect_whole(**snapshot);
        EXPECT_EQ(send_from_peer(9, 2), 2);
    }
    EXPECT_EQ(leaked.received(), 0);
    // The next run leaves nothing of the killed ones behind.
    ASSERT_TRUE(load(object_with(plain_ruleset()), on_veth(Mode::Auto)));
    const auto pins = Pins::of_this_namespace();
    const auto active = Switch::open(*pins);
    ASSERT_TRUE(active);
    for (std::uint64_t other = 1; other < 4; ++other)
        for (const auto hook : {RulesetHook::Xdp, RulesetHook::TcIngress, RulesetHook::TcEgress})
            EXPECT_EQ(active->program_id(active->generation() + other, hook), 0U);
    EXPECT_EQ(pins->list().size(), 2U);
}

TEST_F(ReplaceTest, first_load_killed_leaves_none_or_a_whole_one) {
    std::mt19937 random(3);
    for (int i = 0; i < 20; ++i) {
        kill_after(start_loader(), std::uniform_int_distribution<int>(0, 20000)(random));
        const auto snapshot = current();
        ASSERT_TRUE(snapshot) << to_text(snapshot.error());
        if (*snapshot) expect_whole(**snapshot);
        const auto again = load(object_with(plain_ruleset()), on_veth(Mode::Auto));
        ASSERT_TRUE(again) << to_text(again.error());
        EXPECT_EQ(again->size(), 2U);
        const auto gone = unload();
        ASSERT_TRUE(gone) << to_text(gone.error());
        ASSERT_FALSE(Pins::of_this_namespace()->exists());
    }
}

TEST_F(ReplaceTest, two_loaders_queue_on_the_lock) {
    constexpr int kLoads = 20;
    const auto loader = [](const std::string& text) {
        const pid_t child = ::fork();
        if (child != 0) return child;
        for (int i = 0; i < kLoads; ++i) {
            const auto lock = Lock::take(0);
            if (!lock || !load(object_with(text), on_veth(Mode::Auto))) ::_exit(1);
        }
        ::_exit(0);
    };
    const pid_t children[] = {loader(plain_ruleset()), loader(other_ruleset())};
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    const auto snapshot = current();
    ASSERT_TRUE(snapshot && *snapshot);
    EXPECT_EQ((*snapshot)->generation, 2U * kLoads) << "a load was lost";
}

TEST_F(ReplaceTest, lock_waits_as_long_as_it_is_told) {
    auto held = Lock::take(std::nullopt);
    ASSERT_TRUE(held) << to_text(held.error());
    EXPECT_EQ(Lock::take(std::nullopt).error().error_number, EAGAIN);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(Lock::take(1).error().error_number, EAGAIN);
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(990));
    { const Lock released = std::move(*held); }
    EXPECT_TRUE(Lock::take(std::nullopt));
}

TEST_F(ReplaceTest, counters_follow_their_rule) {
    ASSERT_TRUE(load(object_with(plain_ruleset()), on_veth(Mode::Auto)));
    ASSERT_EQ(send_from_peer(9, 10), 10);
    ASSERT_EQ(packets(0), 10U);
    std::string inserted = plain_ruleset();
    inserted.insert(inserted.find("-A INPUT"), "-A INPUT -s 192.0.2.1/32 -j DROP\n");
    ASSERT_TRUE(load(object_with(inserted), on_veth(Mode::Auto)));
    EXPECT_EQ(packets(0), 0U) << "the inserted rule begins at 0";
    EXPECT_EQ(packets(1), 10U) << "the old one goes on";
    ASSERT_TRUE(load(object_with(plain_ruleset()), on_veth(Mode::Auto)));
    EXPECT_EQ(packets(0), 10U);
    ASSERT_EQ(send_from_peer(9, 5), 5);
    EXPECT_EQ(packets(0), 15U);
}

TEST_F(ReplaceTest, counters_are_set_zeroed_and_reset) {
    LoadOptions options = on_veth(Mode::Auto);
    options.start = {CounterValue{100, 5000}, std::nullopt, CounterValue{7, 70}};
    ASSERT_TRUE(load(object_with(plain_ruleset()), options));
    ASSERT_EQ(send_from_peer(9, 3), 3);
    EXPECT_EQ(packets(0), 103U);
    EXPECT_EQ(packets(2), 7U);
    ASSERT_TRUE(zero_counters({0}));
    EXPECT_EQ(packets(0), 0U);
    EXPECT_EQ(packets(2), 7U);
    ASSERT_EQ(send_from_peer(9, 2), 2);
    EXPECT_EQ(packets(0), 2U);
    ASSERT_TRUE(zero_counters({}));
    EXPECT_EQ(packets(2), 0U);
    EXPECT_EQ(zero_counters({99}).error().error_number, ERANGE);
    ASSERT_EQ(send_from_peer(9, 4), 4);
    options = on_veth(Mode::Auto);
    options.carry = CarryCounters::Reset;
    ASSERT_TRUE(load(object_with(plain_ruleset()), options));
    EXPECT_EQ(packets(0), 0U);
}

}  // namespace
}  // namespace bpfw::runtime
