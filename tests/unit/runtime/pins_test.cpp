// SPDX-License-Identifier: GPL-2.0-or-later
// Names of pins and of namespaces: text and back.
#include "runtime/pins.hpp"

#include <gtest/gtest.h>

namespace bpfw::runtime {
namespace {

TEST(PinNames, there_and_back) {
    for (const PinName& pin :
         {PinName{PinKind::XdpLink, 7}, PinName{PinKind::TcxIngressLink, 0},
          PinName{PinKind::TcxEgressLink, 4294967295U}, PinName{PinKind::ClsactMark, 12}})
        EXPECT_EQ(parse_pin_name(to_text(pin)), pin) << to_text(pin);
    EXPECT_EQ(to_text(PinName{PinKind::TcxIngressLink, 3}), "tcx-in-3");
}

TEST(PinNames, others_are_not_ours) {
    for (const char* name : {"", "xdp", "xdp-", "xdp-7x", "xdp-4294967296", "bpfw_generation",
                             "tcx-7", "XDP-7", "xdp--7"})
        EXPECT_EQ(parse_pin_name(name), std::nullopt) << name;
}

TEST(NetnsKeys, there_and_back) {
    const NetnsKey key = {.inode = 4026531840, .cookie = 12};
    EXPECT_EQ(to_text(key), "4026531840-12");
    EXPECT_EQ(parse_netns_key("4026531840-12"), key);
    for (const char* name : {"", "1", "1-", "-1", "1-2-3", "x-1", "1-x"})
        EXPECT_EQ(parse_netns_key(name), std::nullopt) << name;
}

}  // namespace
}  // namespace bpfw::runtime
