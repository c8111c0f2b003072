// SPDX-License-Identifier: GPL-2.0-or-later
// Table and frames -> what the kernel's iptables did. KernelOracle is the door.
#include "tests/differential/kernel_oracle.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/differential/tap.hpp"
#include "tests/support/pools.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

const char* restore_program(Family family) {
    return family == Family::Ipv4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore";
}

// Before any device is made, so that the defaults hold for all.
Result<void> loosen_the_stack() {
    const std::vector<std::pair<std::string, std::string>> settings = {{"rp_filter", "0"},
                                                                       {"accept_local", "1"},
                                                                       {"forwarding", "1"},
                                                                       {"route_localnet", "1"},
                                                                       {"send_redirects", "0"}};
    for (const auto& [name, value] : settings)
        for (const char* scope : {"all", "default"})
            if (auto set = set_sysctl(fmt::format("ipv4/conf/{}/{}", scope, name), value); !set)
                return set;
    const std::vector<std::pair<std::string, std::string>> settings6 = {
        {"forwarding", "1"}, {"accept_dad", "0"},    {"autoconf", "0"},
        {"accept_ra", "0"},  {"addr_gen_mode", "1"}, {"router_solicitations", "0"}};
    for (const auto& [name, value] : settings6)
        for (const char* scope : {"all", "default"})
            if (auto set = set_sysctl(fmt::format("ipv6/conf/{}/{}", scope, name), value); !set)
                return set;
    return {};
}

std::string device_commands() {
    std::string out = "link set lo up\n";
    std::vector<std::string> devices = kInDevices;
    devices.insert(devices.end(), kOutDevices.begin(), kOutDevices.end());
    for (const std::string& device : devices)
        out += fmt::format("link set {0} address 02:00:00:00:00:01 arp off\nlink set {0} up\n",
                           device);
    return out;
}

// INPUT: every address is local. FORWARD and OUTPUT: two routes halve the addresses.
std::string route_commands(Family family, Hook hook) {
    if (hook == Hook::Input) return "route add local default dev lo table local\n";
    if (family == Family::Ipv4)
        return "address add 198.18.0.1/32 dev wan0\n"
               "route add 0.0.0.0/1 dev wan0 src 198.18.0.1\nroute add 128.0.0.0/1 dev wan1\n";
    return "address add 2001:db8:ffff::1/128 dev wan0 nodad\n"
           "route add ::/1 dev wan0\nroute add 8000::/1 dev wan1\n";
}

// What comes after filter is dropped, and before it what the stack sends of itself: errors and
// answers where OUTPUT is not under test, multicast listener reports where it is.
std::string guard_text(Family family, Hook hook) {
    const bool reports = family == Family::Ipv6 && hook == Hook::Output;
    return fmt::format(
        "*raw\n{}COMMIT\n*mangle\n:OUTPUT {}\nCOMMIT\n"
        "*security\n:INPUT DROP\n:FORWARD DROP\n:OUTPUT DROP\nCOMMIT\n",
        reports ? "-A OUTPUT -d ff02::/16 -j DROP\n" : "",
        hook == Hook::Output ? "ACCEPT" : "DROP");
}

parser::Counters operator-(const parser::Counters& a, const parser::Counters& b) {
    return {a.packets - b.packets, a.bytes - b.bytes};
}

}  // namespace

std::string oracle_obstacle() {
    if (::geteuid() != 0) return "needs root";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "needs /dev/net/tun";
    for (const char* program : {"iptables-legacy-restore", "ip6tables-legacy-restore", "ip"})
        if (!run_program({program, "--version"}) && !run_program({program, "-V"}))
            return fmt::format("needs {}", program);
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const auto oracle = KernelOracle::open(family, Hook::Input);
        if (!oracle) return "the kernel's legacy iptables do not work: " + to_text(oracle.error());
    }
    return "";
}

KernelOracle::KernelOracle(Family family, Hook hook, Namespace where)
    : family_(family),
      hook_(hook),
      where_(std::move(where)),
      before_(-1, family, "mangle"),
      filter_(-1, family, "filter"),
      after_(-1, family, "security") {}

Result<KernelOracle> KernelOracle::open(Family family, Hook hook) {
    use_private_lock();
    auto where = Namespace::create();
    if (!where) return tl::unexpected(where.error());
    KernelOracle oracle(family, hook, std::move(*where));
    if (auto built = oracle.build_world(); !built) return tl::unexpected(built.error());
    if (auto loaded = oracle.load(empty_table()); !loaded) return tl::unexpected(loaded.error());
    return oracle;
}

Result<void> KernelOracle::build_world() {
    const Inside inside(where_);
    if (auto loosened = loosen_the_stack(); !loosened) return loosened;
    if (auto opened = open_devices(); !opened) return opened;
    const std::string commands = device_commands() + route_commands(family_, hook_);
    const char* family = family_ == Family::Ipv4 ? "-4" : "-6";
    if (auto done = run_program({"ip", family, "-batch", "-"}, commands); !done) return done;
    return set_guards();
}

