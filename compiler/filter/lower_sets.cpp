// SPDX-License-Identifier: GPL-2.0-or-later
// `host A or host B or ...`: neighbours that ask the same fields, as looks into one set. On cut
// frames too the answer is that of asking one after the other: whoever comes to the second one
// has read both fields, since the first asked both; so a destination that is cut off ends it,
// unless the first one's source was right.
#include <algorithm>

#include "compiler/filter/lowering.hpp"
#include "parser/base/result.hpp"

namespace bpfw::compiler::filter {
namespace {

namespace pcap = parser::pcap;
using pcap::Direction;
using pcap::Protocol;

// What the members of one list have in common.
struct Kind {
    enum class Field : std::uint8_t { Ipv4, Ipv6, Ethernet, Port, Number };
    Field field = Field::Ipv4;
    Protocol protocol = Protocol::None;
    Direction direction = Direction::None;
};

// A mask's ones all stand left of its zeros.
bool contiguous(const Words& mask, std::size_t words) {
    bool ended = false;
    for (std::size_t i = 0; i < words; ++i) {
        const std::uint32_t zeros = ~mask[i];
        if ((zeros & (zeros + 1)) != 0 || (ended && mask[i] != 0)) {
            return false;
        }
        ended = ended || zeros != 0;
    }
    return true;
}

std::optional<Kind> address_kind(Protocol protocol, Direction direction, parser::Family family) {
    if (protocol == Protocol::Decnet) {
        return std::nullopt;
    }
    return family == parser::Family::Ipv6 ? Kind{Kind::Field::Ipv6, Protocol::Ip6, direction}
                                          : Kind{Kind::Field::Ipv4, protocol, direction};
}

// A fragment header's number is not only asked, it says where the next number is; what a byte
// cannot hold is in no set.
std::optional<Kind> number_kind(const pcap::Proto& proto) {
    const bool ip = proto.protocol == Protocol::None || proto.protocol == Protocol::Ip ||
                    proto.protocol == Protocol::Ip6;
    if (!ip || proto.number > 255 || (proto.protocol != Protocol::Ip && proto.number == 44)) {
        return std::nullopt;
    }
    return Kind{Kind::Field::Number, proto.protocol, Direction::None};
}

std::optional<Kind> kind_of(const pcap::Primitive& primitive) {
    std::optional<Kind> kind;
    if (const auto* host = std::get_if<pcap::Host>(&primitive)) {
        kind = address_kind(host->protocol, host->direction, host->family);
    } else if (const auto* net = std::get_if<pcap::Net>(&primitive)) {
        if (contiguous(words_of(net->mask), net->family == parser::Family::Ipv4 ? 1 : 4)) {
            kind = address_kind(net->protocol, net->direction, net->family);
        }
    } else if (const auto* ether = std::get_if<pcap::EthernetHost>(&primitive)) {
        kind = Kind{Kind::Field::Ethernet, Protocol::Link, ether->direction};
    } else if (const auto* port = std::get_if<pcap::Port>(&primitive)) {
        kind = Kind{Kind::Field::Port, port->protocol, port->direction};
    } else if (const auto* proto = std::get_if<pcap::Proto>(&primitive)) {
        kind = number_kind(*proto);
    } else if (const auto* word = std::get_if<pcap::IsProtocol>(&primitive)) {
        const auto meant = as_proto(word->protocol);
        kind = meant ? number_kind(*meant) : std::nullopt;
    }
    if (!kind || kind->direction == Direction::SourceAndDestination) {
        return std::nullopt;
    }
    if (kind->direction == Direction::None) {
        kind->direction = Direction::SourceOrDestination;
    }
    return kind;
}

bool is_address(const Kind& kind) {
    return kind.field == Kind::Field::Ipv4 || kind.field == Kind::Field::Ipv6;
}

SetRange range_of(const Words& address, const Words& mask) {
    SetRange range{address, address};
    for (std::size_t i = 0; i < mask.size(); ++i) {
        range.last[i] |= ~mask[i];
    }
    return range;
}

SetRange range_of(const pcap::Primitive& primitive) {
    if (const auto* host = std::get_if<pcap::Host>(&primitive)) {
        const Words address = words_of(host->address);
        return {address, address};
    }
    if (const auto* net = std::get_if<pcap::Net>(&primitive)) {
        Words mask = words_of(net->mask);
        if (net->family == parser::Family::Ipv4) {
            mask[1] = mask[2] = mask[3] = 0xffffffff;
        }
        return range_of(words_of(net->address), mask);
    }
    if (const auto* ether = std::get_if<pcap::EthernetHost>(&primitive)) {
        const auto& m = ether->address;
        const auto word = [](std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
            return a << 24U | b << 16U | c << 8U | d;
        };
        const Words address = {word(0, 0, m[0], m[1]), word(m[2], m[3], m[4], m[5])};
        return {address, address};
    }
    if (const auto* port = std::get_if<pcap::Port>(&primitive)) {
        return {{port->ports.first}, {port->ports.last}};
    }
    const auto* word = std::get_if<pcap::IsProtocol>(&primitive);
    const pcap::Proto proto =
        word != nullptr ? as_proto(word->protocol).value() : std::get<pcap::Proto>(primitive);
    return {{proto.number}, {proto.number}};
}

// Source or destination, of a field that is one load: all of it is there, or nothing.
struct OneLoad {
    SetId set;
    SetRange first;  // what the first of the list asks for
    LoadSize size;
};

Target lower_in_range(Builder& b, ValueId value, const SetRange& range, const Ways& ways) {
    if (range.first == range.last) {
        return b.compare_number(Relation::Equal, value, range.first[0], ways);
    }
    const Target below = b.compare_number(Relation::Greater, value, range.last[0], swapped(ways));
    return b.compare_number(Relation::GreaterEqual, value, range.first[0], {below, ways.no});
}

Target lower_one_load(Builder& b, const OneLoad& of, Direction direction, const Offset& source,
                      const Offset& destination, const Ways& ways) {
    const ValueId src = b.load(source, of.size);
    const ValueId dst = b.load(destination, of.size);
    if (direction != Direction::SourceOrDestination) {
        return b.add(Member{{direction == Direction::Source ? src : dst}, of.set}, ways);
    }
    const Target other = b.add(Member{{src}, of.set}, ways);
    const Ways cut{ways.yes, b.abort};
    const Target first = lower_in_range(b, src, of.first, cut);
    return b.add(Member{{dst}, of.set}, {ways.yes, other}, first);
}

// The source lies behind the destination: when it is there, so is the other.
Target lower_ethernet(Builder& b, SetId set, Direction direction, const Offset& source,
                      const Offset& destination, const Ways& ways) {
    return lower_sides(
        direction,
        [&](bool of_source, const Ways& to) {
            const Offset at = of_source ? source : destination;
            const ValueId head = b.load(at, LoadSize::U16);
            return b.add(Member{{head, b.load(at + 2, LoadSize::U32)}, set}, to);
        },
        ways);
}

Target lower_addresses(Builder& b, const Link& link, const Kind& kind,
                       const std::vector<SetRange>& ranges, const Ways& ways) {
    const bool v4 = kind.field == Kind::Field::Ipv4;
    const SetId set = b.add_set(make_set(v4 ? 1 : 4, ranges));
    if (v4) {
        const AddressTest test = [&](const Offset& source, const Offset& destination,
                                     const Ways& to) {
            return lower_one_load(b, {set, ranges.front(), LoadSize::U32}, kind.direction, source,
                                  destination, to);
        };
        return lower_ipv4_addresses(b, link, kind.protocol, test, ways);
    }
    const AddressTest test = [&](const Offset& source, const Offset& destination, const Ways& to) {
        return lower_ipv6_list(b, {set, ranges}, kind.direction, source, destination, to);
    };
    return lower_ipv6_addresses(b, link, test, ways);
}

// IPv4's and IPv6's are of different frames: their order is of no matter.
Target lower_mixed_addresses(Builder& b, const Link& link,
                             std::span<const pcap::Primitive* const> of, const Ways& ways) {
    Kind v4;
    Kind v6;
    std::vector<SetRange> v4_ranges;
    std::vector<SetRange> v6_ranges;
    for (const pcap::Primitive* primitive : of) {
        const Kind kind = kind_of(*primitive).value();
        (kind.field == Kind::Field::Ipv4 ? v4 : v6) = kind;
        (kind.field == Kind::Field::Ipv4 ? v4_ranges : v6_ranges).push_back(range_of(*primitive));
    }
    Target at = ways.no;
    if (!v6_ranges.empty()) {
        at = lower_addresses(b, link, v6, v6_ranges, {ways.yes, at});
    }
    if (!v4_ranges.empty()) {
        at = lower_addresses(b, link, v4, v4_ranges, {ways.yes, at});
    }
    return at;
}

}  // namespace

std::size_t list_length(std::span<const pcap::Primitive* const> of) {
    std::array<std::optional<Kind>, 2> seen;  // of IPv4 (or no addresses at all), of IPv6
    for (std::size_t i = 0; i < of.size(); ++i) {
        const auto kind = of[i] != nullptr ? kind_of(*of[i]) : std::nullopt;
        if (!kind) {
            return i;
        }
        auto& like = seen[kind->field == Kind::Field::Ipv6 ? 1 : 0];
        const auto& other = seen[kind->field == Kind::Field::Ipv6 ? 0 : 1];
        if (like && (like->field != kind->field || like->protocol != kind->protocol ||
                     like->direction != kind->direction)) {
            return i;
        }
        if (other &&
            (!is_address(*other) || !is_address(*kind) || other->direction != kind->direction)) {
            return i;
        }
        like = kind;
    }
    return of.size();
}

Target lower_list(Builder& b, const Link& link, std::span<const pcap::Primitive* const> of,
                  const Ways& ways) {
    const Kind kind = kind_of(*of.front()).value();
    if (is_address(kind)) {
        return lower_mixed_addresses(b, link, of, ways);
    }
    std::vector<SetRange> ranges;
    ranges.reserve(of.size());
    for (const pcap::Primitive* primitive : of) {
        ranges.push_back(range_of(*primitive));
    }
    const SetRange first = ranges.front();
    const bool ethernet = kind.field == Kind::Field::Ethernet;
    const SetId set = b.add_set(make_set(ethernet ? 2 : 1, std::move(ranges)));
    const AddressTest sides = [&](const Offset& source, const Offset& destination, const Ways& to) {
        return ethernet ? lower_ethernet(b, set, kind.direction, source, destination, to)
                        : lower_one_load(b, {set, first, LoadSize::U16}, kind.direction, source,
                                         destination, to);
    };
    if (ethernet) {
        return lower_ethernet_addresses(b, link, sides, ways);
    }
    if (kind.field == Kind::Field::Port) {
        return lower_ports(b, link, kind.protocol, sides, ways);
    }
    const NumberTest number = [&](const Offset& at, const Ways& to) {
        return b.add(Member{{b.load(at, LoadSize::U8)}, set}, to);
    };
    return lower_ip_number(b, link, kind.protocol, number, ways);
}

}  // namespace bpfw::compiler::filter
