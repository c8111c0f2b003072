// SPDX-License-Identifier: GPL-2.0-or-later
// The table of extensions, and which of them mean the same at XDP, at TC and in xt_bpf.
// Door: extension_of().
#include "compiler/filter/classic_extensions.hpp"

#include <linux/filter.h>

#include <algorithm>

namespace bpfw::compiler::filter {
namespace {

constexpr std::string_view kNoMark = "XDP runs before anything could have set a mark";
constexpr std::string_view kDevice =
    "the device that iptables sees here is not known before routing";
constexpr std::string_view kTag = "kernels before 6.2 show a tag here that is no longer there";
constexpr std::string_view kNetlink = "it is for netlink messages";
constexpr std::string_view kHost = "it is about the host's load, not the packet";

// What is left: at iptables' hooks the protocol is that of the IP header, the packet's type that
// of the Ethernet address, and no packet carries a tag.
constexpr Extension kExtensions[] = {
    {SKF_AD_PROTOCOL, "SKF_AD_PROTOCOL", "proto", ""},
    {SKF_AD_PKTTYPE, "SKF_AD_PKTTYPE", "type", ""},
    {SKF_AD_IFINDEX, "SKF_AD_IFINDEX", "ifidx", kDevice},
    {SKF_AD_NLATTR, "SKF_AD_NLATTR", "nla", kNetlink},
    {SKF_AD_NLATTR_NEST, "SKF_AD_NLATTR_NEST", "nlan", kNetlink},
    {SKF_AD_MARK, "SKF_AD_MARK", "mark", kNoMark},
    {SKF_AD_QUEUE, "SKF_AD_QUEUE", "queue", kHost},
    {SKF_AD_HATYPE, "SKF_AD_HATYPE", "hatype", kDevice},
    {SKF_AD_RXHASH, "SKF_AD_RXHASH", "rxhash", kHost},
    {SKF_AD_CPU, "SKF_AD_CPU", "cpu", kHost},
    {SKF_AD_ALU_XOR_X, "SKF_AD_ALU_XOR_X", "xor_x", ""},
    {SKF_AD_VLAN_TAG, "SKF_AD_VLAN_TAG", "vlan_tci", kTag},
    {SKF_AD_VLAN_TAG_PRESENT, "SKF_AD_VLAN_TAG_PRESENT", "vlanp", ""},
    {SKF_AD_PAY_OFFSET, "SKF_AD_PAY_OFFSET", "poff", "XDP has no flow dissector"},
    {SKF_AD_RANDOM, "SKF_AD_RANDOM", "random", "its answer cannot be told in advance"},
    {SKF_AD_VLAN_TPID, "SKF_AD_VLAN_TPID", "vlan_tpid", kTag},
};

}  // namespace

const Extension* extension_of(std::uint32_t k) {
    const std::uint32_t number = k - static_cast<std::uint32_t>(SKF_AD_OFF);
    const auto* found = std::find_if(std::begin(kExtensions), std::end(kExtensions),
                                     [&](const Extension& e) { return e.number == number; });
    return found == std::end(kExtensions) ? nullptr : found;
}

}  // namespace bpfw::compiler::filter
