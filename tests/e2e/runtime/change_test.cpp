// SPDX-License-Identifier: GPL-2.0-or-later
// What is attached meets a change: another mode, another's program, a new interface, a load
// that fails, an unload beside what is not ours.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <atomic>
#include <thread>

#include "runtime/load.hpp"
#include "runtime/pins.hpp"
#include "tests/e2e/runtime/lab.hpp"

namespace bpfw::runtime {
namespace {

using lab::object_with;
using lab::plain_ruleset;

class ChangeTest : public lab::Lab {
protected:
    static Result<std::vector<HookReport>> load_on(std::vector<std::string> devices, Mode mode,
                                                   const Features& features = probe_features()) {
        LoadOptions options;
        options.devices = std::move(devices);
        options.mode = mode;
        return load_with(object_with(plain_ruleset()), options, features);
    }
    static const HookReport* find(const std::vector<HookReport>& reports, const std::string& device,
                                  const std::string& hook) {
        for (const HookReport& report : reports)
            if (report.device == device && report.hook == hook) return &report;
        return nullptr;
    }
    std::string tc(const std::string& arguments) const {
        return lab::output_of(fmt::format("tc -n {} {} 2>&1", fw().name(), arguments));
    }
};

// XDP "return XDP_PASS", as another firewall may have it on the interface.
class ForeignXdp {
public:
    ForeignXdp() : index_(static_cast<int>(::if_nametoindex("in"))) {
        const bpf_insn code[] = {{.code = 0xb7, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 2},
                                 {.code = 0x95, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
        const Fd program(::bpf_prog_load(BPF_PROG_TYPE_XDP, "other_xdp", "GPL", code, 2, nullptr));
        EXPECT_EQ(::bpf_xdp_attach(index_, program.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
    }
    ForeignXdp(const ForeignXdp&) = delete;
    ForeignXdp& operator=(const ForeignXdp&) = delete;
    ~ForeignXdp() { ::bpf_xdp_detach(index_, XDP_FLAGS_DRV_MODE, nullptr); }
    [[nodiscard]] bool attached() const {
        std::uint32_t id = 0;
        return ::bpf_xdp_query_id(index_, 0, &id) == 0 && id != 0;
    }

private:
    int index_;
};

TEST_F(ChangeTest, another_xdp_program_is_named_and_left_alone) {
    const ForeignXdp foreign;
    const auto native = load_on({"in"}, Mode::Native);
    ASSERT_FALSE(native);
    EXPECT_EQ(native.error().error_number, EBUSY);
    EXPECT_NE(to_text(native.error()).find("other_xdp"), std::string::npos);
    EXPECT_FALSE(Pins::of_this_namespace()->exists()) << "a failed first load left pins";
    const auto reports = load_on({"in"}, Mode::Auto);
    ASSERT_TRUE(reports) << to_text(reports.error());
    const HookReport* ingress = find(*reports, "in", "ingress");
    ASSERT_NE(ingress, nullptr);
    EXPECT_EQ(ingress->mode, probe_features().tcx ? "tcx" : "clsact");
    EXPECT_NE(ingress->reason.find("other_xdp"), std::string::npos) << ingress->reason;
    EXPECT_EQ(send_from_peer(9, 4), 4);
    EXPECT_EQ(packets(0), 4U);
    ASSERT_TRUE(unload());
    EXPECT_TRUE(foreign.attached());
}

TEST_F(ChangeTest, mode_changes_without_a_gap) {
    ASSERT_TRUE(load_on({"in"}, Mode::Native));
    const lab::UdpReceiver leaked(9);
    std::atomic<bool> stop = false;
    std::thread sender([&] {
        peer().enter();
        const lab::UdpSender to_fw("10.9.0.2", 9);
        for (; !stop; std::this_thread::sleep_for(std::chrono::microseconds(100))) to_fw.send(4);
    });
    std::vector<std::string> modes;
    for (const Mode mode : {Mode::Generic, Mode::Tc, Mode::Native, Mode::Auto, Mode::Tc,
                            Mode::Generic, Mode::Native}) {
        const auto reports = load_on({"in"}, mode);
        modes.push_back(reports ? (*reports)[0].mode : to_text(reports.error()));
        EXPECT_EQ(status()->hooks.size(), 2U) << "the guard stayed";
    }
    stop = true;
    sender.join();
    EXPECT_EQ(leaked.received(), 0);
    const std::string tc_mode = probe_features().tcx ? "tcx" : "clsact";
    EXPECT_EQ(modes, (std::vector<std::string>{"xdp generic", tc_mode, "xdp native", "xdp native",
                                               tc_mode, "xdp generic", "xdp native"}));
}

TEST_F(ChangeTest, failed_mode_change_keeps_the_old_hook) {
    ASSERT_TRUE(load_on({"in"}, Mode::Generic));
    fw().ip("link set in mtu 1500");
    peer().ip("link set out mtu 9000");  // too large for native XDP on veth
    const auto native = load_on({"in"}, Mode::Native);
    ASSERT_FALSE(native);
    EXPECT_EQ(native.error().error_number, ERANGE);
    const auto now = status();
    ASSERT_EQ(now->hooks.size(), 2U);
    EXPECT_EQ(now->hooks[0].hook.mode == "xdp generic" || now->hooks[1].hook.mode == "xdp generic",
              true);
    EXPECT_EQ(now->generation, 1U);
    EXPECT_EQ(send_from_peer(9, 4), 4);
    EXPECT_EQ(packets(0), 4U);
}

TEST_F(ChangeTest, native_refused_goes_generic_and_says_why) {
    peer().ip("link set out mtu 9000");
    const auto reports = load_on({"in"}, Mode::Auto);
    ASSERT_TRUE(reports) << to_text(reports.error());
    EXPECT_EQ((*reports)[0].mode, "xdp generic");
    EXPECT_NE((*reports)[0].reason.find("MTU"), std::string::npos) << (*reports)[0].reason;
}

TEST_F(ChangeTest, a_failed_load_leaves_the_old_ruleset) {
    ASSERT_TRUE(load_on({"in"}, Mode::Auto));
    EXPECT_EQ(send_from_peer(9, 3), 3);
    const auto refused = load(lab::bad_object(), {});
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().log.empty());
    const auto unknown = load_on({"in", "nosuch0"}, Mode::Auto);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().error_number, ENODEV);
    EXPECT_NE(to_text(unknown.error()).find("nosuch0"), std::string::npos);
    const auto garbage = load(std::vector<std::byte>(100), {});
    EXPECT_FALSE(garbage);
    EXPECT_FALSE(load_on({"in"}, Mode::Offload));
    EXPECT_EQ(packets(0), 3U);
    EXPECT_EQ((*current())->generation, 1U);
    EXPECT_EQ((*current())->ruleset, plain_ruleset());
}

TEST_F(ChangeTest, all_interfaces_and_those_that_come_later) {
    const auto first = load_on({}, Mode::Auto);
    ASSERT_TRUE(first) << to_text(first.error());
    const HookReport* loopback = find(*first, "lo", "ingress");
    ASSERT_NE(loopback, nullptr);
    EXPECT_EQ(loopback->mode, probe_features().tcx ? "tcx" : "clsact");
    EXPECT_NE(loopback->reason, "");
    EXPECT_TRUE(status()->warnings.empty());
    fw().ip("link add late type veth peer name later");
    fw().ip("link set late up");
    EXPECT_EQ(status()->warnings.size(), 4U) << "late and later, both hooks";
    const auto second = load_on({}, Mode::Auto);
    ASSERT_TRUE(second) << to_text(second.error());
    EXPECT_NE(find(*second, "late", "ingress"), nullptr);
    EXPECT_NE(find(*second, "late", "egress"), nullptr);
    EXPECT_TRUE(status()->warnings.empty());
}

TEST_F(ChangeTest, status_tells_what_stands_behind_each_hook) {
    EXPECT_FALSE(status()->loaded);
    ASSERT_TRUE(load_on({"in"}, Mode::Native));
    const auto now = status();
    ASSERT_TRUE(now);
    EXPECT_TRUE(now->loaded);
    EXPECT_EQ(now->generation, 1U);
    ASSERT_EQ(now->hooks.size(), 2U);
    for (const HookStatus& hook : now->hooks) {
        EXPECT_EQ(hook.problem, "");
        EXPECT_NE(hook.program_id, 0U);
        EXPECT_EQ(hook.program_name, hook.hook.hook == "ingress" ? "bpfw_xdp" : "bpfw_tc_egress");
    }
}

TEST_F(ChangeTest, clsact_of_others_stays) {
    const Features old = {.xdp_links = false, .tcx = false};
    ASSERT_TRUE(load_on({"in"}, Mode::Tc, old));
    EXPECT_NE(tc("qdisc show dev in").find("clsact"), std::string::npos);
    ASSERT_TRUE(load_on({"in"}, Mode::Tc, old));
    ASSERT_TRUE(unload());
    EXPECT_EQ(tc("qdisc show dev in").find("clsact"), std::string::npos) << "ours stayed";
    tc("qdisc add dev in clsact");
    ASSERT_TRUE(load_on({"in"}, Mode::Tc, old));
    ASSERT_TRUE(unload());
    EXPECT_NE(tc("qdisc show dev in").find("clsact"), std::string::npos) << "theirs was removed";
    EXPECT_EQ(tc("filter show dev in ingress"), "");
}

TEST_F(ChangeTest, unload_of_nothing_is_fine) {
    EXPECT_TRUE(unload());
    EXPECT_TRUE(current());
    EXPECT_FALSE(*current());
    EXPECT_TRUE(zero_counters({}));
}

}  // namespace
}  // namespace bpfw::runtime
