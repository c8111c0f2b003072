// SPDX-License-Identifier: GPL-2.0-or-later
// Options of tcp, udp and multiport -> their AST values. Doors: read_tcp(),
// read_udp() and read_multiport() of matches.hpp.
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "parser/matches.hpp"
#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

constexpr std::size_t kMultiportSlots = 15;  // XT_MULTI_PORTS, linux/netfilter/xt_multiport.h

enum class Numbers : std::uint8_t { AnyBase, Decimal };

// A port as a number or a service. udp reads numbers through getaddrinfo: decimal only.
std::optional<std::uint16_t> port_of(std::string_view text, Numbers numbers,
                                     std::string_view protocol, const Names& names) {
    std::string_view digits = text;
    if (numbers == Numbers::Decimal) {
        const bool hex = text.find_first_of("xX") != std::string_view::npos;
        digits = hex ? "" : text.substr(std::min(text.find_first_not_of('0'), text.size()));
        if (!hex && digits.empty() && !text.empty()) digits = "0";
    }
    if (const auto number = parse_number(digits, 65535)) return static_cast<std::uint16_t>(*number);
    if (text.empty()) return std::nullopt;
    return names.service(text, protocol);
}

void bad_port(Span at, std::string_view text, Numbers numbers, Diagnostics& diags) {
    const bool number = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    Diagnostic& told =
        number ? diags.error(at, fmt::format("port {} is out of range (0-65535)", text))
               : diags.error(at, fmt::format("'{}' is neither a port nor a known service", text));
    // For udp 1.8.9 cuts 70000 down to 4464; that is nobody's wish and is refused like tcp's.
    told.classic(numbers == Numbers::Decimal && !number
                     ? fmt::format("Port \"{}\" does not resolve to anything.", text)
                     : fmt::format("invalid port/service `{}' specified", text));
    if (text.find(',') != text.npos) {
        told.hint("several ports: -m multiport --dports 80,443");
    } else if (!text.empty() && text[0] == '!') {
        told.hint("put the ! before the option: ! --dport 22");
    } else if (!number && text.find_first_of(":-") != text.npos) {
        told.hint("a range is written first:last");
    }
}

// The part [begin, begin+size) of a value; the whole word when it was quoted.
Span part_of(const Word& value, std::size_t begin, std::size_t size) {
    if (value.at.end - value.at.begin != value.text.size()) return value.at;
    const auto first = value.at.begin + static_cast<std::uint32_t>(begin);
    return {value.at.source, first,
            first + static_cast<std::uint32_t>(std::max<std::size_t>(size, 1))};
}

// "22", "ssh", "1:1023", ":1023", "1024:" -> a range. Backwards ("80:20") it holds no port:
// tcp's parser refuses that, udp's takes it (iptables 1.8.9).
std::optional<PortRange> range_of(const OptionUse& use, Numbers numbers, std::string_view protocol,
                                  Reading& reading) {
    const std::string_view text = use.value.text;
    const std::size_t colon = text.find(':');
    if (numbers == Numbers::Decimal && colon != text.rfind(':')) {
        reading.diags.error(use.value.at, "a range has two ends: first:last")
            .classic(fmt::format("udp: Too many components for option \"--{}\" (max: 2)",
                                 use.option.id == 0 ? "source-port" : "destination-port"));
        return std::nullopt;
    }
    const auto port = [&](std::size_t begin, std::size_t size,
                          std::uint16_t open) -> std::optional<std::uint16_t> {
        const std::string_view part = text.substr(begin, size);
        if (part.empty() && colon != text.npos) return open;
        const auto out = port_of(part, numbers, protocol, reading.names);
        if (!out) bad_port(part_of(use.value, begin, part.size()), part, numbers, reading.diags);
        return out;
    };
    const auto first = port(0, std::min(colon, text.size()), 0);
    if (!first) return std::nullopt;
    if (colon == text.npos) return PortRange{*first, *first};
    const auto last = port(colon + 1, text.size() - colon - 1, 65535);
    if (!last) return std::nullopt;
    if (*first > *last && numbers == Numbers::AnyBase) {
        reading.diags
            .error(use.value.at, fmt::format("the range {}:{} runs backwards", *first, *last))
            .hint(fmt::format("{}:{}", *last, *first))
            .classic("invalid portrange (min > max)");
        return std::nullopt;
    }
    return PortRange{*first, *last};
}

// A range that holds every port says nothing, unless it is negated.
bool set_ports(std::optional<PortMatch>& slot, const OptionUse& use, Numbers numbers,
               std::string_view protocol, Reading& reading) {
    const auto ports = range_of(use, numbers, protocol, reading);
    if (!ports) return false;
    const bool all = ports->first == 0 && ports->last == 65535;
    if (!all || use.sense == Sense::IsNot) slot = PortMatch{use.sense, *ports, use.at};
    return true;
}

struct FlagName {
    const char* name;
    std::uint8_t bits;
};
constexpr FlagName kFlags[] = {{"FIN", 0x01}, {"SYN", 0x02}, {"RST", 0x04}, {"PSH", 0x08},
                               {"ACK", 0x10}, {"URG", 0x20}, {"ALL", 0x3f}, {"NONE", 0}};

std::optional<std::uint8_t> flags_of(const Word& value, Diagnostics& diags) {
    std::uint8_t out = 0;
    const std::string_view text = value.text;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string name(text.substr(begin, end - begin));
        const auto* found = std::find_if(
            std::begin(kFlags), std::end(kFlags),
            [&](const FlagName& flag) { return ::strcasecmp(flag.name, name.c_str()) == 0; });
        if (found != std::end(kFlags)) {
            out = static_cast<std::uint8_t>(out | found->bits);
        } else if (!name.empty()) {
            diags.error(part_of(value, begin, name.size()), fmt::format("no TCP flag '{}'", name))
                .hint("FIN, SYN, RST, PSH, ACK, URG, ALL or NONE")
                .classic(fmt::format("Unknown TCP flag `{}'", name));
            return std::nullopt;
        }
        begin = end + 1;
    }
    return out;
}

