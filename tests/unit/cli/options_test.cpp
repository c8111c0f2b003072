// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: what it means, and how a wrong one is answered.
#include "cli/options.hpp"

#include <gtest/gtest.h>

namespace bpfw::cli {
namespace {

using Words = std::vector<std::string>;

Options understood(const Words& words) {
    auto parsed = parse_options(words);
    if (auto* options = std::get_if<Options>(&parsed)) return *options;
    ADD_FAILURE() << std::get<Answer>(parsed).text;
    return {};
}

struct Wrong {
    const char* name;
    Words words;
    const char* says;
};

class WrongWords : public testing::TestWithParam<Wrong> {};

TEST_P(WrongWords, IsTheUsersMistakeAndNamesIt) {
    const auto parsed = parse_options(GetParam().words);
    const auto* answer = std::get_if<Answer>(&parsed);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->code, Exit::Mistake);
    EXPECT_NE(answer->text.find(GetParam().says), std::string::npos) << answer->text;
    EXPECT_NE(answer->text.find("hint: bpfw help"), std::string::npos) << answer->text;
}

const Wrong kWrong[] = {
    {"nothing", {}, "subcommand"},
    {"no_such_command", {"enforce"}, "enforce"},
    {"unknown_option", {"load", "--fast", "a"}, "--fast"},
    {"no_rules", {"load"}, "RULES"},
    {"test_without_capture", {"test", "a"}, "--pcap"},
    {"bad_mode", {"load", "a", "--mode", "warp"}, "'warp' is none of: auto, generic"},
    {"bad_hook", {"test", "a", "--pcap", "b", "--hook", "raw"}, "'raw' is none of"},
    {"both_families", {"load", "a", "-4", "-6"}, "excludes"},
    {"two_outputs", {"compile", "a", "--dot", "-o", "b"}, "excludes"},
    {"negative_events", {"log", "--events", "-1"}, "--events"},
    {"no_events", {"log", "--events", "0"}, "--events"},
    {"negative_wait", {"unload", "--wait=-1"}, "--wait"},
    {"unload_takes_no_rules", {"unload", "a"}, "a"},
    {"help_on_no_command", {"help", "enforce"}, "no command 'enforce'"},
    {"long_interface",
     {"test", "a", "--pcap", "b", "--in-interface", "sixteen-bytes-xx"},
     "'sixteen-bytes-xx' is no interface's name (1 to 15 bytes)"},
    {"output_has_no_input_interface",
     {"test", "a", "--pcap", "b", "--hook", "output", "--in-interface", "lo"},
     "packets in OUTPUT have no input interface"},
    {"input_has_no_output_interface",
     {"test", "a", "--pcap", "b", "--out-interface", "lo"},
     "packets in INPUT have no output interface"},
    {"compile_without_anything", {"compile"}, "RULES is required, or -e EXPR, or -F FILE"},
    {"rules_and_expression", {"compile", "a", "-e", "tcp"}, "excludes"},
    {"expression_twice", {"compile", "-F", "a", "-e", "tcp"}, "excludes"},
    {"classic_of_rules", {"compile", "a", "-d"}, "-d needs an expression"},
    {"netmask_of_rules", {"compile", "a", "--netmask", "255.0.0.0"}, "--netmask needs"},
    {"no_netmask", {"compile", "-e", "tcp", "--netmask", "many"}, "'many' is no IPv4 netmask"},
    {"count_of_rules", {"test", "a", "--pcap", "b", "--count"}, "--count needs an expression"},
    {"expression_at_a_hook",
     {"test", "-e", "tcp", "--pcap", "b", "--hook", "forward"},
     "an expression is asked of the frame alone"},
    {"expression_and_capture_on_stdin", {"test", "-F", "-", "--pcap", "-"}, "cannot be both"},
    {"rules_and_capture_on_stdin", {"test", "-", "--pcap", "-"}, "cannot be both"},
};
INSTANTIATE_TEST_SUITE_P(Options, WrongWords, testing::ValuesIn(kWrong),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(Options, WaitTakesTheNextWordOnlyWhenItIsANumber) {
    const Options forever = understood({"load", "-w", "web.rules"});
    EXPECT_EQ(forever.wait, 0);
    EXPECT_EQ(forever.files, Words{"web.rules"});
    EXPECT_EQ(understood({"load", "-w", "5", "web.rules"}).wait, 5);
    EXPECT_EQ(understood({"load", "web.rules", "--wait=7"}).wait, 7);
    EXPECT_EQ(understood({"load", "web.rules"}).wait, std::nullopt);
}

TEST(Options, DeviceTakesOneWordAndRepeats) {
    const Options options =
        understood({"load", "--dev", "eth0", "web.rules", "--dev", "eth1", "--mode", "tc"});
    EXPECT_EQ(options.devices, (Words{"eth0", "eth1"}));
    EXPECT_EQ(options.files, Words{"web.rules"});
    EXPECT_EQ(options.mode, runtime::Mode::Tc);
}

TEST(Options, StandardInputIsAFile) {
    EXPECT_EQ(understood({"compile", "-", "-6"}).files, Words{"-"});
    EXPECT_EQ(understood({"compile", "-", "-6"}).family, parser::Family::Ipv6);
}

TEST(Options, ReloadNeedsNoFile) {
    EXPECT_TRUE(understood({"reload"}).files.empty());
    EXPECT_EQ(understood({"reload", "a", "b"}).files, (Words{"a", "b"}));
}

TEST(Options, HelpAndVersionAreAnswers) {
    for (const Words& words : {Words{"--help"}, Words{"help"}, Words{"help", "load"},
                               Words{"load", "--help"}, Words{"--version"}, Words{"version"}}) {
        const auto parsed = parse_options(words);
        ASSERT_TRUE(std::holds_alternative<Answer>(parsed)) << words.front();
        EXPECT_EQ(std::get<Answer>(parsed).code, Exit::Ok);
        EXPECT_FALSE(std::get<Answer>(parsed).text.empty());
    }
    const auto help = std::get<Answer>(parse_options({"help", "load"}));
    EXPECT_EQ(help.text, std::get<Answer>(parse_options({"load", "--help"})).text);
    EXPECT_NE(help.text.find("--mode"), std::string::npos);
    EXPECT_NE(help.text.find("Usage: bpfw load [OPTIONS] RULES..."), std::string::npos)
        << help.text;
}

TEST(Options, TableNamesEveryCommandsOptions) {
    bool found = false;
    for (const OptionEntry& entry : option_table()) {
        found |= entry.command == "load" && entry.names == Words{"-w", "--wait"};
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace bpfw::cli
