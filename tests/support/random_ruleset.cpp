// SPDX-License-Identifier: GPL-2.0-or-later
// Seed -> filter table. random_table() is the door.
#include "tests/support/random_ruleset.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/support/pools.hpp"
#include "tests/support/random_filters.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

Sense sense(Random& random) { return random.percent(25) ? Sense::IsNot : Sense::Is; }

PortRange ports(Random& random) {
    const std::uint16_t a = random.pick(kPorts);
    if (random.percent(60)) return {a, a};
    const std::uint16_t b = random.pick(kPorts);
    return {std::min(a, b), std::max(a, b)};
}

std::optional<PortMatch> maybe_port(Random& random, std::uint32_t chance) {
    if (!random.percent(chance)) return std::nullopt;
    return PortMatch{sense(random), ports(random), {}};
}

AddressMatch address_match(Family family, Random& random) {
    const Address mask = random.pick(masks(family));
    return {sense(random), masked(random.pick(addresses(family)), mask), mask, {}};
}

InterfaceMatch interface_match(const std::vector<std::string>& devices, Random& random) {
    static const std::vector<std::string> odd = {"+",
                                                 "e+",
                                                 "eth+",
                                                 "eth00",
                                                 "eth",
                                                 "lan",
                                                 "w+",
                                                 "lan0+",
                                                 "longinterface+",
                                                 "wan0x",
                                                 "longinterface1+"};
    return {sense(random), random.percent(50) ? random.pick(devices) : random.pick(odd), {}};
}

TcpMatch tcp_match(Random& random) {
    TcpMatch match;
    match.source = maybe_port(random, 30);
    match.destination = maybe_port(random, 60);
    if (random.percent(30)) {
        const std::uint8_t mask = random.pick(kTcpFlags);
        const std::uint8_t set = random.percent(70)
                                     ? static_cast<std::uint8_t>(mask & random.pick(kTcpFlags))
                                     : random.pick(kTcpFlags);
        match.flags = TcpFlagsMatch{sense(random), mask, set, {}};
    }
    if (random.percent(35))
        match.option = TcpOptionMatch{sense(random), random.pick(kTcpOptions), {}};
    return match;
}

IcmpMatch icmp_match(Family family, Random& random) {
    IcmpMatch match;
    match.family = family;
    match.sense = sense(random);
    match.type = random.pick(family == Family::Ipv4 ? kIcmpTypes4 : kIcmpTypes6);
    // "any" is type 255 with every code; iptables cannot say 255 with one code and mean any.
    if (match.type != 255 && random.percent(50))
        match.first_code = match.last_code = random.pick(kIcmpCodes);
    return match;
}

MultiportMatch multiport_match(Random& random) {
    MultiportMatch match;
    match.side = static_cast<PortSide>(random.below(3));
    match.sense = sense(random);
    const std::uint32_t wanted = random.between(1, random.percent(10) ? 15 : 4);
    for (std::uint32_t slots = 0; slots < wanted;) {
        PortRange range = ports(random);
        if (slots + 2 > wanted) range.last = range.first;
        slots += range.first == range.last ? 1 : 2;
        match.ports.push_back(range);
    }
    return match;
}

AddressRange address_range(Family family, Random& random) {
    const Address a = random.pick(addresses(family));
    const Address b = random.pick(addresses(family));
    return {sense(random), std::min(a, b), std::max(a, b), {}};
}

IprangeMatch iprange_match(Family family, Random& random) {
    IprangeMatch match;
    match.family = family;
    if (random.percent(60)) match.source = address_range(family, random);
    if (!match.source || random.percent(40)) match.destination = address_range(family, random);
    return match;
}

LengthMatch length_match(Random& random) {
    static const std::vector<std::uint16_t> lengths = {0,  20,  28,  40,  41,   48,   60,
                                                       61, 100, 128, 576, 1400, 65535};
    const std::uint16_t a = random.pick(lengths);
    const std::uint16_t b = random.percent(30) ? a : random.pick(lengths);
    return {sense(random), std::min(a, b), std::max(a, b), {}};
}

