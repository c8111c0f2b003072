// SPDX-License-Identifier: GPL-2.0-or-later
// The listings of classic programs, character by character against libpcap's own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include "compiler/filter/classic.hpp"

namespace bpfw::compiler::filter {
namespace {

bpf_insn as_libpcap(const parser::ClassicInstruction& insn) {
    return {insn.code, insn.jt, insn.jf, insn.k};
}

TEST(ClassicText, EveryCodeAsBpfImage) {
    std::vector<std::uint32_t> numbers = {0,          1,          5,          0x7fffffff,
                                          0x80000000, 0xffffffff, 0xfff00004, 0xffe00004};
    for (std::uint32_t k = 0xfffff000; k < 0xfffff044; ++k) numbers.push_back(k);
    std::size_t lines = 0;
    for (std::uint32_t code = 0; code < 0x400; ++code) {
        for (const std::uint32_t k : numbers) {
            const parser::ClassicInstruction insn{static_cast<std::uint16_t>(code), 3, 255, k};
            const bpf_insn theirs = as_libpcap(insn);
            ASSERT_EQ(to_text({insn}, ClassicForm::Listing),
                      std::string(bpf_image(&theirs, 0)) + "\n")
                << code << " " << k;
            ++lines;
        }
    }
    EXPECT_GT(lines, 70000U);
}

TEST(ClassicText, NumbersOfLines) {
    const ClassicProgram program(1002, {0x15, 200, 3, 0x800});
    std::string expected;
    for (int at = 0; at < 1002; ++at) {
        const bpf_insn theirs = as_libpcap(program[0]);
        expected += std::string(bpf_image(&theirs, at)) + "\n";
    }
    EXPECT_EQ(to_text(program, ClassicForm::Listing), expected);
}

// What tcpdump 4.99 -y EN10MB -dd and -ddd print for `ip`.
TEST(ClassicText, ArrayAndNumbers) {
    const ClassicProgram ip = {
        {0x28, 0, 0, 12}, {0x15, 0, 1, 0x800}, {6, 0, 0, 262144}, {6, 0, 0, 0}};
    EXPECT_EQ(to_text(ip, ClassicForm::Array),
              "{ 0x28, 0, 0, 0x0000000c },\n"
              "{ 0x15, 0, 1, 0x00000800 },\n"
              "{ 0x6, 0, 0, 0x00040000 },\n"
              "{ 0x6, 0, 0, 0x00000000 },\n");
    EXPECT_EQ(to_text(ip, ClassicForm::Numbers),
              "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n");
}

}  // namespace
}  // namespace bpfw::compiler::filter
