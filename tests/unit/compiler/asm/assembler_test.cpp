// SPDX-License-Identifier: GPL-2.0-or-later
#include "compiler/asm/assembler.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace bpfw::compiler {
namespace {

template <typename Op>
Op as(const Insn& insn) {
    const auto operation = decode(insn);
    EXPECT_TRUE(operation && std::holds_alternative<Op>(*operation)) << int{insn.opcode};
    return std::get<Op>(*operation);
}

// Follows the jumps from `at` as the kernel would when `jmp` is (not) to be taken; any other
// condition in the code is then its inverse.
std::size_t follow(const Function& function, std::size_t at, Jmp jmp, bool taken) {
    const auto operation = decode(function.insns.at(at));
    if (const auto* jump = std::get_if<op::Goto>(&*operation))
        return follow(function, at + 1 + static_cast<std::size_t>(jump->offset), jmp, taken);
    if (const auto* branch = std::get_if<op::Branch>(&*operation)) {
        const bool go = branch->jmp == jmp ? taken : !taken;
        const auto offset = static_cast<std::size_t>(go ? branch->offset : 0);
        return follow(function, at + 1 + offset, jmp, taken);
    }
    return at;
}

void pad(Assembler& assembler, int count) {
    for (int i = 0; i < count; ++i) assembler.add_imm(Reg::R5, 1);
}

TEST(Assembler, ShortJumpsCountFromTheNextInstruction) {
    Assembler a;
    const Label back = a.label();
    const Label done = a.label();
    a.bind(back);
    a.jeq32(Reg::R2, 22, done);
    a.ja(back);
    a.bind(done);
    a.exit();
    const Function function = std::move(a).finish("f");
    ASSERT_EQ(function.insns.size(), 3U);
    EXPECT_EQ(as<op::Branch>(function.insns[0]).offset, 1);
    EXPECT_EQ(as<op::Goto>(function.insns[1]).offset, -2);
}

TEST(Assembler, ThirtyTwoBitCompareKeepsTheTopBit) {
    Assembler a;
    const Label done = a.label();
    a.jgt32(Reg::R2, 0xC0A80101U, done);
    a.bind(done);
    a.exit();
    const Function function = std::move(a).finish("f");
    const auto branch = as<op::Branch>(function.insns[0]);
    EXPECT_EQ(branch.width, Width::W32);
    EXPECT_EQ(static_cast<std::uint32_t>(std::get<std::int32_t>(branch.operand)), 0xC0A80101U);
}

struct FarCase {
    const char* name;
    Jmp jmp;
    std::size_t length;
};
class FarJump : public testing::TestWithParam<FarCase> {};

TEST_P(FarJump, ForwardAndBackwardReachTheirLabels) {
    Assembler a;
    const Label end = a.label();
    const Label start = a.label();
    a.mark("r", 1, 0, "first");
    a.jump32(GetParam().jmp, Reg::R2, 7, end);
    a.mark("r", 2, 0, "second");
    a.bind(start);
    pad(a, 40000);
    a.mark("r", 3, 0, "third");
    a.jump32(GetParam().jmp, Reg::R2, 7, start);
    a.mark("r", 4, 0, "fourth");
    a.call("g");
    a.bind(end);
    a.exit();
    const Function f = std::move(a).finish("f");
    const std::size_t length = GetParam().length;
    ASSERT_EQ(f.insns.size(), 2 * length + 40000 + 2);
    EXPECT_EQ(follow(f, 0, GetParam().jmp, true), f.insns.size() - 1);
    EXPECT_EQ(follow(f, 0, GetParam().jmp, false), length);
    EXPECT_EQ(follow(f, length + 40000, GetParam().jmp, true), length);
    EXPECT_EQ(follow(f, length + 40000, GetParam().jmp, false), f.insns.size() - 2);
    EXPECT_EQ(f.relocations.at(0).at, f.insns.size() - 2);
    ASSERT_EQ(f.lines.size(), 4U);
    EXPECT_EQ(f.lines[1].at, length);
    EXPECT_EQ(f.lines[2].at, length + 40000);
    EXPECT_EQ(f.lines[3].at, f.insns.size() - 2);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FarJump,
                         testing::Values(FarCase{"inverted", Jmp::Eq, 2},
                                         FarCase{"not_inverted", Jmp::Ne, 2},
                                         FarCase{"set_has_no_inverse", Jmp::Set, 3}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Assembler, FarGotoIsOneInstruction) {
    Assembler a;
    const Label middle = a.label();
    const Label end = a.label();
    a.jeq32(Reg::R1, 0, middle);
    a.ja(end);
    a.bind(middle);
    pad(a, 40000);
    a.bind(end);
    a.exit();
    const Function function = std::move(a).finish("f");
    EXPECT_EQ(function.insns.size(), 40003U);
    EXPECT_EQ(as<op::Goto>(function.insns[1]), (op::Goto{op::Reach::Far, 40000}));
}

// 32767 is the last distance that fits; lengthening one jump may push another out.
TEST(Assembler, LengtheningIsRepeatedUntilAllReach) {
    Assembler a;
    const Label end = a.label();
    a.jeq32(Reg::R2, 1, end);  // reaches only while the next one is short
    a.jeq32(Reg::R2, 2, end);
    const Label far = a.label();
    a.jeq32(Reg::R2, 3, far);
    pad(a, 32765);
    a.bind(end);
    pad(a, 10);
    a.bind(far);
    a.exit();
    const Function f = std::move(a).finish("f");
    EXPECT_EQ(f.insns.size(), 2 + 1 + 2 + 32765 + 10 + 1U);
    EXPECT_EQ(follow(f, 0, Jmp::Eq, true), f.insns.size() - 11);
}

TEST(Assembler, TheLastShortDistanceStaysShort) {
    for (const int distance : {32767, 32768}) {
        Assembler a;
        const Label end = a.label();
        a.jeq32(Reg::R2, 1, end);
        pad(a, distance);
        a.bind(end);
        a.exit();
        const Function f = std::move(a).finish("f");
        EXPECT_EQ(f.insns.size(), static_cast<std::size_t>(distance) + (distance > 32767 ? 3 : 2));
    }
}

TEST(Assembler, MarksReplaceEachOtherAndSkipRepeats) {
    Assembler a;
    a.mark("r", 1, 0, "never");
    a.mark("r", 2, 5, "two");
    a.mov32_imm(Reg::R0, 1);
    a.mark("r", 2, 5, "two");
    a.exit();
    a.mark("r", 9, 0, "behind the end");
    const Function f = std::move(a).finish("f");
    EXPECT_EQ(f.lines, (std::vector<LineMark>{{0, "r", 2, 5, "two"}}));
}

TEST(Assembler, AFunctionAlwaysHasALineAtItsStart) {
    Assembler a;
    a.mov32_imm(Reg::R0, 1);
    a.mark("r", 2, 5, "two");
    a.exit();
    const Function f = std::move(a).finish("f");
    ASSERT_EQ(f.lines.size(), 2U);
    EXPECT_EQ(f.lines[0], (LineMark{0, "", 0, 0, "f"}));
}

TEST(Assembler, RelocationsNameMapsAndFunctions) {
    Assembler a;
    a.ld_map(Reg::R1, "bpfw_counters");
    a.ld_imm64(Reg::R2, 0x1122334455667788U);
    a.call("chain");
    a.exit();
    const Function f = std::move(a).finish("f");
    EXPECT_EQ(f.relocations, (std::vector<Relocation>{{Relocation::Kind::Map, 0, "bpfw_counters"},
                                                      {Relocation::Kind::Function, 4, "chain"}}));
    EXPECT_EQ(as<op::LoadLow>(f.insns[2]).low, 0x55667788);
    EXPECT_EQ(as<op::LoadHigh>(f.insns[3]).high, 0x11223344);
}

using AssemblerDeathTest = testing::Test;

TEST(AssemblerDeathTest, WrongUseStops) {
    const auto unbound = [] {
        Assembler a;
        a.ja(a.label());
        (void)std::move(a).finish("f");
    };
    EXPECT_DEATH(unbound(), "not bound");
    const auto behind = [] {
        Assembler a;
        const Label end = a.label();
        a.ja(end);
        a.bind(end);
        (void)std::move(a).finish("f");
    };
    EXPECT_DEATH(behind(), "behind the last instruction");
    const auto open_end = [] {
        Assembler a;
        a.mov32_imm(Reg::R0, 1);
        (void)std::move(a).finish("f");
    };
    EXPECT_DEATH(open_end(), "runs off its end");
    const auto wide = [] {
        Assembler a;
        a.jeq(Reg::R0, 0x80000000LL, a.label());
    };
    EXPECT_DEATH(wide(), "no int32");
    const auto twice = [] {
        Assembler a;
        const Label label = a.label();
        a.bind(label);
        a.bind(label);
    };
    EXPECT_DEATH(twice(), "bound twice");
}

TEST(Assembler, LeavesOutWhatNothingLeadsTo) {
    Assembler as;
    const Label end = as.label();
    as.mark("a.rules", 1, 1, "first");
    as.mov32_imm(kResult, 1);
    as.ja(end);
    as.mark("a.rules", 2, 1, "dead");
    as.ld_map(Reg::R1, "bpfw_counters");
    as.call("nowhere");
    as.mark("a.rules", 3, 1, "last");
    as.bind(end);
    as.exit();
    const Function function = std::move(as).finish("f");
    EXPECT_EQ(function.insns.size(), 3u);
    EXPECT_TRUE(function.relocations.empty());
    ASSERT_EQ(function.lines.size(), 2u);
    EXPECT_EQ(function.lines[1].text, "last");
    EXPECT_EQ(function.lines[1].at, 2u);
}

}  // namespace
}  // namespace bpfw::compiler