TosMatch tos_match(Random& random) {
    const std::uint8_t mask = random.percent(50) ? 0xff : random.byte();
    return {sense(random), static_cast<std::uint8_t>(random.pick(kTos) & mask), mask, {}};
}

// The matches that ask no transport header.
Match plain_match(const RulesetShape& shape, Random& random) {
    const bool mac = shape.hook != Hook::Output;  // xt_mac refuses to stand below OUTPUT
    switch (random.below(mac ? 8 : 7)) {
        case 0:
            return iprange_match(shape.family, random);
        case 1:
            return CommentMatch{random.percent(50) ? "plain" : "two words", {}};
        case 2:
            return length_match(random);
        case 3: {
            auto comparison = static_cast<Comparison>(random.below(4));
            return HopLimitMatch{shape.family, comparison, random.pick(kHopLimits), {}};
        }
        case 4:
            return tos_match(random);
        case 5:
            return DscpMatch{sense(random), static_cast<std::uint8_t>(random.pick(kTos) >> 2), {}};
        case 6:
            return PkttypeMatch{sense(random), static_cast<PacketType>(random.below(3)), {}};
        default:
            return MacMatch{sense(random), random.pick(macs()), {}};
    }
}

bool has_multiport(std::uint8_t protocol) {
    return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

void add_protocol_matches(Rule& rule, Family family, Random& random) {
    const ProtocolMatch& protocol = *rule.protocol;
    if (protocol.sense == Sense::IsNot) return;
    const std::uint8_t icmp = family == Family::Ipv4 ? 1 : 58;
    if (protocol.number == 6 && random.percent(75)) rule.matches.push_back(tcp_match(random));
    if (protocol.number == 17 && random.percent(75))
        rule.matches.push_back(UdpMatch{maybe_port(random, 30), maybe_port(random, 70), {}});
    if (protocol.number == icmp && random.percent(85))
        rule.matches.push_back(icmp_match(family, random));
    if (has_multiport(protocol.number))
        while (random.percent(30)) rule.matches.push_back(multiport_match(random));
}

void add_conditions(Rule& rule, const RulesetShape& shape, Random& random) {
    if (random.percent(25)) rule.source = address_match(shape.family, random);
    if (random.percent(25)) rule.destination = address_match(shape.family, random);
    if (shape.hook != Hook::Output && random.percent(15))
        rule.in_interface = interface_match(kInDevices, random);
    if (shape.hook != Hook::Input && random.percent(15))
        rule.out_interface = interface_match(kOutDevices, random);
    if (random.percent(60)) {
        const auto& pool = protocols(shape.family);
        const std::uint8_t number = random.percent(70) ? pool[random.below(3)] : random.pick(pool);
        rule.protocol = ProtocolMatch{sense(random), number, {}};
        add_protocol_matches(rule, shape.family, random);
    }
    if (shape.family == Family::Ipv4 && random.percent(6))
        rule.fragment = FragmentMatch{sense(random), {}};
    while (random.percent(25)) {
        const auto at = static_cast<std::ptrdiff_t>(random.below(rule.matches.size() + 1));
        rule.matches.insert(rule.matches.begin() + at, plain_match(shape, random));
    }
}

void add_filter(Rule& rule, const RulesetShape& shape, Random& random) {
    if (shape.filters == RulesetShape::Filters::None || !random.percent(25)) return;
    const auto at = static_cast<std::ptrdiff_t>(random.below(rule.matches.size() + 1));
    const bool bytecode = shape.filters == RulesetShape::Filters::Bytecode || random.percent(30);
    rule.matches.insert(rule.matches.begin() + at,
                        bytecode ? Match(random_bpf_match(shape.family, shape.hook, random))
                                 : Match(random_pcap_match(shape.family, random)));
}

bool conditional(const Rule& rule) {
    return rule.source || rule.destination || rule.in_interface || rule.out_interface ||
           rule.protocol || rule.fragment || !rule.matches.empty();
}

Target random_target(const std::vector<std::string>& chains, Random& random) {
    const std::uint32_t dice = random.below(100);
    if (dice < 15) return {};
    if (dice < 32) return {Target::Kind::Accept, "", {}};
    if (dice < 50) return {Target::Kind::Drop, "", {}};
    if (dice < 58) return {Target::Kind::Return, "", {}};
    if (chains.empty()) return {};
    const auto kind = dice < 88 ? Target::Kind::Jump : Target::Kind::Goto;
    return {kind, random.pick(chains), {}};
}

void fill(compiler::Chain& chain, std::uint32_t rules, const RulesetShape& shape,
          const std::vector<std::string>& below, Random& random) {
    for (std::uint32_t i = 0; i < rules; i++)
        chain.rules.push_back({random_rule(shape, below, random), {}});
}

// A way down that most packets take: a rule with hardly a condition, somewhere in the chain.
void lead_on(compiler::Chain& chain, const std::string& next, Random& random) {
    Rule rule;
    if (random.percent(30))
        rule.matches.push_back(PkttypeMatch{Sense::IsNot, PacketType::Multicast, {}});
    const auto kind = random.percent(80) ? Target::Kind::Jump : Target::Kind::Goto;
    rule.target = {kind, next, {}};
    const auto at = static_cast<std::ptrdiff_t>(random.below(chain.rules.size() + 1));
    chain.rules.insert(chain.rules.begin() + at, {rule, {}});
}

std::string user_chain_name(std::uint32_t number, Random& random) {
    static const std::vector<std::string> stems = {"web", "LOGGING", "a-b_c.d", "Chain"};
    if (random.percent(10)) return fmt::format("{:0>28}", fmt::format("x{}", number));
    return fmt::format("{}{}", random.pick(stems), number);
}

AddressMatch prefix_match(const Address& address, Family family, Random& random) {
    constexpr std::uint32_t kPrefixes = 6;  // the first masks of the pool; 0 is exact
    const Address mask = masks(family)[random.percent(60) ? 0 : random.below(kPrefixes)];
    return {Sense::Is, masked(address, mask), mask, {}};
}

// What the rules of a run have in common: often nothing.
Rule run_frame(const RulesetShape& shape, Random& random) {
    Rule rule;
    if (random.percent(30)) rule.destination = address_match(shape.family, random);
    if (random.percent(20)) rule.matches.push_back(plain_match(shape, random));
    if (shape.hook != Hook::Output && random.percent(20))
        rule.in_interface = interface_match(kInDevices, random);
    return rule;
}

PortMatch run_port(Random& random) { return {Sense::Is, ports(random), {}}; }

// The one match in which a run's rules differ: source, source range, destination port of TCP or
// UDP, list of ports, length, MAC address.
void vary(Rule& rule, std::uint32_t key, const RulesetShape& shape, Random& random) {
    switch (key) {
        case 0:
            rule.source = prefix_match(random.pick(addresses(shape.family)), shape.family, random);
            break;
        case 1: {
            IprangeMatch match{shape.family, address_range(shape.family, random), {}, {}};
            match.source->sense = Sense::Is;
            rule.matches.push_back(match);
            break;
        }
        case 2:
            rule.protocol = ProtocolMatch{Sense::Is, 6, {}};
            rule.matches.push_back(TcpMatch{{}, run_port(random), {}, {}, {}});
            break;
        case 3:
            rule.protocol = ProtocolMatch{Sense::Is, 17, {}};
            rule.matches.push_back(UdpMatch{run_port(random), {}, {}});
            break;
        case 4: {
            MultiportMatch match = multiport_match(random);
            match.side = PortSide::Destination;
            match.sense = Sense::Is;
            rule.protocol = ProtocolMatch{Sense::Is, 6, {}};
            rule.matches.push_back(match);
            break;
        }
        default:
            rule.matches.push_back(MacMatch{Sense::Is, random.pick(macs()), {}});
    }
}

}  // namespace

