// SPDX-License-Identifier: GPL-2.0-or-later
// (Table, seed) -> packets. random_packets() is the door.
#include "tests/support/random_packets.hpp"

#include <algorithm>

#include "tests/support/nasty.hpp"
#include "tests/support/pools.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

// What a rule is aimed with: the packet and the devices it goes by.
struct Aim {
    Draft draft;
    Place place;
    Bytes tcp_options;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint8_t tcp_flags = 2;
    std::uint8_t icmp_type = 8;
    std::uint8_t icmp_code = 0;
    std::uint32_t payload = 0;
};

Aim random_aim(Family family, Hook hook, Random& random) {
    Aim aim;
    aim.draft.family = family;
    aim.draft.source = random.pick(addresses(family));
    aim.draft.destination = random.pick(addresses(family));
    aim.draft.source_mac = random.pick(macs());
    aim.draft.hop_limit = random.percent(70) ? 64 : random.pick(kHopLimits);
    aim.draft.tos = random.percent(60) ? std::uint8_t{0} : random.pick(kTos);
    const auto& pool = protocols(family);
    aim.draft.protocol = random.percent(70) ? pool[random.below(3)] : random.pick(pool);
    aim.place.hook = hook;
    if (hook != Hook::Output) aim.place.in = random.pick(kInDevices);
    if (hook == Hook::Output) aim.place.out = random.pick(kOutDevices);
    aim.source_port = random.pick(kPorts);
    aim.destination_port = random.pick(kPorts);
    aim.tcp_flags = random.percent(70) ? random.pick(kTcpFlags) : random.byte();
    aim.icmp_type = random.pick(family == Family::Ipv4 ? kIcmpTypes4 : kIcmpTypes6);
    aim.icmp_code = random.pick(kIcmpCodes);
    aim.payload = random.percent(80) ? random.below(24) : random.between(24, 1300);
    return aim;
}

// ---------------------------------------------------------------- aiming at one condition
std::uint16_t port_in(const PortRange& range, Random& random) {
    const std::uint32_t dice = random.below(4);
    if (dice == 0) return range.first;
    if (dice == 1) return range.last;
    return static_cast<std::uint16_t>(random.between(range.first, range.last));
}

void aim_address(const std::optional<AddressMatch>& match, Address& address) {
    if (!match || match->sense == Sense::IsNot) return;
    for (std::size_t i = 0; i < address.bytes.size(); i++)
        address.bytes[i] = static_cast<std::uint8_t>((address.bytes[i] & ~match->mask.bytes[i]) |
                                                     match->address.bytes[i]);
}

void aim_port(const std::optional<PortMatch>& match, std::uint16_t& port, Random& random) {
    if (match && match->sense == Sense::Is) port = port_in(match->ports, random);
}

Bytes tcp_option(std::uint8_t kind, Random& random) {
    if (kind < 2) return {kind};
    const auto length = static_cast<std::uint8_t>(random.between(2, 6));
    Bytes option(length, 0x11);
    option[0] = kind;
    option[1] = length;
    return option;
}

void aim_at(const TcpMatch& match, Aim& aim, Random& random) {
    aim_port(match.source, aim.source_port, random);
    aim_port(match.destination, aim.destination_port, random);
    if (match.flags && match.flags->sense == Sense::Is)
        aim.tcp_flags =
            static_cast<std::uint8_t>((aim.tcp_flags & ~match.flags->mask) | match.flags->set);
    if (match.option) {
        const Bytes option = tcp_option(match.option->kind, random);
        aim.tcp_options.insert(aim.tcp_options.end(), option.begin(), option.end());
    }
}

void aim_at(const UdpMatch& match, Aim& aim, Random& random) {
    aim_port(match.source, aim.source_port, random);
    aim_port(match.destination, aim.destination_port, random);
}

void aim_at(const IcmpMatch& match, Aim& aim, Random& random) {
    aim.icmp_type = match.type;
    aim.icmp_code = static_cast<std::uint8_t>(random.between(match.first_code, match.last_code));
}

