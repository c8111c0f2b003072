// SPDX-License-Identifier: GPL-2.0-or-later
// Draft -> nastier Draft. make_nasty() is the door.
#include "tests/support/nasty.hpp"

#include <algorithm>

#include "tests/support/pools.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

// Options that ip_options_compile() lets pass: NOPs, a record route, an unknown kind.
void ip_options(Draft& draft, Random& random) {
    const std::size_t bytes = random.between(1, 10) * 4;
    draft.ip_options.assign(bytes, 1);
    if (bytes >= 8 && random.percent(30)) {
        const Bytes record_route = {7, 7, 4, 0, 0, 0, 0};
        std::copy(record_route.begin(), record_route.end(), draft.ip_options.begin());
    } else if (random.percent(30)) {
        draft.ip_options[0] = 0x9e;
        draft.ip_options[1] = static_cast<std::uint8_t>(bytes);
    } else if (random.percent(20)) {
        std::fill(draft.ip_options.begin() + 1, draft.ip_options.end(), std::uint8_t{0});
    }
}

void ipv4_fragment(Draft& draft, Random& random) {
    static const std::uint16_t fields[] = {0x2000, 0x2001, 1, 2, 3, 0x20b9, 0x1fff, 0x3fff, 0x4000};
    draft.fragment = random.pick(fields);
}

Extension options_header(std::uint8_t kind, Random& random) {
    // PadN to the end: the hop-by-hop parser takes at most 7 bytes of padding in a row.
    Extension extension{kind, {0, 1, 4, 0, 0, 0, 0}};
    if (random.percent(25)) {
        extension.rest = {1, 0x1e, 4, 1, 2, 3, 4, 1, 4, 0, 0, 0, 0, 1, 0};
    }
    return extension;
}

Extension extension_header(Random& random) {
    static const std::uint16_t offsets[] = {0, 1, 8, 9, 16, 0xfff8, 0xfff9, 6};
    switch (random.below(8)) {
        case 0:
            return options_header(0, random);
        case 1:
        case 2:
            return options_header(60, random);
        case 3:
            return {43, {0, 4, 0, 0, 0, 0, 0}};
        case 4: {
            Extension auth{51, Bytes(random.between(1, 6) * 4 + 3, 0x77)};
            auth.rest[0] = static_cast<std::uint8_t>(auth.rest.size() / 4 - 1);
            return auth;
        }
        default: {
            const std::uint16_t offset = random.pick(offsets);
            return {44,
                    {0, static_cast<std::uint8_t>(offset >> 8), static_cast<std::uint8_t>(offset),
                     0, 0, 0, 1}};
        }
    }
}

void extensions(Draft& draft, Random& random) {
    const std::uint32_t count = random.percent(5) ? random.between(7, 12) : random.between(1, 4);
    if (random.percent(30)) draft.extensions.push_back(options_header(0, random));
    for (std::uint32_t i = 0; i < count; i++) draft.extensions.push_back(extension_header(random));
}

// The packet ends in the middle of its headers, and its length field knows it.
void short_headers(Draft& draft, Random& random) {
    if (draft.family == Family::Ipv6 && random.percent(30)) {
        draft.extensions.push_back(extension_header(random));
        Bytes& last = draft.extensions.back().rest;
        last.resize(random.below(last.size() + 1));
        draft.transport.clear();
        return;
    }
    draft.transport.resize(random.below(std::min<std::size_t>(draft.transport.size(), 60) + 1));
}

void bad_data_offset(Draft& draft, Random& random) {
    if (draft.protocol != 6 || draft.transport.size() < 14) return;
    draft.transport[12] = static_cast<std::uint8_t>(random.below(16) << 4);
}

// Option bytes without order: end-of-options in the middle, lengths of 0 and beyond the end.
void wild_tcp_options(Draft& draft, Random& random) {
    if (draft.protocol != 6) draft.protocol = 6;
    const std::size_t bytes = random.between(1, 10) * 4;
    draft.transport.resize(std::max<std::size_t>(draft.transport.size(), 20 + bytes));
    draft.transport[12] = static_cast<std::uint8_t>((5 + bytes / 4) << 4);
    for (std::size_t i = 20; i < 20 + bytes; i++)
        draft.transport[i] = random.percent(50) ? static_cast<std::uint8_t>(random.below(7))
                                                : random.pick(kTcpOptions);
    if (random.percent(15)) draft.transport.resize(20 + random.below(bytes + 1));
}

void tags(Draft& draft, Random& random) {
    static const std::uint16_t ids[] = {0, 0, 0, 0xe000, 0x2000, 5};
    constexpr std::size_t kMost = 4;  // more than bpfw looks through are dropped by it
    for (std::uint32_t left = random.between(1, 2); left > 0 && draft.tags.size() < kMost; left--)
        draft.tags.push_back(
            {static_cast<std::uint16_t>(random.percent(50) ? 0x8100 : 0x88a8), random.pick(ids)});
}

void lying_length(Draft& draft, Random& random) {
    switch (random.below(4)) {
        case 0:
            draft.padding = random.between(1, 46);
            return;
        case 1:
            draft.length_error = static_cast<std::int32_t>(random.between(1, 20));
            return;
        case 2:
            draft.length_error = -static_cast<std::int32_t>(
                random.below(std::min<std::size_t>(draft.transport.size(), 40) + 1));
            return;
        default:
            draft.length_error = random.percent(50) ? 65535 : -65535;
    }
}

void broken_ip(Draft& draft, Random& random) {
    switch (random.below(4)) {
        case 0:
            draft.version = static_cast<std::uint8_t>(random.below(16));
            return;
        case 1:
            draft.ihl = static_cast<std::uint8_t>(random.below(16));
            return;
        case 2:
            draft.checksum_error = 1;
            return;
        default:
            draft.cut = random.between(14, 80);
    }
}

void other_link(Draft& draft, Random& random) {
    if (random.percent(50))
        draft.destination_mac.fill(0xff);
    else
        draft.destination_mac = {1, 0, 0x5e, 0, 0, 5};
}

void other_ethertype(Draft& draft, Random& random) {
    static const std::uint16_t types[] = {0x0806, 0x88cc, 0x0800, 0x86dd, 46, 0x8100};
    draft.ethertype = random.pick(types);
}

}  // namespace

void make_nasty(Draft& draft, Hook hook, Random& random) {
    const bool v4 = draft.family == Family::Ipv4;
    // IPv4's INPUT sees reassembled packets only: a fragment says little there.
    const bool whole = v4 && hook == Hook::Input && random.percent(90);
    const std::uint32_t dice = random.below(hook == Hook::Output ? 64 : 100);
    if (dice < 16)
        v4 ? ip_options(draft, random) : extensions(draft, random);
    else if (dice < 32)
        whole ? ip_options(draft, random)
        : v4  ? ipv4_fragment(draft, random)
              : extensions(draft, random);
    else if (dice < 48)
        short_headers(draft, random);
    else if (dice < 54)
        bad_data_offset(draft, random);
    else if (dice < 60)
        wild_tcp_options(draft, random);
    else if (dice < 64)
        draft.protocol = random.byte();
    else if (dice < 74)
        tags(draft, random);
    else if (dice < 84)
        lying_length(draft, random);
    else if (dice < 88)
        broken_ip(draft, random);
    else if (dice < 90)
        other_ethertype(draft, random);
    else if (hook == Hook::Input || dice < 91)  // FORWARD takes no broadcasts of the link
        other_link(draft, random);
    else
        short_headers(draft, random);
}

}  // namespace bpfw::test
