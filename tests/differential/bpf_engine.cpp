// SPDX-License-Identifier: GPL-2.0-or-later
// (Tables, frames) -> what bpfw's programs do. BpfEngine is the door.
#include "tests/differential/bpf_engine.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/config.hpp"
#include "tests/differential/compile_text.hpp"
#include "tests/differential/tap.hpp"
#include "tests/support/random_ruleset.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

// Where the entry programs look the names up when the hook is forced (rules.bpf.c).
constexpr std::uint32_t kInSlot = 1;
constexpr std::uint32_t kOutSlot = 2;
constexpr std::uint32_t kNameSlots = 3;
constexpr const char* kDevice = "eth0";

bpfw_hook forced_hook(Hook hook) {
    switch (hook) {
        case Hook::Input:
            return BPFW_HOOK_INPUT;
        case Hook::Forward:
            return BPFW_HOOK_FORWARD;
        case Hook::Output:
            return BPFW_HOOK_OUTPUT;
    }
    BPFW_BUG("hook");
}

const char* program_of(Entry entry) {
    switch (entry) {
        case Entry::Xdp:
            return BPFW_PROG_XDP;
        case Entry::TcIngress:
            return BPFW_PROG_TC_INGRESS;
        case Entry::TcEgress:
            return BPFW_PROG_TC_EGRESS;
    }
    BPFW_BUG("entry");
}

std::string* log_sink = nullptr;  // libbpf's printer knows no context

int log_text(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG || log_sink == nullptr) return 0;
    char line[4096];
    std::vsnprintf(line, sizeof line, format, arguments);
    *log_sink += line;
    return 0;
}

// What libbpf says while this lives.
class Log {
public:
    Log() {
        log_sink = &text_;
        libbpf_set_print(log_text);
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() { log_sink = nullptr; }
    // The end of it: there the verifier tells why.
    [[nodiscard]] std::string end() const {
        constexpr std::size_t kShown = 3000;
        return text_.size() > kShown ? text_.substr(text_.size() - kShown) : text_;
    }

private:
    std::string text_;
};

bool passed(Entry entry, std::uint32_t result) {
    if (entry == Entry::Xdp) return result == XDP_PASS;
    return result == static_cast<std::uint32_t>(TC_ACT_UNSPEC) || result == TC_ACT_OK;
}

}  // namespace

const char* name_of(Entry entry) {
    switch (entry) {
        case Entry::Xdp:
            return "XDP";
        case Entry::TcIngress:
            return "TC ingress";
        case Entry::TcEgress:
            return "TC egress";
    }
    BPFW_BUG("entry");
}

std::vector<Entry> entries_of(Hook hook) {
    if (hook == Hook::Output) return {Entry::TcEgress};
    return {Entry::Xdp, Entry::TcIngress};
}

void BpfEngine::Close::operator()(bpf_object* object) const { bpf_object__close(object); }

Result<BpfEngine> BpfEngine::open(Hook hook) {
    auto where = Namespace::create();
    if (!where) return tl::unexpected(where.error());
    BpfEngine engine(hook, std::move(*where));
    if (auto made = engine.make_device(); !made) return tl::unexpected(made.error());
    return engine;
}

Result<void> BpfEngine::make_device() {
    const Inside inside(where_);
    auto tap = open_tap(kDevice);
    if (!tap) return tl::unexpected(tap.error());
    device_ = std::move(*tap);
    ifindex_ = ::if_nametoindex(kDevice);
    return run_program({"ip", "link", "set", kDevice, "address", "02:00:00:00:00:01"});
}

Result<void> BpfEngine::configure() {
    const auto config = runtime::config_of(object_.get());
    if (!config) return tl::unexpected(config.error());
    (*config)->needs |= BPFW_NEEDS_TRACE;
    (*config)->force_hook = forced_hook(hook_);
    // Only what is asked of this hook is verified: a third of the time, or two.
    for (const Entry entry : {Entry::Xdp, Entry::TcIngress, Entry::TcEgress}) {
        const auto asked = entries_of(hook_);
        if (std::find(asked.begin(), asked.end(), entry) == asked.end())
            bpf_program__set_autoload(
                bpf_object__find_program_by_name(object_.get(), program_of(entry)), false);
    }
    bpf_map* interfaces = bpf_object__find_map_by_name(object_.get(), BPFW_MAP_INTERFACES);
    if (bpf_map__set_max_entries(interfaces, kNameSlots) != 0)
        return failure("size map", BPFW_MAP_INTERFACES, errno);
    return {};
}