bool read_tcp_flags(TcpMatch& match, const OptionUse& use, Reading& reading) {
    if (!reading.reader.has_plain()) {
        reading.diags
            .error(use.at,
                   "--tcp-flags takes two lists: the flags to look at, and "
                   "those of them that must be set")
            .hint("--tcp-flags SYN,RST,ACK SYN")
            .classic("--tcp-flags requires two args.");
        return false;
    }
    const Word& second = reading.reader.take();
    const auto mask = flags_of(use.value, reading.diags);
    const auto set = mask ? flags_of(second, reading.diags) : std::nullopt;
    if (!set) return false;
    const Span at{use.at.source, use.at.begin, second.at.end};
    // NONE NONE holds for every packet.
    if (*mask == 0 && *set == 0 && use.sense == Sense::Is) return true;
    match.flags = TcpFlagsMatch{use.sense, *mask, *set, at};
    return true;
}

bool read_tcp_option(TcpMatch& match, const OptionUse& use, Reading& reading) {
    const auto kind = parse_number(use.value.text, 255);
    if (!kind || *kind == 0) {
        reading.diags
            .error(use.value.at, fmt::format("'{}' is no TCP option number", use.value.text))
            .hint("1 to 255")
            .classic(fmt::format("Bad TCP option \"{}\"", use.value.text));
        return false;
    }
    match.option = TcpOptionMatch{use.sense, static_cast<std::uint8_t>(*kind), use.at};
    return true;
}

// multiport knows the protocol by what stands before it in the line.
bool check_multiport_protocol(const OptionUse& use, Reading& reading) {
    const auto& protocol = reading.protocol;
    if (!protocol) {
        reading.diags.error(use.at, "-m multiport needs the protocol before it")
            .hint("-p tcp -m multiport ...")
            .classic("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
        return false;
    }
    constexpr std::uint8_t kWithPorts[] = {6, 17, 33, 132, 136};
    if (protocol->sense == Sense::Is &&
        std::count(std::begin(kWithPorts), std::end(kWithPorts), protocol->number) != 0) {
        return true;
    }
    reading.diags.error(use.at, "-m multiport needs a protocol with ports")
        .note(protocol->at, "the protocol is given here")
        .hint("-p tcp, udp, udplite, sctp or dccp, without !")
        .classic("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
    return false;
}

// One entry of the list: "22", "ssh" or "80:443".
std::optional<PortRange> multiport_entry(const Word& value, std::size_t begin, std::size_t end,
                                         Reading& reading) {
    const std::string_view text = std::string_view(value.text).substr(begin, end - begin);
    const std::size_t colon = text.find(':');
    const std::string_view protocol = protocol_table_name(reading.protocol->number);
    const auto port = [&](std::size_t from, std::size_t size) {
        const std::string_view part = text.substr(from, size);
        const auto out = port_of(part, Numbers::AnyBase, protocol, reading.names);
        if (!out)
            bad_port(part_of(value, begin + from, part.size()), part, Numbers::AnyBase,
                     reading.diags);
        return out;
    };
    const auto first = port(0, std::min(colon, text.size()));
    if (!first || colon == text.npos)
        return first ? std::optional(PortRange{*first, *first}) : std::nullopt;
    const auto last = port(colon + 1, text.size() - colon - 1);
    if (!last) return std::nullopt;
    if (*first >= *last) {
        reading.diags
            .error(part_of(value, begin, text.size()),
                   fmt::format("'{}' is no range: its end must be above its begin", text))
            .classic("invalid portrange specified");
        return std::nullopt;
    }
    return PortRange{*first, *last};
}

}  // namespace

bool read_tcp(TcpMatch& match, const OptionUse& use, Reading& reading) {
    switch (use.option.id) {
        case 0:
            return set_ports(match.source, use, Numbers::AnyBase, "tcp", reading);
        case 1:
            return set_ports(match.destination, use, Numbers::AnyBase, "tcp", reading);
        case 2:
            match.flags = TcpFlagsMatch{use.sense, 0x17, 0x02, use.at};
            return true;
        case 3:
            return read_tcp_flags(match, use, reading);
        default:
            return read_tcp_option(match, use, reading);
    }
}

bool read_udp(UdpMatch& match, const OptionUse& use, Reading& reading) {
    auto& slot = use.option.id == 0 ? match.source : match.destination;
    return set_ports(slot, use, Numbers::Decimal, "", reading);
}

bool read_multiport(MultiportMatch& match, const OptionUse& use, Reading& reading) {
    constexpr PortSide kSides[] = {PortSide::Source, PortSide::Destination, PortSide::Either};
    if (!check_multiport_protocol(use, reading)) return false;
    match.side = kSides[use.option.id];
    match.sense = use.sense;
    match.ports.clear();
    std::size_t slots = 0;
    const std::size_t size = use.value.text.size();
    for (std::size_t begin = 0; begin <= size;) {
        const std::size_t end = std::min(use.value.text.find(',', begin), size);
        const auto range = multiport_entry(use.value, begin, end, reading);
        if (!range) return false;
        slots += range->first == range->last ? 1 : 2;
        if (slots > kMultiportSlots) {
            reading.diags.error(use.value.at, "more than 15 ports (a range counts as two)")
                .hint("split the rule in two")
                .classic("too many ports specified");
            return false;
        }
        match.ports.push_back(*range);
        begin = end + 1;
    }
    return true;
}

}  // namespace bpfw::parser
