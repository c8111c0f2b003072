// SPDX-License-Identifier: GPL-2.0-or-later
// Short-form rules on real hooks: the frames of a nasty corpus are sent over a veth, and XDP
// (native, generic) and TC (tcx, clsact) count each by the same rule. What `log` records, who
// reads it, and what becomes of it when rules are replaced.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "bpf-templates/abi.h"
#include "compiler/compile.hpp"
#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/object/object.hpp"
#include "parser/pcap/pcap.hpp"
#include "runtime/events.hpp"
#include "runtime/load.hpp"
#include "tests/e2e/runtime/lab.hpp"
#include "tests/filter/corpus.hpp"

namespace bpfw::runtime {
namespace {

using namespace std::chrono_literals;
using parser::FrameAction;
using test::Bytes;

constexpr Features kNew = {.xdp_links = true, .tcx = true};
constexpr Features kOld = {.xdp_links = false, .tcx = false};
constexpr std::size_t kPolicies = 6;  // slots before the short-form rules'

parser::FrameRule rule(FrameAction action, const std::string& text) {
    parser::Diagnostics diags;
    auto expression = parser::pcap::parse({text, {}}, {}, parser::system_names(), diags);
    if (!expression) throw std::runtime_error("no expression: " + text);
    return {action, std::move(*expression), {}};
}

std::vector<std::byte> object_of(const std::vector<parser::FrameRule>& rules) {
    compiler::Ruleset ruleset;
    for (const parser::FrameRule& one : rules) ruleset.frames.push_back({one, {}});
    parser::Diagnostics diags;
    const auto program = compiler::compile(ruleset, {}, diags);
    if (!program) throw std::runtime_error("the rules cannot be compiled");
    return *compiler::write_object(*program);
}

// What each rule counts: the plain evaluation of each expression, in order.
std::vector<CounterValue> expected(const std::vector<parser::FrameRule>& rules,
                                   const std::vector<Bytes>& frames) {
    namespace filter = compiler::filter;
    std::vector<CounterValue> counters(rules.size());
    std::vector<filter::Graph> graphs;
    for (const parser::FrameRule& one : rules)
        graphs.push_back(filter::lower(one.expression, filter::Lists::AsWritten, {}));
    for (const Bytes& bytes : frames) {
        filter::Frame frame;
        frame.bytes = std::as_bytes(std::span(bytes));
        frame.length = static_cast<std::uint32_t>(bytes.size());
        for (std::size_t n = 0; n < rules.size(); ++n) {
            if (filter::evaluate(graphs[n], frame) == 0) continue;
            counters[n].packets++;
            counters[n].bytes += bytes.size();
            if (rules[n].action != FrameAction::Log) break;
        }
    }
    return counters;
}

// The stack itself drops what ends within its tag, or less than two bytes behind it, before TC
// sees it (skb_vlan_untag()).
bool can_be_sent(const Bytes& frame) {
    if (frame.size() < ETH_HLEN || frame.size() > ETH_FRAME_LEN) return false;
    const int type = frame[12] << 8 | frame[13];
    return frame.size() >= 20 || (type != ETH_P_8021Q && type != ETH_P_8021AD);
}

std::vector<Bytes> corpus(std::size_t count) {
    std::vector<Bytes> frames;
    for (test::filter::Sample& sample : test::filter::corpus(7, count))
        if (can_be_sent(sample.bytes)) frames.push_back(std::move(sample.bytes));
    return frames;
}

class FramesTest : public lab::Lab {
protected:
    // From the peer, as they are; how many the kernel took.
    std::size_t send(const std::vector<Bytes>& frames) const {
        std::size_t taken = 0;
        std::thread([&] {
            peer().enter();
            const Fd socket(::socket(AF_PACKET, SOCK_RAW, 0));
            sockaddr_ll address = {};
            address.sll_family = AF_PACKET;
            address.sll_ifindex = static_cast<int>(::if_nametoindex("out"));
            const auto put = [&](const Bytes& frame) {
                return ::sendto(socket.get(), frame.data(), frame.size(), 0,
                                reinterpret_cast<const sockaddr*>(&address), sizeof(address)) > 0;
            };
            for (const Bytes& frame : frames) {
                bool sent = put(frame);
                // A slow receiver's queue is full: it gets time.
                for (int tries = 0; !sent && errno == ENOBUFS && tries < 100; ++tries) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
                    sent = put(frame);
                }
                if (sent) ++taken;
            }
        }).join();
        return taken;
    }