void aim_at(const MultiportMatch& match, Aim& aim, Random& random) {
    if (match.sense == Sense::IsNot) return;
    const std::uint16_t port = port_in(random.pick(match.ports), random);
    const bool source =
        match.side == PortSide::Source || (match.side == PortSide::Either && random.percent(50));
    (source ? aim.source_port : aim.destination_port) = port;
}

void aim_at(const IprangeMatch& match, Aim& aim, Random& random) {
    if (match.source)
        aim.draft.source = random.percent(50) ? match.source->first : match.source->last;
    if (match.destination)
        aim.draft.destination =
            random.percent(50) ? match.destination->first : match.destination->last;
}

void aim_at(const MacMatch& match, Aim& aim, Random&) { aim.draft.source_mac = match.address; }
void aim_at(const CommentMatch&, Aim&, Random&) {}

// The payload that gives the packet the length; headers are counted as without options.
void aim_at(const LengthMatch& match, Aim& aim, Random& random) {
    const std::uint32_t last = std::min<std::uint32_t>(match.last, 1400);
    if (match.first > last) return;
    const std::uint32_t wanted =
        random.percent(50) ? match.first : random.between(match.first, last);
    std::uint32_t headers = aim.draft.family == Family::Ipv4 ? 20 : 40;
    if (aim.draft.protocol == 6) headers += 20;
    if (aim.draft.protocol == 17 || aim.draft.protocol == 1 || aim.draft.protocol == 58)
        headers += 8;
    aim.payload = wanted > headers ? wanted - headers : 0;
}

void aim_at(const HopLimitMatch& match, Aim& aim, Random& random) {
    const std::uint32_t seen = match.value + (aim.place.hook == Hook::Forward ? 1u : 0u);
    aim.draft.hop_limit = static_cast<std::uint8_t>(seen + random.below(3) - 1);
}

void aim_at(const TosMatch& match, Aim& aim, Random& random) {
    aim.draft.tos = static_cast<std::uint8_t>(match.value | (random.byte() & ~match.mask));
}

void aim_at(const DscpMatch& match, Aim& aim, Random& random) {
    aim.draft.tos = static_cast<std::uint8_t>(match.value << 2 | random.below(4));
}

void aim_at(const PkttypeMatch& match, Aim& aim, Random&) {
    if (aim.place.hook != Hook::Input) return;
    if (match.type == PacketType::Broadcast) aim.draft.destination_mac.fill(0xff);
    if (match.type == PacketType::Multicast) aim.draft.destination_mac = {1, 0, 0x5e, 0, 0, 5};
}

void aim_at(const PcapMatch&, Aim&, Random&) {}
void aim_at(const BpfMatch&, Aim&, Random&) {}

void aim_device(const std::optional<InterfaceMatch>& match, const std::vector<std::string>& devices,
                std::string& device) {
    if (!match || device.empty() || match->sense == Sense::IsNot) return;
    for (const std::string& candidate : devices)
        if (candidate == match->name ||
            (match->name.back() == '+' && candidate.compare(0, match->name.size() - 1, match->name,
                                                            0, match->name.size() - 1) == 0))
            device = candidate;
}

void aim_at(const Rule& rule, Aim& aim, Random& random) {
    aim_address(rule.source, aim.draft.source);
    aim_address(rule.destination, aim.draft.destination);
    aim_device(rule.in_interface, kInDevices, aim.place.in);
    aim_device(rule.out_interface, kOutDevices, aim.place.out);
    if (rule.protocol && rule.protocol->sense == Sense::Is)
        aim.draft.protocol = rule.protocol->number;
    if (rule.fragment && rule.fragment->sense == Sense::Is && random.percent(70))
        aim.draft.fragment = static_cast<std::uint16_t>(random.between(1, 4));
    for (const Match& match : rule.matches)
        std::visit([&aim, &random](const auto& m) { aim_at(m, aim, random); }, match);
}

