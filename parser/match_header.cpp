// SPDX-License-Identifier: GPL-2.0-or-later
// Options of iprange, mac, comment, length, ttl, hl, tos, dscp and pkttype ->
// their AST values. The doors are in matches.hpp.
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "parser/matches.hpp"
#include "parser/print.hpp"
#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

constexpr std::size_t kLongestComment =
    255;  // XT_MAX_COMMENT_LEN - 1, linux/netfilter/xt_comment.h

template <typename T, std::size_t N>
const T* by_name(const T (&table)[N], const std::string& name) {
    const auto* found = std::find_if(std::begin(table), std::end(table), [&](const T& entry) {
        return ::strcasecmp(entry.name, name.c_str()) == 0;
    });
    return found == std::end(table) ? nullptr : found;
}

// A number from 0 to `max`, or the words that iptables' common option reader has for it.
std::optional<std::uint64_t> ranged(const OptionUse& use, std::string_view match, std::uint64_t max,
                                    Reading& reading) {
    const auto value = parse_number(use.value.text, max);
    if (!value) {
        // --ttl and --hl are other names of --ttl-eq and --hl-eq.
        const bool alias = use.option.about.empty();
        const std::string option = fmt::format("{}{}", use.option.name, alias ? "-eq" : "");
        reading.diags
            .error(use.value.at, fmt::format("'{}' is no number from 0 to {}", use.value.text, max))
            .classic(fmt::format("{}: bad value for option \"--{}\", or out of range (0-{}).",
                                 match, option, max));
    }
    return value;
}

struct TosName {
    const char* name;
    std::uint8_t value;
};
// RFC 1349's names; iptables 1.8.9 compares six bits when a name is given.
constexpr TosName kTosNames[] = {{"Minimize-Delay", 0x10},
                                 {"Maximize-Throughput", 0x08},
                                 {"Maximize-Reliability", 0x04},
                                 {"Minimize-Cost", 0x02},
                                 {"Normal-Service", 0x00}};
constexpr std::uint8_t kTosNameMask = 0x3f;

struct DscpClass {
    const char* name;
    std::uint8_t value;
};
// RFC 2474 (CS), RFC 2597 (AF), RFC 3246 (EF).
constexpr DscpClass kDscpClasses[] = {
    {"CS0", 0x00},  {"CS1", 0x08},  {"CS2", 0x10},  {"CS3", 0x18},  {"CS4", 0x20},  {"CS5", 0x28},
    {"CS6", 0x30},  {"CS7", 0x38},  {"BE", 0x00},   {"AF11", 0x0a}, {"AF12", 0x0c}, {"AF13", 0x0e},
    {"AF21", 0x12}, {"AF22", 0x14}, {"AF23", 0x16}, {"AF31", 0x1a}, {"AF32", 0x1c}, {"AF33", 0x1e},
    {"AF41", 0x22}, {"AF42", 0x24}, {"AF43", 0x26}, {"EF", 0x2e}};

struct PacketTypeName {
    const char* name;
    PacketType type;
};
constexpr PacketTypeName kPacketTypes[] = {
    {"unicast", PacketType::Unicast},     {"host", PacketType::Unicast},
    {"broadcast", PacketType::Broadcast}, {"bcast", PacketType::Broadcast},
    {"multicast", PacketType::Multicast}, {"mcast", PacketType::Multicast}};

std::optional<Address> range_end(std::string_view text, const OptionUse& use, Reading& reading) {
    const auto address = parse_network(text, reading.family);
    if (!address) {
        reading.diags.error(use.value.at, fmt::format("'{}' is no address", text))
            .hint("--src-range first-last, without names and masks")
            .classic(fmt::format("iprange: Bad value for \"--{}\" option: \"{}\"", use.option.name,
                                 text));
    }
    return address;
}

std::optional<std::uint8_t> hex_octet(std::string_view text) {
    if (text.empty() || text.size() > 2) return std::nullopt;
    unsigned value = 0;
    for (const char c : text) {
        const bool digit = c >= '0' && c <= '9';
        const char lower = static_cast<char>(c | 0x20);
        if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
        value = value * 16 + static_cast<unsigned>(digit ? c - '0' : lower - 'a' + 10);
    }
    return static_cast<std::uint8_t>(value);
}

// One end of --length; empty text is the end that `open` names.
std::optional<std::uint16_t> length_end(std::string_view text, std::uint16_t open,
                                        const OptionUse& use, Reading& reading) {
    if (text.empty()) return open;
    const auto value = parse_number(text, 65535);
    if (value) return static_cast<std::uint16_t>(*value);
    // iptables tells a number with something behind it from no number at all.
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const bool trailing = digits != text.size() && parse_number(text.substr(0, digits), 65535);
    reading.diags.error(use.value.at, fmt::format("'{}' is no number from 0 to 65535", text))
        .hint("--length 64 or --length 0:1500")
        .classic(
            trailing
                ? fmt::format(
                      "length: Argument to \"--length\" has unexpected characters near \"{}\".",
                      text.substr(digits))
                : fmt::format("length: bad value for option \"--length\" near \"{}\", or out "
                              "of range (0-65535).",
                              text));
    return std::nullopt;
}

}  // namespace

bool read_iprange(IprangeMatch& match, const OptionUse& use, Reading& reading) {
    const std::string_view text = use.value.text;
    const std::size_t dash = text.find('-');
    const auto first = range_end(text.substr(0, dash), use, reading);
    if (!first) return false;
    const auto last =
        dash == std::string_view::npos ? first : range_end(text.substr(dash + 1), use, reading);
    if (!last) return false;
    if (*last < *first) {
        reading.diags.warning(use.value.at, "the range runs backwards and holds no address")
            .classic(fmt::format("xt_iprange: range {}-{} is reversed and will never match",
                                 to_text(*first, reading.family), to_text(*last, reading.family)));
    }
    match.family = reading.family;
    auto& slot = use.option.id == 0 ? match.source : match.destination;
    slot = AddressRange{use.sense, *first, *last, use.at};
    return true;
}

