// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own iptables as the judge. One oracle is one world: a network namespace in which
// (nearly) every address leads to one hook, tap devices to put frames in, and three legacy
// tables: mangle counts what reaches the hook, filter is the one under test, security counts
// what filter let pass and drops it, so that nothing is ever answered or sent on.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/ruleset.hpp"
#include "parser/base/result.hpp"
#include "tests/differential/netns.hpp"
#include "tests/differential/xt_table.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random_packets.hpp"

namespace bpfw::test {

// What the kernel did with one frame.
struct Observation {
    bool seen = false;  // it reached the hook; otherwise the rest says nothing
    bool accepted = false;
    std::map<Position, parser::Counters> counted;  // what the rules and the policy added
};

// Why oracles cannot work here ("needs root", "needs iptables-legacy-restore"); "" when they can.
std::string oracle_obstacle();

class KernelOracle {
public:
    static Result<KernelOracle> open(parser::Family family, Hook hook);

    // Replaces the filter table.
    Result<void> load(const compiler::Table& table);
    // Puts the frame in at its device and waits for nothing: a write to a tap device returns
    // when the stack has dealt with the frame (tun_rx_batched() calls netif_receive_skb()).
    // For OUTPUT the IP part is sent from a raw socket.
    Result<Observation> send(const TestPacket& packet);

private:
    KernelOracle(parser::Family family, Hook hook, Namespace where);
    Result<void> build_world();
    Result<void> open_devices();
    Result<void> set_guards();
    Result<void> put_in(const TestPacket& packet);
    Result<void> send_out(const TestPacket& packet);

    parser::Family family_;
    Hook hook_;
    Namespace where_;
    Descriptor socket_;  // raw, of the family, in the namespace
    std::map<std::string, Descriptor> taps_;
    XtTable before_;  // mangle
    XtTable filter_;
    XtTable after_;  // security
    std::size_t before_policy_ = 0;
    std::size_t after_policy_ = 0;
    std::vector<Position> positions_;  // of filter_'s entries in the loaded table
    std::vector<bool> watched_;        // not a policy of another hook
};

}  // namespace bpfw::test