Result<void> BpfEngine::find_parts() {
    for (const Entry entry : entries_of(hook_)) {
        const bpf_program* program =
            bpf_object__find_program_by_name(object_.get(), program_of(entry));
        if (program == nullptr) return failure("find program", program_of(entry), ENOENT);
        programs_[static_cast<std::size_t>(entry)] = bpf_program__fd(program);
    }
    counters_ = bpf_object__find_map_fd_by_name(object_.get(), BPFW_MAP_COUNTERS);
    trace_ = bpf_object__find_map_fd_by_name(object_.get(), BPFW_MAP_TRACE);
    interfaces_ = bpf_object__find_map_fd_by_name(object_.get(), BPFW_MAP_INTERFACES);
    if (counters_ < 0 || trace_ < 0 || interfaces_ < 0) return failure("find", "maps", ENOENT);
    return {};
}

Result<void> BpfEngine::load(const Tables& tables) {
    const auto bytes =
        compile_text(save_text(tables.ipv4, Family::Ipv4), save_text(tables.ipv6, Family::Ipv6));
    if (!bytes) return tl::unexpected(bytes.error());
    const Log log;
    object_.reset(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
    if (!object_) return failure("open", "object", errno, log.end());
    if (auto configured = configure(); !configured) return configured;
    // No map of ours is attached; the namespace only matters for the device of a test run.
    if (bpf_object__load(object_.get()) != 0) return failure("load", "object", errno, log.end());
    if (auto found = find_parts(); !found) return found;
    slots_ = slot_count(tables);
    names_.clear();
    auto counters = read_counters();
    if (!counters) return tl::unexpected(counters.error());
    last_ = std::move(*counters);
    return {};
}

Result<void> BpfEngine::put_name(std::uint32_t slot, const std::string& name) {
    std::string& there = names_[slot];
    if (there == name) return {};
    bpfw_interface value{};
    std::strncpy(value.name, name.c_str(), sizeof value.name - 1);
    if (bpf_map_update_elem(interfaces_, &slot, &value, BPF_ANY) != 0)
        return failure("set name", name, errno);
    there = name;
    return {};
}

Result<std::vector<parser::Counters>> BpfEngine::read_counters() const {
    const auto processors = static_cast<std::size_t>(libbpf_num_possible_cpus());
    std::vector<std::uint32_t> keys(slots_);
    std::vector<bpfw_counter> values(slots_ * processors);
    std::uint32_t count = slots_;
    std::uint32_t next = 0;
    // ENOENT: that was the last of them.
    if (bpf_map_lookup_batch(counters_, nullptr, &next, keys.data(), values.data(), &count,
                             nullptr) != 0 &&
        errno != ENOENT)
        return failure("read map", BPFW_MAP_COUNTERS, errno);
    std::vector<parser::Counters> sums(slots_);
    for (std::uint32_t i = 0; i < count; i++)
        for (std::size_t cpu = 0; cpu < processors; cpu++) {
            sums[keys[i]].packets += values[i * processors + cpu].packets;
            sums[keys[i]].bytes += values[i * processors + cpu].bytes;
        }
    return sums;
}

Result<BpfAnswer> BpfEngine::run(const TestPacket& packet, Entry entry) {
    if (auto put = put_name(kInSlot, packet.place.in); !put) return tl::unexpected(put.error());
    if (auto put = put_name(kOutSlot, packet.place.out); !put) return tl::unexpected(put.error());
    __sk_buff skb{};
    skb.ifindex = ifindex_;
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = packet.frame.data();
    options.data_size_in = static_cast<std::uint32_t>(packet.frame.size());
    options.repeat = 1;
    if (entry != Entry::Xdp) {
        options.ctx_in = &skb;
        options.ctx_size_in = sizeof skb;
    }
    {
        const Inside inside(where_);  // where the device is
        if (bpf_prog_test_run_opts(programs_[static_cast<std::size_t>(entry)], &options) != 0)
            return failure("test program", program_of(entry), errno);
    }
    BpfAnswer answer;
    answer.dropped = !passed(entry, options.retval);
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(trace_, &zero, &answer.trace) != 0)
        return failure("read map", BPFW_MAP_TRACE, errno);
    auto counters = read_counters();
    if (!counters) return tl::unexpected(counters.error());
    for (std::uint32_t slot = 0; slot < slots_; slot++) {
        const parser::Counters& now = (*counters)[slot];
        if (now == last_[slot]) continue;
        answer.counted[slot] = {now.packets - last_[slot].packets, now.bytes - last_[slot].bytes};
    }
    last_ = std::move(*counters);
    return answer;
}

}  // namespace bpfw::test
