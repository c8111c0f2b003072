// SPDX-License-Identifier: GPL-2.0-or-later
// Doors: ast_generator.hpp.
#include "tests/support/ast_generator.hpp"

#include <algorithm>
#include <iterator>

#include "parser/base/result.hpp"
#include "parser/pcap/pcap.hpp"
#include "parser/values.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

// One generator call after the other; the helpers keep the types apart.
class Dice {
public:
    explicit Dice(std::mt19937_64& random) : random_(random) {}

    // 0 to count - 1.
    std::uint64_t below(std::uint64_t count) { return random_() % count; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(below(256)); }
    Sense sense() { return one_in(4) ? Sense::IsNot : Sense::Is; }
    template <typename T>
    const T& pick(const std::vector<T>& from) {
        return from[below(from.size())];
    }
    // Small numbers and the ends are as likely as all others together.
    std::uint16_t port() {
        if (one_in(3)) return pick<std::uint16_t>({0, 1, 22, 53, 1023, 1024, 65534, 65535});
        return static_cast<std::uint16_t>(below(65536));
    }

private:
    std::mt19937_64& random_;
};

unsigned bits_of(Family family) { return family == Family::Ipv4 ? 32 : 128; }

Address random_address(Dice& dice, Family family) {
    Address out;
    for (unsigned i = 0; i < bits_of(family) / 8; ++i) {
        out.bytes[i] = dice.one_in(2) ? 0 : dice.byte();
    }
    return out;
}

Address random_mask(Dice& dice, Family family) {
    if (!dice.one_in(5)) {
        return prefix_mask(1 + static_cast<unsigned>(dice.below(bits_of(family))), family);
    }
    Address mask = random_address(dice, family);
    mask.bytes[0] = static_cast<std::uint8_t>(mask.bytes[0] | 1);  // a mask of nothing is no match
    return mask;
}

std::optional<AddressMatch> random_address_match(Dice& dice, Family family) {
    if (!dice.one_in(3)) return std::nullopt;
    const Address mask = random_mask(dice, family);
    return AddressMatch{dice.sense(), masked(random_address(dice, family), mask), mask, {}};
}

std::optional<InterfaceMatch> random_interface(Dice& dice) {
    if (!dice.one_in(4)) return std::nullopt;
    const std::string name = dice.pick<std::string>(
        {"eth0", "lo", "eth+", "wlan0.100", "a", "abcdefghijklmno", "tun+", "br-lan", "!x", "+"});
    return InterfaceMatch{name == "+" ? Sense::IsNot : dice.sense(), name, {}};
}

PortRange random_range(Dice& dice) {
    const std::uint16_t first = dice.port();
    if (dice.one_in(2)) return {first, first};
    const std::uint16_t second = dice.port();
    return {std::min(first, second), std::max(first, second)};
}

std::optional<PortMatch> random_port_match(Dice& dice) {
    if (dice.one_in(2)) return std::nullopt;
    const PortRange range = random_range(dice);
    const bool all = range.first == 0 && range.last == 65535;
    return PortMatch{all ? Sense::IsNot : dice.sense(), range, {}};
}

TcpMatch random_tcp(Dice& dice) {
    TcpMatch out;
    out.source = random_port_match(dice);
    out.destination = random_port_match(dice);
    if (dice.one_in(3)) {
        const auto mask = static_cast<std::uint8_t>(1 + dice.below(63));
        out.flags =
            TcpFlagsMatch{dice.sense(), mask, static_cast<std::uint8_t>(dice.below(64)), {}};
    }
    if (dice.one_in(4)) {
        out.option =
            TcpOptionMatch{dice.sense(), static_cast<std::uint8_t>(1 + dice.below(255)), {}};
    }
    return out;
}

IcmpMatch random_icmp(Dice& dice, Family family) {
    IcmpMatch out;
    out.family = family;
    out.sense = dice.sense();
    out.type = dice.byte();
    if (dice.one_in(2) && !(family == Family::Ipv4 && out.type == 255)) {
        out.first_code = out.last_code = dice.byte();
    }
    return out;
}

MultiportMatch random_multiport(Dice& dice) {
    MultiportMatch out;
    out.side = dice.pick<PortSide>({PortSide::Source, PortSide::Destination, PortSide::Either});
    out.sense = dice.sense();
    std::size_t slots = 1 + dice.below(15);
    while (slots > 0) {
        const PortRange range = random_range(dice);
        const std::size_t needed = range.first == range.last ? 1 : 2;
        if (needed > slots) continue;
        slots -= needed;
        out.ports.push_back(range);
    }
    return out;
}