RulesetShape random_shape(Family family, Hook hook, Random& random) {
    RulesetShape shape;
    shape.family = family;
    shape.hook = hook;
    shape.base_rules = random.percent(10) ? random.between(0, 2) : random.between(3, 25);
    shape.user_chains = random.percent(30) ? 0 : random.between(1, random.percent(20) ? 20 : 6);
    shape.user_rules = random.between(1, 8);
    if (random.percent(6)) shape.base_rules = random.between(100, 300);
    shape.deep = random.percent(12);
    shape.runs = random.percent(30) ? random.between(1, 3) : 0;
    if (shape.deep) shape.user_chains = random.between(8, 30);
    return shape;
}

compiler::Table empty_table() {
    compiler::Table table;
    for (const char* name : {"INPUT", "FORWARD", "OUTPUT"})
        table.chains.push_back({name, Verdict::Accept, {}, {}, {}});
    return table;
}

Rule random_rule(const RulesetShape& shape, const std::vector<std::string>& chains,
                 Random& random) {
    Rule rule;
    add_conditions(rule, shape, random);
    add_filter(rule, shape, random);
    // An unconditional end in the middle would make all that follows unreachable.
    while (!conditional(rule) && !random.percent(4)) add_conditions(rule, shape, random);
    rule.target = random_target(chains, random);
    return rule;
}

