// SPDX-License-Identifier: GPL-2.0-or-later
// What is pinned and attached in this namespace -> Status. Changes nothing.
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "runtime/attach.hpp"
#include "runtime/hooks.hpp"
#include "runtime/placement.hpp"
#include "runtime/ruleset.hpp"
#include "runtime/runtime.hpp"
#include "runtime/switch.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

RulesetHook ruleset_hook(const Hook& hook) {
    if (is_xdp(hook.method)) return RulesetHook::Xdp;
    return hook.direction == TcDirection::Ingress ? RulesetHook::TcIngress : RulesetHook::TcEgress;
}

HookStatus status_of(const Hook& hook, const Switch& active, std::uint64_t generation) {
    HookStatus status = {.hook = report_of(hook, ""), .program_name = "", .problem = ""};
    status.program_id = active.program_id(generation, ruleset_hook(hook));
    if (status.program_id != 0)
        if (const auto program = program_by_id(status.program_id))
            if (const auto info = program_info(program->get())) status.program_name = info->name;
    if (hook.presence == Presence::Gone)
        status.problem = "interface is gone";
    else if (status.program_id == 0)
        status.problem = "no ruleset behind this hook";
    return status;
}

bool has_hook(const std::vector<Hook>& hooks, std::uint32_t ifindex, TcDirection direction) {
    return std::any_of(hooks.begin(), hooks.end(), [=](const Hook& hook) {
        return hook.presence == Presence::Attached && hook.ifindex == ifindex &&
               hook.direction == direction;
    });
}

void warn_of_unprotected(const std::vector<Interface>& interfaces, const std::vector<Hook>& hooks,
                         std::vector<std::string>& warnings) {
    const auto placement = place(interfaces, {}, Mode::Auto);
    if (!placement) return;
    for (const Place& place : placement->places) {
        const std::string& name = place.interface.name;
        const std::uint32_t index = place.interface.index;
        if (place.ingress == Wanted::Yes && !has_hook(hooks, index, TcDirection::Ingress))
            warnings.push_back(
                fmt::format("{}: no ingress hook, INPUT and FORWARD rules do not "
                            "apply here",
                            name));
        if (place.egress == Wanted::Yes && !has_hook(hooks, index, TcDirection::Egress))
            warnings.push_back(
                fmt::format("{}: no egress hook, OUTPUT rules do not apply here", name));
    }
    for (const Skipped& skipped : placement->skipped)
        if ((skipped.interface.flags & IFF_UP) != 0 && skipped.interface.kind != "vrf")
            warnings.push_back(
                fmt::format("{}: no hooks ({})", skipped.interface.name, skipped.reason));
}

}  // namespace

Result<Status> status() {
    if (auto allowed = require_capabilities("read the status"); !allowed)
        return tl::unexpected(allowed.error());
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    Status status;
    status.pin_directory = pins->directory();
    const auto active = Switch::open(*pins);
    if (!active && active.error().error_number == ENOENT) return status;
    if (!active) return tl::unexpected(active.error());
    const auto interfaces = read_interfaces();
    if (!interfaces) return tl::unexpected(interfaces.error());
    status.generation = active->generation();
    status.loaded = active->program_id(status.generation, RulesetHook::Xdp) != 0;
    const auto hooks = find_hooks(*pins, active->generation_map_id(), *interfaces);
    for (const Hook& hook : hooks)
        status.hooks.push_back(status_of(hook, *active, status.generation));
    if (status.loaded) warn_of_unprotected(*interfaces, hooks, status.warnings);
    return status;
}

}  // namespace bpfw::runtime
