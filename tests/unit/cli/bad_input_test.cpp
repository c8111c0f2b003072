// SPDX-License-Identifier: GPL-2.0-or-later
// What the user can get wrong in rules and files: a clear message on stderr, exit code 2,
// nothing on stdout. Without root: `bpfw compile` asks the kernel nothing.
#include <gtest/gtest.h>

#include "tests/support/command.hpp"

namespace bpfw::test {
namespace {

struct Bad {
    const char* name;
    std::string rules;
    const char* says;
};

class BadRules : public testing::TestWithParam<Bad> {};

TEST_P(BadRules, AreNamedByPlaceAndRefused) {
    const TemporaryDirectory directory;
    const std::string file = directory.file("x.rules", GetParam().rules);
    const Outcome got = run_command({BPFW, "compile", file});
    EXPECT_EQ(got.code, 2);
    EXPECT_EQ(got.out, "");
    EXPECT_EQ(got.err.rfind(file + ":", 0), 0u) << got.err;
    EXPECT_NE(got.err.find(GetParam().says), std::string::npos) << got.err;
    EXPECT_LT(got.err.size(), 16384u);
}

std::string many(std::size_t count, const std::string& line) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += line;
    return out;
}

std::string all_bytes() {
    std::string out;
    for (int i = 0; i < 4096; ++i) out += static_cast<char>((i * 7919) >> 3);
    return out;
}

const Bad kBad[] = {
    {"port_70000", "# web\n-A INPUT -p tcp --dport 70000 -j DROP\n", "x.rules:2:25: error: "},
    {"unknown_option", "-A INPUT --no-such-thing -j DROP\n", "--no-such-thing"},
    {"unknown_match", "-A INPUT -m nonsense -j DROP\n", "nonsense"},
    {"match_not_yet", "-A INPUT -m conntrack --ctstate NEW -j DROP\n", "not supported yet"},
    {"target_not_yet", "-A INPUT -j REJECT\n", "not supported yet"},
    {"no_such_target", "-A INPUT -j nowhere\n", "nowhere"},
    {"no_such_chain", "-A nowhere -j DROP\n", "nowhere"},
    {"chain_loop", "-N a\n-N b\n-A a -j b\n-A b -j a\n-A INPUT -j a\n", "loop"},
    {"chain_loop_of_one", "-N a\n-A a -g a\n-A INPUT -j a\n", "loop"},
    {"jump_into_a_built_in_chain", "-A INPUT -j FORWARD\n", "FORWARD"},
    {"table_nat", "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n",
     "x.rules:1:1: error: table nat is not supported yet"},
    {"table_by_option", "-t mangle -A INPUT -j DROP\n", "table mangle is not supported yet"},
    {"list", "-A INPUT -j DROP\n-L\n", "x.rules:2:1: error: -L has no meaning in a rules file"},
    {"print", "iptables -S INPUT\n", "-S has no meaning"},
    {"check", "-C INPUT -j DROP\n", "-C has no meaning"},
    {"two_blocks", "*filter\nCOMMIT\n*filter\nCOMMIT\n", "begins twice in one file"},
    {"chain_declared_twice", "*filter\n:a - [0:0]\n:a - [0:0]\nCOMMIT\n", "declared twice"},
    {"no_commit", "*filter\n:INPUT DROP [0:0]\n", "COMMIT"},
    {"short_form", "drop arp\ndrop tcp nonsense\n", "x.rules:2:10: error: "},
    {"short_form_in_a_block", "*filter\ndrop arp\nCOMMIT\n", "stands in no table"},
    {"short_form_of_nothing", "drop\n", "the expression is missing"},
    {"expression_file_missing", "drop -F none.expr\n", "/none.expr': ENOENT"},
    {"expression_from_stdin", "drop -F -\n", "-F takes the name of a file"},
    {"filter", "-A INPUT -m pcap --filter 'tcp port 99999'\n", "x.rules:1:"},
    {"garbage", all_bytes(), "error: "},
    {"a_line_of_a_megabyte", "-A INPUT " + std::string(1 << 20, 'x') + "\n", "error: "},
    {"a_megabyte_of_options", "-A INPUT " + many(1 << 18, "-f ") + "\n", "error: "},
};
INSTANTIATE_TEST_SUITE_P(Cli, BadRules, testing::ValuesIn(kBad),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(BadInput, ExpressionFilesAreLookedForBesideTheRules) {
    const TemporaryDirectory directory;
    const std::string bad = directory.file("bad.expr", "tcp or # one\n  nonsense\n");
    directory.file("good.expr", "arp # two\n or rarp\n");
    const std::string rules = directory.file("x.rules", "drop -F bad.expr\n");
    const Outcome refused = run_command({BPFW, "compile", rules});
    EXPECT_EQ(refused.code, 2);
    EXPECT_EQ(refused.err.rfind(bad + ":2:3: error: ", 0), 0u) << refused.err;
    directory.file("x.rules", "drop -F good.expr\nlog -F " + directory.path("good.expr") + "\n");
    const Outcome good = run_command({BPFW, "compile", rules});
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_NE(good.out.find(": rarp\n"), std::string::npos) << good.out;
}

TEST(BadInput, SeveralMistakesAreToldInOneRun) {
    const Outcome got = run_command(
        {BPFW, "compile", "-"}, "-A INPUT -p tcp --dport 70000 -j DROP\n-A INPUT -s 1.2.3.4.5\n");
    EXPECT_EQ(got.code, 2);
    EXPECT_NE(got.err.find("stdin:1:"), std::string::npos) << got.err;
    EXPECT_NE(got.err.find("stdin:2:"), std::string::npos) << got.err;
}

TEST(BadInput, ManyMistakesAreCutAtTwenty) {
    const Outcome got = run_command({BPFW, "compile", "-"}, many(100, "-A INPUT --nonsense\n"));
    EXPECT_EQ(got.code, 2);
    EXPECT_NE(got.err.find("stdin:20:"), std::string::npos);
    EXPECT_EQ(got.err.find("stdin:21:"), std::string::npos);
    EXPECT_NE(got.err.find("bpfw: 80 more like these\n"), std::string::npos) << got.err;
}

TEST(BadInput, FilesThatCannotBeReadAreNamedAllOfThem) {
    const TemporaryDirectory directory;
    const std::string missing = directory.path("missing.rules");
    const Outcome got = run_command({BPFW, "compile", missing, directory.path()});
    EXPECT_EQ(got.code, 2);
    EXPECT_NE(got.err.find("cannot read '" + missing + "': No such file or directory"),
              std::string::npos)
        << got.err;
    EXPECT_NE(got.err.find("Is a directory"), std::string::npos) << got.err;
}

TEST(BadInput, UnreadableFileIsNamed) {
    if (!missing_for_kernel_tests().empty()) GTEST_SKIP() << "needs root (to give it up)";
    const TemporaryDirectory directory;
    const std::string file = directory.file("secret.rules", "-A INPUT -j DROP\n");
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    const Outcome got = run_command(
        {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BPFW, "compile", file});
    EXPECT_EQ(got.code, 2);
    EXPECT_NE(got.err.find("cannot read '" + file + "': Permission denied"), std::string::npos)
        << got.err;
}

TEST(BadInput, ObjectThatCannotBeWrittenIsTheSystemsRefusal) {
    const Outcome got =
        run_command({BPFW, "compile", "-", "-o", "/nonexistent/fw.o"}, "-A INPUT -j DROP\n");
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("bpfw: open file '/nonexistent/fw.o': ENOENT"), std::string::npos)
        << got.err;
}

TEST(BadInput, FullDiskBehindStandardOutputIsNoSuccess) {
    const Outcome got = run_command({"sh", "-c", std::string(BPFW) + " compile - >/dev/full"},
                                    "-A INPUT -j DROP\n");
    EXPECT_EQ(got.code, 1);
    EXPECT_NE(got.err.find("No space left on device"), std::string::npos) << got.err;
}

TEST(BadInput, FullDiskBehindALongListingIsNoAbort) {
    const Outcome got = run_command({"sh", "-c", std::string(BPFW) + " compile - >/dev/full"},
                                    many(500, "-A INPUT -p tcp --dport 22 -j DROP\n"));
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(got.err, "bpfw: write standard output: No space left on device\n");
}

TEST(BadInput, MistakesAreToldInTheOrderOfTheLines) {
    const Outcome got = run_command({BPFW, "compile", "-"},
                                    "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"
                                    "-L\n-A INPUT --nonsense\n-S\n");
    EXPECT_EQ(got.code, 2);
    std::string places;
    for (std::size_t at = got.err.find("stdin:"); at != std::string::npos;
         at = got.err.find("stdin:", at + 1)) {
        places += got.err.substr(at + 6, 1);
    }
    EXPECT_EQ(places, "1456") << got.err;
}

TEST(BadInput, NoRootForAFileIsNotTheAdvice) {
    if (!missing_for_kernel_tests().empty()) GTEST_SKIP() << "needs root (to give it up)";
    const Outcome got = run_command({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                     BPFW, "compile", "-", "-o", "/fw.o"},
                                    "-A INPUT -j DROP\n");
    EXPECT_EQ(got.code, 1);
    EXPECT_EQ(got.err, "bpfw: open file '/fw.o': EACCES: Permission denied\n");
}

TEST(BadInput, UnknownStageGetsTheListOfStages) {
    const Outcome got = run_command({BPFW, "compile", "-", "--dump-after", "nothing"}, "");
    EXPECT_EQ(got.code, 2);
    EXPECT_NE(got.err.find("the stages are "), std::string::npos) << got.err;
}

}  // namespace
}  // namespace bpfw::test
