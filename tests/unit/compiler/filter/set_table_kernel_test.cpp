// SPDX-License-Identifier: GPL-2.0-or-later
// The emitted lookups in the kernel: the verifier takes each of them, with its table as a frozen
// array map of one element, and BPF_PROG_TEST_RUN gives the plain answer. Needs root.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "compiler/asm/encode.hpp"
#include "tests/support/random_sets.hpp"
#include "tests/support/set_program.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::filter;

constexpr std::uint8_t kWords[] = {1, 2, 4};

// The map and the program of one set.
class Loaded {
public:
    explicit Loaded(const SetProgram& built) {
        const auto size = static_cast<std::uint32_t>(built.program.tables.size());
        LIBBPF_OPTS(bpf_map_create_opts, map_options, .map_flags = BPF_F_RDONLY_PROG);
        map_ = bpf_map_create(BPF_MAP_TYPE_ARRAY, "sets", 4, size, 1, &map_options);
        const std::uint32_t zero = 0;
        if (map_ < 0 || bpf_map_update_elem(map_, &zero, built.program.tables.data(), 0) != 0 ||
            bpf_map_freeze(map_) != 0) {
            log_ = std::string("map: ") + std::strerror(errno);
            return;
        }
        load(built.program.functions[0]);
    }
    Loaded(const Loaded&) = delete;
    Loaded& operator=(const Loaded&) = delete;
    ~Loaded() {
        if (program_ >= 0) ::close(program_);
        if (map_ >= 0) ::close(map_);
    }
    [[nodiscard]] bool ok() const { return program_ >= 0; }
    [[nodiscard]] const std::string& log() const { return log_; }

    [[nodiscard]] std::uint32_t find(const SetKey& key) const {
        std::array<std::uint32_t, 16> frame{};
        std::copy(key.begin(), key.end(), frame.begin());
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                    .data_size_in = sizeof frame, .repeat = 1);
        return bpf_prog_test_run_opts(program_, &options) == 0 ? options.retval : ~0U;
    }

private:
    void load(const Function& function) {
        std::vector<Insn> insns = function.insns;
        for (const Relocation& relocation : function.relocations) {
            insns[relocation.at + 1].imm = insns[relocation.at].imm;  // where in the value
            insns[relocation.at].imm = map_;
        }
        std::vector<bpf_insn> code(insns.size());
        for (std::size_t i = 0; i < insns.size(); ++i) {
            const auto bytes = to_bytes(insns[i]);
            std::memcpy(&code[i], bytes.data(), bytes.size());
        }
        log_.resize(1U << 16U);
        LIBBPF_OPTS(bpf_prog_load_opts, options, .log_level = 1,
                    .log_size = static_cast<std::uint32_t>(log_.size()), .log_buf = log_.data());
        program_ =
            bpf_prog_load(BPF_PROG_TYPE_XDP, "lookup", "GPL", code.data(), code.size(), &options);
    }

    int map_ = -1;
    int program_ = -1;
    std::string log_;
};

class SetTableInTheKernel : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
};

void expect_right(const Set& set, const std::vector<SetKey>& keys) {
    const Loaded loaded(set_program(set, KeyAt::Frame));
    ASSERT_TRUE(loaded.ok()) << set.ranges.size() << " ranges\n" << loaded.log().c_str();
    for (const SetKey& key : keys) {
        ASSERT_EQ(loaded.find(key), contains(set, key) ? 1U : 0U)
            << std::hex << key[0] << ' ' << key[1] << ' ' << key[2] << ' ' << key[3] << ", "
            << set.ranges.size() << " ranges";
    }
}

TEST_F(SetTableInTheKernel, EveryShapeIsRight) {
    for (const std::uint8_t words : kWords) {
        Random random(words);
        for (const NamedSet& one : shapes_of_sets(words)) {
            SCOPED_TRACE(one.name);
            expect_right(one.set, keys_for(random, one.set, 500));
        }
    }
}

TEST_F(SetTableInTheKernel, RandomSetsAreRight) {
    Random random(21);
    for (int i = 0; i < 150 && !HasFatalFailure(); ++i) {
        const Set set = random_set(random, random.pick(kWords));
        expect_right(set, keys_for(random, set, 100));
    }
}

TEST_F(SetTableInTheKernel, AMillionKeys) {
    Random random(22);
    for (const std::uint8_t words : kWords) {
        const Set set = random_keys(random, words, 1'000'000);
        expect_right(set, keys_for(random, set, 1000));
    }
}

TEST_F(SetTableInTheKernel, ManyNets) {
    Random random(23);
    for (const std::uint8_t words : kWords) {
        std::vector<SetRange> nets;
        for (int i = 0; i < 100'000; ++i) {
            SetRange net{{random.below(0x100000000U)}, {}};
            if (words > 1) net.first[1] = random.below(0x100000000U) & ~0xffU;
            if (words == 1) net.first[0] &= ~0xffU;
            net.last = net.first;
            net.last.at(words == 1 ? 0 : 1) |= 0xffU;
            if (words == 4) net.last[2] = net.last[3] = 0xffffffff;
            nets.push_back(net);
        }
        const Set set = make_set(words, nets);
        expect_right(set, keys_for(random, set, 1000));
    }
}

}  // namespace
}  // namespace bpfw::test
