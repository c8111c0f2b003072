// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw_diff: any number of random (ruleset, packet) pairs, compared.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "tests/differential/compare.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {
using parser::Family;
int go(std::uint64_t seed, int rulesets, int packets, Family family, Hook hook) {
    auto oracle = KernelOracle::open(family, hook);
    if (!oracle) {
        fmt::print("{}\n", to_text(oracle.error()));
        return 2;
    }
    std::uint64_t pairs = 0, unseen = 0, bad = 0, failed = 0, hot = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int n = 0; n < rulesets; n++) {
        Random random(seed * 1000003 + static_cast<std::uint64_t>(n));
        const auto shape = random_shape(family, hook, random);
        Tables tables{empty_table(), empty_table()};
        auto& table = family == Family::Ipv4 ? tables.ipv4 : tables.ipv6;
        table = random_table(shape, random);
        if (auto loaded = oracle->load(table); !loaded) {
            if (failed++ < 3)
                fmt::print("{}\n{}\n", to_text(loaded.error()), save_text(table, family));
            continue;
        }
        for (const auto& packet :
             random_packets(table, family, hook, static_cast<std::size_t>(packets), random)) {
            auto seen = oracle->send(packet);
            if (!seen) {
                fmt::print("{}\n", to_text(seen.error()));
                return 2;
            }
            pairs++;
            if (!seen->seen) {
                unseen++;
                if (std::getenv("DBG")) fmt::print("U {}\n", hex(packet.frame));
                continue;
            }
            const Answer answer = interpret(tables, packet.frame, packet.place);
            if (answer.outcome == Outcome::Hotdrop) hot++;
            const std::string diff = difference(table, answer, *seen);
            if (!diff.empty() && bad++ < 3)
                fmt::print("{}{}\n{} in {} out {}\n{}\n", save_text(table, family), diff, n,
                           packet.place.in, packet.place.out, hex(packet.frame));
        }
    }
    const double s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("pairs {} unseen {} hotdrop {} bad {} failed loads {} in {:.1f}s\n", pairs, unseen,
               hot, bad, failed, s);
    return bad != 0;
}
}  // namespace
}  // namespace bpfw::test

int main(int argc, char** argv) {
    using namespace bpfw::test;
    CLI::App app;
    std::uint64_t seed = 1;
    int rulesets = 10, packets = 100, family = 4;
    std::string hook = "input";
    app.add_option("--seed", seed);
    app.add_option("--rulesets", rulesets);
    app.add_option("--packets", packets);
    app.add_option("--family", family);
    app.add_option("--hook", hook);
    CLI11_PARSE(app, argc, argv);
    return go(seed, rulesets, packets,
              family == 4 ? bpfw::parser::Family::Ipv4 : bpfw::parser::Family::Ipv6,
              hook == "input"     ? Hook::Input
              : hook == "forward" ? Hook::Forward
                                  : Hook::Output);
}
