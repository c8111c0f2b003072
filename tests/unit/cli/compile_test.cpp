// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw compile`, run as a user runs it; the examples and reload's choice of families too.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

TEST(Compile, ListingHasEveryRuleOfBothFamilies) {
    const Outcome got = run_command(
        {BPFW, "compile", "-"},
        "-A INPUT -p tcp --dport 22 -j ACCEPT\nip6tables -A INPUT -s 2001:db8::/32 -j DROP\n");
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
    EXPECT_NE(got.out.find("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"), std::string::npos);
    EXPECT_NE(got.out.find("-A INPUT -s 2001:db8::/32 -j DROP"), std::string::npos);
}

TEST(Compile, EmptyRulesAreFine) {
    const Outcome got = run_command({BPFW, "compile", "-"}, "# nothing\n");
    EXPECT_EQ(got.code, 0) << got.err;
}

// The family of a bare line: -4/-6, else the file's name.
TEST(Compile, FamilyOfBareLines) {
    const TemporaryDirectory directory;
    const std::string rule = "-A INPUT -s 2001:db8::1 -j DROP\n";
    EXPECT_EQ(run_command({BPFW, "compile", directory.file("a.v6", rule)}).code, 0);
    EXPECT_EQ(run_command({BPFW, "compile", directory.file("a.rules", rule)}).code, 2);
    EXPECT_EQ(run_command({BPFW, "compile", "-6", directory.file("a.rules", rule)}).code, 0);
    EXPECT_EQ(run_command({BPFW, "compile", "-4", directory.file("a.v6", rule)}).code, 2);
}

TEST(Compile, SeveralFilesAreOneRuleset) {
    const TemporaryDirectory directory;
    const std::string first = directory.file("1",
                                             "*filter\n:INPUT DROP [0:0]\n:web - [0:0]\n"
                                             "-A web -j ACCEPT\nCOMMIT\n");
    const std::string second =
        directory.file("2", "*filter\n-A INPUT -p tcp --dport 80 -j web\nCOMMIT\n");
    const Outcome got = run_command({BPFW, "compile", first, second});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_NE(got.out.find("-A web -j ACCEPT"), std::string::npos);
    EXPECT_EQ(run_command({BPFW, "compile", second}).code, 2) << "web is the first file's";
}

TEST(Compile, ObjectIsAnElfFileAndTheSameEveryTime) {
    const TemporaryDirectory directory;
    const auto make = [&](const std::string& name) {
        const Outcome got =
            run_command({BPFW, "compile", "-", "-o", directory.path(name)}, "-A INPUT -j DROP\n");
        EXPECT_EQ(got.code, 0) << got.err;
        EXPECT_EQ(got.out, "");
        std::ifstream in(directory.path(name), std::ios::binary);
        std::stringstream bytes;
        bytes << in.rdbuf();
        return bytes.str();
    };
    const std::string object = make("a.o");
    EXPECT_EQ(object.substr(0, 4),
              "\x7f"
              "ELF");
    EXPECT_EQ(object, make("b.o"));
}

TEST(Compile, DotIsAGraph) {
    const Outcome got = run_command({BPFW, "compile", "-", "--dot"}, "-A INPUT -j DROP\n");
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out.rfind("digraph", 0), 0u) << got.out.substr(0, 80);
}

TEST(Compile, EveryStageCanBeDumped) {
    const Outcome list = run_command({BPFW, "compile", "-", "--dump-after", "?"}, "");
    std::istringstream stages(list.err.substr(list.err.find("are ") + 4));
    std::string stage;
    int seen = 0;
    while (stages >> stage) {
        if (stage.back() == ',') stage.pop_back();
        const Outcome got =
            run_command({BPFW, "compile", "-", "--dump-after", stage},
                        "-A INPUT -p tcp --dport 22 -m pcap --filter arp -j DROP\n");
        EXPECT_EQ(got.code, 0) << stage << ": " << got.err;
        EXPECT_FALSE(got.out.empty()) << stage;
        ++seen;
    }
    EXPECT_GT(seen, 0);
}

class Examples : public testing::TestWithParam<const char*> {};

TEST_P(Examples, Compile) {
    const Outcome got =
        run_command({BPFW, "compile", std::string(BPFW_SOURCE_DIR "/examples/") + GetParam()});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
}

INSTANTIATE_TEST_SUITE_P(Cli, Examples,
                         testing::Values("web-server.rules", "router.v4", "deny-list.rules",
                                         "rules.txt", "demo.rules"),
                         [](const auto& file) {
                             std::string name = file.param;
                             for (char& c : name) c = c == '-' || c == '.' ? '_' : c;
                             return name;
                         });

}  // namespace
}  // namespace bpfw::test
