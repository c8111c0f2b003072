// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/bpf-templates/harness.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bpf-templates/templates.hpp"

namespace bpfw::test {
namespace {

constexpr std::array kChains = {
#define BPFW_NAME(name) #name,
    BPFW_CHAIN_FUNCTIONS(BPFW_NAME)
#undef BPFW_NAME
};

struct Seen {  // struct seen of chains.bpf.c
    bpfw_packet packet;
    std::uint32_t function;
    std::uint32_t answer;
    std::uint32_t vlan;
    std::uint32_t calls;
    bpfw_frame frame;
    std::uint32_t frames_answer;
    std::uint32_t log_slot;
    std::uint32_t frames_calls;
};

std::string g_missing;  // why no test of this process can run

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

// libbpf's linker takes file names only: a memfd has one.
class MemoryFile {
public:
    explicit MemoryFile(std::span<const std::byte> bytes = {}) : fd_(memfd_create("bpf", 0)) {
        if (fd_ < 0) fail("memfd_create");
        if (!bytes.empty() && ::write(fd_, bytes.data(), bytes.size()) < 0) fail("write memfd");
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(fd_); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

bpf_object* open_linked(Template which) {
    const bool frame = which == Template::RulesFrame;
    const MemoryFile rules(frame ? templates::rules_frame_template() : templates::rules_template());
    const char* const chains = frame ? BPFW_TEST_CHAINS_FRAME : BPFW_TEST_CHAINS;
    const MemoryFile linked;
    bpf_linker* linker = bpf_linker__new(linked.path().c_str(), nullptr);
    if (linker == nullptr) fail("bpf_linker__new");
    const bool done = bpf_linker__add_file(linker, rules.path().c_str(), nullptr) == 0 &&
                      bpf_linker__add_file(linker, chains, nullptr) == 0 &&
                      bpf_linker__finalize(linker) == 0;
    bpf_linker__free(linker);
    if (!done) fail("link");
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "bpfw");
    bpf_object* object = bpf_object__open_file(linked.path().c_str(), &options);
    if (object == nullptr) fail("open");
    return object;
}

void configure(bpf_object* object, const bpfw_config& config) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (std::string_view(bpf_map__name(map)).ends_with(".rodata")) {
            bpf_map__set_initial_value(map, &config, sizeof(config));
        }
    }
    bpf_map__set_max_entries(bpf_object__find_map_by_name(object, BPFW_MAP_COUNTERS), 16);
    bpf_map__set_max_entries(bpf_object__find_map_by_name(object, BPFW_MAP_INTERFACES), 64);
}

int keep_event(void* into, void* data, std::size_t size) {
    if (size != sizeof(bpfw_event)) return -EINVAL;
    static_cast<std::vector<bpfw_event>*>(into)->push_back(*static_cast<bpfw_event*>(data));
    return 0;
}

std::vector<bpfw_event> take_events(int map) {
    std::vector<bpfw_event> events;
    if (map < 0) return events;
    ring_buffer* const ring = ring_buffer__new(map, keep_event, &events, nullptr);
    if (ring == nullptr || ring_buffer__consume(ring) < 0) fail("events");
    ring_buffer__free(ring);
    return events;
}

Action action_of(bool is_xdp, std::uint32_t returned) {
    const int pass = is_xdp ? static_cast<int>(XDP_PASS) : TC_ACT_UNSPEC;
    const int drop = is_xdp ? static_cast<int>(XDP_DROP) : TC_ACT_SHOT;
    const int code = static_cast<int>(returned);
    return code == pass ? Action::Pass : code == drop ? Action::Drop : Action::Other;
}

}  // namespace

Harness::Harness(std::uint32_t needs, std::uint32_t force_hook, std::uint32_t trace,
                 Template linked)
    : object_(open_linked(linked)) {
    configure(object_, {needs | trace, force_hook});
    if (bpf_object__load(object_) != 0) {
        bpf_object__close(object_);
        fail("load");
    }
    const int ingress = program_fd(BPFW_PROG_TC_INGRESS);
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(map_fd("test_next"), &zero, &ingress, BPF_ANY) != 0) fail("test_next");
}

Harness::~Harness() { bpf_object__close(object_); }

int Harness::program_fd(const char* name) const {
    const bpf_program* program = bpf_object__find_program_by_name(object_, name);
    return program == nullptr ? -1 : bpf_program__fd(program);
}

int Harness::map_fd(const char* name) const {
    return bpf_object__find_map_fd_by_name(object_, name);
}