bool read_mac(MacMatch& match, const OptionUse& use, Reading& reading) {
    std::string_view rest = use.value.text;
    std::size_t count = 0;
    bool good = true;
    for (; good && count < 6; ++count) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const auto octet = hex_octet(rest.substr(0, end));
        good = octet.has_value() && (end == rest.size()) == (count == 5);
        if (good) match.address[count] = *octet;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    match.sense = use.sense;
    if (good) return true;
    reading.diags.error(use.value.at, fmt::format("'{}' is no MAC address", use.value.text))
        .hint("six hexadecimal numbers with colons: 52:54:00:12:34:56")
        .classic("Invalid MAC address specified.");
    return false;
}

bool read_comment(CommentMatch& match, const OptionUse& use, Reading& reading) {
    const std::string& text = use.value.text;
    if (text.size() > kLongestComment) {
        reading.diags.error(use.value.at,
                            fmt::format("the comment has {} bytes; 255 are the most", text.size()));
        return false;
    }
    if (text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos) {
        reading.diags.error(use.value.at, "a comment is one line of text");
        return false;
    }
    match.text = text;
    return true;
}

bool read_length(LengthMatch& match, const OptionUse& use, Reading& reading) {
    const std::string_view text = use.value.text;
    const std::size_t colon = text.find(':');
    const bool range = colon != std::string_view::npos;
    if (range && text.find(':', colon + 1) != std::string_view::npos) {
        reading.diags.error(use.value.at, "a range has two ends: first:last")
            .classic("length: Too many components for option \"--length\" (max: 2)");
        return false;
    }
    const auto first = length_end(text.substr(0, colon), 0, use, reading);
    if (!first) return false;
    const auto last = range ? length_end(text.substr(colon + 1), 65535, use, reading) : first;
    if (!last) return false;
    if (*last < *first) {
        reading.diags.warning(use.value.at, "the range runs backwards and holds no length");
    }
    match.sense = use.sense;
    match.first = *first;
    match.last = *last;
    return true;
}

bool read_hop_limit(HopLimitMatch& match, const OptionUse& use, Reading& reading) {
    const std::string_view name = match.family == Family::Ipv4 ? "ttl" : "hl";
    const auto value = ranged(use, name, 255, reading);
    if (!value) return false;
    constexpr Comparison kComparisons[] = {Comparison::Less, Comparison::Greater,
                                           Comparison::Equal};
    match.comparison =
        use.sense == Sense::IsNot ? Comparison::NotEqual : kComparisons[use.option.id];
    match.value = static_cast<std::uint8_t>(*value);
    return true;
}

bool read_tos(TosMatch& match, const OptionUse& use, Reading& reading) {
    const std::string& text = use.value.text;
    match.sense = use.sense;
    const std::size_t slash = text.find('/');
    const auto value = parse_number(std::string_view(text).substr(0, slash), 255);
    if (!value) {
        const TosName* named = by_name(kTosNames, text);
        if (named == nullptr) {
            reading.diags.error(use.value.at, fmt::format("'{}' is no type of service", text))
                .hint(
                    "value[/mask] from 0 to 255, or Minimize-Delay, Maximize-Throughput, "
                    "Maximize-Reliability, Minimize-Cost, Normal-Service")
                .classic(fmt::format("Symbolic name \"{}\" is unknown", text));
            return false;
        }
        match.value = named->value;
        match.mask = kTosNameMask;
        return true;
    }
    match.value = static_cast<std::uint8_t>(*value);
    match.mask = 0xff;
    if (slash == std::string::npos) return true;
    const auto mask = parse_number(std::string_view(text).substr(slash + 1), 255);
    if (!mask) {
        reading.diags.error(use.value.at, fmt::format("the mask of '{}' is no number", text))
            .hint("0 to 255")
            .classic(fmt::format("Illegal value: \"{}\"", text));
        return false;
    }
    match.mask = static_cast<std::uint8_t>(*mask);
    return true;
}

bool read_dscp(DscpMatch& match, const OptionUse& use, Reading& reading) {
    match.sense = use.sense;
    if (use.option.id == 0) {
        const auto value = ranged(use, "dscp", 63, reading);
        if (value) match.value = static_cast<std::uint8_t>(*value);
        return value.has_value();
    }
    const DscpClass* named = by_name(kDscpClasses, use.value.text);
    if (named == nullptr) {
        reading.diags.error(use.value.at, fmt::format("no DSCP class '{}'", use.value.text))
            .hint("BE, EF, AF11 to AF43 or CS0 to CS7")
            .classic(fmt::format("Invalid DSCP value `{}'", use.value.text));
        return false;
    }
    match.value = named->value;
    return true;
}

bool read_pkttype(PkttypeMatch& match, const OptionUse& use, Reading& reading) {
    match.sense = use.sense;
    const PacketTypeName* named = by_name(kPacketTypes, use.value.text);
    if (named != nullptr) {
        match.type = named->type;
        return true;
    }
    if (::strcasecmp(use.value.text.c_str(), "otherhost") == 0) {
        reading.diags.error(use.value.at, "packet type 'otherhost' is not supported yet")
            .kind(Mistake::Unsupported);
        return false;
    }
    reading.diags.error(use.value.at, fmt::format("no packet type '{}'", use.value.text))
        .hint("unicast, broadcast or multicast")
        .classic(fmt::format("Bad packet type '{}'", use.value.text));
    return false;
}

}  // namespace bpfw::parser
