// SPDX-License-Identifier: GPL-2.0-or-later
// The verifier takes the interpreter whatever data it is for, and the kernel answers as the scan
// of the boxes does. Needs root; attaches nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include "compiler/classify/emit_walk.hpp"
#include "tests/support/classify_cases.hpp"
#include "tests/support/classify_kernel.hpp"

namespace bpfw::test {
namespace {

using namespace compiler;
using namespace compiler::classify;

class ClassifierInTheKernel : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    }
};

void expect_same(const ClassifyCase& one) {
    SCOPED_TRACE(one.name);
    const auto built = build(one.family, one.boxes, one.cost);
    ASSERT_TRUE(built);
    Program program;
    program.tables.assign(24, std::byte{0xff});
    program.functions.push_back(emit_walk(*built, "bpfw_classify", program.tables));
    ClassifyKernel kernel(program);
    ASSERT_TRUE(kernel.loaded()) << kernel.log();
    kernel.give(one.packets);
    const auto answers = kernel.answers(one.packets.size());
    ASSERT_EQ(answers.size(), one.packets.size());
    for (std::size_t i = 0; i < answers.size(); ++i)
        ASSERT_EQ(answers[i], scan(one.boxes, one.packets[i])) << to_text(one.packets[i]);
}

TEST_F(ClassifierInTheKernel, FlavoursOfRulesets) {
    for (const std::size_t rules : {1, 10, 1000})
        for (const ClassifyCase& one : flavoured_cases(rules, 2000)) expect_same(one);
}

TEST_F(ClassifierInTheKernel, AHundredThousandRules) {
    for (const ClassifyCase& one : flavoured_cases(100'000, 100)) expect_same(one);
}

TEST_F(ClassifierInTheKernel, RandomBoxes) {
    Random random(42);
    for (int i = 0; i < 30 && !testing::Test::HasFatalFailure(); ++i)
        expect_same(random_case(random));
}

TEST_F(ClassifierInTheKernel, HardBoxes) {
    for (const ClassifyCase& one : hard_cases()) expect_same(one);
}

}  // namespace
}  // namespace bpfw::test
