// SPDX-License-Identifier: GPL-2.0-or-later
// An object -> enforced (load), and back to nothing (unload). Order is what makes a kill at
// any instant harmless: everything is complete before the one store that makes it count.
#include "runtime/load.hpp"

#include <cerrno>

#include "runtime/attach.hpp"
#include "runtime/event_maps.hpp"
#include "runtime/pins.hpp"
#include "runtime/ruleset.hpp"
#include "runtime/ruleset_text.hpp"
#include "runtime/switch.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

using SlotMap = std::vector<std::optional<std::uint32_t>>;

// Which old slot each new slot goes on with; all empty when nothing is to be kept.
SlotMap inherited(const std::optional<RunningRuleset>& old, const LoadedRuleset& fresh,
                  const LoadOptions& options) {
    const auto now = slot_lines(fresh.text);
    SlotMap map(now.size());
    if (old && options.carry == CarryCounters::Keep) map = match_slots(slot_lines(old->text), now);
    map.resize(fresh.counters.size());
    for (std::size_t slot = 0; slot < options.start.size() && slot < map.size(); ++slot)
        if (options.start[slot]) map[slot].reset();
    return map;
}

void set_start_values(Counters& counters, const LoadOptions& options) {
    for (std::uint32_t slot = 0; slot < options.start.size() && slot < counters.size(); ++slot)
        if (options.start[slot]) counters.set_carried(slot, *options.start[slot]);
}

Result<void> carry_over(const std::optional<RunningRuleset>& old, const SlotMap& map,
                        Counters& counters) {
    if (!old) return {};
    const auto values = old->counters.read();
    if (!values) return tl::unexpected(values.error());
    for (std::uint32_t slot = 0; slot < map.size(); ++slot)
        if (map[slot] && *map[slot] < values->size())
            counters.set_carried(slot, (*values)[*map[slot]]);
    return {};
}

// Everything below the pin directory when this load made it, its new hooks otherwise.
void take_back(Attacher& attacher, Switch& active, std::uint64_t generation) {
    attacher.undo();
    active.clear(generation);
}

Result<Switch> open_or_create_switch(const Pins& pins) {
    auto active = Switch::open(pins);
    if (active) return active;
    if (auto made = pins.create(); !made) return tl::unexpected(made.error());
    // Maps that are pinned already are kept, the missing ones are made.
    if (const auto root = load_root(pins); !root) return tl::unexpected(root.error());
    return Switch::open(pins);
}

// No program of the old ruleset runs any more after the wait: its counters are final, and no
// CPU is on its way into the slots that are cleared. The new rules are in force already;
// whatever fails here costs the last milliseconds' counts, never a verdict.
void retire_old(Switch& active, const GracePeriod& grace, const std::optional<RunningRuleset>& old,
                const SlotMap& map, Counters& counters) {
    if (!grace.wait()) return;
    carry_over(old, map, counters).map_error([](const Error&) {});
    active.clear_others(active.generation());
}

struct Host {
    std::vector<Interface> interfaces;
    std::vector<Address> addresses;
};

Result<Host> read_host() {
    auto interfaces = read_interfaces();
    if (!interfaces) return tl::unexpected(interfaces.error());
    auto addresses = read_addresses();
    if (!addresses) return tl::unexpected(addresses.error());
    return Host{std::move(*interfaces), std::move(*addresses)};
}

void add_skipped(const Placement& placement, std::vector<HookReport>& reports) {
    for (const Skipped& skipped : placement.skipped)
        if ((skipped.interface.flags & 1U) != 0)  // IFF_UP
            reports.push_back({.device = skipped.interface.name,
                               .ifindex = skipped.interface.index,
                               .hook = "ingress",
                               .mode = "none",
                               .reason = skipped.reason});
}

// The interfaces that carry a hook of ours now; they may all be gone.
std::vector<std::string> hooked_devices(const Pins& pins, const Host& host) {
    std::vector<std::string> names;
    const auto active = Switch::open(pins);
    if (!active) return names;
    for (const Hook& hook : find_hooks(pins, active->generation_map_id(), host.interfaces))
        if (hook.presence == Presence::Attached) names.push_back(hook.device);
    return names;
}

Result<Placement> wanted(const Pins& pins, const Host& host, const LoadOptions& options) {
    if (options.reach == Reach::Devices)
        return place(host.interfaces, options.devices, options.mode);
    if (!pins.devices_were_named()) return place(host.interfaces, {}, options.mode);
    const std::vector<std::string> devices = hooked_devices(pins, host);
    if (devices.empty()) return Placement{};
    auto placement = place(host.interfaces, devices, options.mode);
    if (placement) placement->origin = Origin::Found;
    return placement;
}

void remember(const Pins& pins, const LoadOptions& options) {
    if (options.reach == Reach::AsBefore) return;
    if (options.devices.empty())
        pins.unmark_devices_named();
    else
        pins.mark_devices_named();
}

