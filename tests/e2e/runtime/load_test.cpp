// SPDX-License-Identifier: GPL-2.0-or-later
// load(), current(), unload() on real interfaces, in every mode.
#include "runtime/load.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

using lab::object_with;
using lab::plain_ruleset;

constexpr Features kNew = {.xdp_links = true, .tcx = true};
constexpr Features kOld = {.xdp_links = false, .tcx = false};

struct ModeCase {
    const char* name;
    Mode mode;
    Features features;
    const char* ingress;
    const char* egress;
};
const ModeCase kModes[] = {
    {"auto", Mode::Auto, kNew, "xdp native", "tcx"},
    {"native", Mode::Native, kNew, "xdp native", "tcx"},
    {"generic", Mode::Generic, kNew, "xdp generic", "tcx"},
    {"tc", Mode::Tc, kNew, "tcx", "tcx"},
    {"native_netlink", Mode::Native, kOld, "xdp native", "clsact"},
    {"generic_netlink", Mode::Generic, kOld, "xdp generic", "clsact"},
    {"tc_clsact", Mode::Tc, kOld, "clsact", "clsact"},
};

class ModeTest : public lab::Lab, public ::testing::WithParamInterface<ModeCase> {};

TEST_P(ModeTest, drops_counts_and_goes_away) {
    const ModeCase& test = GetParam();
    if (test.features.tcx && !probe_features().tcx) GTEST_SKIP() << "needs tcx (kernel 6.6)";
    LoadOptions options;
    options.devices = {"in"};
    options.mode = test.mode;
    const auto reports = load_with(object_with(plain_ruleset()), options, test.features);
    ASSERT_TRUE(reports) << to_text(reports.error()) << reports.error().log;
    ASSERT_EQ(reports->size(), 2U);
    EXPECT_EQ((*reports)[0].mode, test.ingress) << (*reports)[0].reason;
    EXPECT_EQ((*reports)[1].mode, test.egress);

    EXPECT_EQ(send_from_peer(9, 10), 10);
    EXPECT_EQ(packets(0), 10U);
    const lab::UdpReceiver at_7 = receiver_at_peer(7);
    const lab::UdpReceiver at_8 = receiver_at_peer(8);
    const lab::UdpSender blocked("10.9.0.1", 7);
    const lab::UdpSender open("10.9.0.1", 8);
    blocked.send(5);
    open.send(3);
    EXPECT_EQ(packets(2), 5U);
    EXPECT_EQ(packets(3), 3U);
    EXPECT_EQ(at_7.received(), 0);
    EXPECT_EQ(at_8.received(), 3);
    const auto snapshot = current();
    ASSERT_TRUE(snapshot && *snapshot);
    EXPECT_EQ((*snapshot)->ruleset, plain_ruleset());
    EXPECT_EQ((*snapshot)->generation, 1U);
    EXPECT_EQ((*snapshot)->counters[0].bytes, 10U * 32U);

    ASSERT_TRUE(unload());
    const auto nothing = current();
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(*nothing);
    blocked.send(4);
    EXPECT_EQ(at_7.received(), 4) << "egress still drops";
    const auto fresh = load_with(object_with(plain_ruleset()), options, test.features);
    ASSERT_TRUE(fresh) << to_text(fresh.error());
    EXPECT_EQ(packets(0), 0U) << "counters of the life before";
}

INSTANTIATE_TEST_SUITE_P(modes, ModeTest, ::testing::ValuesIn(kModes),
                         [](const auto& each) { return std::string(each.param.name); });

using LoadTest = lab::Lab;

// The programs' table of names is an array by index: such an interface would have no name there,
// and rules with -i would not hold for it.
TEST_F(LoadTest, an_interface_with_a_huge_index_is_refused_by_name) {
    fw().ip("link add huge index 20000000 type veth peer name other");
    LoadOptions options;
    options.devices = {"in"};
    const auto reports = load(object_with(plain_ruleset()), options);
    ASSERT_FALSE(reports);
    EXPECT_EQ(reports.error().error_number, ERANGE);
    EXPECT_EQ(reports.error().object, "huge");
    fw().ip("link del huge");
}

}  // namespace
}  // namespace bpfw::runtime
