// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers -> names through the C library's databases; system_lookup() is the door.
#include "compat/lookup.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace bpfw::compat {
namespace {

std::string service_name(std::uint16_t port, std::string_view protocol) {
    const servent* found = ::getservbyport(htons(port), std::string(protocol).c_str());
    return found == nullptr ? "" : found->s_name;
}

template <class Sockaddr>
std::string name_of(const Sockaddr& address) {
    char name[NI_MAXHOST];
    const int failed = ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address,
                                     name, sizeof name, nullptr, 0, NI_NAMEREQD);
    return failed != 0 ? "" : name;
}

std::string host_name(const parser::Address& address, parser::Family family) {
    if (family == parser::Family::Ipv6) {
        sockaddr_in6 socket{};
        socket.sin6_family = AF_INET6;
        std::memcpy(&socket.sin6_addr, address.bytes.data(), 16);
        return name_of(socket);
    }
    sockaddr_in socket{};
    socket.sin_family = AF_INET;
    std::memcpy(&socket.sin_addr, address.bytes.data(), 4);
    std::string name = name_of(socket);
    if (!name.empty()) return name;
    const netent* network = ::getnetbyaddr(ntohl(socket.sin_addr.s_addr), AF_INET);
    return network == nullptr ? "" : network->n_name;
}

}  // namespace

Lookup system_lookup() { return {service_name, host_name}; }

Lookup no_lookup() {
    return {[](std::uint16_t, std::string_view) { return std::string(); },
            [](const parser::Address&, parser::Family) { return std::string(); }};
}

}  // namespace bpfw::compat
