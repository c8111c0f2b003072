// SPDX-License-Identifier: GPL-2.0-or-later
// Which interfaces get which hooks. A function of values: no kernel is asked here.
#pragma once

#include <string>
#include <vector>

#include "parser/base/result.hpp"
#include "runtime/interfaces.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::runtime {

enum class Wanted : std::uint8_t { No, Yes };

struct Place {
    Interface interface;
    Wanted ingress = Wanted::Yes;
    Wanted egress = Wanted::Yes;
    Mode mode = Mode::Auto;  // of ingress
    std::string reason;      // why this mode, or why there is no ingress hook
};
struct Skipped {
    Interface interface;
    std::string reason;
};
// Found: one that vanishes meanwhile is no error.
enum class Origin : std::uint8_t { Named, Found };
struct Placement {
    Origin origin = Origin::Named;
    std::vector<Place> places;
    std::vector<Skipped> skipped;  // interfaces that stay without rules, each with the reason
};

// devices empty: every interface that owns layer 3 traffic. Named devices are taken as they
// are; ENODEV for an unknown one, EOPNOTSUPP for one where a hook would never run.
Result<Placement> place(const std::vector<Interface>& interfaces,
                        const std::vector<std::string>& devices, Mode mode);

}  // namespace bpfw::runtime
