// SPDX-License-Identifier: GPL-2.0-or-later
// listing() and dot() of one small program against small.listing and small.dot; with
// BPFW_GOLDEN=write in the environment the files are written instead, to be reviewed as a diff.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "bpf-templates/abi.h"
#include "compiler/asm/assembler.hpp"
#include "compiler/compile.hpp"

namespace bpfw::compiler {
namespace {

Function input_chain() {
    Assembler as;
    const Label null = as.label();
    const Label next = as.label();
    const Label policy = as.label();
    as.mark("web.rules", 2, 1,
            "-A INPUT -p tcp --dport 22 -m comment --comment \"a \\ & b\" -j DROP");
    as.jeq(kArgument, 0, null);
    as.mov(kPacket, kArgument);
    as.load(Size::U32, kField, kPacket, offsetof(bpfw_packet, l4_dst));
    as.jne32(kField, 6U << 16U | 22, next);
    as.mov32_imm(kResult, 1U << BPFW_VERDICT_BITS | BPFW_DROP);
    as.exit();
    as.bind(next);
    as.mark("web.rules", 3, 1, "-A INPUT -j guests");
    as.mov(kArgument, kPacket);
    as.call("guests");
    as.jeq32(kResult, 0, policy);
    as.exit();
    as.bind(policy);
    as.mark("web.rules", 1, 1, ":INPUT ACCEPT");
    as.mov32_imm(kResult, BPFW_ACCEPT);
    as.exit();
    as.bind(null);
    as.mov32_imm(kResult, BPFW_HOTDROP);
    as.exit();
    return std::move(as).finish("bpfw_ipv4_input");
}

Function guests_chain() {
    Assembler as;
    as.mark("", 0, 0, "guests");
    as.ld_map(Reg::R1, BPFW_MAP_COUNTERS);
    as.ld_imm64(Reg::R2, 0x1122334455667788U);
    as.call_helper(1);
    as.mov32_imm(kResult, BPFW_CONTINUE);
    as.exit();
    return std::move(as).finish("guests");
}

Program small() {
    Program program;
    program.functions = {input_chain(), guests_chain()};
    program.counters = 3;
    program.ruleset = "# bpfw ipv4\n*filter\nCOMMIT\n";
    program.placements = {{"ipv4", "INPUT", "XDP; 1 rule"}, {"ipv4", "guests", "called"}};
    return program;
}

// The golden's text; `now` when it is to be written.
std::string golden(const std::string& name, const std::string& now) {
    const std::string path = std::string(GOLDEN_DIRECTORY) + "/" + name;
    const char* mode = std::getenv("BPFW_GOLDEN");
    if (mode != nullptr && std::string_view(mode) == "write") {
        std::ofstream(path) << now;
        return now;
    }
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Listing, OfASmallProgram) {
    const std::string now = listing(small());
    EXPECT_EQ(now, golden("small.listing", now));
}

TEST(Dot, OfASmallProgram) {
    const std::string now = dot(small());
    EXPECT_EQ(now, golden("small.dot", now));
}

TEST(Listing, SaysWhereEachChainFunctionRuns) {
    struct Case {
        const char* name;
        const char* place;
    };
    const Case cases[] = {
        {"bpfw_ipv4_forward", "; IPv4 FORWARD at XDP or TC ingress"},
        {"bpfw_ipv6_input_odd", "; IPv6 INPUT at XDP or TC ingress, packets with missing headers"},
        {"bpfw_ipv6_output", "; IPv6 OUTPUT at TC egress"},
        {"bpfw_ipv4_chain_7", ""},
        {"guests", ""},
    };
    for (const Case& one : cases) {
        Function function = guests_chain();
        function.name = one.name;
        Program program;
        program.functions = {function};
        const std::string text = listing(program);
        EXPECT_EQ(text.substr(0, text.find('\n')),
                  fmt::format("{}: 7 instructions, 56 bytes{}", one.name, one.place));
    }
}

}  // namespace
}  // namespace bpfw::compiler
