// SPDX-License-Identifier: GPL-2.0-or-later
// Emitted classic programs in the kernel, at XDP and at TC, against the reference: random
// programs, packets cut at every length. Needs root; attaches to nothing.
// BPFW_CLASSIC_PROGRAMS=N in the environment: so many programs instead of 60.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "bpf-templates/abi.h"
#include "compiler/object/link.hpp"
#include "tests/support/classic_reference.hpp"
#include "tests/support/random_classic.hpp"

namespace bpfw::compiler::filter {
namespace {

using Bytes = std::vector<std::uint8_t>;
using test::ClassicPacket;
using test::Random;

std::vector<std::byte> test_template() {
    std::ifstream file(CLASSIC_TEMPLATE, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

class Loaded {
public:
    explicit Loaded(const ClassicProgram& classic) : object_(nullptr, bpf_object__close) {
        static const std::vector<std::byte> bare = test_template();
        Program program;
        program.counters = 1;
        for (const auto& [name, entry] : {std::pair{"classic_xdp", Signature::FrameXdp},
                                          std::pair{"classic_tc", Signature::FrameTc}}) {
            for (Function& function :
                 emit_classic(classic, name, entry, {.file = "test", .line = 1, .text = "-m bpf"}))
                program.functions.push_back(std::move(function));
        }
        const auto bytes = link_object(bare, program);
        object_.reset(bpf_object__open_mem(bytes->data(), bytes->size(), nullptr));
        if (bpf_object__load(object_.get()) != 0) return;
        xdp_ = fd_of(BPFW_PROG_XDP);
        tc_ = fd_of(BPFW_PROG_TC_INGRESS);
    }
    [[nodiscard]] bool ok() const { return xdp_ >= 0 && tc_ >= 0; }
    [[nodiscard]] int xdp() const { return xdp_; }
    [[nodiscard]] int tc() const { return tc_; }

private:
    int fd_of(const char* name) const {
        return bpf_program__fd(bpf_object__find_program_by_name(object_.get(), name));
    }
    std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object_;
    int xdp_ = -1;
    int tc_ = -1;
};

std::uint32_t run(int program, const Bytes& frame) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()), .repeat = 1);
    EXPECT_EQ(bpf_prog_test_run_opts(program, &options), 0);
    return options.retval;
}

// How the frame lies, in the bits of byte 6 (classic_frame.bpf.c).
enum Lie : std::uint8_t { kRawIp = 1, kTagOut = 2, kOutbound = 4 };

struct Sample {
    Bytes frame;  // as it is given to the kernel
    std::size_t network = 0;
    std::size_t end = 0;
    std::uint8_t lie = 0;
};

// `network` far into the frame makes the second twin run from the start.
Sample random_sample(Random& random) {
    Sample out;
    static constexpr std::uint8_t kLies[] = {
        0, 0, 0, kRawIp, kOutbound, kTagOut, kRawIp | kOutbound};
    out.lie = random.pick(kLies);
    static constexpr std::size_t kNetworks[] = {14, 14, 14, 18, 22, 64, 90};
    out.network = random.pick(kNetworks);
    out.end = out.network + 40 + random.below(120);
    out.frame.resize(out.end + (random.percent(50) ? random.below(30) : 0));
    for (auto& byte : out.frame)
        byte = random.percent(40) ? random.byte() : static_cast<std::uint8_t>(random.below(8));
    if (random.percent(30)) std::fill_n(out.frame.begin(), 6, std::uint8_t{0xff});
    out.frame[6] = out.lie;
    out.frame[7] = static_cast<std::uint8_t>(out.network);
    // What the kernel's test of TC programs would refuse as too short.
    out.frame[12] = 0x08;
    out.frame[13] = 0x06;
    return out;
}

// The packet ends `cut` bytes earlier; they are padding then.
void cut(Sample& sample, std::size_t end) {
    sample.end = end;
    sample.frame[8] = static_cast<std::uint8_t>(end >> 8);
    sample.frame[9] = static_cast<std::uint8_t>(end);
}

std::uint8_t type_of(const Bytes& frame, std::uint8_t lie, Signature entry) {
    if ((lie & kRawIp) != 0 && entry == Signature::FrameXdp) return PACKET_HOST;
    if ((lie & kOutbound) != 0 && entry == Signature::FrameTc) return PACKET_HOST;
    if ((frame[0] & 1) == 0) return PACKET_HOST;
    // The device of a TC test run is the loopback, whose broadcast address is another.
    if (entry == Signature::FrameTc) return PACKET_MULTICAST;
    const bool all =
        std::all_of(frame.begin(), frame.begin() + 6, [](auto b) { return b == 0xff; });
    return all ? PACKET_BROADCAST : PACKET_MULTICAST;
}

std::uint32_t expected(const ClassicProgram& program, const Sample& sample, Signature entry) {
    const std::span<const std::uint8_t> frame(sample.frame);
    ClassicPacket packet{.packet = frame.subspan(sample.network, sample.end - sample.network),
                         .link = {}};
    Bytes link(frame.begin(), frame.begin() + 12);
    link.insert(link.end(), frame.begin() + static_cast<std::ptrdiff_t>(sample.network) - 2,
                frame.begin() + static_cast<std::ptrdiff_t>(sample.end));
    if ((sample.lie & kOutbound) == 0) packet.link = link;
    packet.raw_ip = (sample.lie & kRawIp) != 0;
    packet.protocol = packet.packet.empty() || packet.packet[0] >> 4 != 6 ? 0x0800 : 0x86dd;
    packet.type = type_of(sample.frame, sample.lie, entry);
    return run_classic(program, packet) != 0 ? 1 : 0;
}

class EmitClassic : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
};