    static LoadOptions options(Mode mode) {
        LoadOptions options;
        options.devices = {"in"};
        options.mode = mode;
        return options;
    }
};

struct HookCase {
    const char* name;
    Mode mode;
    Features features;
};
const HookCase kHooks[] = {
    {"native", Mode::Native, kNew},
    {"generic", Mode::Generic, kNew},
    {"tcx", Mode::Tc, kNew},
    {"clsact", Mode::Tc, kOld},
};

bool can_run(const HookCase& hook) {
    return hook.mode != Mode::Tc || !hook.features.tcx || probe_features().tcx;
}

// Below tcx's kernels the egress hook of XDP's cases is clsact.
Features features_of(const HookCase& hook) {
    return hook.features.tcx && !probe_features().tcx ? kOld : hook.features;
}

class FramesOnHooksTest : public FramesTest, public ::testing::WithParamInterface<HookCase> {};

const std::vector<parser::FrameRule>& rules() {
    static const std::vector<parser::FrameRule> kRules = {
        rule(FrameAction::Log, "len > 70 and ether[len - 1] < 128"),
        rule(FrameAction::Log, "vlan and tcp"),
        rule(FrameAction::Drop, "vlan 100"),
        rule(FrameAction::Accept, "vlan and vlan and ip"),
        rule(FrameAction::Drop, "ether proto 0x88a8 or ether[12:2] = 0x9100"),
        rule(FrameAction::Drop, "arp or rarp"),
        rule(FrameAction::Drop, "ether[14:4] = 0x45000028"),
        rule(FrameAction::Accept, "tcp[13] & 2 != 0 and port 80 or 443 or 22"),
        rule(FrameAction::Drop, "pppoes or ether proto 0x8847"),
        rule(FrameAction::Accept, "icmp or icmp6 or ip6 protochain 6"),
        rule(FrameAction::Drop, "host 10.1.1.1 or 10.1.1.2 or net 192.168.0.0/16"),
        rule(FrameAction::Drop, "greater 100"),
        rule(FrameAction::Accept, "ip or ip6"),
        rule(FrameAction::Drop, "ether[20] > 64"),
    };
    return kRules;
}

TEST_P(FramesOnHooksTest, count_every_frame_by_the_same_rule) {
    const HookCase& hook = GetParam();
    if (!can_run(hook)) GTEST_SKIP() << "needs tcx (kernel 6.6)";
    const std::vector<Bytes> frames = corpus(6000);
    const auto loaded = load_with(object_of(rules()), options(hook.mode), features_of(hook));
    ASSERT_TRUE(loaded) << to_text(loaded.error());
    ASSERT_EQ(send(frames), frames.size());
    packets(0);  // waits
    const auto snapshot = current();
    ASSERT_TRUE(snapshot && *snapshot);
    const std::vector<CounterValue> wanted = expected(rules(), frames);
    for (std::size_t n = 0; n < wanted.size(); ++n) {
        const CounterValue& got = (*snapshot)->counters.at(kPolicies + n);
        EXPECT_GT(wanted[n].packets, 0U) << "rule " << n << " is not tried";
        EXPECT_EQ(got.packets, wanted[n].packets) << "rule " << n;
        EXPECT_EQ(got.bytes, wanted[n].bytes) << "rule " << n;
    }
}

INSTANTIATE_TEST_SUITE_P(hooks, FramesOnHooksTest, ::testing::ValuesIn(kHooks),
                         [](const auto& each) { return std::string(each.param.name); });

// ----------------------------------------------------------------------------------- events
struct Kept {
    Event event;
    Bytes bytes;
};

std::vector<Kept> take_all(EventReader& reader) {
    std::vector<Kept> events;
    const auto keep = [&](const Event& event) {
        const auto* first = reinterpret_cast<const std::uint8_t*>(event.bytes.data());
        events.push_back({event, Bytes(first, first + event.bytes.size())});
    };
    while (true) {
        const auto count = reader.poll(100ms, 100000, keep);
        if (!count || *count == 0) return events;
    }
}

Bytes frame_of(std::uint8_t mark, std::size_t size) {
    Bytes frame(size, mark);
    frame[12] = 0x88;
    frame[13] = 0xb5;  // local experimental
    return frame;
}

class EventsTest : public FramesTest, public ::testing::WithParamInterface<HookCase> {};

TEST_P(EventsTest, hold_the_frame_as_it_was_sent) {
    const HookCase& hook = GetParam();
    if (!can_run(hook)) GTEST_SKIP() << "needs tcx (kernel 6.6)";
    const std::vector<parser::FrameRule> all = {rule(FrameAction::Drop, "ether[0] = 9"),
                                                rule(FrameAction::Log, "")};
    ASSERT_TRUE(load_with(object_of(all), options(hook.mode), features_of(hook)));
    auto reader = EventReader::open();
    ASSERT_TRUE(reader) << to_text(reader.error());
    Bytes tagged = frame_of(2, 300);
    constexpr std::uint8_t kTag[] = {0x81, 0x00, 0x20, 0x05, 0x88, 0xb5};
    std::copy(std::begin(kTag), std::end(kTag), tagged.begin() + 12);
    const std::vector<Bytes> frames = {frame_of(0, 14), frame_of(9, 60), tagged, frame_of(4, 1500)};
    ASSERT_EQ(send(frames), 4U);
    const std::vector<Kept> events = take_all(*reader);
    ASSERT_EQ(events.size(), 3U);
    const Bytes* sent[] = {&frames[0], &frames[2], &frames[3]};
    for (std::size_t n = 0; n < 3; ++n) {
        EXPECT_EQ(events[n].event.slot, kPolicies + 1);
        EXPECT_EQ(events[n].event.length, sent[n]->size());
        EXPECT_EQ(events[n].event.ifindex, ::if_nametoindex("in"));
        EXPECT_EQ(events[n].bytes,
                  Bytes(sent[n]->begin(),
                        sent[n]->begin() + std::min<std::ptrdiff_t>(256, std::ssize(*sent[n]))));
    }
    EXPECT_LE(events[0].event.time, events[2].event.time);
    EXPECT_EQ(reader->lost().value(), 0U);
}

INSTANTIATE_TEST_SUITE_P(hooks, EventsTest, ::testing::ValuesIn(kHooks),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(FramesTest, a_reader_follows_over_changes_of_rules_until_unload) {
    EXPECT_EQ(EventReader::open().error().error_number, ENOENT);
    const auto logging = object_of({rule(FrameAction::Log, "")});
    const auto other = object_of(
        {rule(FrameAction::Drop, "ether[0] = 9"), rule(FrameAction::Log, "ether[0] = 1")});
    const auto silent = object_of({rule(FrameAction::Drop, "ether[0] = 9")});
    ASSERT_TRUE(load(silent, options(Mode::Native)));
    EXPECT_EQ(EventReader::open().error().error_number, ENOENT);
    ASSERT_TRUE(load(logging, options(Mode::Native)));
    auto reader = EventReader::open();
    ASSERT_TRUE(reader);
    send({frame_of(1, 60)});
    ASSERT_TRUE(load(other, options(Mode::Native)));
    send({frame_of(1, 61), frame_of(2, 60)});
    packets(0);  // waits
    ASSERT_TRUE(load(silent, options(Mode::Native)));
    send({frame_of(1, 62)});
    packets(0);
    EXPECT_TRUE(reader->still_there());
    ASSERT_TRUE(load(logging, options(Mode::Native)));
    send({frame_of(1, 63)});
    const std::vector<Kept> events = take_all(*reader);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].event.length, 60U);
    EXPECT_EQ(events[1].event.length, 61U);
    EXPECT_EQ(events[1].event.slot, kPolicies + 1);
    EXPECT_EQ(events[2].event.length, 63U);
    ASSERT_TRUE(unload());
    EXPECT_FALSE(reader->still_there());
}