// One field, a little beside the mark.
void miss(Aim& aim, Random& random) {
    const auto step = static_cast<std::uint16_t>(random.percent(50) ? 1 : 0xffff);
    const std::size_t byte = random.below(address_bytes(aim.draft.family));
    const auto bit = static_cast<std::uint8_t>(1u << random.below(8));
    switch (random.below(9)) {
        case 0:
            aim.source_port = static_cast<std::uint16_t>(aim.source_port + step);
            return;
        case 1:
            aim.destination_port = static_cast<std::uint16_t>(aim.destination_port + step);
            return;
        case 2:
            aim.draft.source.bytes[byte] ^= bit;
            return;
        case 3:
            aim.draft.destination.bytes[byte] ^= bit;
            return;
        case 4:
            aim.draft.hop_limit = static_cast<std::uint8_t>(aim.draft.hop_limit + step);
            return;
        case 5:
            aim.tcp_flags ^= bit;
            return;
        case 6:
            aim.draft.protocol ^= bit;
            return;
        case 7:
            aim.icmp_code ^= 1;
            return;
        default:
            aim.draft.tos ^= bit;
    }
}

// ------------------------------------------------------------------------------- building
void put_ports(Bytes& out, const Aim& aim) {
    out = {static_cast<std::uint8_t>(aim.source_port >> 8),
           static_cast<std::uint8_t>(aim.source_port),
           static_cast<std::uint8_t>(aim.destination_port >> 8),
           static_cast<std::uint8_t>(aim.destination_port)};
}

void put_tcp(Bytes& out, const Aim& aim) {
    put_ports(out, aim);
    Bytes options = aim.tcp_options;
    options.resize(std::min<std::size_t>((options.size() + 3) / 4 * 4, 40), 0);
    out.resize(20, 0x5c);
    out[12] = static_cast<std::uint8_t>((5 + options.size() / 4) << 4);
    out[13] = aim.tcp_flags;
    out.insert(out.end(), options.begin(), options.end());
}

void put_transport(Aim& aim, Random& random) {
    Bytes& out = aim.draft.transport;
    const std::uint8_t icmp = aim.draft.family == Family::Ipv4 ? 1 : 58;
    if (aim.draft.protocol == 6) {
        put_tcp(out, aim);
    } else if (aim.draft.protocol == icmp) {
        out = {aim.icmp_type, aim.icmp_code, 0, 0, 0, 1, 0, 1};
    } else {
        put_ports(out, aim);
        out.insert(out.end(), {0, 8, 0, 0});
    }
    for (std::uint32_t i = 0; i < aim.payload; i++) out.push_back(random.byte());
}

std::vector<const Rule*> rules_of(const compiler::Table& table) {
    std::vector<const Rule*> all;
    for (const auto& chain : table.chains)
        for (const auto& rule : chain.rules) all.push_back(&rule.rule);
    return all;
}

TestPacket random_packet(const std::vector<const Rule*>& rules, Family family, Hook hook,
                         Random& random) {
    Aim aim = random_aim(family, hook, random);
    if (!rules.empty() && random.percent(85)) aim_at(*random.pick(rules), aim, random);
    if (!rules.empty() && random.percent(15)) aim_at(*random.pick(rules), aim, random);
    if (random.percent(30)) miss(aim, random);
    // More TCP options than a rule asks for, and after them.
    while (random.percent(20)) {
        const Bytes option = tcp_option(random.pick(kTcpOptions), random);
        aim.tcp_options.insert(aim.tcp_options.end(), option.begin(), option.end());
    }
    // ip_forward() refuses these before the rules; a few are enough.
    if (hook == Hook::Forward && aim.draft.hop_limit < 2 && random.percent(90))
        aim.draft.hop_limit = 2;
    put_transport(aim, random);
    while (random.percent(30)) make_nasty(aim.draft, hook, random);
    if (hook == Hook::Forward) aim.place.out = route_of(aim.draft.destination);
    return {draft_frame(aim.draft), aim.place};
}

}  // namespace

const std::string& route_of(const Address& destination) {
    return kOutDevices[destination.bytes[0] >> 7];
}

std::vector<TestPacket> random_packets(const compiler::Table& table, Family family, Hook hook,
                                       std::size_t count, Random& random) {
    const std::vector<const Rule*> rules = rules_of(table);
    std::vector<TestPacket> packets;
    packets.reserve(count);
    while (packets.size() < count) packets.push_back(random_packet(rules, family, hook, random));
    return packets;
}

}  // namespace bpfw::test
