// SPDX-License-Identifier: GPL-2.0-or-later
// `bpfw compile -e` and `bpfw test -e`, run as a user runs them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "tests/support/command.hpp"
#include "tests/support/packets.hpp"
#include "tests/support/pcap_file.hpp"

namespace bpfw::test {
namespace {

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(CompileExpression, ListingNamesEachPrimitiveAndBothSizes) {
    const Outcome got = run_command({BPFW, "compile", "-e", "tcp port 80 and host 192.0.2.1"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
    EXPECT_TRUE(holds(got.out, "bpfw_filter_xdp: ")) << got.out;
    EXPECT_TRUE(holds(got.out, "; expression:1:1: tcp port 80\n")) << got.out;
    EXPECT_TRUE(holds(got.out, "; expression:1:17: host 192.0.2.1\n")) << got.out;
    EXPECT_TRUE(holds(got.out, "classic BPF: ")) << got.out;
}

TEST(CompileExpression, FileAndStandardInput) {
    const TemporaryDirectory directory;
    const std::string file = directory.file("web.filter", "tcp port 80\nor host 192.0.2.1\n");
    const Outcome from_file = run_command({BPFW, "compile", "-F", file});
    EXPECT_EQ(from_file.code, 0) << from_file.err;
    EXPECT_TRUE(holds(from_file.out, "; " + file + ":2:4: host 192.0.2.1\n")) << from_file.out;
    EXPECT_EQ(run_command({BPFW, "compile", "-F", "-"}, "arp").code, 0);
    const Outcome missing = run_command({BPFW, "compile", "-F", directory.path("none")});
    EXPECT_EQ(missing.code, 2);
    EXPECT_TRUE(holds(missing.err, "No such file")) << missing.err;
}

TEST(CompileExpression, FileHasCommentsAsForTcpdump) {
    const Outcome got =
        run_command({BPFW, "compile", "-ddd", "-F", "-"}, "#all\nicmp # this\nor arp#\n");
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out, run_command({BPFW, "compile", "-ddd", "-e", "icmp or arp"}).out);
    const Outcome wrong = run_command({BPFW, "compile", "-F", "-"}, "icmp # this\nor agp\n");
    EXPECT_TRUE(holds(wrong.err, "stdin:2:4: error")) << wrong.err;
}

// What tcpdump 4.99 -d prints for these, whose programs leave no choice.
TEST(CompileExpression, ClassicAsTcpdumpPrintsIt) {
    const Outcome listing = run_command({BPFW, "compile", "-d", "-e", "arp"});
    EXPECT_EQ(listing.out,
              "(000) ldh      [12]\n"
              "(001) jeq      #0x806           jt 2\tjf 3\n"
              "(002) ret      #262144\n"
              "(003) ret      #0\n")
        << listing.err;
    const Outcome rows = run_command({BPFW, "compile", "-dd", "-e", "arp"});
    EXPECT_EQ(rows.out,
              "{ 0x28, 0, 0, 0x0000000c },\n"
              "{ 0x15, 0, 1, 0x00000806 },\n"
              "{ 0x6, 0, 0, 0x00040000 },\n"
              "{ 0x6, 0, 0, 0x00000000 },\n");
    const Outcome numbers = run_command({BPFW, "compile", "-ddd", "-e", "arp"});
    EXPECT_EQ(numbers.out, "4\n40 0 0 12\n21 0 1 2054\n6 0 0 262144\n6 0 0 0\n");
}

TEST(CompileExpression, EveryStageCanBeDumped) {
    const Outcome list = run_command({BPFW, "compile", "-e", "tcp", "--dump-after", "?"});
    EXPECT_EQ(list.code, 2);
    std::istringstream stages(list.err.substr(list.err.find("are ") + 4));
    std::string stage;
    int seen = 0;
    while (stages >> stage) {
        if (stage.back() == ',') stage.pop_back();
        const Outcome got = run_command({BPFW, "compile", "-e", "tcp", "--dump-after", stage});
        EXPECT_EQ(got.code, 0) << stage << ": " << got.err;
        EXPECT_FALSE(got.out.empty()) << stage;
        ++seen;
    }
    EXPECT_GT(seen, 3);
}

TEST(CompileExpression, DotIsAGraphAndTheObjectAnElfFile) {
    const Outcome graph = run_command({BPFW, "compile", "-e", "tcp", "--dot"});
    EXPECT_EQ(graph.out.rfind("digraph", 0), 0u) << graph.out.substr(0, 80);
    const TemporaryDirectory directory;
    const Outcome got = run_command({BPFW, "compile", "-e", "tcp", "-o", directory.path("tcp.o")});
    EXPECT_EQ(got.code, 0) << got.err;
    const Outcome seen = run_command({"head", "-c", "4", directory.path("tcp.o")});
    EXPECT_EQ(seen.out,
              "\x7f"
              "ELF");
}

struct Wrong {
    const char* name;
    const char* expression;
    const char* says;
};
class WrongExpression : public testing::TestWithParam<Wrong> {};

TEST_P(WrongExpression, IsTheUsersMistakeAndShowsThePlace) {
    const Outcome got = run_command({BPFW, "compile", "-e", GetParam().expression});
    EXPECT_EQ(got.code, 2);
    EXPECT_TRUE(holds(got.err, GetParam().says)) << got.err;
    EXPECT_TRUE(holds(got.err, "^")) << got.err;
    EXPECT_EQ(got.out, "");
}

const Wrong kWrong[] = {
    {"no_type", "10.0.0.1", "expression:1:1: error"},
    {"service_of_another_protocol", "udp port http", "port 'http' is tcp"},
    {"host_bits", "net 10.0.0.1/8", "expression:1:5: error"},
    {"unclosed", "(tcp", "error"},
    {"no_netmask", "ip broadcast", "netmask"},
};
INSTANTIATE_TEST_SUITE_P(Cli, WrongExpression, testing::ValuesIn(kWrong),
                         [](const auto& one) { return one.param.name; });

TEST(CompileExpression, NothingCanMatchIsAWarning) {
    const Outcome got = run_command({BPFW, "compile", "-e", "tcp and udp"});
    EXPECT_EQ(got.code, 0);
    EXPECT_TRUE(holds(got.err, "warning: expression rejects all packets")) << got.err;
}

TEST(CompileExpression, NetmaskIsForIpBroadcast) {
    const Outcome got =
        run_command({BPFW, "compile", "-e", "ip broadcast", "--netmask", "255.255.255.0"});
    EXPECT_EQ(got.code, 0) << got.err;
}

std::string capture() {
    const Bytes web = frame(eth() / ip4() / tcp({.dport = 80}));
    Captured cut{truncated(frame(eth() / ip4() / udp() / payload(1000)), 60), 1042};
    return pcap_file({{web}, {frame(eth() / ip4() / udp({.dport = 53}))}, cut});
}

TEST(TestExpression, EveryPacketThenHowMany) {
    const TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", capture());
    const Outcome got = run_command({BPFW, "test", "--pcap", file, "-e", "udp"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out, "     1  -\n     2  match\n     3  match\n2 of 3 packets match\n");
    const Outcome count = run_command({BPFW, "test", "--pcap", file, "-e", "udp", "--count"});
    EXPECT_EQ(count.out, "2\n");
    // The length on the wire, though the capture has 60 bytes.
    const Outcome longer =
        run_command({BPFW, "test", "--pcap", file, "-e", "greater 1042", "--count"});
    EXPECT_EQ(longer.out, "1\n");
}

// As the man page has it: no interface has an index, whether the kernel could run the frame or not.
TEST(TestExpression, NoInterfaceHasAnIndex) {
    const TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", capture());
    for (const auto& [expression, count] :
         {std::pair{"ifindex 1", "0\n"}, std::pair{"ifindex 0", "3\n"},
          std::pair{"tcp and not ifindex 1", "1\n"}}) {
        const Outcome got =
            run_command({BPFW, "test", "--pcap", file, "-e", expression, "--count"});
        EXPECT_EQ(got.out, count) << expression << got.err;
    }
}

TEST(TestExpression, Json) {
    const TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", capture());
    const Outcome got = run_command({BPFW, "test", "--pcap", file, "-e", "tcp", "--json"});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_TRUE(holds(got.out, R"({"number":1,"matches":true,"captured":54,"length":54})"))
        << got.out;
    EXPECT_TRUE(holds(got.out, R"("summary": {"packets":3,"matched":1,)")) << got.out;
}

// Unprivileged people have captures too.
TEST(TestExpression, WithoutRootItIsEvaluatedAndSaysSo) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to give it up";
    const TemporaryDirectory directory;
    const std::string file = directory.file("a.pcap", capture());
    run_command({"chmod", "-R", "a+rX", directory.path()});
    const Outcome got =
        run_command({"setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all",
                     "--bounding-set=-all", BPFW, "test", "--pcap", file, "-e", "udp", "--count"});
    if (got.code == 126 || got.code == 127) GTEST_SKIP() << "needs a build others may run";
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.out, "2\n");
    EXPECT_TRUE(holds(got.err, "evaluated by bpfw itself")) << got.err;
}

}  // namespace
}  // namespace bpfw::test
