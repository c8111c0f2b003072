// SPDX-License-Identifier: GPL-2.0-or-later
// Placement + what is attached already -> all hooks attached, or none of the new ones.
#pragma once

#include <vector>

#include "parser/base/result.hpp"
#include "runtime/hooks.hpp"
#include "runtime/placement.hpp"
#include "runtime/root.hpp"

namespace bpfw::runtime {

// Attaches what is missing and remembers it, so that a failed load can take it back.
class Attacher {
public:
    Attacher(const Pins& pins, const Features& features, std::vector<Hook> present)
        : pins_(pins), features_(features), present_(std::move(present)) {}

    // One report per hook of the placement. On failure the caller calls undo().
    Result<std::vector<HookReport>> attach(const Placement& placement);
    // Detaches what attach() attached. A hook whose mode was changed keeps the new mode.
    void undo();

private:
    Result<void> ensure_root();
    Result<HookReport> ingress(const Place& place);
    Result<HookReport> egress(const Place& place);
    Result<HookReport> change_mode(const Place& place, const Hook& old);
    Result<HookReport> attach_ingress(const Place& place);
    Result<HookReport> attach_auto(const Interface& interface);
    Result<HookReport> attach_one_xdp(const Interface& interface, Method mode, std::string reason);
    Result<HookReport> attach_one_tc(const Interface& interface, TcDirection direction,
                                     std::string reason);
    const Hook* present(std::uint32_t ifindex, TcDirection direction) const;
    void drop_gone();
    void drop_guards();

    const Pins& pins_;
    Features features_;
    std::vector<Hook> present_;
    std::vector<Hook> fresh_;
    Object root_;
};

HookReport report_of(const Hook& hook, std::string reason);

}  // namespace bpfw::runtime
