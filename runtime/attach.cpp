// SPDX-License-Identifier: GPL-2.0-or-later
// Attaches the root programs where the placement wants them (Attacher::attach). A protected
// interface is never without a hook, not even while its mode is changed.
#include "runtime/attach.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "bpf-templates/abi.h"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

bool fits(Mode mode, Method method) {
    switch (mode) {
        case Mode::Auto:
            return true;
        case Mode::Offload:
            return method == Method::XdpOffload;
        case Mode::Native:
            return method == Method::XdpNative;
        case Mode::Generic:
            return method == Method::XdpGeneric;
        case Mode::Tc:
            return !is_xdp(method);
    }
    BPFW_BUG("an unknown mode");
}

std::string because(const Error& error) {
    return fmt::format("no {}: {}", error.op.substr(error.op.find(' ') + 1),
                       error.reason.empty() ? to_text(error) : error.reason);
}

// The interface as it is once our own XDP hook on it is gone.
Interface without_xdp(Interface interface) {
    interface.xdp_program = 0;
    return interface;
}

}  // namespace

HookReport report_of(const Hook& hook, std::string reason) {
    return {.device = hook.device,
            .ifindex = hook.ifindex,
            .hook = hook.direction == TcDirection::Ingress ? "ingress" : "egress",
            .mode = to_text(hook.method),
            .reason = std::move(reason)};
}

const Hook* Attacher::present(std::uint32_t ifindex, TcDirection direction) const {
    const auto found = std::find_if(present_.begin(), present_.end(), [=](const Hook& hook) {
        return hook.ifindex == ifindex && hook.direction == direction;
    });
    return found == present_.end() ? nullptr : &*found;
}

// Pins of interfaces that are gone: their index may come back on another interface.
void Attacher::drop_gone() {
    const auto gone = [this](const Hook& hook) {
        if (hook.presence == Presence::Attached) return false;
        detach(pins_, hook).map_error([](const Error&) {});
        return true;
    };
    present_.erase(std::remove_if(present_.begin(), present_.end(), gone), present_.end());
}

// XDP and TC ingress on one interface: a change of mode was killed half way.
void Attacher::drop_guards() {
    const auto is_guard = [this](const Hook& hook) {
        if (is_xdp(hook.method) || hook.direction == TcDirection::Egress) return false;
        const bool judged = std::any_of(present_.begin(), present_.end(), [&](const Hook& other) {
            return other.ifindex == hook.ifindex && is_xdp(other.method);
        });
        return judged && detach(pins_, hook).has_value();
    };
    std::vector<Hook> kept;
    for (const Hook& hook : present_)
        if (!is_guard(hook)) kept.push_back(hook);
    present_ = std::move(kept);
}

Result<void> Attacher::ensure_root() {
    if (root_) return {};
    auto root = load_root(pins_);
    if (!root) return tl::unexpected(root.error());
    root_ = std::move(*root);
    return {};
}

Result<HookReport> Attacher::attach_one_xdp(const Interface& interface, Method mode,
                                            std::string reason) {
    if (auto ready = ensure_root(); !ready) return tl::unexpected(ready.error());
    const auto program = program_fd(root_.get(), BPFW_PROG_ROOT_XDP);
    if (!program) return tl::unexpected(program.error());
    const auto hook = attach_xdp(pins_, interface, *program, mode, features_);
    if (!hook) return tl::unexpected(hook.error());
    fresh_.push_back(*hook);
    return report_of(*hook, std::move(reason));
}

Result<HookReport> Attacher::attach_one_tc(const Interface& interface, TcDirection direction,
                                           std::string reason) {
    if (auto ready = ensure_root(); !ready) return tl::unexpected(ready.error());
    const auto program =
        program_fd(root_.get(), direction == TcDirection::Ingress ? BPFW_PROG_ROOT_TC_INGRESS
                                                                  : BPFW_PROG_ROOT_TC_EGRESS);
    if (!program) return tl::unexpected(program.error());
    const auto hook = attach_tc(pins_, interface, *program, direction, features_);
    if (!hook) return tl::unexpected(hook.error());
    fresh_.push_back(*hook);
    return report_of(*hook, std::move(reason));
}

