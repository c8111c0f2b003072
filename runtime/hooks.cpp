// SPDX-License-Identifier: GPL-2.0-or-later
// Attaches, finds and detaches root programs: XDP by link or netlink, TC by tcx or clsact.
#include "runtime/hooks.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "bpf-templates/abi.h"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

// Fixed, so that REPLACE meets our own filter and never piles up a second one. Priority 1:
// before filters that would end the classification.
constexpr std::uint32_t kFilterHandle = 0x62706677;  // "bpfw"
constexpr std::uint32_t kFilterPriority = 1;

std::uint32_t xdp_flags(Method mode) {
    switch (mode) {
        case Method::XdpOffload:
            return XDP_FLAGS_HW_MODE;
        case Method::XdpNative:
            return XDP_FLAGS_DRV_MODE;
        case Method::XdpGeneric:
            return XDP_FLAGS_SKB_MODE;
        case Method::Tcx:
        case Method::Clsact:
            break;
    }
    BPFW_BUG("XDP flags of a TC method");
}

Method attached_mode(const Interface& interface) {
    if (interface.xdp_attached == XDP_ATTACHED_HW) return Method::XdpOffload;
    return interface.xdp_attached == XDP_ATTACHED_SKB ? Method::XdpGeneric : Method::XdpNative;
}

PinName link_pin(const Hook& hook) {
    if (is_xdp(hook.method)) return {.kind = PinKind::XdpLink, .ifindex = hook.ifindex};
    const bool in = hook.direction == TcDirection::Ingress;
    return {.kind = in ? PinKind::TcxIngressLink : PinKind::TcxEgressLink, .ifindex = hook.ifindex};
}

const Interface* find(const std::vector<Interface>& interfaces, std::uint32_t index) {
    const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                    [index](const Interface& i) { return i.index == index; });
    return found == interfaces.end() ? nullptr : &*found;
}

bool is_our_root(std::uint32_t program_id, const char* name, std::uint32_t generation_map) {
    if (program_id == 0) return false;
    const auto program = program_by_id(program_id);
    if (!program) return false;
    const auto info = program_info(program->get());
    return info && info->name == name &&
           std::find(info->maps.begin(), info->maps.end(), generation_map) != info->maps.end();
}

Hook hook_of_pin(const Pins& pins, const PinName& pin, const std::vector<Interface>& interfaces) {
    Hook hook;
    hook.ifindex = pin.ifindex;
    hook.direction =
        pin.kind == PinKind::TcxEgressLink ? TcDirection::Egress : TcDirection::Ingress;
    hook.method = pin.kind == PinKind::XdpLink ? Method::XdpNative : Method::Tcx;
    hook.presence = Presence::Gone;
    const auto link = open_pin(pins.path(pin));
    const auto info = link ? link_info(link->get()) : tl::unexpected(link.error());
    // A link keeps to its interface into another namespace, where these rules mean nothing.
    const Interface* interface = info ? find(interfaces, info->ifindex) : nullptr;
    if (interface == nullptr || interface->index != pin.ifindex) return hook;
    // With several XDP modes on the interface rtnetlink's one id may be another's.
    const bool one = interface->xdp_attached != XDP_ATTACHED_MULTI;
    if (pin.kind == PinKind::XdpLink && one && interface->xdp_program != info->program) return hook;
    hook.device = interface->name;
    if (pin.kind == PinKind::XdpLink) hook.method = attached_mode(*interface);
    hook.presence = Presence::Attached;
    return hook;
}

bpf_tc_hook tc_hook(std::uint32_t ifindex, bpf_tc_attach_point point) {
    bpf_tc_hook hook = {};
    hook.sz = sizeof(hook);
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = point;
    return hook;
}

bpf_tc_attach_point point_of(TcDirection direction) {
    return direction == TcDirection::Ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

std::uint32_t clsact_program(std::uint32_t ifindex, TcDirection direction) {
    const LibbpfLog quiet;  // no qdisc is no error here
    const bpf_tc_hook hook = tc_hook(ifindex, point_of(direction));
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = kFilterHandle, .priority = kFilterPriority);
    return ::bpf_tc_query(&hook, &options) == 0 ? options.prog_id : 0;
}

