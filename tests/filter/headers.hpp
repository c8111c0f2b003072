// SPDX-License-Identifier: GPL-2.0-or-later
// Layers that only filter expressions ask for, as raw bytes; they do not announce themselves, so
// the layer before needs its type set.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/packets.hpp"

namespace bpfw::test::filter {

void put16(Bytes& out, std::uint32_t value);
void put32(Bytes& out, std::uint32_t value);

struct MplsFields {
    std::uint32_t label = 16;
    bool bottom = true;
    std::uint8_t traffic_class = 0;
    std::uint8_t ttl = 64;
};
Packet mpls(const MplsFields& fields);

struct PppoeFields {
    std::uint16_t session = 1;
    std::uint8_t version_type = 0x11;
    std::uint8_t code = 0;
};
// Session frames: a PPP protocol follows.
Packet pppoe(const PppoeFields& fields, std::uint16_t ppp_protocol);
Packet pppoe_discovery(std::uint16_t session);

struct ArpFields {
    std::uint16_t operation = 1;
    std::string sender = "10.1.1.1";
    std::string target = "10.1.1.2";
    std::uint16_t hardware = 1;
    std::uint16_t protocol = 0x0800;
};
Packet arp(const ArpFields& fields);

struct GeneveFields {
    std::uint32_t vni = 0;
    std::uint16_t protocol = 0x6558;
    std::uint8_t version = 0;
    Bytes options = {};  // a multiple of 4
};
Packet geneve(const GeneveFields& fields);

// LLC header; `type` of the SNAP header behind it when the SAPs are 0xaa.
Packet llc(std::uint8_t dsap, std::uint8_t ssap, std::uint8_t control);
Packet snap(std::uint32_t organisation, std::uint16_t type);

}  // namespace bpfw::test::filter
