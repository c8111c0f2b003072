// SPDX-License-Identifier: GPL-2.0-or-later
// Draft -> frame. draft_frame() is the door.
#include "tests/support/draft.hpp"

#include <algorithm>

namespace bpfw::test {
namespace {

using parser::Family;

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

template <typename Range>
void append(Bytes& out, const Range& bytes, std::size_t count) {
    out.insert(out.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
}

std::size_t lied(std::size_t length, std::int32_t error) {
    const auto value = static_cast<std::int64_t>(length) + error;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(value, 0, 65535));
}

std::uint16_t checksum(const Bytes& header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < header.size(); i += 2)
        sum += static_cast<std::uint32_t>(header[i] << 8 | header[i + 1]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

Bytes ipv4_header(const Draft& d) {
    Bytes ip;
    const std::size_t words = 5 + d.ip_options.size() / 4;
    const auto ihl = d.ihl.value_or(static_cast<std::uint8_t>(words));
    ip.push_back(static_cast<std::uint8_t>(d.version.value_or(4) << 4 | (ihl & 15)));
    ip.push_back(d.tos);
    put16(ip, lied(words * 4 + d.transport.size(), d.length_error));
    put16(ip, 0x1234);
    put16(ip, d.fragment);
    ip.push_back(d.hop_limit);
    ip.push_back(d.protocol);
    put16(ip, 0);
    append(ip, d.source.bytes, 4);
    append(ip, d.destination.bytes, 4);
    append(ip, d.ip_options, d.ip_options.size());
    const auto sum = static_cast<std::uint16_t>(checksum(ip) + d.checksum_error);
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
    return ip;
}

Bytes ipv6_header(const Draft& d) {
    Bytes chain;
    for (std::size_t i = 0; i < d.extensions.size(); i++) {
        const bool last = i + 1 == d.extensions.size();
        chain.push_back(last ? d.protocol : d.extensions[i + 1].kind);
        append(chain, d.extensions[i].rest, d.extensions[i].rest.size());
    }
    Bytes ip;
    put16(ip, static_cast<std::size_t>(d.version.value_or(6) << 12 | d.tos << 4));
    put16(ip, 0x4321);
    put16(ip, lied(chain.size() + d.transport.size(), d.length_error));
    ip.push_back(d.extensions.empty() ? d.protocol : d.extensions[0].kind);
    ip.push_back(d.hop_limit);
    append(ip, d.source.bytes, 16);
    append(ip, d.destination.bytes, 16);
    append(ip, chain, chain.size());
    return ip;
}

}  // namespace

Bytes draft_frame(const Draft& d) {
    Bytes frame;
    append(frame, d.destination_mac, 6);
    append(frame, d.source_mac, 6);
    for (const Tag& tag : d.tags) {
        put16(frame, tag.tpid);
        put16(frame, tag.id);
    }
    const bool v4 = d.family == Family::Ipv4;
    put16(frame, d.ethertype.value_or(v4 ? 0x0800 : 0x86dd));
    const Bytes ip = v4 ? ipv4_header(d) : ipv6_header(d);
    append(frame, ip, ip.size());
    append(frame, d.transport, d.transport.size());
    frame.insert(frame.end(), d.padding, 0xa5);
    if (d.cut && *d.cut < frame.size()) frame.resize(*d.cut);
    return frame;
}

}  // namespace bpfw::test
