// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/e2e/runtime/lab.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "bpf-templates/abi.h"

namespace bpfw::lab {
namespace {

constexpr std::size_t kTextBytes = 1024;  // TEXT_BYTES of ruleset.bpf.c

void expect(bool held, const std::string& what) {
    if (!held) throw std::runtime_error(what + ": " + std::strerror(errno));
}

int open_checked(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    expect(fd >= 0, path);
    return fd;
}

std::string make_namespace(const std::string& suffix) {
    const std::string name = fmt::format("bpfw-rt-{}-{}", ::getpid(), suffix);
    run("ip netns add " + name);
    return name;
}

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::byte> to_bytes(const std::string& text) {
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

}  // namespace

std::string missing() {
    if (::geteuid() != 0) return "needs root";
    if (std::system("ip netns list >/dev/null 2>&1") != 0) return "needs ip(8) of iproute2";
    return "";
}

void run(const std::string& command) {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

Namespace::Namespace(const std::string& suffix)
    : name_(make_namespace(suffix)), fd_(open_checked("/run/netns/" + name_)) {}

Namespace::~Namespace() { forget(); }

void Namespace::enter() const { expect(::setns(fd_.get(), CLONE_NEWNET) == 0, "setns"); }

void Namespace::ip(const std::string& arguments) const {
    run(fmt::format("ip -n {} {}", name_, arguments));
}

void Namespace::forget() {
    if (std::filesystem::exists("/run/netns/" + name_)) run("ip netns del " + name_);
    fd_ = runtime::Fd(-1);
}

std::vector<std::byte> object_with(const std::string& ruleset) {
    std::string bytes = read_file(BPFW_TEST_OBJECT);
    constexpr std::string_view kMagic = BPFW_RULESET_MAGIC;
    const std::string text = std::string(kMagic) + ruleset;
    const std::size_t at = bytes.find(std::string(kMagic) + std::string(16, '\0'));
    if (at == std::string::npos || text.size() >= kTextBytes)
        throw std::runtime_error("no place for the text in " BPFW_TEST_OBJECT);
    bytes.replace(at, text.size(), text);
    return to_bytes(bytes);
}

std::vector<std::byte> bad_object() { return to_bytes(read_file(BPFW_TEST_BAD_OBJECT)); }

std::string plain_ruleset() {
    return "# bpfw ipv4\n*filter\n"
           "-A INPUT -p udp -m udp --dport 9 -j DROP\n"
           ":INPUT ACCEPT\n"
           "-A OUTPUT -p udp -m udp --dport 7 -j DROP\n"
           ":OUTPUT ACCEPT\n"
           "COMMIT\n";
}

// Not connected: an ICMP answer must not fail the next send.
UdpSender::UdpSender(const std::string& destination, std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(port);
    expect(::inet_pton(AF_INET, destination.c_str(), &address_.sin_addr) == 1, destination);
}

int UdpSender::send(int count) const {
    int taken = 0;
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    for (int i = 0; i < count; ++i)
        if (::sendto(socket_.get(), "bpfw", 4, 0, address, sizeof(address_)) == 4) ++taken;
    return taken;
}

UdpReceiver::UdpReceiver(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    expect(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0,
           "bind");
}

int UdpReceiver::received() const {
    char byte = 0;
    int count = 0;
    while (::recv(socket_.get(), &byte, 1, 0) >= 0) ++count;
    return count;
}

// /sys shows the namespace it was mounted in; this file the thread's own.
std::uint64_t tx_dropped(const std::string& device) {
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
        std::replace(line.begin(), line.end(), ':', ' ');
        std::istringstream words(line);
        std::string name;
        words >> name;
        if (name != device) continue;
        std::vector<std::uint64_t> fields{std::istream_iterator<std::uint64_t>(words), {}};
        return fields.at(11);  // receive has 8 columns; bytes packets errs drop
    }
    throw std::runtime_error("no device " + device);
}

std::string output_of(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string text;
    char buffer[256];
    while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) text += buffer;
    ::pclose(pipe);
    return text;
}

std::size_t open_fds() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

void Lab::SetUp() {
    if (const std::string what = missing(); !what.empty()) GTEST_SKIP() << what;
    home_ = runtime::Fd(open_checked("/proc/thread-self/ns/net"));
    peer_ = std::make_unique<Namespace>("p");
    fw_ = std::make_unique<Namespace>("f");
    // Quiet and certain: no IPv6 chatter, no ARP.
    for (const Namespace* ns : {peer_.get(), fw_.get()})
        run(fmt::format(
            "nsenter --net=/run/netns/{} sysctl -qw net.ipv6.conf.default.disable_ipv6=1 "
            "net.ipv6.conf.all.disable_ipv6=1",
            ns->name()));
    peer().ip(
        fmt::format("link add out address 02:00:00:00:09:01 type veth peer name in "
                    "address 02:00:00:00:09:02 netns {}",
                    fw().name()));
    peer().ip("addr add 10.9.0.1/24 dev out");
    fw().ip("addr add 10.9.0.2/24 dev in");
    peer().ip("link set out up");
    fw().ip("link set in up");
    fw().ip("link set lo up");
    peer().ip("neigh add 10.9.0.2 lladdr 02:00:00:00:09:02 dev out");
    fw().ip("neigh add 10.9.0.1 lladdr 02:00:00:00:09:01 dev in");
    fw().enter();
    fds_ = open_fds();
}

void Lab::TearDown() {
    if (!fw_) return;
    fw().enter();
    const auto gone = runtime::unload();
    EXPECT_TRUE(gone) << to_text(gone.error());
    EXPECT_EQ(open_fds(), fds_) << "an fd leaked";
    ::setns(home_.get(), CLONE_NEWNET);
}

int Lab::send_from_peer(std::uint16_t port, int count) const {
    int taken = 0;
    std::thread([&] {
        peer().enter();
        taken = UdpSender("10.9.0.2", port).send(count);
    }).join();
    return taken;
}

UdpReceiver Lab::receiver_at_peer(std::uint16_t port) const {
    peer().enter();
    UdpReceiver receiver(port);
    fw().enter();
    return receiver;
}

std::uint64_t Lab::packets(std::size_t slot) {
    // veth hands a packet over in softirq; native XDP's NAPI may run a moment later.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto snapshot = runtime::current();
    if (!snapshot || !*snapshot) return ~0ULL;
    return (*snapshot)->counters.at(slot).packets;
}

}  // namespace bpfw::lab