void find_clsact(const Interface& interface, std::uint32_t generation_map,
                 std::vector<Hook>& found) {
    for (const TcDirection direction : {TcDirection::Ingress, TcDirection::Egress}) {
        const char* name = direction == TcDirection::Ingress ? BPFW_PROG_ROOT_TC_INGRESS
                                                             : BPFW_PROG_ROOT_TC_EGRESS;
        if (is_our_root(clsact_program(interface.index, direction), name, generation_map))
            found.push_back({interface.index, interface.name, direction, Method::Clsact,
                             Presence::Attached, false});
    }
}

Result<void> pin_link(const Pins& pins, const Hook& hook, const Fd& link) {
    const PinName name = link_pin(hook);
    pins.remove(name);  // what is left of an interface that had the same index
    if (const int error = ::bpf_obj_pin(link.get(), pins.path(name).c_str()); error != 0)
        return refused("pin link", pins.path(name), -error);
    return {};
}

// EINVAL from a kernel without XDP links; the caller then goes through netlink.
Result<Fd> link_xdp(const Interface& interface, int program, Method mode) {
    LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = xdp_flags(mode);
    Fd fd(::bpf_link_create(program, static_cast<int>(interface.index), BPF_XDP, &options));
    if (fd.get() < 0) return refused("attach " + to_text(mode), interface.name, errno);
    return fd;
}

Result<void> netlink_xdp(const Interface& interface, int program, Method mode) {
    const LibbpfLog log;
    const std::uint32_t flags = xdp_flags(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST;
    const int error = ::bpf_xdp_attach(static_cast<int>(interface.index), program, flags, nullptr);
    if (error != 0) return refused("attach " + to_text(mode), interface.name, -error, log.text());
    return {};
}

// The qdisc goes with its last filter, when it was us who made it.
void drop_own_qdisc(const Pins& pins, std::uint32_t ifindex) {
    const PinName mark = {.kind = PinKind::ClsactMark, .ifindex = ifindex};
    if (::access(pins.path(mark).c_str(), F_OK) != 0) return;
    const auto used = clsact_has_filters(ifindex);
    if (!used || *used) return;
    const LibbpfLog quiet;
    bpf_tc_hook both =
        tc_hook(ifindex, static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
    ::bpf_tc_hook_destroy(&both);
    pins.remove(mark);
}

Result<void> attach_clsact(const Pins& pins, const Interface& interface, int program,
                           TcDirection direction) {
    const LibbpfLog log;
    bpf_tc_hook hook = tc_hook(interface.index, point_of(direction));
    const int made = ::bpf_tc_hook_create(&hook);
    if (made != 0 && made != -EEXIST)
        return refused("create the clsact qdisc", interface.name, -made, log.text());
    if (made == 0) pins.mark_clsact(interface.index);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .flags = BPF_TC_F_REPLACE,
                .handle = kFilterHandle, .priority = kFilterPriority);
    if (const int error = ::bpf_tc_attach(&hook, &options); error != 0) {
        drop_own_qdisc(pins, interface.index);
        return refused("attach clsact", interface.name, -error, log.text());
    }
    return {};
}

Result<void> detach_clsact(const Pins& pins, const Hook& hook) {
    const LibbpfLog log;
    const bpf_tc_hook side = tc_hook(hook.ifindex, point_of(hook.direction));
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = kFilterHandle, .priority = kFilterPriority);
    const int error = ::bpf_tc_detach(&side, &options);
    if (error != 0 && error != -ENOENT && error != -ENODEV)
        return refused("detach clsact", hook.device, -error, log.text());
    drop_own_qdisc(pins, hook.ifindex);
    return {};
}

Result<void> detach_netlink_xdp(const Hook& hook) {
    const LibbpfLog log;
    const int error =
        ::bpf_xdp_detach(static_cast<int>(hook.ifindex), xdp_flags(hook.method), nullptr);
    if (error != 0 && error != -ENODEV)
        return refused("detach " + to_text(hook.method), hook.device, -error, log.text());
    return {};
}

}  // namespace

