// SPDX-License-Identifier: GPL-2.0-or-later
// Expressions as they are compiled: the listings of small filters (rewritten with
// BPFW_GOLDEN=write), and what the user is told.
#include "compiler/filter/compile_filter.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "compiler/compile.hpp"
#include "parser/parse.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::compiler::filter {
namespace {

struct Compiled {
    std::optional<Program> program;
    parser::Diagnostics diags;
};

Compiled compiled(const std::string& text) {
    Compiled out;
    const auto expression = parser::pcap::parse({text, {}}, {}, parser::system_names(), out.diags);
    EXPECT_TRUE(expression) << text;
    if (expression) out.program = compile_filter(*expression, {{0, "filter", 1, 0, ""}}, out.diags);
    return out;
}

TEST(CompileFilter, ListingsOfSmallFilters) {
    std::string listings;
    for (const char* text : {"ip", "tcp port 80", "host 192.0.2.1 and not port 22",
                             "vlan 100 and ip6", "ip[ip[0] & 15] = 7", "len > 1000"}) {
        const Compiled one = compiled(text);
        ASSERT_TRUE(one.program) << text;
        Program fast;
        fast.functions = {one.program->functions.front()};
        listings += std::string("# ") + text + "\n" + listing(fast);
    }
    const std::string path = GOLDEN_DIRECTORY "/filter/compile_filter.listing";
    if (std::getenv("BPFW_GOLDEN") != nullptr) std::ofstream(path) << listings;
    std::ifstream file(path);
    EXPECT_EQ(listings, std::string((std::istreambuf_iterator<char>(file)), {}));
}

TEST(CompileFilter, WarnsWhenNothingCanMatch) {
    for (const char* text : {"tcp and udp", "ip and vlan", "1 = 2"}) {
        const Compiled one = compiled(text);
        ASSERT_TRUE(one.program) << text;
        ASSERT_EQ(one.diags.all().size(), 1U) << text;
        EXPECT_EQ(one.diags.all().front().text(), "expression rejects all packets");
        EXPECT_FALSE(one.diags.has_errors());
    }
    EXPECT_TRUE(compiled("tcp or udp").diags.all().empty());
}

}  // namespace
}  // namespace bpfw::compiler::filter
