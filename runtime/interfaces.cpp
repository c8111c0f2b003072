// SPDX-License-Identifier: GPL-2.0-or-later
// rtnetlink dumps -> Interface and Address values, by libmnl.
#include "runtime/interfaces.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <type_traits>

#include "runtime/fd.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr int kDumpAttempts = 10;

struct CloseSocket {
    void operator()(mnl_socket* socket) const { ::mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

// Sends one dump request and gives every answer to `take`. 0 or an errno; EINTR: the kernel's
// tables changed in the middle, the caller asks again.
int dump_once(const nlmsghdr* request, mnl_cb_t take, void* data) {
    const Socket socket(::mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!socket || ::mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return errno;
    if (::mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return errno;
    std::vector<char> buffer(kBufferBytes);
    const unsigned port = ::mnl_socket_get_portid(socket.get());
    while (true) {
        const ssize_t got = ::mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
        if (got < 0) return errno;
        const int more = ::mnl_cb_run(buffer.data(), static_cast<std::size_t>(got),
                                      request->nlmsg_seq, port, take, data);
        if (more < 0) return errno;
        if (more == MNL_CB_STOP) return 0;
    }
}

template <typename Header>
nlmsghdr* dump_request(std::vector<char>& buffer, std::uint16_t type, const Header& header) {
    buffer.assign(MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(Header)), 0);
    nlmsghdr* request = ::mnl_nlmsg_put_header(buffer.data());
    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = 1;
    std::memcpy(::mnl_nlmsg_put_extra_header(request, sizeof(Header)), &header, sizeof(Header));
    return request;
}

template <typename T, typename Header>
Result<std::vector<T>> dump(std::uint16_t type, const Header& header, mnl_cb_t take,
                            const char* what) {
    std::vector<char> buffer;
    const nlmsghdr* request = dump_request(buffer, type, header);
    int error = EINTR;
    for (int attempt = 0; attempt < kDumpAttempts && error == EINTR; ++attempt) {
        std::vector<T> found;
        error = dump_once(request, take, &found);
        if (error == 0) return found;
    }
    return refused("read", what, error);
}

// libmnl's own loops are C macros that convert from void*.
template <typename Visit>
void each(const nlattr* first, const void* end, const Visit& visit) {
    const auto left = [end](const nlattr* attribute) {
        return static_cast<int>(static_cast<const char*>(end) -
                                reinterpret_cast<const char*>(attribute));
    };
    for (const nlattr* attribute = first; ::mnl_attr_ok(attribute, left(attribute));
         attribute = ::mnl_attr_next(attribute))
        visit(attribute);
}

template <typename Visit>
void each_nested(const nlattr* parent, const Visit& visit) {
    const char* payload = static_cast<const char*>(::mnl_attr_get_payload(parent));
    each(reinterpret_cast<const nlattr*>(payload), payload + ::mnl_attr_get_payload_len(parent),
         visit);
}

template <typename Visit>
void each_attribute(const nlmsghdr* message, std::size_t header, const Visit& visit) {
    each(static_cast<const nlattr*>(::mnl_nlmsg_get_payload_offset(message, header)),
         ::mnl_nlmsg_get_payload_tail(message), visit);
}

std::uint16_t type_of(const nlattr* attribute) { return ::mnl_attr_get_type(attribute); }

void take_vlan(const nlattr* data, Interface& interface) {
    each_nested(data, [&interface](const nlattr* attribute) {
        if (type_of(attribute) == IFLA_VLAN_ID)
            interface.vlan_id = ::mnl_attr_get_u16(attribute);
        else if (type_of(attribute) == IFLA_VLAN_PROTOCOL)
            interface.vlan_protocol = ntohs(::mnl_attr_get_u16(attribute));
    });
}

void take_link_info(const nlattr* parent, Interface& interface) {
    const nlattr* data = nullptr;
    each_nested(parent, [&](const nlattr* attribute) {
        if (type_of(attribute) == IFLA_INFO_KIND)
            interface.kind = ::mnl_attr_get_str(attribute);
        else if (type_of(attribute) == IFLA_INFO_DATA)
            data = attribute;
    });
    if (interface.kind == "vlan" && data != nullptr) take_vlan(data, interface);
}

void take_xdp(const nlattr* parent, Interface& interface) {
    each_nested(parent, [&interface](const nlattr* attribute) {
        const std::uint16_t type = type_of(attribute);
        if (type == IFLA_XDP_ATTACHED) interface.xdp_attached = ::mnl_attr_get_u8(attribute);
        // With several modes at once the kernel gives no PROG_ID, only one id per mode.
        const bool id = type == IFLA_XDP_PROG_ID || type == IFLA_XDP_DRV_PROG_ID ||
                        type == IFLA_XDP_SKB_PROG_ID || type == IFLA_XDP_HW_PROG_ID;
        if (id && interface.xdp_program == 0) interface.xdp_program = ::mnl_attr_get_u32(attribute);
    });
}

void take_link_attribute(const nlattr* attribute, Interface& interface, bool& elsewhere) {
    switch (type_of(attribute)) {
        case IFLA_IFNAME:
            interface.name = ::mnl_attr_get_str(attribute);
            break;
        case IFLA_MASTER:
            interface.master = ::mnl_attr_get_u32(attribute);
            break;
        case IFLA_LINK:
            interface.lower = ::mnl_attr_get_u32(attribute);
            break;
        case IFLA_LINK_NETNSID:
            elsewhere = true;  // IFLA_LINK is an index of another namespace
            break;
        case IFLA_LINKINFO:
            take_link_info(attribute, interface);
            break;
        case IFLA_XDP:
            take_xdp(attribute, interface);
            break;
        default:
            break;
    }
}

int take_link(const nlmsghdr* message, void* data) {
    const auto* header = static_cast<const ifinfomsg*>(::mnl_nlmsg_get_payload(message));
    Interface interface;
    interface.index = static_cast<std::uint32_t>(header->ifi_index);
    interface.type = header->ifi_type;
    interface.flags = header->ifi_flags;
    bool elsewhere = false;
    each_attribute(message, sizeof(*header), [&](const nlattr* attribute) {
        take_link_attribute(attribute, interface, elsewhere);
    });
    if (elsewhere || interface.lower == interface.index) interface.lower = 0;
    static_cast<std::vector<Interface>*>(data)->push_back(std::move(interface));
    return MNL_CB_OK;
}

// IFA_LOCAL is ours where there is a peer; IFA_ADDRESS is then the peer's.
int take_address(const nlmsghdr* message, void* data) {
    const auto* header = static_cast<const ifaddrmsg*>(::mnl_nlmsg_get_payload(message));
    const nlattr* local = nullptr;
    const nlattr* address = nullptr;
    each_attribute(message, sizeof(*header), [&](const nlattr* attribute) {
        if (type_of(attribute) == IFA_LOCAL) local = attribute;
        if (type_of(attribute) == IFA_ADDRESS) address = attribute;
    });
    const nlattr* own = local != nullptr ? local : address;
    const std::size_t bytes = header->ifa_family == AF_INET ? 4 : 16;
    const bool ip = header->ifa_family == AF_INET || header->ifa_family == AF_INET6;
    if (!ip || own == nullptr || ::mnl_attr_get_payload_len(own) != bytes) return MNL_CB_OK;
    Address result = {.family = static_cast<std::uint8_t>(bytes == 4 ? 4 : 6), .words = {}};
    std::memcpy(result.words.data(), ::mnl_attr_get_payload(own), bytes);
    for (std::uint32_t& word : result.words) word = ntohl(word);
    static_cast<std::vector<Address>*>(data)->push_back(result);
    return MNL_CB_OK;
}

int take_filter(const nlmsghdr* message, void* data) {
    static_cast<std::vector<int>*>(data)->push_back(message->nlmsg_type);
    return MNL_CB_OK;
}

// rx-vlan-offload, by ethtool's ioctl. A veth's frames carry their tag as its sender left it.
VlanTags vlan_tags(int socket, const Interface& interface) {
    if (interface.kind == "veth") return VlanTags::TakenOff;
    ethtool_value flags = {ETHTOOL_GFLAGS, 0};
    ifreq request = {};
    interface.name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    request.ifr_data = reinterpret_cast<char*>(&flags);
    const bool asked = ::ioctl(socket, SIOCETHTOOL, &request) == 0;
    return asked && (flags.data & ETH_FLAG_RXVLAN) != 0 ? VlanTags::TakenOff : VlanTags::InFrame;
}

}  // namespace

bool begins_with_ip(const Interface& interface) {
    switch (interface.type) {
        case ARPHRD_NONE:
        case ARPHRD_RAWIP:
        case ARPHRD_PPP:
        case ARPHRD_TUNNEL:
        case ARPHRD_TUNNEL6:
        case ARPHRD_SIT:
        case ARPHRD_IPGRE:
        case ARPHRD_IP6GRE:
            return true;
        default:
            return false;
    }
}

Result<std::vector<Interface>> read_interfaces() {
    auto interfaces = dump<Interface>(RTM_GETLINK, ifinfomsg{}, take_link, "interfaces");
    if (!interfaces) return interfaces;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (Interface& interface : *interfaces)
        interface.vlan_tags = vlan_tags(socket.get(), interface);
    return interfaces;
}

Result<std::vector<Address>> read_addresses() {
    return dump<Address>(RTM_GETADDR, ifaddrmsg{}, take_address, "addresses");
}

Result<bool> clsact_has_filters(std::uint32_t ifindex) {
    for (const std::uint32_t side : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) {
        tcmsg header = {};
        header.tcm_ifindex = static_cast<int>(ifindex);
        header.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
        const auto found = dump<int>(RTM_GETTFILTER, header, take_filter, "filters");
        if (!found) return tl::unexpected(found.error());
        if (!found->empty()) return true;
    }
    return false;
}

}  // namespace bpfw::runtime
