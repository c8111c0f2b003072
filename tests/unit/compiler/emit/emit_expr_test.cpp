// SPDX-License-Identifier: GPL-2.0-or-later
// Emitted conditions against a plain evaluation of the same Expr, with random expressions and
// random packets.
#include "compiler/emit/emit_expr.hpp"

#include <gtest/gtest.h>

#include "compiler/ir/fold.hpp"
#include "tests/support/bpf_machine.hpp"
#include "tests/support/ir_interpreter.hpp"
#include "tests/support/random_ir.hpp"

namespace bpfw::compiler {
namespace {

using test::evaluate;
using test::Outcome;

Program program_of(const Expr& expr, Next next) {
    Assembler as;
    const Label yes = as.label();
    const Label no = as.label();
    const Label hotdrop = as.label();
    as.mov(kPacket, kArgument);
    emit(as, expr, {yes, no, hotdrop}, next);
    const auto answer = [&](Label label, Outcome outcome) {
        as.bind(label);
        as.mov32_imm(kResult, static_cast<std::uint32_t>(outcome));
        as.exit();
    };
    answer(next == Next::Yes ? yes : no, next == Next::Yes ? Outcome::Yes : Outcome::No);
    answer(next == Next::Yes ? no : yes, next == Next::Yes ? Outcome::No : Outcome::Yes);
    answer(hotdrop, Outcome::Hotdrop);
    Program program;
    program.functions.push_back(std::move(as).finish("f"));
    return program;
}

TEST(EmitExpr, AgreesWithPlainEvaluation) {
    test::RandomIr generator(20261);
    for (int round = 0; round < 4000; ++round) {
        const Expr expr = generator.expr(3);
        const Expr folded = fold(expr);
        const Program program = program_of(expr, Next::Yes);
        const Program other = program_of(folded, Next::No);
        test::BpfMachine machine(program);
        test::BpfMachine other_machine(other);
        for (int n = 0; n < 20; ++n) {
            bpfw_packet packet = generator.packet();
            const auto expected = static_cast<std::uint32_t>(evaluate(expr, packet));
            ASSERT_EQ(machine.run("f", packet), expected) << to_text(expr);
            ASSERT_EQ(other_machine.run("f", packet), expected)
                << to_text(expr) << "\nfolded: " << to_text(folded);
        }
    }
}

TEST(EmitExpr, OneCompareDecidesAPortAndItsProtocol) {
    const Program program =
        program_of(in_range(Field::L4Dst, 6u << 16 | 22, 6u << 16 | 22), Next::No);
    EXPECT_EQ(program.functions[0].insns.size(), 7u);  // mov, load, jump, two answers of two
}

}  // namespace
}  // namespace bpfw::compiler