IprangeMatch random_iprange(Dice& dice, Family family) {
    const auto range = [&] {
        const Address one = random_address(dice, family);
        const Address two = random_address(dice, family);
        return AddressRange{dice.sense(), std::min(one, two), std::max(one, two), {}};
    };
    IprangeMatch out;
    out.family = family;
    const bool both = dice.one_in(3);
    const bool source = dice.one_in(2);
    if (both || source) out.source = range();
    if (both || !source) out.destination = range();
    return out;
}

CommentMatch random_comment(Dice& dice) {
    CommentMatch out;
    const std::size_t size = dice.one_in(8) ? 255 : dice.below(20);
    for (std::size_t i = 0; i < size; ++i) {
        if (dice.one_in(3)) {
            out.text += dice.pick<char>({' ', '"', '\'', '\\', '#', '!', '-', '\t', '$'});
        } else {
            // Everything but 0 and the newline; the carriage return is an end of line, too.
            const std::uint8_t c = dice.byte();
            out.text += c == 0 || c == '\n' || c == '\r' ? 'x' : static_cast<char>(c);
        }
    }
    return out;
}

// Values of the expression's own parser, which has a generator and a round trip of its own.
PcapMatch random_pcap(Dice& dice) {
    const std::string parts[] = {"tcp",
                                 "port 53",
                                 "not vlan",
                                 "len > 60",
                                 "src host 10.1.2.3",
                                 "ip[8] & 0x0f = 3",
                                 "ip6 net 2001:db8::/32",
                                 "ether host 2:0:0:0:0:1"};
    std::string text = parts[dice.below(std::size(parts))];
    for (std::uint64_t more = dice.below(3); more > 0; --more) {
        text += (dice.one_in(2) ? " and " : " or ") + parts[dice.below(std::size(parts))];
    }
    Diagnostics diags;
    auto expression = pcap::parse({text, {}}, {}, Names{}, diags);
    if (!expression) BPFW_BUG("a part of an expression that is none: " + text);
    return {dice.sense(), *std::move(expression), {}};
}

BpfMatch random_bytecode(Dice& dice) {
    BpfMatch out;
    for (std::uint64_t left = 1 + dice.below(64); left > 0; --left) {
        out.program.push_back({static_cast<std::uint16_t>(dice.below(65536)), dice.byte(),
                               dice.byte(), static_cast<std::uint32_t>(dice.below(UINT64_MAX))});
    }
    return out;
}

Match random_simple_match(Dice& dice, const AstShape& shape) {
    const Family family = shape.family;
    switch (dice.below(shape.chain == "OUTPUT" ? 9 : 10)) {
        case 0:
            return random_iprange(dice, family);
        case 1:
            return random_comment(dice);
        case 2: {
            const PortRange range = random_range(dice);
            return LengthMatch{dice.sense(), range.first, range.last, {}};
        }
        case 3:
            return HopLimitMatch{family,
                                 dice.pick<Comparison>({Comparison::Equal, Comparison::NotEqual,
                                                        Comparison::Less, Comparison::Greater}),
                                 dice.byte(),
                                 {}};
        case 4:
            return TosMatch{dice.sense(), dice.byte(), dice.byte(), {}};
        case 5:
            return DscpMatch{dice.sense(), static_cast<std::uint8_t>(dice.below(64)), {}};
        case 6:
            return PkttypeMatch{dice.sense(),
                                dice.pick<PacketType>({PacketType::Unicast, PacketType::Broadcast,
                                                       PacketType::Multicast}),
                                {}};
        case 7:
            return random_pcap(dice);
        case 8:
            return random_bytecode(dice);
        default: {
            MacMatch out{dice.sense(), {}, {}};
            for (std::uint8_t& octet : out.address) octet = dice.byte();
            return out;
        }
    }
}

// A match that the rule's protocol allows.
Match random_match(Dice& dice, const Rule& rule, const AstShape& shape) {
    const bool is = rule.protocol && rule.protocol->sense == Sense::Is;
    const std::uint8_t protocol = is ? rule.protocol->number : std::uint8_t{0};
    if (protocol == 0 || dice.one_in(3)) return random_simple_match(dice, shape);
    if (protocol == 6 && dice.one_in(2)) return random_tcp(dice);
    if (protocol == 17 && dice.one_in(2)) {
        return UdpMatch{random_port_match(dice), random_port_match(dice), {}};
    }
    if (protocol == (shape.family == Family::Ipv4 ? 1 : 58)) return random_icmp(dice, shape.family);
    const std::vector<std::uint8_t> with_ports = {6, 17, 33, 132, 136};
    if (std::count(with_ports.begin(), with_ports.end(), protocol) == 0) {
        return random_simple_match(dice, shape);
    }
    return random_multiport(dice);
}

