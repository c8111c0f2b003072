// SPDX-License-Identifier: GPL-2.0-or-later
// (Tables, frame, place) -> Answer. The order of the questions is the kernel's: addresses,
// interfaces, protocol, fragment, then the matches as written; a hotdrop ends the walk.
// What filters ask is taken from compiler/filter/ as it is lowered, without optimiser or emitter.
// interpret() is the door.
#include "tests/support/interpreter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "parser/base/result.hpp"
#include "tests/support/classic_reference.hpp"
#include "tests/support/packet_view.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

enum class Says : std::uint8_t { No, Yes, Hotdrop };

Says says(bool holds) { return holds ? Says::Yes : Says::No; }
bool senses(Sense sense, bool holds) { return holds == (sense == Sense::Is); }

// ------------------------------------------------- the IP part (ip_packet_match, ip6_packet_match)
bool address_holds(const std::optional<AddressMatch>& match, const Address& address) {
    if (!match) return true;
    bool equal = true;
    for (std::size_t i = 0; i < address.bytes.size(); i++)
        equal &= (address.bytes[i] & match->mask.bytes[i]) == match->address.bytes[i];
    return senses(match->sense, equal);
}

bool interface_holds(const std::optional<InterfaceMatch>& match, const std::string& device) {
    if (!match) return true;
    const std::string& name = match->name;
    if (!name.empty() && name.back() == '+') {
        const std::size_t prefix = name.size() - 1;
        return senses(match->sense, device.compare(0, prefix, name, 0, prefix) == 0);
    }
    return senses(match->sense, device == name);
}

// Only IPv6 can miss its transport; then any -p, negated or not, is a hotdrop.
Says protocol_says(const Rule& rule, const std::optional<Transport>& transport) {
    if (!rule.protocol) return Says::Yes;
    if (!transport) return Says::Hotdrop;
    return says(senses(rule.protocol->sense, transport->protocol == rule.protocol->number));
}

Says ip_part_says(const Rule& rule, const PacketView& packet, const Place& place,
                  const std::optional<Transport>& transport) {
    if (!address_holds(rule.source, packet.source()) ||
        !address_holds(rule.destination, packet.destination()) ||
        !interface_holds(rule.in_interface, place.in) ||
        !interface_holds(rule.out_interface, place.out))
        return Says::No;
    const Says protocol = protocol_says(rule, transport);
    if (protocol != Says::Yes) return protocol;
    if (!rule.fragment) return Says::Yes;
    return says(senses(rule.fragment->sense, transport && transport->fragment != 0));
}

// ------------------------------------------------------------------------------ the -m matches
struct Context {
    const PacketView& packet;
    const Place& place;
    Transport transport;
};

bool port_holds(const std::optional<PortMatch>& match, std::uint16_t port) {
    return !match || senses(match->sense, port >= match->ports.first && port <= match->ports.last);
}

// tcp_find_option: End-of-options is stepped over like a NOP, and a length byte of 0 counts as 1.
bool has_option(std::span<const std::uint8_t> options, std::uint8_t kind) {
    for (std::size_t i = 0; i < options.size();) {
        if (options[i] == kind) return true;
        if (options[i] < 2 || i + 1 >= options.size() || options[i + 1] == 0)
            i++;
        else
            i += options[i + 1];
    }
    return false;
}

Says option_says(const TcpOptionMatch& match, const Context& c,
                 std::span<const std::uint8_t> header) {
    const std::size_t length = (header[12] >> 4) * 4u;
    if (length < 20) return Says::Hotdrop;
    if (length == 20) return says(match.sense == Sense::IsNot);
    const auto options = c.packet.at(c.transport.offset + 20, length - 20);
    if (!options) return Says::Hotdrop;
    return says(senses(match.sense, has_option(*options, match.kind)));
}

Says match_says(const TcpMatch& match, const Context& c) {
    if (c.transport.fragment != 0) return c.transport.fragment == 1 ? Says::Hotdrop : Says::No;
    const auto header = c.packet.at(c.transport.offset, 20);
    if (!header) return Says::Hotdrop;
    if (!port_holds(match.source, be16(*header, 0)) ||
        !port_holds(match.destination, be16(*header, 2)))
        return Says::No;
    if (match.flags &&
        !senses(match.flags->sense, ((*header)[13] & match.flags->mask) == match.flags->set))
        return Says::No;
    return match.option ? option_says(*match.option, c, *header) : Says::Yes;
}

Says match_says(const UdpMatch& match, const Context& c) {
    if (c.transport.fragment != 0) return Says::No;
    const auto header = c.packet.at(c.transport.offset, 8);
    if (!header) return Says::Hotdrop;
    return says(port_holds(match.source, be16(*header, 0)) &&
                port_holds(match.destination, be16(*header, 2)));
}

