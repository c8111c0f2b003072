// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces and namespaces that go away leave pins; clean_leftovers() removes those and
// nothing that still protects.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "runtime/hooks.hpp"
#include "runtime/pins.hpp"
#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

using lab::object_with;
using lab::plain_ruleset;

class LeftoversTest : public lab::Lab {
protected:
    static Result<std::vector<HookReport>> load_on(std::vector<std::string> devices) {
        LoadOptions options;
        options.devices = std::move(devices);
        return load(object_with(plain_ruleset()), options);
    }
    // Of this test's namespaces; others on the machine may leave things of their own.
    static bool names(const std::vector<std::string>& removed, const std::string& what) {
        return std::any_of(removed.begin(), removed.end(), [&what](const std::string& line) {
            return line.find(what) != std::string::npos;
        });
    }
    void new_pair() const {
        peer().ip(fmt::format("link add out type veth peer name in netns {}", fw().name()));
        fw().ip("link set in up");
        peer().ip("link set out up");
    }
};

TEST_F(LeftoversTest, deleted_interface) {
    ASSERT_TRUE(load_on({"in"}));
    peer().ip("link del out");
    auto now = status();
    ASSERT_TRUE(now) << to_text(now.error());
    // A clsact filter goes with its interface and leaves no pin.
    const bool tcx = probe_features().tcx;
    ASSERT_EQ(now->hooks.size(), tcx ? 2U : 1U);
    for (const HookStatus& hook : now->hooks) EXPECT_EQ(hook.problem, "interface is gone");
    const auto removed = clean_leftovers();
    ASSERT_TRUE(removed) << to_text(removed.error());
    const auto own = Pins::of_this_namespace();
    EXPECT_TRUE(names(*removed, own->directory() + "/xdp-"));
    EXPECT_EQ(names(*removed, own->directory() + "/tcx-out-"), tcx);
    EXPECT_TRUE(own->list().empty());
    EXPECT_TRUE(status()->hooks.empty());
    EXPECT_TRUE(*current()) << "the ruleset itself is still there";
}

TEST_F(LeftoversTest, interface_that_comes_back_is_hooked_by_the_next_load) {
    ASSERT_TRUE(load_on({"in"}));
    peer().ip("link del out");
    new_pair();
    const auto warnings = status()->warnings;
    EXPECT_TRUE(names(warnings, "in: no ingress hook"));
    const auto again = load_on({"in"});
    ASSERT_TRUE(again) << to_text(again.error());
    const auto now = status();
    ASSERT_EQ(now->hooks.size(), 2U) << "pins of the old one stayed";
    for (const HookStatus& hook : now->hooks) EXPECT_EQ(hook.problem, "");
}

Result<std::vector<HookReport>> load_as_before() {
    LoadOptions options;
    options.reach = Reach::AsBefore;
    return load(object_with(plain_ruleset()), options);
}

std::vector<std::string> hooked() {
    std::vector<std::string> names;
    const auto now = status();
    for (const HookStatus& hook : now->hooks)
        if (hook.problem.empty()) names.push_back(hook.hook.device);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

using Names = std::vector<std::string>;

TEST_F(LeftoversTest, a_change_of_rules_keeps_to_the_named_interfaces) {
    ASSERT_TRUE(load_on({"in"}));
    fw().ip("link add later0 type veth peer name later1");
    ASSERT_TRUE(load_as_before());
    EXPECT_EQ(hooked(), Names{"in"});
    peer().ip("link del out");
    const auto changed = load_as_before();
    ASSERT_TRUE(changed) << to_text(changed.error());
    EXPECT_EQ(hooked(), Names{}) << "the only one is gone: no other takes its place";
    ASSERT_TRUE(load_on({}));
    EXPECT_EQ(hooked(), (Names{"later0", "later1", "lo"}));
}

TEST_F(LeftoversTest, a_change_of_rules_covers_later_interfaces_when_none_was_named) {
    ASSERT_TRUE(load_as_before());
    EXPECT_EQ(hooked(), (Names{"in", "lo"}));
    fw().ip("link add later0 type veth peer name later1");
    ASSERT_TRUE(load_as_before());
    EXPECT_EQ(hooked(), (Names{"in", "later0", "later1", "lo"}));
}

TEST_F(LeftoversTest, deleted_namespace) {
    std::string directory;
    {
        lab::Namespace doomed("d");
        doomed.ip("link add one type veth peer name two");
        doomed.ip("link set one up");
        std::thread([&] {
            doomed.enter();
            directory = Pins::of_this_namespace()->directory();
            EXPECT_TRUE(load_on({"one"}));
        }).join();
        const auto living = clean_leftovers();
        ASSERT_TRUE(living) << to_text(living.error());
        EXPECT_FALSE(names(*living, directory)) << "a living namespace lost its rules";
    }
    // The kernel takes the namespace apart in the background. Whoever cleans first names it:
    // another process on this machine may have.
    for (int i = 0; i < 100 && Pins(directory).exists(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_TRUE(clean_leftovers());
    }
    EXPECT_FALSE(Pins(directory).exists());
}

TEST_F(LeftoversTest, namespace_without_a_name_lives_with_its_thread) {
    lab::Namespace nameless("n");
    nameless.ip("link add one type veth peer name two");
    std::thread([&] {
        nameless.enter();
        nameless.forget();
        const std::string directory = Pins::of_this_namespace()->directory();
        EXPECT_TRUE(load_on({"one"}));
        // Asked from beside it, by another thread.
        std::thread([&] {
            fw().enter();
            const auto removed = clean_leftovers();
            EXPECT_TRUE(removed && !names(*removed, directory));
        }).join();
        EXPECT_TRUE(Pins(directory).exists());
        EXPECT_TRUE(unload());
    }).join();
}

}  // namespace
}  // namespace bpfw::runtime
