// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of identifiers and of like primitives, short and long.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <utility>
#include <vector>

#include "tests/filter/expressions.hpp"
#include "tests/filter/filter_pools.hpp"

namespace bpfw::test::filter {
namespace {

// One identifier after another, each perhaps negated or in parentheses with a neighbour.
template <typename Draw>
std::string joined(std::uint32_t count, Random& random, Draw draw) {
    std::string text = draw();
    for (std::uint32_t i = 1; i < count; ++i) {
        text += random.percent(85) ? random_or(random) : random_and(random);
        if (random.percent(6)) text += "not ";
        text += draw();
    }
    return text;
}

// One of the primitives that a list consists of.
using Draw = std::function<std::string()>;

std::string random_value_test(const std::string& field, Random& random) {
    static constexpr const char* kRelations[] = {"=", "=", "=", "==", "!=", "<", ">="};
    const std::uint32_t value = random.percent(50) ? random.pick(kNumbers) : port(random);
    return fmt::format("{} {} {}", field, random.pick(kRelations), value);
}

// What all of a list's entries begin with, and one entry.
std::pair<std::string, Draw> random_entries(Random& random) {
    static constexpr const char* kPorts[] = {"port ", "tcp dst port ", "udp port ", "src port "};
    static constexpr const char* kHosts[] = {"host ", "src host ", "dst host ", "ip host "};
    static constexpr const char* kNets[] = {"net ", "src net ", "dst net "};
    static constexpr const char* kMacs[] = {"ether host ", "ether src ", "ether dst "};
    static constexpr const char* kNumbered[] = {"ip proto ", "ip6 proto ", "proto "};
    static constexpr const char* kFields[] = {"tcp[2:2]", "udp[0:2]", "ip[8]",      "len",
                                              "ip[16:4]", "tcp[13]",  "ether[12:2]"};
    const std::uint32_t dice = random.below(100);
    const auto any_port = [&] { return fmt::format("{}", port(random)); };
    if (dice < 22) return {random.pick(kPorts), any_port};
    if (dice < 44) return {random.pick(kHosts), [&] { return host4(random); }};
    if (dice < 56) return {random.pick(kNets), [&] { return random_net4(random); }};
    if (dice < 63) return {"host ", [&] { return host6(random); }};
    if (dice < 70) return {"", [&] { return random_port(random); }};
    if (dice < 76) return {"", [&] { return random_host({}, random); }};
    if (dice < 80) return {"", [&] { return random_net({}, random); }};
    if (dice < 86) return {random.pick(kMacs), [&] { return random_mac(random); }};
    if (dice < 91)
        return {random.pick(kNumbered), [&] { return fmt::format("{}", random.pick(kProtocols)); }};
    if (dice < 95)
        return {"ether proto ", [&] { return fmt::format("{:#x}", random.pick(kEtherTypes)); }};
    const std::string field = random.pick(kFields);
    return {"", [&, field] { return random_value_test(field, random); }};
}

}  // namespace

std::string random_inheritance(const Scope& scope, Random& random) {
    static constexpr const char* kPorts[] = {"port ",     "tcp port ",    "udp dst port ",
                                             "src port ", "sctp port ",   "tcp src or dst port ",
                                             "dst port ", "tcp dst port "};
    static constexpr const char* kHosts[] = {"host ", "src host ", "dst ", "ip host ",
                                             "src or dst "};
    const std::uint32_t count = random.between(2, 5);
    const std::uint32_t dice = random.below(100);
    if (dice < 45)
        return random.pick(kPorts) +
               joined(count, random, [&] { return fmt::format("{}", port(random)); });
    if (dice < 70)
        return random.pick(kHosts) + joined(count, random, [&] { return host4(random); });
    if (dice < 80) return "ip6 host " + joined(count, random, [&] { return host6(random); });
    if (dice < 90)
        return fmt::format("host {} or port {} or {}", host4(random), port(random), port(random));
    if (scope.plain() && dice < 95)
        return "ether host " + joined(count, random, [&] { return random_mac(random); });
    return fmt::format("port {} or (udp port {}) or {}", port(random), port(random), port(random));
}

std::string random_long_list(Random& random) {
    const std::uint32_t count =
        random.percent(80) ? random.between(5, 30) : random.between(30, 200);
    const auto [head, draw] = random_entries(random);
    // `not a and not b ...` says it the other way round.
    const bool negative = random.percent(20);
    const std::string before = head + (negative ? "not " : "");
    std::vector<std::string> words;
    for (std::uint32_t i = 0; i < count; ++i)
        words.push_back((i > 0 && negative ? "not " : "") + draw());
    std::string text = before + fmt::format("{}", fmt::join(words, negative ? " and " : " or "));
    if (random.percent(30)) text = random_not(random) + "(" + text + ")";
    return random.percent(30) ? random_primitive({}, random) + random_and(random) + "(" + text + ")"
                              : text;
}

}  // namespace bpfw::test::filter