// Type 255 means "any" to xt_icmp, and nothing special to xt_icmp6.
Says match_says(const IcmpMatch& match, const Context& c) {
    if (c.transport.fragment != 0) return Says::No;
    const auto header = c.packet.at(c.transport.offset, 8);
    if (!header) return Says::Hotdrop;
    const bool any = match.family == Family::Ipv4 && match.type == 255;
    const bool fits = (*header)[0] == match.type && (*header)[1] >= match.first_code &&
                      (*header)[1] <= match.last_code;
    return says(senses(match.sense, any || fits));
}

Says match_says(const MultiportMatch& match, const Context& c) {
    if (c.transport.fragment != 0) return Says::No;
    const auto header = c.packet.at(c.transport.offset, 4);
    if (!header) return Says::Hotdrop;
    const auto in_list = [&match](std::uint16_t port) {
        return std::any_of(match.ports.begin(), match.ports.end(), [port](const PortRange& range) {
            return port >= range.first && port <= range.last;
        });
    };
    const bool source = match.side != PortSide::Destination && in_list(be16(*header, 0));
    const bool destination = match.side != PortSide::Source && in_list(be16(*header, 2));
    return says(senses(match.sense, source || destination));
}

bool range_holds(const std::optional<AddressRange>& range, const Address& address) {
    return !range || senses(range->sense, address >= range->first && address <= range->last);
}

Says match_says(const IprangeMatch& match, const Context& c) {
    return says(range_holds(match.source, c.packet.source()) &&
                range_holds(match.destination, c.packet.destination()));
}

Says match_says(const MacMatch& match, const Context& c) {
    return says(c.packet.has_mac && senses(match.sense, c.packet.source_mac == match.address));
}

Says match_says(const CommentMatch&, const Context&) { return Says::Yes; }

Says match_says(const LengthMatch& match, const Context& c) {
    const std::uint32_t length = c.packet.length();
    return says(senses(match.sense, length >= match.first && length <= match.last));
}

Says match_says(const HopLimitMatch& match, const Context& c) {
    const std::uint8_t value = c.packet.hop_limit;
    switch (match.comparison) {
        case Comparison::Equal:
            return says(value == match.value);
        case Comparison::NotEqual:
            return says(value != match.value);
        case Comparison::Less:
            return says(value < match.value);
        case Comparison::Greater:
            return says(value > match.value);
    }
    BPFW_BUG("comparison");
}

Says match_says(const TosMatch& match, const Context& c) {
    return says(senses(match.sense, (c.packet.tos() & match.mask) == match.value));
}

Says match_says(const DscpMatch& match, const Context& c) {
    return says(senses(match.sense, c.packet.tos() >> 2 == match.value));
}

Says match_says(const PkttypeMatch& match, const Context& c) {
    return says(senses(match.sense, c.packet.type == match.type));
}

// The expression as it is written, on the whole frame.
Says match_says(const PcapMatch& match, const Context& c) {
    namespace filter = compiler::filter;
    const filter::Graph graph = filter::lower(match.expression, filter::Lists::AsWritten, {});
    filter::Frame frame;
    frame.bytes = std::as_bytes(c.packet.frame);
    frame.length = static_cast<std::uint32_t>(frame.bytes.size());
    if (c.place.hook == Hook::Output) frame.direction = filter::Frame::Direction::Out;
    return says(senses(match.sense, filter::evaluate(graph, frame) != 0));
}

// As the kernel has it at the hook: no tags, and below OUTPUT no link header yet.
Says match_says(const BpfMatch& match, const Context& c) {
    const bool ipv4 = c.packet.family == Family::Ipv4;
    std::vector<std::uint8_t> link(c.packet.frame.begin(), c.packet.frame.begin() + 12);
    const std::uint16_t type = ipv4 ? 0x0800 : 0x86dd;
    link.push_back(static_cast<std::uint8_t>(type >> 8));
    link.push_back(static_cast<std::uint8_t>(type));
    link.insert(link.end(), c.packet.ip.begin(), c.packet.ip.end());
    ClassicPacket packet{.packet = c.packet.ip, .link = {}, .protocol = type};
    if (c.place.hook != Hook::Output) packet.link = link;
    packet.type = static_cast<std::uint8_t>(c.packet.type);
    return says(run_classic(match.program, packet) != 0);
}

Says rule_says(const Rule& rule, const PacketView& packet, const Place& place,
               const std::optional<Transport>& transport) {
    const Says ip_part = ip_part_says(rule, packet, place, transport);
    if (ip_part != Says::Yes) return ip_part;
    const Context context{packet, place, transport.value_or(Transport{})};
    for (const Match& match : rule.matches) {
        const Says one =
            std::visit([&context](const auto& m) { return match_says(m, context); }, match);
        if (one != Says::Yes) return one;
    }
    return Says::Yes;
}