Target random_target(Dice& dice, const AstShape& shape) {
    using Kind = Target::Kind;
    const std::size_t kinds = shape.chains.empty() ? 4 : 6;
    const Kind kind = std::vector<Kind>{Kind::None,   Kind::Accept, Kind::Drop,
                                        Kind::Return, Kind::Jump,   Kind::Goto}[dice.below(kinds)];
    const bool named = kind == Kind::Jump || kind == Kind::Goto;
    return {kind, named ? dice.pick(shape.chains) : "", {}};
}

std::string random_chain_name(Dice& dice) {
    return dice.pick<std::string>({"INPUT", "FORWARD", "web", "a", "f2b-sshd", "ufw-user-input",
                                   "chain.with:odd,chars", "#hash",
                                   "twenty-eight-bytes-long-name"});
}

std::optional<Counters> random_counters(Dice& dice) {
    if (!dice.one_in(3)) return std::nullopt;
    return Counters{dice.below(UINT64_MAX), dice.below(1000)};
}

}  // namespace

Rule random_rule(std::mt19937_64& random, const AstShape& shape) {
    Dice dice(random);
    Rule rule;
    rule.source = random_address_match(dice, shape.family);
    rule.destination = random_address_match(dice, shape.family);
    if (shape.chain != "OUTPUT") rule.in_interface = random_interface(dice);
    if (shape.chain != "INPUT") rule.out_interface = random_interface(dice);
    if (!dice.one_in(4)) {
        const std::uint8_t icmp = shape.family == Family::Ipv4 ? 1 : 58;
        const auto number = dice.one_in(4)
                                ? static_cast<std::uint8_t>(1 + dice.below(255))
                                : dice.pick<std::uint8_t>({6, 6, 17, icmp, 33, 132, 136, 47});
        rule.protocol = ProtocolMatch{dice.one_in(6) ? Sense::IsNot : Sense::Is, number, {}};
    }
    if (shape.family == Family::Ipv4 && dice.one_in(8)) {
        rule.fragment = FragmentMatch{dice.sense(), {}};
    }
    const std::uint64_t matches = dice.below(shape.most_matches + 1);
    for (std::uint64_t i = 0; i < matches; ++i) {
        rule.matches.push_back(random_match(dice, rule, shape));
    }
    rule.target = random_target(dice, shape);
    return rule;
}

namespace {

std::optional<std::string> maybe_chain(Dice& dice, const std::string& chain) {
    if (dice.one_in(2)) return std::nullopt;
    return chain;
}

Action random_frame_rule(Dice& dice) {
    const auto action =
        dice.pick<FrameAction>({FrameAction::Accept, FrameAction::Drop, FrameAction::Log});
    return AppendFrameRule{{action, random_pcap(dice).expression, {}}, random_counters(dice)};
}

Action random_rule_action(std::mt19937_64& random, const AstShape& shape, std::uint32_t position) {
    Dice dice(random);
    if (dice.one_in(10)) return random_frame_rule(dice);
    Rule rule = random_rule(random, shape);
    switch (dice.below(6)) {
        case 0:
            return InsertRule{shape.chain, position, std::move(rule), random_counters(dice)};
        case 1:
            return ReplaceRule{shape.chain, position, std::move(rule), random_counters(dice)};
        case 2:
            return DeleteRule{shape.chain, std::move(rule)};
        case 3:
            return CheckRule{shape.chain, std::move(rule)};
        default:
            return AppendRule{shape.chain, std::move(rule), random_counters(dice)};
    }
}

Action random_chain_action(Dice& dice, const std::string& chain, std::uint32_t position) {
    switch (dice.below(9)) {
        case 0:
            return DeletePosition{chain, position};
        case 1:
            return NewChain{chain};
        case 2:
            return DeleteChain{maybe_chain(dice, chain)};
        case 3:
            return RenameChain{chain, "renamed"};
        case 4:
            return SetPolicy{chain, dice.one_in(2) ? Verdict::Drop : Verdict::Accept,
                             random_counters(dice)};
        case 5:
            return FlushChain{maybe_chain(dice, chain)};
        case 6:
            return ZeroChain{chain, position};
        case 7:
            return ListRules{maybe_chain(dice, chain), {}};
        default:
            return PrintRules{chain, position};
    }
}

}  // namespace

Statement random_statement(std::mt19937_64& random, Family family) {
    Dice dice(random);
    AstShape shape;
    shape.family = family;
    shape.chain = random_chain_name(dice);
    shape.chains = {"web", "f2b-sshd", "twenty-eight-bytes-long-name"};
    const auto position = static_cast<std::uint32_t>(1 + dice.below(2147483647));
    return {family,
            "filter",
            dice.one_in(3) ? random_chain_action(dice, shape.chain, position)
                           : random_rule_action(random, shape, position),
            {}};
}

}  // namespace bpfw::test
