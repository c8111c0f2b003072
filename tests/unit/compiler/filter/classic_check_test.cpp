// SPDX-License-Identifier: GPL-2.0-or-later
// Which classic programs the kernel takes: in words, and against the kernel itself (attaching a
// filter to a socket needs no root).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "compiler/filter/classic.hpp"
#include "tests/support/random_classic.hpp"

namespace bpfw::compiler::filter {
namespace {

TEST(ClassicCheck, FaultsInWords) {
    const ClassicProgram::value_type yes{BPF_RET | BPF_K, 0, 0, 1};
    const struct {
        ClassicProgram program;
        const char* fault;
    } cases[] = {
        {{}, "a program without instructions"},
        {ClassicProgram(4097, yes), "4097 instructions, at most 4096"},
        {{{255, 0, 0, 0}, yes}, "instruction 0: no such instruction code 0xff"},
        {{{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, yes}, "instruction 0: division by zero"},
        {{{BPF_ALU | BPF_MOD | BPF_K, 0, 0, 0}, yes}, "instruction 0: modulus by zero"},
        {{{BPF_ALU | BPF_LSH | BPF_K, 0, 0, 32}, yes}, "instruction 0: a shift by 32 bits (0-31)"},
        {{yes, {BPF_ST, 0, 0, 16}, yes}, "instruction 1: no scratch word M[16] (0-15)"},
        {{{BPF_JMP | BPF_JA, 0, 0, 1}, yes},
         "instruction 0: the jump leads to instruction 2, the last one is 1"},
        {{{BPF_JMP | BPF_JA, 0, 0, 0xffffffff}, yes},
         "instruction 0: the jump leads to instruction 4294967296, the last one is 1"},
        {{{BPF_JMP | BPF_JEQ, 1, 0, 0}, yes},
         "instruction 0: jt leads to instruction 2, the last one is 1"},
        {{{BPF_JMP | BPF_JEQ, 0, 7, 0}, yes},
         "instruction 0: jf leads to instruction 8, the last one is 1"},
        {{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0xfffff001}, yes},
         "instruction 0: no extension SKF_AD_OFF + 1"},
        {{yes, {BPF_LD | BPF_IMM, 0, 0, 0}}, "instruction 1: the last one must be a ret"},
        {{{BPF_LD | BPF_MEM, 0, 0, 3}, yes}, "instruction 0: M[3] may not have been written yet"},
        {{{BPF_JMP | BPF_JEQ, 0, 1, 0}, {BPF_ST, 0, 0, 3}, {BPF_LDX | BPF_MEM, 0, 0, 3}, yes},
         "instruction 2: M[3] may not have been written yet"},
    };
    for (const auto& c : cases) EXPECT_EQ(fault_of(c.program).value_or("none"), c.fault);
    EXPECT_EQ(fault_of(ClassicProgram(4096, yes)), std::nullopt);
    EXPECT_EQ(fault_of({{BPF_ST, 0, 0, 3}, {BPF_LD | BPF_MEM, 0, 0, 3}, yes}), std::nullopt);
}

TEST(ClassicCheck, ExtensionsRefusedByName) {
    const ClassicProgram::value_type yes{BPF_RET | BPF_K, 0, 0, 1};
    const auto load = [](int extension) {
        return ClassicProgram::value_type{BPF_LD | BPF_W | BPF_ABS, 0, 0,
                                          static_cast<std::uint32_t>(SKF_AD_OFF + extension)};
    };
    EXPECT_EQ(refusal_of({yes, load(SKF_AD_MARK), yes}),
              "instruction 1: SKF_AD_MARK is not supported: XDP runs before anything could have "
              "set a mark");
    for (const int refused : {SKF_AD_IFINDEX, SKF_AD_QUEUE, SKF_AD_CPU, SKF_AD_RANDOM}) {
        EXPECT_EQ(fault_of({load(refused), yes}), std::nullopt);
        EXPECT_TRUE(refusal_of({load(refused), yes}));
    }
    for (const int taken : {SKF_AD_PROTOCOL, SKF_AD_PKTTYPE, SKF_AD_ALU_XOR_X})
        EXPECT_EQ(refusal_of({load(taken), yes}), std::nullopt);
}

class Socket {
public:
    Socket() { ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_.data()); }
    ~Socket() {
        for (const int end : ends_) ::close(end);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    // 0 or errno.
    int attach(const ClassicProgram& program) {
        std::vector<sock_filter> filter;
        for (const auto& insn : program) filter.push_back({insn.code, insn.jt, insn.jf, insn.k});
        const sock_fprog argument{static_cast<unsigned short>(filter.size()), filter.data()};
        const int failed =
            ::setsockopt(ends_[0], SOL_SOCKET, SO_ATTACH_FILTER, &argument, sizeof(argument));
        return failed == 0 ? 0 : errno;
    }

private:
    std::array<int, 2> ends_{};
};

TEST(ClassicCheck, AsTheKernelSays) {
    Socket socket;
    test::Random random(20261121);
    int taken = 0;
    int refused = 0;
    for (int n = 0; n < 20000; ++n) {
        ClassicProgram program = test::random_classic(random, {});
        if (n % 4 != 0) program = test::mutated(std::move(program), random);
        const int error = socket.attach(program);
        const auto fault = fault_of(program);
        ASSERT_EQ(error, fault ? EINVAL : 0) << n << ": " << fault.value_or("no fault") << "\n"
                                             << to_text(program, ClassicForm::Listing);
        ++(error == 0 ? taken : refused);
    }
    EXPECT_GT(taken, 4000);
    EXPECT_GT(refused, 4000);
}

}  // namespace
}  // namespace bpfw::compiler::filter
