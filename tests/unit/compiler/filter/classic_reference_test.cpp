// SPDX-License-Identifier: GPL-2.0-or-later
// The reference that emitted code is held to, itself held to the kernel's own classic BPF: a
// filter on a socket sees the packets that pass.
#include "tests/support/classic_reference.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/support/random_classic.hpp"

namespace bpfw::test {
namespace {

class FilteredSocket {
public:
    FilteredSocket() { ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_.data()); }
    ~FilteredSocket() {
        for (const int end : ends_) ::close(end);
    }
    FilteredSocket(const FilteredSocket&) = delete;
    FilteredSocket& operator=(const FilteredSocket&) = delete;

    bool attach(const compiler::filter::ClassicProgram& program) {
        std::vector<sock_filter> filter;
        for (const auto& insn : program) filter.push_back({insn.code, insn.jt, insn.jf, insn.k});
        const sock_fprog argument{static_cast<unsigned short>(filter.size()), filter.data()};
        return ::setsockopt(ends_[0], SOL_SOCKET, SO_ATTACH_FILTER, &argument, sizeof(argument)) ==
               0;
    }

    bool passes(std::span<const std::uint8_t> packet) {
        std::array<std::uint8_t, 512> got{};
        EXPECT_GE(::send(ends_[1], packet.data(), packet.size(), 0), -1);
        return ::recv(ends_[0], got.data(), got.size(), MSG_DONTWAIT) >= 0;
    }

private:
    std::array<int, 2> ends_{};
};

TEST(ClassicReference, AsTheKernelJudges) {
    FilteredSocket socket;
    Random random(4711);
    const ClassicTaste taste{.extensions = ClassicTaste::Extensions::Translated};
    int passed = 0;
    int stopped = 0;
    for (int n = 0; n < 2000; ++n) {
        const auto program = random_classic(random, taste);
        ASSERT_TRUE(socket.attach(program));
        for (int k = 0; k < 40; ++k) {
            std::array<std::uint8_t, 128> packet{};
            for (auto& byte : packet)
                byte =
                    random.percent(40) ? random.byte() : static_cast<std::uint8_t>(random.below(8));
            const std::span<const std::uint8_t> seen(packet.data(),
                                                     1 + random.below(packet.size()));
            const bool passes = socket.passes(seen);
            // There, no link header and no protocol are set.
            ASSERT_EQ(run_classic(program, {.packet = seen, .link = {}}) != 0, passes)
                << to_text(program, compiler::filter::ClassicForm::Listing) << seen.size();
            ++(passes ? passed : stopped);
        }
    }
    EXPECT_GT(passed, 10000);
    EXPECT_GT(stopped, 10000);
}

}  // namespace
}  // namespace bpfw::test
