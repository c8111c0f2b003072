// SPDX-License-Identifier: GPL-2.0-or-later
// The calling thread's network namespace -> NetnsKey -> text and back.
#include "runtime/netns.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>

#include "runtime/fd.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr int kSoNetnsCookie = 71;  // SO_NETNS_COOKIE, asm-generic/socket.h of 5.14

std::uint64_t cookie_or_zero() {
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    if (::getsockopt(socket.get(), SOL_SOCKET, kSoNetnsCookie, &cookie, &size) != 0) return 0;
    return cookie;
}

}  // namespace

Result<NetnsKey> current_netns() {
    struct stat status = {};
    constexpr const char* kPath = "/proc/thread-self/ns/net";
    if (::stat(kPath, &status) != 0) return refused("find the network namespace", kPath, errno);
    return NetnsKey{.inode = status.st_ino, .cookie = cookie_or_zero()};
}

std::string to_text(const NetnsKey& key) { return fmt::format("{}-{}", key.inode, key.cookie); }

std::optional<NetnsKey> parse_netns_key(std::string_view text) {
    NetnsKey key;
    const char* end = text.data() + text.size();
    const auto inode = std::from_chars(text.data(), end, key.inode);
    if (inode.ec != std::errc() || inode.ptr == end || *inode.ptr != '-') return std::nullopt;
    const auto cookie = std::from_chars(inode.ptr + 1, end, key.cookie);
    if (cookie.ec != std::errc() || cookie.ptr != end) return std::nullopt;
    return key;
}

}  // namespace bpfw::runtime