std::string to_text(Method method) {
    switch (method) {
        case Method::XdpOffload:
            return "xdp offload";
        case Method::XdpNative:
            return "xdp native";
        case Method::XdpGeneric:
            return "xdp generic";
        case Method::Tcx:
            return "tcx";
        case Method::Clsact:
            return "clsact";
    }
    BPFW_BUG("an unknown method");
}

Features probe_features() { return {.xdp_links = true, .tcx = has_tcx()}; }

std::vector<Hook> find_hooks(const Pins& pins, std::uint32_t generation_map,
                             const std::vector<Interface>& interfaces) {
    std::vector<Hook> found;
    std::vector<std::uint32_t> linked;
    for (const PinName& pin : pins.list()) {
        if (pin.kind == PinKind::ClsactMark) continue;
        found.push_back(hook_of_pin(pins, pin, interfaces));
        if (pin.kind == PinKind::XdpLink) linked.push_back(pin.ifindex);
    }
    for (const Interface& interface : interfaces) {
        const bool link = std::find(linked.begin(), linked.end(), interface.index) != linked.end();
        if (!link && is_our_root(interface.xdp_program, BPFW_PROG_ROOT_XDP, generation_map))
            found.push_back({interface.index, interface.name, TcDirection::Ingress,
                             attached_mode(interface), Presence::Attached, false});
        find_clsact(interface, generation_map, found);
    }
    return found;
}

Result<Hook> attach_xdp(const Pins& pins, const Interface& interface, int program, Method mode,
                        const Features& features) {
    if (interface.xdp_program != 0)
        return failure("attach " + to_text(mode), interface.name, EBUSY,
                       describe_xdp(interface) + " is attached there");
    Hook hook = {
        interface.index, interface.name, TcDirection::Ingress, mode, Presence::Attached, true};
    if (features.xdp_links) {
        const auto link = link_xdp(interface, program, mode);
        if (link) {
            if (auto pinned = pin_link(pins, hook, *link); !pinned)
                return tl::unexpected(pinned.error());
            return hook;
        }
        if (link.error().error_number != EINVAL) return tl::unexpected(link.error());
    }
    hook.pinned = false;
    if (auto done = netlink_xdp(interface, program, mode); !done)
        return tl::unexpected(done.error());
    return hook;
}

Result<Hook> attach_tc(const Pins& pins, const Interface& interface, int program,
                       TcDirection direction, const Features& features) {
    Hook hook = {interface.index, interface.name, direction, Method::Tcx, Presence::Attached, true};
    if (features.tcx) {
        const auto link = create_tcx_link(program, interface.index, direction);
        if (!link)
            return failure("attach tcx", interface.name, link.error().error_number,
                           link.error().reason);
        if (auto pinned = pin_link(pins, hook, *link); !pinned)
            return tl::unexpected(pinned.error());
        return hook;
    }
    hook.method = Method::Clsact;
    hook.pinned = false;
    if (auto done = attach_clsact(pins, interface, program, direction); !done)
        return tl::unexpected(done.error());
    return hook;
}

Result<void> detach(const Pins& pins, const Hook& hook) {
    if (!hook.pinned)
        return is_xdp(hook.method) ? detach_netlink_xdp(hook) : detach_clsact(pins, hook);
    const PinName name = link_pin(hook);
    // Detached first: after the unlink alone the kernel takes its time.
    if (const auto link = open_pin(pins.path(name)); link) ::bpf_link_detach(link->get());
    pins.remove(name);
    return {};
}

std::string describe_xdp(const Interface& interface) {
    if (interface.xdp_program == 0) return "";
    const auto program = program_by_id(interface.xdp_program);
    const auto info = program ? program_info(program->get()) : tl::unexpected(program.error());
    return fmt::format("XDP program '{}' (id {})", info ? info->name : "?", interface.xdp_program);
}

}  // namespace bpfw::runtime
