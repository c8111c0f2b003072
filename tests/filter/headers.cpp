// SPDX-License-Identifier: GPL-2.0-or-later
// Fields -> bytes of MPLS, PPPoE, ARP, GENEVE and LLC headers.
#include "tests/filter/headers.hpp"

#include <arpa/inet.h>

#include <stdexcept>

namespace bpfw::test::filter {
namespace {

void put8(Bytes& out, std::uint32_t value) { out.push_back(static_cast<std::uint8_t>(value)); }

void put_ip(Bytes& out, const std::string& text) {
    in_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) != 1)
        throw std::invalid_argument("not an address: " + text);
    put32(out, ntohl(address.s_addr));
}

}  // namespace

void put16(Bytes& out, std::uint32_t value) {
    put8(out, value >> 8 & 0xff);
    put8(out, value & 0xff);
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

Packet mpls(const MplsFields& fields) {
    Bytes out;
    put32(out, fields.label << 12 | (fields.traffic_class & 7u) << 9 |
                   (fields.bottom ? 1u << 8 : 0u) | fields.ttl);
    return raw(out);
}

Packet pppoe(const PppoeFields& fields, std::uint16_t ppp_protocol) {
    Bytes out = {fields.version_type, fields.code};
    put16(out, fields.session);
    put16(out, 42);
    put16(out, ppp_protocol);
    return raw(out);
}

Packet pppoe_discovery(std::uint16_t session) {
    Bytes out = {0x11, 0x09};
    put16(out, session);
    put16(out, 4);
    put32(out, 0x01010000);  // Service-Name, empty
    return raw(out);
}

Packet arp(const ArpFields& fields) {
    Bytes out;
    put16(out, fields.hardware);
    put16(out, fields.protocol);
    put16(out, 0x0604);  // lengths of a MAC and of an IPv4 address
    put16(out, fields.operation);
    const Bytes mac = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55};
    out.insert(out.end(), mac.begin(), mac.end());
    put_ip(out, fields.sender);
    out.insert(out.end(), 6, 0);
    put_ip(out, fields.target);
    return raw(out);
}

Packet geneve(const GeneveFields& fields) {
    Bytes out;
    put8(out, (fields.version & 3u) << 6 | (fields.options.size() / 4 & 0x3f));
    put8(out, 0);
    put16(out, fields.protocol);
    put32(out, fields.vni << 8);
    out.insert(out.end(), fields.options.begin(), fields.options.end());
    return raw(out);
}

Packet llc(std::uint8_t dsap, std::uint8_t ssap, std::uint8_t control) {
    return raw({dsap, ssap, control});
}

Packet snap(std::uint32_t organisation, std::uint16_t type) {
    Bytes out = {static_cast<std::uint8_t>(organisation >> 16)};
    put16(out, organisation & 0xffff);
    put16(out, type);
    return raw(out);
}

}  // namespace bpfw::test::filter