// --------------------------------------------------------------------------------- the walk
class Walk {
public:
    Walk(const compiler::Table& table, const PacketView& packet, const Place& place)
        : table_(table), packet_(packet), place_(place), transport_(find_transport(packet)) {
        answer_.family = packet.family;
        answer_.bytes = packet.ip.size();
    }

    Answer run() {
        base_ = index_of(chain_name(place_.hook));
        at_ = {base_, 0};
        while (step()) {
        }
        return answer_;
    }

private:
    struct Cursor {
        std::uint32_t chain;
        std::uint32_t rule;  // 0-based: the rule to be asked next
    };

    std::uint32_t index_of(std::string_view name) const {
        for (std::uint32_t i = 0; i < table_.chains.size(); i++)
            if (table_.chains[i].name == name) return i;
        BPFW_BUG(fmt::format("no chain {}", name));
    }

    void decide(Outcome outcome, Position position) {
        answer_.outcome = outcome;
        answer_.decided = position;
    }

    // RETURN, or the end of a chain: back to the caller, or to the base chain's policy, which
    // also ends a chain that was entered with -g.
    bool back() {
        if (!callers_.empty()) {
            at_ = callers_.back();
            callers_.pop_back();
            return true;
        }
        answer_.counted.push_back({base_, 0});
        const bool accept = table_.chains[base_].policy == Verdict::Accept;
        decide(accept ? Outcome::Accept : Outcome::Drop, {base_, 0});
        return false;
    }

    bool step() {
        const compiler::Chain& chain = table_.chains[at_.chain];
        if (at_.rule >= chain.rules.size()) return back();
        const Rule& rule = chain.rules[at_.rule].rule;
        const Position here{at_.chain, at_.rule + 1};
        at_.rule++;
        const Says said = rule_says(rule, packet_, place_, transport_);
        if (said == Says::Hotdrop) {
            answer_.outcome = Outcome::Hotdrop;
            return false;
        }
        if (said == Says::No) return true;
        answer_.counted.push_back(here);
        return follow(rule.target, here);
    }

    bool follow(const Target& target, Position here) {
        switch (target.kind) {
            case Target::Kind::None:
                return true;
            case Target::Kind::Accept:
                decide(Outcome::Accept, here);
                return false;
            case Target::Kind::Drop:
                decide(Outcome::Drop, here);
                return false;
            case Target::Kind::Return:
                return back();
            case Target::Kind::Jump:
                callers_.push_back(at_);
                [[fallthrough]];
            case Target::Kind::Goto:
                at_ = {index_of(target.chain), 0};
                return true;
        }
        BPFW_BUG("target");
    }

    const compiler::Table& table_;
    const PacketView& packet_;
    const Place& place_;
    std::optional<Transport> transport_;
    std::uint32_t base_ = 0;
    Cursor at_{};
    std::vector<Cursor> callers_;
    Answer answer_;
};

std::uint32_t policies(const compiler::Table& table) {
    return static_cast<std::uint32_t>(std::count_if(table.chains.begin(), table.chains.end(),
                                                    [](const auto& c) { return !!c.policy; }));
}

std::uint32_t slots(const compiler::Table& table) {
    std::size_t count = policies(table);
    for (const auto& chain : table.chains) count += chain.rules.size();
    return static_cast<std::uint32_t>(count);
}

}  // namespace

const char* chain_name(Hook hook) {
    switch (hook) {
        case Hook::Input:
            return "INPUT";
        case Hook::Forward:
            return "FORWARD";
        case Hook::Output:
            return "OUTPUT";
    }
    BPFW_BUG("hook");
}

Answer interpret(const Tables& tables, std::span<const std::uint8_t> frame, const Place& place) {
    const Seen seen = look(frame, place.hook);
    if (seen.outcome != Outcome::Accept) {
        Answer answer;
        answer.outcome = seen.outcome;
        return answer;
    }
    return Walk(tables.of(seen.packet.family), seen.packet, place).run();
}

std::uint32_t slot_of(const Tables& tables, Family family, Position position) {
    const compiler::Table& table = tables.of(family);
    const std::uint32_t first = family == Family::Ipv4 ? 0 : slots(tables.ipv4);
    std::uint32_t slot = position.rule == 0 ? 0 : policies(table) + position.rule - 1;
    for (std::uint32_t i = 0; i < position.chain; i++)
        slot += position.rule == 0 ? (table.chains[i].policy ? 1u : 0u)
                                   : static_cast<std::uint32_t>(table.chains[i].rules.size());
    return first + slot;
}

std::uint32_t slot_count(const Tables& tables) { return slots(tables.ipv4) + slots(tables.ipv6); }

std::string to_text(const compiler::Table& table, Position position) {
    const std::string& chain = table.chains[position.chain].name;
    return position.rule == 0 ? chain + " policy" : fmt::format("{}:{}", chain, position.rule);
}

}  // namespace bpfw::test