std::vector<Rule> random_run(const RulesetShape& shape, Random& random) {
    std::vector<Rule> out;
    Rule common = run_frame(shape, random);
    const std::uint32_t key = random.below(shape.hook == Hook::Output ? 5 : 6);
    if ((key < 2 || key == 5) && random.percent(30)) {  // keys that have no protocol
        common.protocol = ProtocolMatch{Sense::Is, 6, {}};
        common.matches.push_back(tcp_match(random));
    }
    for (std::uint32_t n = random.between(16, 60); n > 0; n--) {
        Rule rule = random.percent(2) ? random_rule(shape, {}, random) : common;
        if (rule == common) vary(rule, key, shape, random);
        const bool drops = random.percent(60);
        if (rule.target.kind == Target::Kind::None && !random.percent(2))
            rule.target = {drops ? Target::Kind::Drop : Target::Kind::Accept, "", {}};
        out.push_back(std::move(rule));
    }
    return out;
}

// Into one of the chains that get rules, anywhere.
void insert_run(compiler::Table& table, const RulesetShape& shape, Random& random) {
    const auto user = random.below(static_cast<std::uint32_t>(table.chains.size()) - 2);
    compiler::Chain& chain =
        table.chains[user == 0 ? static_cast<std::size_t>(shape.hook) : user + 2];
    const auto at = static_cast<std::ptrdiff_t>(random.below(chain.rules.size() + 1));
    std::vector<compiler::RulesetRule> rules;
    for (Rule& rule : random_run(shape, random)) rules.push_back({std::move(rule), {}});
    chain.rules.insert(chain.rules.begin() + at, rules.begin(), rules.end());
}

// User chain n jumps only to chains after it, so there is no loop.
compiler::Table random_table(const RulesetShape& shape, Random& random) {
    compiler::Table table = empty_table();
    for (auto& chain : table.chains)
        chain.policy = random.percent(50) ? Verdict::Accept : Verdict::Drop;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < shape.user_chains; i++)
        names.push_back(user_chain_name(i, random));
    // INPUT, FORWARD, OUTPUT stand in the order of Hook; a long one would let few packets down.
    auto& base = table.chains[static_cast<std::size_t>(shape.hook)];
    fill(base, shape.deep ? 3 : shape.base_rules, shape, names, random);
    if (shape.deep) lead_on(base, names.front(), random);
    for (std::size_t i = 0; i < names.size(); i++) {
        const std::vector<std::string> below(names.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                             names.end());
        compiler::Chain chain{names[i], std::nullopt, {}, {}, {}};
        fill(chain, random.between(0, shape.deep ? 2 : shape.user_rules), shape, below, random);
        if (shape.deep && !below.empty()) lead_on(chain, below.front(), random);
        table.chains.push_back(std::move(chain));
    }
    for (std::uint32_t n = 0; n < shape.runs; n++) insert_run(table, shape, random);
    // iptables keeps user chains by name, so that slots and listings have that order.
    std::sort(table.chains.begin() + 3, table.chains.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return table;
}

}  // namespace bpfw::test