// From here on pins exist; the ruleset is loaded but nothing runs it yet.
Result<std::vector<HookReport>> put_in_force(const Pins& pins, const Host& host,
                                             const Placement& placement, LoadedRuleset& fresh,
                                             const LoadOptions& options, const Features& features) {
    auto active = open_or_create_switch(pins);
    if (!active) return tl::unexpected(active.error());
    auto old = running_ruleset(*active);
    if (!old) return tl::unexpected(old.error());
    const auto grace = GracePeriod::prepare();
    if (!grace) return tl::unexpected(grace.error());
    const SlotMap map = inherited(*old, fresh, options);
    set_start_values(fresh.counters, options);
    if (auto carried = carry_over(*old, map, fresh.counters); !carried)
        return tl::unexpected(carried.error());

    const std::uint64_t next = active->generation() + 1;
    if (auto filled = active->fill(next, fresh.programs); !filled)
        return tl::unexpected(filled.error());
    Attacher attacher(pins, features,
                      find_hooks(pins, active->generation_map_id(), host.interfaces));
    auto reports = attacher.attach(placement);
    if (!reports) {
        take_back(attacher, *active, next);
        return reports;
    }
    if (auto pinned = pin_event_maps(fresh.object.get(), pins); !pinned) {
        take_back(attacher, *active, next);
        return tl::unexpected(pinned.error());
    }
    active->set_generation(next);
    retire_old(*active, *grace, *old, map, fresh.counters);
    add_skipped(placement, *reports);
    return reports;
}

}  // namespace

std::string to_text(Mode mode) {
    switch (mode) {
        case Mode::Auto:
            return "auto";
        case Mode::Offload:
            return "offload";
        case Mode::Native:
            return "native";
        case Mode::Generic:
            return "generic";
        case Mode::Tc:
            return "tc";
    }
    BPFW_BUG("an unknown mode");
}

Result<std::vector<HookReport>> load_with(std::span<const std::byte> object,
                                          const LoadOptions& options, const Features& features) {
    if (auto allowed = require_capabilities("load"); !allowed)
        return tl::unexpected(allowed.error());
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    const auto host = read_host();
    if (!host) return tl::unexpected(host.error());
    const auto placement = wanted(*pins, *host, options);
    if (!placement) return tl::unexpected(placement.error());
    auto fresh = load_ruleset(object, *pins, host->interfaces, host->addresses);
    if (!fresh) return tl::unexpected(fresh.error());
    const bool was_there = pins->exists();
    auto reports = put_in_force(*pins, *host, *placement, *fresh, options, features);
    if (reports) remember(*pins, options);
    if (!reports && !was_there) pins->remove_all().map_error([](const Error&) {});
    return reports;
}

Result<std::vector<HookReport>> load(std::span<const std::byte> object,
                                     const LoadOptions& options) {
    auto reports = load_with(object, options, probe_features());
    // Containers come and go without an unload; a failure here is no failure of the load.
    if (reports) static_cast<void>(clean_leftovers());
    return reports;
}

Result<void> unload() {
    if (auto allowed = require_capabilities("unload"); !allowed) return allowed;
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    if (!pins->exists()) return {};
    if (auto active = Switch::open(*pins)) {
        const auto interfaces = read_interfaces();
        if (!interfaces) return tl::unexpected(interfaces.error());
        // An empty generation first: all hooks let go at the same instant.
        active->clear(active->generation() + 1);
        active->set_generation(active->generation() + 1);
        for (const Hook& hook : find_hooks(*pins, active->generation_map_id(), *interfaces))
            if (auto done = detach(*pins, hook); !done) return done;
    }
    return pins->remove_all();
}

Result<std::optional<Snapshot>> current() {
    if (auto allowed = require_capabilities("read the ruleset"); !allowed)
        return tl::unexpected(allowed.error());
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    if (!pins->exists()) return std::optional<Snapshot>();
    const auto active = Switch::open(*pins);
    if (!active && active.error().error_number == ENOENT) return std::optional<Snapshot>();
    if (!active) return tl::unexpected(active.error());
    const auto running = running_ruleset(*active);
    if (!running) return tl::unexpected(running.error());
    if (!*running) return std::optional<Snapshot>();
    auto counters = (*running)->counters.read();
    if (!counters) return tl::unexpected(counters.error());
    return std::optional(Snapshot{(*running)->text, std::move(*counters), active->generation()});
}

Result<void> zero_counters(const std::vector<std::uint32_t>& slots) {
    if (auto allowed = require_capabilities("zero counters"); !allowed) return allowed;
    const auto pins = Pins::of_this_namespace();
    if (!pins) return tl::unexpected(pins.error());
    const auto active = Switch::open(*pins);
    if (!active && active.error().error_number == ENOENT) return {};
    if (!active) return tl::unexpected(active.error());
    auto running = running_ruleset(*active);
    if (!running) return tl::unexpected(running.error());
    if (!*running) return {};
    Counters& counters = (*running)->counters;
    std::vector<std::uint32_t> wanted = slots;
    for (std::uint32_t slot = 0; slots.empty() && slot < counters.size(); ++slot)
        wanted.push_back(slot);
    for (const std::uint32_t slot : wanted) {
        if (slot >= counters.size()) return failure("zero counter", "", ERANGE, "no such slot");
        if (auto done = counters.set(slot, {}); !done) return done;
    }
    return {};
}

}  // namespace bpfw::runtime
