// SPDX-License-Identifier: GPL-2.0-or-later
// One hook = a root program on one side of one interface. What is attached is found in the
// pins and in the kernel's answers, never in a state file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parser/base/result.hpp"
#include "runtime/bpf_syscall.hpp"
#include "runtime/interfaces.hpp"
#include "runtime/pins.hpp"

namespace bpfw::runtime {

enum class Method : std::uint8_t { XdpOffload, XdpNative, XdpGeneric, Tcx, Clsact };
std::string to_text(Method method);  // "xdp native", "tcx", ...
inline bool is_xdp(Method method) { return method <= Method::XdpGeneric; }

// What the running kernel can do, found by asking it.
struct Features {
    bool xdp_links = true;  // 5.9+; tried, and netlink taken when the kernel says EINVAL
    bool tcx = true;        // 6.6+
};
Features probe_features();

enum class Presence : std::uint8_t { Attached, Gone };
struct Hook {
    std::uint32_t ifindex = 0;
    std::string device;  // "" when the interface is gone
    TcDirection direction = TcDirection::Ingress;
    Method method = Method::Tcx;
    Presence presence = Presence::Attached;
    bool pinned = true;  // a link of ours; else netlink XDP or a clsact filter
};

// Every hook of ours in the calling thread's namespace. `generation_map`: the id of its
// pinned generation map, which tells our root programs from another's.
std::vector<Hook> find_hooks(const Pins& pins, std::uint32_t generation_map,
                             const std::vector<Interface>& interfaces);

// XDP on ingress, in the given mode. EBUSY names another's program that is in the way.
Result<Hook> attach_xdp(const Pins& pins, const Interface& interface, int program, Method mode,
                        const Features& features);
// tcx, else clsact.
Result<Hook> attach_tc(const Pins& pins, const Interface& interface, int program,
                       TcDirection direction, const Features& features);
// Done when it returns; fine when the hook is gone.
Result<void> detach(const Pins& pins, const Hook& hook);

// "XDP program 'x' (id 7)" when there is one on the interface, else "".
std::string describe_xdp(const Interface& interface);

}  // namespace bpfw::runtime