TEST_F(FramesTest, events_beyond_the_buffer_are_counted_as_lost) {
    ASSERT_TRUE(load(object_of({rule(FrameAction::Log, "")}), options(Mode::Native)));
    constexpr std::size_t kSent = 5000;
    ASSERT_EQ(send(std::vector<Bytes>(kSent, frame_of(1, 60))), kSent);
    const std::uint64_t counted = packets(kPolicies);
    auto reader = EventReader::open();
    ASSERT_TRUE(reader);
    const std::size_t kept = take_all(*reader).size();
    EXPECT_GT(kept, 3000U);
    EXPECT_GT(reader->lost().value(), 0U);
    EXPECT_EQ(kept + reader->lost().value(), counted);
    EXPECT_EQ(counted, kSent);
}

TEST_F(FramesTest, a_reader_takes_no_more_than_it_asked_for) {
    ASSERT_TRUE(load(object_of({rule(FrameAction::Log, "")}), options(Mode::Native)));
    auto reader = EventReader::open();
    ASSERT_TRUE(reader);
    ASSERT_EQ(send(std::vector<Bytes>(40, frame_of(1, 60))), 40U);
    packets(0);  // waits
    std::size_t taken = 0;
    EXPECT_EQ(reader->poll(100ms, 5, [&](const Event&) { ++taken; }).value(), 5U);
    EXPECT_EQ(taken, 5U);
    EXPECT_EQ(take_all(*reader).size(), 35U);
}