TEST_F(EmitClassic, AsTheReference) {
    const char* more = std::getenv("BPFW_CLASSIC_PROGRAMS");
    const int programs = more == nullptr ? 60 : std::atoi(more);
    Random random(more == nullptr ? 7 : static_cast<std::uint64_t>(programs));
    std::size_t verdicts[2] = {};
    for (int n = 0; n < programs; ++n) {
        const ClassicProgram program =
            random_classic(random, {.extensions = test::ClassicTaste::Extensions::Translated});
        ASSERT_EQ(refusal_of(program), std::nullopt);
        const Loaded loaded(program);
        ASSERT_TRUE(loaded.ok()) << to_text(program, ClassicForm::Listing);
        for (int k = 0; k < 4; ++k) {
            Sample sample = random_sample(random);
            const std::size_t whole = sample.end;
            for (std::size_t end = sample.network + 1; end <= whole; ++end) {
                cut(sample, end);
                const auto told = [&](const char* where) {
                    return fmt::format("{} program {} lie {} network {} end {}\n{}", where, n,
                                       sample.lie, sample.network, end,
                                       to_text(program, ClassicForm::Listing));
                };
                // At XDP every tag is in the frame.
                if (sample.lie != kTagOut) {
                    const auto want = expected(program, sample, Signature::FrameXdp);
                    ASSERT_EQ(run(loaded.xdp(), sample.frame), want) << told("xdp");
                    ++verdicts[want];
                }
                const auto want = expected(program, sample, Signature::FrameTc);
                ASSERT_EQ(run(loaded.tc(), sample.frame), want) << told("tc");
                ++verdicts[want];
            }
        }
    }
    EXPECT_GT(verdicts[0], verdicts[1] / 20);
    EXPECT_GT(verdicts[1], verdicts[0] / 20);
    fmt::print("{} matches, {} others\n", verdicts[1], verdicts[0]);
}

// As many instructions as xt_bpf takes, each of the kind that costs the verifier most.
TEST_F(EmitClassic, TheVerifierTakesTheLongest) {
    ClassicProgram bits;
    while (bits.size() < 60) {
        const auto k = static_cast<std::uint32_t>(bits.size());
        bits.push_back({BPF_LD | BPF_B | BPF_IND, 0, 0, k});
        bits.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1});
        bits.push_back({BPF_MISC | BPF_TAX, 0, 0, 0});
    }
    bits.push_back({BPF_RET | BPF_A, 0, 0, 0});
    EXPECT_TRUE(Loaded(bits).ok());
    ClassicProgram equal(64, {BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0});
    for (std::size_t at = 0; at < 62; ++at)
        equal[at] = at % 2 == 0 ? ClassicProgram::value_type{BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0}
                                : ClassicProgram::value_type{BPF_JMP | BPF_JGT | BPF_K, 1, 0, 77};
    equal[61] = equal[62] = {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0};
    equal[63] = {BPF_RET | BPF_A, 0, 0, 0};
    EXPECT_TRUE(Loaded(equal).ok());
}

}  // namespace
}  // namespace bpfw::compiler::filter
