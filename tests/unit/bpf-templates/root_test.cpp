// SPDX-License-Identifier: GPL-2.0-or-later
// The root programs: which slot the generation word leads to, and what an empty one means.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>

#include <memory>

#include "bpf-templates/templates.hpp"
#include "tests/unit/bpf-templates/harness.hpp"

namespace bpfw::test {
namespace {

struct Closer {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
};

class Root : public KernelTest {
protected:
    void SetUp() override {
        KernelTest::SetUp();
        if (IsSkipped()) return;
        const auto bytes = templates::root_template();
        object_.reset(bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
        ASSERT_NE(object_, nullptr);
        ASSERT_EQ(bpf_object__load(object_.get()), 0);
        rules_ = std::make_unique<Harness>(0u, BPFW_HOOK_INPUT);
        rules_->answer(BPFW_DROP);
        rules_->run(Entry::Xdp, kFrame);  // leaves the answer in the stand-ins' map
    }
    int map(const char* name) const { return bpf_object__find_map_fd_by_name(object_.get(), name); }
    int run(const char* name) const {
        LIBBPF_OPTS(bpf_test_run_opts, options);
        options.data_in = kFrame.data();
        options.data_size_in = static_cast<std::uint32_t>(kFrame.size());
        const bpf_program* program = bpf_object__find_program_by_name(object_.get(), name);
        EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(program), &options), 0);
        return static_cast<int>(options.retval);
    }
    void put(const char* progs, std::uint32_t slot, const char* program) {
        const int fd = rules_->program_fd(program);
        ASSERT_EQ(bpf_map_update_elem(map(progs), &slot, &fd, BPF_ANY), 0);
    }
    void generation(std::uint64_t value) const {
        const std::uint32_t zero = 0;
        ASSERT_EQ(bpf_map_update_elem(map(BPFW_MAP_GENERATION), &zero, &value, BPF_ANY), 0);
    }

    const Bytes kFrame = frame(eth() / ip4() / tcp());
    std::unique_ptr<bpf_object, Closer> object_;
    std::unique_ptr<Harness> rules_;
};

TEST_F(Root, EmptySlotsPass) {
    for (std::uint64_t value = 0; value < 5; ++value) {
        generation(value);
        EXPECT_EQ(run(BPFW_PROG_ROOT_XDP), XDP_PASS);
        EXPECT_EQ(run(BPFW_PROG_ROOT_TC_INGRESS), TC_ACT_UNSPEC);
        EXPECT_EQ(run(BPFW_PROG_ROOT_TC_EGRESS), TC_ACT_UNSPEC);
    }
}

TEST_F(Root, GenerationChoosesTheSlot) {
    put(BPFW_MAP_XDP_PROGS, 2 * 2, BPFW_PROG_XDP);
    put(BPFW_MAP_TC_PROGS, 2 * 2 + BPFW_TC_INGRESS, BPFW_PROG_TC_INGRESS);
    for (std::uint64_t value = 0; value < 12; ++value) {
        generation(value);
        const bool ours = value % BPFW_GENERATIONS == 2;
        EXPECT_EQ(run(BPFW_PROG_ROOT_XDP), ours ? XDP_DROP : XDP_PASS) << value;
        EXPECT_EQ(run(BPFW_PROG_ROOT_TC_INGRESS), ours ? TC_ACT_SHOT : TC_ACT_UNSPEC) << value;
        EXPECT_EQ(run(BPFW_PROG_ROOT_TC_EGRESS), TC_ACT_UNSPEC) << value;
    }
    put(BPFW_MAP_TC_PROGS, 2 * 2 + BPFW_TC_EGRESS, BPFW_PROG_TC_EGRESS);
    generation(2);
    EXPECT_EQ(run(BPFW_PROG_ROOT_TC_EGRESS), TC_ACT_SHOT);
}

TEST_F(Root, GenerationIsOneStoreAway) {
    put(BPFW_MAP_XDP_PROGS, 1 * 2, BPFW_PROG_XDP);
    void* page =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map(BPFW_MAP_GENERATION), 0);
    ASSERT_NE(page, MAP_FAILED);
    EXPECT_EQ(run(BPFW_PROG_ROOT_XDP), XDP_PASS);
    *static_cast<volatile std::uint64_t*>(page) = 1;
    EXPECT_EQ(run(BPFW_PROG_ROOT_XDP), XDP_DROP);
    munmap(page, 4096);
}

// The verifier cuts away what the configuration does not need: each one is another program.
TEST_F(Root, EveryConfigurationLoads) {
    const Bytes bytes = frame(eth() / ip4({.ttl = 5}) / tcp({.dport = 81, .options = {3, 3, 7}}));
    for (std::uint32_t needs = 0; needs < 64; ++needs) {
        if ((needs & BPFW_NEEDS_OUTPUT_NAME) != 0) continue;
        const Harness one(needs, BPFW_HOOK_AUTO, 0);
    }
    for (const std::uint32_t hook : {BPFW_HOOK_INPUT, BPFW_HOOK_FORWARD, BPFW_HOOK_OUTPUT}) {
        for (const std::uint32_t needs : {0u, 63u}) {
            Harness one(needs, hook, 0);
            EXPECT_EQ(one.run(Entry::Xdp, bytes).packet.l4_dst, 6u << 16 | 81) << hook << needs;
        }
    }
}

}  // namespace
}  // namespace bpfw::test
