// SPDX-License-Identifier: GPL-2.0-or-later
// Firewalls -> ns per packet over a veth pair. measure_end_to_end() is the door.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>

#include "runtime/runtime.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/programs.hpp"
#include "tests/differential/compile_text.hpp"
#include "tests/differential/netns.hpp"

namespace bpfw::bench {
namespace {

using test::run_program;

constexpr const char* kSender = "sender";
constexpr const char* kReceiver = "receiver";
constexpr int kBatch = 64;  // one poll of the receiver
constexpr double kRoundSeconds = 0.02;

// Without XDP a veth device takes frames of other XDP programs only when it polls: GRO on.
Result<void> let_poll(const char* device) {
    const test::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value value{ETHTOOL_SGRO, 1};
    ifreq request{};
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0)
        return failure("switch GRO on", device, errno);
    return {};
}

Result<void> build_world() {
    for (const char* name : {"all", "default"})
        if (auto set = test::set_sysctl(std::string("ipv4/conf/") + name + "/rp_filter", "0"); !set)
            return set;
    const std::string commands =
        "link set lo up\nlink add sender type veth peer name receiver\n"
        "link set receiver address 02:00:00:00:00:01\naddress add 198.18.0.1/24 dev receiver\n"
        "link set sender up\nlink set receiver up\nroute add 10.0.0.0/8 dev receiver\n";
    if (auto done = run_program({"ip", "-4", "-batch", "-"}, commands); !done) return done;
    return let_poll(kReceiver);
}

// Of the receiver, in packets.
std::uint64_t received() {
    std::ifstream file("/proc/thread-self/net/dev");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos || line.find(kReceiver) == std::string::npos) continue;
        std::istringstream fields(line.substr(colon + 1));
        std::uint64_t bytes = 0;
        std::uint64_t packets = 0;
        fields >> bytes >> packets;
        return packets;
    }
    return 0;
}

struct Burst {
    double ns = 0;
    double lost = 0;
};

Result<Burst> send(int program, std::uint32_t packets) {
    std::vector<std::uint8_t> frame(64, 0);
    xdp_md context{};
    context.data_end = static_cast<std::uint32_t>(frame.size());
    context.ingress_ifindex = if_nametoindex(kSender);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    options.repeat = static_cast<int>(packets);
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    options.batch_size = kBatch;
    const std::uint64_t before = received();
    if (bpf_prog_test_run_opts(program, &options) != 0) return failure("send", kSender, errno);
    const auto came = static_cast<double>(received() - before);
    return Burst{static_cast<double>(options.duration), 1 - std::min(1.0, came / packets)};
}

// As many packets as fit into a round.
Result<Figure> time_firewall(Figure figure, int program, int rounds) {
    auto probe = send(program, 4096);
    if (!probe) return tl::unexpected(probe.error());
    const auto packets = static_cast<std::uint32_t>(
        std::clamp(kRoundSeconds * 1e9 / probe->ns, 4096.0, 1'000'000.0));
    std::vector<double> all;
    for (int round = 0; round < rounds; round++) {
        const auto burst = send(program, packets);
        if (!burst) return tl::unexpected(burst.error());
        all.push_back(burst->ns);
        figure.lost = std::max(figure.lost, burst->lost);
    }
    std::sort(all.begin(), all.end());
    figure.ns_per_packet = all.front();
    figure.median = all[all.size() / 2];
    return figure;
}

Result<void> attach(int program) {
    const int error = bpf_xdp_attach(static_cast<int>(if_nametoindex(kReceiver)), program,
                                     XDP_FLAGS_DRV_MODE, nullptr);
    if (error != 0) return failure("attach", kReceiver, -error);
    return {};
}

Result<void> detach() { return attach(-1); }

Result<void> load_bpfw(const Workload& workload) {
    const auto bytes = test::compile_text(iptables_text(workload), "");
    if (!bytes) return tl::unexpected(bytes.error());
    const auto lock = runtime::Lock::take(0);
    if (!lock) return tl::unexpected(lock.error());
    runtime::LoadOptions options;
    options.devices = {kReceiver};
    options.mode = runtime::Mode::Native;
    const auto loaded = runtime::load(*bytes, options);
    if (!loaded) return tl::unexpected(loaded.error());
    return {};
}

Result<void> unload_bpfw() {
    const auto lock = runtime::Lock::take(0);
    if (!lock) return tl::unexpected(lock.error());
    return runtime::unload();
}

// A firewall put up and taken down.
struct Firewall {
    const char* name;
    bool ruled;  // its cost may depend on the rules
    std::function<Result<void>(const Workload&, const Object&)> up;
    std::function<Result<void>()> down;
};

std::vector<Firewall> firewalls() {
    return {
        {"return XDP_DROP", false,
         [](const Workload&, const Object& bench) {
             return attach(program_fd(bench, "bench_drop"));
         },
         detach},
        {"bpfw", true, [](const Workload& w, const Object&) { return load_bpfw(w); }, unload_bpfw},
        {"iptables-legacy", true,
         [](const Workload& w, const Object&) {
             return run_program({"iptables-legacy-restore"}, iptables_text(w));
         },
         [] {
             return run_program(
                 {"iptables-legacy-restore"},
                 "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n");
         }},
        {"nft", true,
         [](const Workload& w, const Object&) {
             return run_program({"nft", "-f", "-"}, nft_text(w));
         },
         [] {
             return run_program({"nft", "delete", "table", "ip", "bench"});
         }},
    };
}

Result<Figure> try_firewall(const Firewall& firewall, const Workload& workload, const Object& bench,
                            int rounds) {
    if (auto up = firewall.up(workload, bench); !up) return tl::unexpected(up.error());
    Figure figure{firewall.name, firewall.ruled ? workload.rules.size() : 0, 0, 0, 0};
    auto timed = time_firewall(figure, program_fd(bench, "bench_send"), rounds);
    if (auto down = firewall.down(); !down && timed) return tl::unexpected(down.error());
    return timed;
}

}  // namespace

Result<std::vector<Figure>> measure_end_to_end(const std::vector<std::size_t>& sizes, Shape shape,
                                               int rounds) {
    test::use_private_lock();
    const auto where = test::Namespace::create();
    if (!where) return tl::unexpected(where.error());
    const test::Inside inside(*where);
    if (auto built = build_world(); !built) return tl::unexpected(built.error());
    std::vector<Figure> figures;
    for (const std::size_t rules : sizes) {
        const Workload workload = make_workload(rules, shape);
        const auto bench = load_bench_object(workload, if_nametoindex(kSender));
        if (!bench) return tl::unexpected(bench.error());
        for (const Firewall& firewall : firewalls()) {
            if (!firewall.ruled && rules != sizes.front()) continue;
            const auto figure = try_firewall(firewall, workload, *bench, rounds);
            if (!figure) return tl::unexpected(figure.error());
            figures.push_back(*figure);
        }
    }
    return figures;
}

}  // namespace bpfw::bench
