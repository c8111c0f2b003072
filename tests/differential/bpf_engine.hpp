// SPDX-License-Identifier: GPL-2.0-or-later
// bpfw's own answer: the table's text parsed, compiled, linked and loaded as `bpfw load` would,
// each frame run through the entry programs by BPF_PROG_TEST_RUN, attached to nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bpf-templates/abi.h"
#include "parser/base/result.hpp"
#include "tests/differential/netns.hpp"
#include "tests/support/interpreter.hpp"
#include "tests/support/random_packets.hpp"

struct bpf_object;

namespace bpfw::test {

enum class Entry : std::uint8_t { Xdp, TcIngress, TcEgress };
const char* name_of(Entry entry);
// The programs that judge a hook.
std::vector<Entry> entries_of(Hook hook);

struct BpfAnswer {
    bool dropped = false;
    bpfw_trace trace{};
    std::map<std::uint32_t, parser::Counters> counted;  // by slot: what this frame added
};

class BpfEngine {
public:
    // Makes a namespace with one device, whose MAC is that of the frames.
    static Result<BpfEngine> open(Hook hook);
    // The object is in the kernel afterwards; refusals carry the diagnostics or the verifier's log.
    Result<void> load(const Tables& tables);
    // An error also means that the kernel refuses to test such a frame (EINVAL: too short).
    Result<BpfAnswer> run(const TestPacket& packet, Entry entry);

private:
    struct Close {
        void operator()(bpf_object* object) const;
    };
    BpfEngine(Hook hook, Namespace where) : hook_(hook), where_(std::move(where)) {}
    Result<void> make_device();
    Result<void> configure();
    Result<void> find_parts();
    Result<void> put_name(std::uint32_t slot, const std::string& name);
    Result<std::vector<parser::Counters>> read_counters() const;

    Hook hook_;
    Namespace where_;
    Descriptor device_;
    std::uint32_t ifindex_ = 0;
    std::unique_ptr<bpf_object, Close> object_;
    int programs_[3] = {-1, -1, -1};  // by Entry
    int counters_ = -1;
    int trace_ = -1;
    int interfaces_ = -1;
    std::uint32_t slots_ = 0;
    std::map<std::uint32_t, std::string> names_;  // what the name slots hold
    std::vector<parser::Counters> last_;
};

}  // namespace bpfw::test
