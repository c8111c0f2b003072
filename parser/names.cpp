// SPDX-License-Identifier: GPL-2.0-or-later
// The system's own tables as a Names: services, protocols, networks, MAC addresses and the
// resolver.
// system_names() is the only door.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/ether.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "parser/parse.hpp"

namespace bpfw::parser {
namespace {

std::optional<std::uint16_t> service_port(std::string_view name, std::string_view protocol) {
    const std::string service(name);
    const std::string proto(protocol);
    const servent* entry =
        ::getservbyname(service.c_str(), proto.empty() ? nullptr : proto.c_str());
    if (entry == nullptr) return std::nullopt;
    return ntohs(static_cast<std::uint16_t>(entry->s_port));
}

std::optional<std::uint8_t> protocol_of(std::string_view name) {
    const protoent* entry = ::getprotobyname(std::string(name).c_str());
    if (entry == nullptr || entry->p_proto < 0 || entry->p_proto > 255) return std::nullopt;
    return static_cast<std::uint8_t>(entry->p_proto);
}

Address address_of(const addrinfo& entry) {
    Address out;
    if (entry.ai_family == AF_INET) {
        const auto* in = reinterpret_cast<const sockaddr_in*>(entry.ai_addr);
        std::memcpy(out.bytes.data(), &in->sin_addr, 4);
    } else {
        const auto* in6 = reinterpret_cast<const sockaddr_in6*>(entry.ai_addr);
        std::memcpy(out.bytes.data(), &in6->sin6_addr, 16);
    }
    return out;
}

std::vector<Address> host_addresses(std::string_view name, Family family) {
    addrinfo wanted{};
    wanted.ai_family = family == Family::Ipv4 ? AF_INET : AF_INET6;
    wanted.ai_socktype = SOCK_RAW;  // one entry per address, not one per protocol
    addrinfo* list = nullptr;
    if (::getaddrinfo(std::string(name).c_str(), nullptr, &wanted, &list) != 0) return {};
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
    std::vector<Address> out;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        const Address address = address_of(*entry);
        if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
    }
    return out;
}

std::optional<std::uint32_t> network_of(std::string_view name) {
    const netent* entry = ::getnetbyname(std::string(name).c_str());
    if (entry == nullptr || entry->n_addrtype != AF_INET) return std::nullopt;
    return entry->n_net;
}

std::optional<std::array<std::uint8_t, 6>> mac_of(std::string_view name) {
    ether_addr address{};
    if (::ether_hostton(std::string(name).c_str(), &address) != 0) return std::nullopt;
    std::array<std::uint8_t, 6> out{};
    std::memcpy(out.data(), &address, out.size());
    return out;
}

}  // namespace

Names system_names() { return {service_port, protocol_of, host_addresses, network_of, mac_of}; }

}  // namespace bpfw::parser
