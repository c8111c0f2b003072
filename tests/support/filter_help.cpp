// SPDX-License-Identifier: GPL-2.0-or-later
// Doors: filter_help.hpp.
#include "tests/support/filter_help.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

std::optional<std::uint16_t> service(std::string_view name, std::string_view protocol) {
    const bool tcp = protocol == "tcp";
    if (name == "domain") return 53;
    if (name == "split") return tcp ? 1 : 2;
    if (name == "http" && tcp) return 80;
    if (name == "https" && tcp) return 443;
    if (name == "tftp" && !tcp) return 69;
    return std::nullopt;
}

std::optional<std::uint8_t> protocol(std::string_view name) {
    if (name == "icmp") return 1;
    if (name == "ospf") return 89;
    return std::nullopt;
}

std::vector<Address> host(std::string_view name, Family family) {
    const Address first{{192, 0, 2, 1}};
    const Address second{{192, 0, 2, 2}};
    const Address sixth{{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const bool v4 = family == Family::Ipv4;
    if (name == "one.example") return v4 ? std::vector{first} : std::vector{sixth};
    if (name == "two.example" && v4) return {first, second};
    if (name == "six.example" && !v4) return {sixth};
    return {};
}

std::optional<std::uint32_t> network(std::string_view name) {
    if (name == "lab") return 10;
    if (name == "loopback") return 0x7f000000;
    if (name == "nothing") return 0;
    return std::nullopt;
}

std::optional<std::array<std::uint8_t, 6>> ether(std::string_view name) {
    if (name == "one.example") return std::array<std::uint8_t, 6>{2, 0, 0, 0, 0, 1};
    return std::nullopt;
}

}  // namespace

Names filter_names() { return {service, protocol, host, network, ether}; }

ParsedFilter parse_filter(std::string_view text, const std::optional<Address>& netmask) {
    Sources sources;
    Diagnostics diags;
    const std::uint32_t source = sources.add("t", std::string(text));
    const auto size = static_cast<std::uint32_t>(text.size());
    ParsedFilter out;
    out.expression = pcap::parse({text, {source, 0, size}}, {netmask}, filter_names(), diags);
    if (out.expression) out.text = pcap::to_text(*out.expression);
    out.diagnostics = render(diags, sources);
    if (!diags.all().empty()) {
        out.said = diags.all().front().text();
        out.caret = sources.text_of(diags.all().front().span());
    }
    return out;
}

}  // namespace bpfw::test