// Native, else generic, else TC; each step down says why.
Result<HookReport> Attacher::attach_auto(const Interface& interface) {
    if (interface.xdp_program != 0)
        return attach_one_tc(interface, TcDirection::Ingress,
                             describe_xdp(interface) + " is on the interface already");
    const auto native = attach_one_xdp(interface, Method::XdpNative, "");
    if (native || native.error().error_number == ENODEV) return native;
    const std::string why = because(native.error());
    const auto generic = attach_one_xdp(interface, Method::XdpGeneric, why);
    if (generic || generic.error().error_number == ENODEV) return generic;
    return attach_one_tc(interface, TcDirection::Ingress,
                         fmt::format("{}; {}", why, because(generic.error())));
}

Result<HookReport> Attacher::attach_ingress(const Place& place) {
    switch (place.mode) {
        case Mode::Auto:
            return attach_auto(place.interface);
        case Mode::Native:
            return attach_one_xdp(place.interface, Method::XdpNative, place.reason);
        case Mode::Generic:
            return attach_one_xdp(place.interface, Method::XdpGeneric, place.reason);
        case Mode::Tc:
            return attach_one_tc(place.interface, TcDirection::Ingress, place.reason);
        case Mode::Offload:
            return failure("attach xdp offload", place.interface.name, EOPNOTSUPP,
                           "offload devices take array and hash maps only, and the switch needs a "
                           "prog_array");
    }
    BPFW_BUG("an unknown mode");
}

// Two XDP modes cannot be on one interface at once, so TC ingress stands guard in between
// (packets are then judged, and counted, twice).
Result<HookReport> Attacher::change_mode(const Place& place, const Hook& old) {
    const Hook before = old;
    if (!is_xdp(before.method) || place.mode == Mode::Tc) {
        auto report = attach_ingress(place);
        if (report)
            if (auto done = detach(pins_, before); !done) return tl::unexpected(done.error());
        return report;
    }
    Place next = place;
    next.interface = without_xdp(place.interface);
    const auto guard = attach_one_tc(next.interface, TcDirection::Ingress, "");
    if (!guard) return guard;
    const Hook guard_hook = fresh_.back();
    fresh_.pop_back();
    if (auto done = detach(pins_, before); !done) return tl::unexpected(done.error());
    auto report = attach_ingress(next);
    const auto stands = report ? report : attach_one_xdp(next.interface, before.method, "");
    if (stands) fresh_.pop_back();  // the interface was hooked before: no undo
    if (stands)
        if (auto done = detach(pins_, guard_hook); !done) return tl::unexpected(done.error());
    return report;
}

Result<HookReport> Attacher::ingress(const Place& place) {
    const Hook* hook = present(place.interface.index, TcDirection::Ingress);
    if (hook == nullptr) return attach_ingress(place);
    if (fits(place.mode, hook->method)) return report_of(*hook, place.reason);
    return change_mode(place, *hook);
}

Result<HookReport> Attacher::egress(const Place& place) {
    const Hook* hook = present(place.interface.index, TcDirection::Egress);
    if (hook != nullptr) return report_of(*hook, "");
    return attach_one_tc(place.interface, TcDirection::Egress, "");
}

Result<std::vector<HookReport>> Attacher::attach(const Placement& placement) {
    drop_gone();
    drop_guards();
    std::vector<HookReport> reports;
    for (const Place& place : placement.places) {
        for (const TcDirection side : {TcDirection::Ingress, TcDirection::Egress}) {
            const bool in = side == TcDirection::Ingress;
            if ((in ? place.ingress : place.egress) == Wanted::No) continue;
            auto report = in ? ingress(place) : egress(place);
            const bool vanished = !report && report.error().error_number == ENODEV &&
                                  placement.origin == Origin::Found;
            if (vanished) continue;
            if (!report) return tl::unexpected(report.error());
            reports.push_back(std::move(*report));
        }
    }
    return reports;
}

void Attacher::undo() {
    for (auto hook = fresh_.rbegin(); hook != fresh_.rend(); ++hook)
        detach(pins_, *hook).map_error([](const Error&) {});
    fresh_.clear();
}

}  // namespace bpfw::runtime
