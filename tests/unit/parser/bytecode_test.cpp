// SPDX-License-Identifier: GPL-2.0-or-later
// The bytecode strings of -m bpf: what is read, what is refused and in which of iptables' words.
#include "parser/bytecode.hpp"

#include <gtest/gtest.h>

namespace bpfw::parser {
namespace {

const std::vector<ClassicInstruction> kTcp = {
    {48, 0, 0, 9}, {21, 0, 1, 6}, {6, 0, 0, 1}, {6, 0, 0, 0}};

TEST(Bytecode, Read) {
    const std::vector<ClassicInstruction> largest = {{65535, 255, 255, 4294967295U}};
    const struct {
        const char* text;
        const std::vector<ClassicInstruction>& program;
    } cases[] = {
        {"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", kTcp},
        {"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0,", kTcp},  // tcpdump -ddd | tr '\n' ,
        {" 4, 48  0\t0 9 ,\n21 0 1 6,6 0 0 1,6 0 0 0", kTcp},
        {"04,048 00 0 9,21 0 1 6,6 0 0 1,6 0 0 0", kTcp},  // decimal all the same
        {"1,65535 255 255 4294967295", largest},
    };
    for (const auto& c : cases) {
        Diagnostics diags;
        const auto program = parse_bytecode(c.text, {}, diags);
        ASSERT_TRUE(program) << c.text;
        EXPECT_EQ(*program, c.program) << c.text;
        EXPECT_FALSE(diags.has_errors());
    }
}

TEST(Bytecode, Refused) {
    const struct {
        const char* text;
        const char* classic;  // iptables v1.8.9
    } cases[] = {
        {"", "bpf: error parsing program length"},
        {"x", "bpf: error parsing program length"},
        {"1", "bpf: error parsing program length"},
        {"1 ,6 0 0 0", "bpf: error parsing program length"},
        {",6 0 0 0", "bpf: error parsing program length"},
        {"0,6 0 0 0", "bpf: illegal zero length program"},
        {"65,6 0 0 0", "bpf: number of instructions exceeds maximum"},
        {"2,6 0 0 0", "bpf: parsed program length is less than the encoded length parameter"},
        {"1,", "bpf: parsed program length is less than the encoded length parameter"},
        {"1,6 0 0 0,6 0 0 0", "bpf: real program length exceeds the encoded length parameter"},
        {"1,6 0 0 0,x", "bpf: real program length exceeds the encoded length parameter"},
        {"1,6 0 0", "bpf: error at instr 0"},
        {"2,6 0 0 0,6 0 0 x", "bpf: error at instr 1"},
        {"2,,6 0 0 0", "bpf: error at instr 0"},
        {"1,6,0 0 0", "bpf: error at instr 0"},
        {"1,6 0 0 0,,", "bpf: real program length exceeds the encoded length parameter"},
    };
    for (const auto& c : cases) {
        Diagnostics diags;
        EXPECT_FALSE(parse_bytecode(c.text, {}, diags)) << c.text;
        ASSERT_EQ(diags.error_count(), 1U) << c.text;
        EXPECT_EQ(diags.all()[0].classic(), c.classic) << c.text;
    }
}

// iptables reads these as something else than they say.
TEST(Bytecode, RefusedAlthoughIptablesTakesThem) {
    for (const char* text :
         {"65537,6 0 0 0", "18446744073709551617,6 0 0 0", "+1,6 0 0 0", "-65535,6 0 0 0",
          "1,6 0 0 0 junk", "1,6 0 0 0x10", "1,65542 0 0 0", "1,6 256 0 0", "1,6 0 257 0",
          "1,6 0 0 4294967296", "1,6 0 0 -1", "1,6 0 0 99999999999999999999"}) {
        Diagnostics diags;
        EXPECT_FALSE(parse_bytecode(text, {}, diags)) << text;
        EXPECT_EQ(diags.error_count(), 1U) << text;
    }
}

TEST(Bytecode, AsManyAsTheKernelTakes) {
    const std::vector<ClassicInstruction> program(kBytecodeInstructions, {6, 0, 0, 1});
    Diagnostics diags;
    EXPECT_EQ(parse_bytecode(bytecode_text(program), {}, diags), program);
}

TEST(Bytecode, MistakesArePointedAt) {
    const std::string text = "2,6 0 0 0, 6 0 z";
    Diagnostics diags;
    parse_bytecode(text, {0, 100, 100 + static_cast<std::uint32_t>(text.size())}, diags);
    ASSERT_EQ(diags.error_count(), 1U);
    EXPECT_EQ(diags.all()[0].span().begin, 111U);
    EXPECT_EQ(diags.all()[0].span().end, 116U);
}

TEST(Bytecode, PrintedAsIptablesDoes) {
    EXPECT_EQ(bytecode_text(kTcp), "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0");
}

}  // namespace
}  // namespace bpfw::parser