// Two that follow at once, under traffic: no event twice, none in part, none forgotten.
TEST_F(FramesTest, each_event_goes_to_one_of_two_readers) {
    ASSERT_TRUE(load(object_of({rule(FrameAction::Log, "")}), options(Mode::Native)));
    constexpr std::size_t kSent = 3000;  // the buffer holds them
    std::atomic<bool> sending = true;
    std::atomic<std::size_t> kept = 0;
    std::atomic<std::size_t> torn = 0;
    const auto follow = [&] {
        auto reader = EventReader::open();
        std::size_t idle = 0;
        while (reader && idle < 3) {
            const bool last = !sending;
            const auto got = reader->poll(50ms, 64, [&](const Event& event) {
                const bool whole = event.length == 60 && event.bytes.size() == 60;
                (whole ? kept : torn)++;
                std::this_thread::sleep_for(10us);  // the other comes while this one reads
            });
            idle = last && got && *got == 0 ? idle + 1 : 0;
        }
    };
    std::thread first(follow);
    std::thread second(follow);
    ASSERT_EQ(send(std::vector<Bytes>(kSent, frame_of(1, 60))), kSent);
    sending = false;
    first.join();
    second.join();
    EXPECT_EQ(torn, 0U);
    EXPECT_EQ(kept, kSent);
}

// Two rulesets that differ in everything but the rule that counts, under traffic.
TEST_F(FramesTest, no_frame_slips_through_a_replacement) {
    const auto first = object_of({rule(FrameAction::Drop, "ether[0] = 1")});
    const auto second =
        object_of({rule(FrameAction::Log, "arp"), rule(FrameAction::Drop, "ether[0] = 1"),
                   rule(FrameAction::Accept, "ip host 10.1.1.1 or 10.1.1.9")});
    ASSERT_TRUE(load(first, options(Mode::Native)));
    std::size_t sent = 0;
    std::atomic<bool> stop = false;
    std::thread traffic([&] {
        while (!stop) sent += send(std::vector<Bytes>(16, frame_of(1, 60)));
    });
    bool all = true;
    for (int n = 0; n < 30 && all; ++n)
        all = load(n % 2 == 0 ? second : first, options(Mode::Native)).has_value();
    stop = true;
    traffic.join();
    EXPECT_TRUE(all);
    EXPECT_GT(sent, 300U);
    // The last one loaded is `first`; its counter has gone through all of them.
    EXPECT_EQ(packets(kPolicies), sent);
}

}  // namespace
}  // namespace bpfw::runtime