void Harness::reset(std::uint32_t vlan) {
    const std::uint32_t zero = 0;
    Seen seen{};
    seen.answer = answer_;
    seen.vlan = vlan;
    seen.frames_answer = frames_answer_;
    seen.log_slot = log_ ? *log_ + 1 : 0;
    const bpfw_trace trace{0, 0, 0, kNoReason};
    const std::vector<bpfw_counter> counters(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const std::uint32_t slot = answer_ >> BPFW_VERDICT_BITS;
    if (bpf_map_update_elem(map_fd("test_seen"), &zero, &seen, BPF_ANY) != 0) fail("test_seen");
    bpf_map_update_elem(map_fd(BPFW_MAP_TRACE), &zero, &trace, BPF_ANY);
    bpf_map_update_elem(map_fd(BPFW_MAP_COUNTERS), &slot, counters.data(), BPF_ANY);
}

Outcome Harness::test_run(const char* program, const Bytes& frame, const Context& context,
                          std::uint32_t vlan) {
    reset(vlan);
    xdp_md xdp{};
    xdp.data_end = static_cast<std::uint32_t>(frame.size());
    xdp.ingress_ifindex = context.ifindex;
    __sk_buff skb{};
    skb.ifindex = context.ifindex;
    skb.ingress_ifindex = context.ingress_ifindex;
    skb.gso_size = context.gso_size;
    const bool is_xdp = std::string_view(program).ends_with("_xdp");
    LIBBPF_OPTS(bpf_test_run_opts, options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.ctx_in = is_xdp ? static_cast<const void*>(&xdp) : &skb;
    options.ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb);
    options.repeat = static_cast<int>(context.repeat);
    if (bpf_prog_test_run_opts(program_fd(program), &options) != 0) fail("test run");

    Outcome outcome = this->outcome();
    outcome.action = action_of(is_xdp, options.retval);
    outcome.ns = options.duration;
    return outcome;
}

Outcome Harness::outcome() const {
    const std::uint32_t zero = 0;
    const std::uint32_t slot = answer_ >> BPFW_VERDICT_BITS;
    Seen seen{};
    Outcome outcome;
    std::vector<bpfw_counter> counters(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    bpf_map_lookup_elem(map_fd("test_seen"), &zero, &seen);
    bpf_map_lookup_elem(map_fd(BPFW_MAP_TRACE), &zero, &outcome.trace);
    bpf_map_lookup_elem(map_fd(BPFW_MAP_COUNTERS), &slot, counters.data());
    for (const bpfw_counter& one : counters) {
        outcome.counter.packets += one.packets;
        outcome.counter.bytes += one.bytes;
    }
    outcome.chain = seen.function == 0 ? "" : kChains.at(seen.function - 1);
    outcome.packet = seen.packet;
    outcome.frame = seen.frame;
    outcome.frames = seen.frames_calls;
    outcome.events = take_events(map_fd(BPFW_MAP_EVENTS));
    return outcome;
}

Outcome Harness::run(Entry entry, const Bytes& frame, const Context& context) {
    switch (entry) {
        case Entry::Xdp:
            return test_run(BPFW_PROG_XDP, frame, context, 0);
        case Entry::Ingress:
            return test_run(BPFW_PROG_TC_INGRESS, frame, context, 0);
        case Entry::Egress:
            break;
    }
    return test_run(BPFW_PROG_TC_EGRESS, frame, context, 0);
}

Outcome Harness::run_tagged(const Bytes& frame, Tag tag, const Context& context) {
    return test_run("tag_then_ingress", frame, context,
                    static_cast<std::uint32_t>(tag.protocol) << 16 | tag.tci);
}

std::uint32_t Harness::empty_ns(const Bytes& frame, std::uint32_t repeat) {
    return test_run("empty_xdp", frame, {.repeat = repeat}, 0).ns;
}

void Harness::name_interface(std::uint32_t ifindex, const std::string& name, std::uint32_t flags) {
    bpfw_interface interface {};
    name.copy(interface.name, sizeof(interface.name) - 1);
    interface.flags = flags;
    if (bpf_map_update_elem(map_fd(BPFW_MAP_INTERFACES), &ifindex, &interface, BPF_ANY) != 0) {
        fail("name_interface");
    }
}

void Harness::add_vlan(std::uint32_t ifindex, std::uint16_t vid, std::uint32_t device,
                       std::uint16_t protocol) {
    const bpfw_vlan_key key{ifindex, vid, protocol};
    if (bpf_map_update_elem(map_fd(BPFW_MAP_VLANS), &key, &device, BPF_ANY) != 0) fail("add_vlan");
}

void Harness::set_local(const bpfw_local& local) {
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(map_fd(BPFW_MAP_LOCAL), &zero, &local, BPF_ANY) != 0) fail("set_local");
}

void KernelTest::SetUpTestSuite() {
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    if (::geteuid() != 0) {
        g_missing = "needs root";
        return;
    }
    if (::unshare(CLONE_NEWNET) != 0) g_missing = "needs network namespaces";
    const int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, nullptr);
    if (map < 0) {
        g_missing = std::string("needs BPF: ") + std::strerror(errno);
        return;
    }
    ::close(map);
}

void KernelTest::SetUp() {
    if (!g_missing.empty()) GTEST_SKIP() << g_missing;
}

void ip(const std::string& arguments) {
    if (std::system(("ip " + arguments).c_str()) != 0) {
        throw std::runtime_error("ip " + arguments + " failed");
    }
}

void write_sysctl(const std::string& path, const std::string& value) {
    std::ofstream file("/proc/sys/" + path);
    file << value << std::endl;
    if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace bpfw::test
