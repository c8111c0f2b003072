// SPDX-License-Identifier: GPL-2.0-or-later
// --icmp-type and --icmpv6-type -> IcmpMatch. read_icmp() is the only door.
#include <fmt/format.h>
#include <strings.h>

#include "parser/icmp_types.hpp"
#include "parser/matches.hpp"
#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

bool begins_with(std::string_view name, std::string_view text) {
    return text.size() <= name.size() && ::strncasecmp(name.data(), text.data(), text.size()) == 0;
}

struct Named {
    const IcmpName* entry = nullptr;
    const IcmpName* rival = nullptr;  // a second name that begins like the text
};

// A name may be cut short while it stays the only one; a whole name does not win over longer
// ones, as in iptables (which has no name that begins another).
Named find_name(std::string_view text, Family family) {
    Named found;
    for (const IcmpName& name : icmp_names(family)) {
        if (!begins_with(name.name, text)) continue;
        if (found.entry != nullptr) {
            found.rival = &name;
            return found;
        }
        found.entry = &name;
    }
    return found;
}

std::string_view kind_name(Family family) { return family == Family::Ipv4 ? "ICMP" : "ICMPv6"; }

bool unknown(const OptionUse& use, std::string_view what, Family family, Diagnostics& diags) {
    diags
        .error(use.value.at,
               fmt::format("'{}' is no {} {}", use.value.text, kind_name(family), what))
        .hint(family == Family::Ipv4 ? "names: iptables -p icmp --help"
                                     : "names: ip6tables -p icmpv6 --help")
        .classic(fmt::format("Unknown {} {} `{}'", kind_name(family), what, use.value.text));
    return false;
}

bool read_numbers(IcmpMatch& match, const OptionUse& use, Diagnostics& diags) {
    const std::string_view text = use.value.text;
    const std::size_t slash = text.find('/');
    const auto type = parse_number(text.substr(0, slash), 255);
    if (!type) return unknown(use, "type", match.family, diags);
    match.type = static_cast<std::uint8_t>(*type);
    match.first_code = 0;
    match.last_code = 255;
    if (slash == std::string_view::npos) return true;
    const auto code = parse_number(text.substr(slash + 1), 255);
    if (!code) return unknown(use, "code", match.family, diags);
    match.first_code = match.last_code = static_cast<std::uint8_t>(*code);
    return true;
}

}  // namespace

bool read_icmp(IcmpMatch& match, const OptionUse& use, Reading& reading) {
    match.sense = use.sense;
    const Named found = find_name(use.value.text, match.family);
    if (found.rival != nullptr) {
        reading.diags
            .error(use.value.at, fmt::format("'{}' can mean {} or {}", use.value.text,
                                             found.entry->name, found.rival->name))
            .classic(fmt::format("Ambiguous {} type `{}': `{}' or `{}'?", kind_name(match.family),
                                 use.value.text, found.entry->name, found.rival->name));
        return false;
    }
    if (found.entry != nullptr) {
        match.type = found.entry->type;
        match.first_code = found.entry->first_code;
        match.last_code = found.entry->last_code;
        return true;
    }
    if (!read_numbers(match, use, reading.diags)) return false;
    // The kernel takes type 255 as "any" whatever the code (xt_icmp: icmp_type_code_match).
    if (match.family == Family::Ipv4 && match.type == 255) {
        match.first_code = 0;
        match.last_code = 255;
    }
    return true;
}

}  // namespace bpfw::parser