Result<void> KernelOracle::open_devices() {
    socket_ = Descriptor(::socket(family_ == Family::Ipv4 ? AF_INET : AF_INET6,
                                  SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    if (socket_.get() < 0) return failure("open", "raw socket", errno);
    std::vector<std::string> devices = kInDevices;
    devices.insert(devices.end(), kOutDevices.begin(), kOutDevices.end());
    for (const std::string& device : devices) {
        auto tap = open_tap(device);
        if (!tap) return tl::unexpected(tap.error());
        taps_.emplace(device, std::move(*tap));
    }
    return {};
}

Result<void> KernelOracle::set_guards() {
    if (auto done = run_program({restore_program(family_)}, guard_text(family_, hook_)); !done)
        return done;
    before_ = XtTable(socket_.get(), family_, "mangle");
    filter_ = XtTable(socket_.get(), family_, "filter");
    after_ = XtTable(socket_.get(), family_, "security");
    for (XtTable* table : {&before_, &after_})
        if (auto learned = table->learn(); !learned) return learned;
    before_policy_ = before_.find(chain_name(hook_), 0);
    after_policy_ = after_.find(chain_name(hook_), 0);
    return {};
}

Result<void> KernelOracle::load(const compiler::Table& table) {
    const Inside inside(where_);
    if (auto done = run_program({restore_program(family_)}, save_text(table, family_)); !done)
        return done;
    if (auto learned = filter_.learn(); !learned) return learned;
    positions_.clear();
    watched_.clear();
    for (const XtTable::Entry& entry : filter_.entries()) {
        std::uint32_t chain = 0;
        while (chain < table.chains.size() && table.chains[chain].name != entry.chain) chain++;
        if (chain == table.chains.size()) BPFW_BUG("unknown chain " + entry.chain);
        positions_.push_back({chain, entry.rule});
        // The RETURN that ends every user chain is an entry, but no rule; another hook's policy
        // may count what the stack itself does.
        const bool other = entry.rule == 0 && entry.chain != chain_name(hook_);
        watched_.push_back(!other && entry.rule <= table.chains[chain].rules.size());
    }
    return {};
}

Result<void> KernelOracle::put_in(const TestPacket& packet) {
    const auto tap = taps_.find(packet.place.in);
    if (tap == taps_.end()) BPFW_BUG("no device " + packet.place.in);
    const ssize_t sent = ::write(tap->second.get(), packet.frame.data(), packet.frame.size());
    // EIO and EINVAL: not even a frame (shorter than an Ethernet header). Not seen, then.
    if (sent < 0 && errno != EINVAL && errno != EIO)
        return failure("write frame", packet.place.in, errno);
    return {};
}

// The destination given to sendto() picks the device and nothing else: with the header included
// the kernel does not look at the header's own.
Result<void> KernelOracle::send_out(const TestPacket& packet) {
    const std::uint8_t* ip = packet.frame.data() + 14;
    const std::size_t size = packet.frame.size() - std::min<std::size_t>(packet.frame.size(), 14);
    const bool first = packet.place.out == kOutDevices[0];
    ssize_t sent = 0;
    if (family_ == Family::Ipv4) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = htonl(first ? 0x0a010101 : 0xc8010101);
        sent = ::sendto(socket_.get(), ip, size, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    } else {
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_addr.s6_addr[0] = first ? 0x20 : 0xfd;
        to.sin6_addr.s6_addr[15] = 0x77;
        sent = ::sendto(socket_.get(), ip, size, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    // EPERM: a table dropped it. EINVAL: no IP header. EMSGSIZE: too long.
    if (sent < 0 && errno != EPERM && errno != EINVAL && errno != EMSGSIZE)
        return failure("send packet", packet.place.out, errno);
    return {};
}

Result<Observation> KernelOracle::send(const TestPacket& packet) {
    constexpr int kAttempts = 5;  // a packet of the stack's own may come between
    for (int attempt = 0; attempt < kAttempts; attempt++) {
        const auto before = before_.read();
        const auto after = after_.read();
        const auto filter = filter_.read();
        if (!before || !after || !filter) return failure("read counters", "iptables", errno);
        const parser::Counters old_before = (**before)[before_policy_];
        const parser::Counters old_after = (**after)[after_policy_];
        const std::vector<parser::Counters> old_filter = **filter;

        const auto sent = hook_ == Hook::Output ? send_out(packet) : put_in(packet);
        if (!sent) return tl::unexpected(sent.error());

        if (!before_.read() || !after_.read() || !filter_.read())
            return failure("read counters", "iptables", errno);
        const auto came = (**before)[before_policy_] - old_before;
        if (came.packets > 1) continue;
        Observation seen;
        seen.seen = came.packets == 1;
        seen.accepted = ((**after)[after_policy_] - old_after).packets == 1;
        for (std::size_t i = 0; i < old_filter.size(); i++) {
            const parser::Counters added = (**filter)[i] - old_filter[i];
            if (watched_[i] && added.packets != 0) seen.counted[positions_[i]] = added;
        }
        return seen;
    }
    return failure("send packet", chain_name(hook_), 0, "the hook is never quiet");
}

}  // namespace bpfw::test
