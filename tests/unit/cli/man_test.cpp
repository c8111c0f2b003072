// SPDX-License-Identifier: GPL-2.0-or-later
// --help, the option table and man/bpfw.8.scd say the same: every option of every command
// stands in its section of the page, and the page has no other.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "cli/options.hpp"
#include "parser/options.hpp"

namespace bpfw::cli {
namespace {

// Option names by command; "" is the section COMMON OPTIONS.
using Table = std::map<std::string, std::set<std::string>>;

Table page_options(std::istream& page) {
    Table table;
    std::string line;
    std::string command;
    const std::regex bold(R"(\*(--?[A-Za-z0-9-]+)\*)");
    while (std::getline(page, line)) {
        if (line.rfind("# ", 0) == 0) command = line == "# COMMON OPTIONS" ? "" : "none";
        if (line.rfind("## ", 0) == 0) table[command = line.substr(3)];
        if (line.rfind("*-", 0) != 0) continue;  // the head of an option's paragraph
        for (std::sregex_iterator at(line.begin(), line.end(), bold), end; at != end; ++at) {
            table[command].insert((*at)[1]);
        }
    }
    return table;
}

Table help_options() {
    Table table;
    for (const std::string& command : command_names()) table[command];
    for (const OptionEntry& entry : option_table()) {
        const bool common = entry.names == std::vector<std::string>{"-h", "--help"};
        table[common ? "" : entry.command].insert(entry.names.begin(), entry.names.end());
    }
    return table;
}

TEST(ManPage, HasTheCommandsAndOptionsOfTheTableAndNoOthers) {
    std::ifstream page(BPFW_SOURCE_DIR "/man/bpfw.8.scd");
    ASSERT_TRUE(page.good());
    EXPECT_EQ(page_options(page), help_options());
}

TEST(ManPage, SynopsisNamesEveryLongOption) {
    std::ifstream page(BPFW_SOURCE_DIR "/man/bpfw.8.scd");
    std::stringstream text;
    text << page.rdbuf();
    const std::string whole = text.str();
    const std::string synopsis = whole.substr(
        whole.find("# SYNOPSIS"), whole.find("# DESCRIPTION") - whole.find("# SYNOPSIS"));
    for (const OptionEntry& entry : option_table()) {
        const std::string& name = entry.names.front();  // the short one where there is one
        if (name == "-h" || name == "--version") continue;
        EXPECT_NE(synopsis.find("*" + name + "*"), std::string::npos)
            << entry.command << " " << name;
    }
}

TEST(ManPage, HelpTextNamesEveryOptionOfTheTable) {
    for (const OptionEntry& entry : option_table()) {
        const std::vector<std::string> words =
            entry.command.empty() ? std::vector<std::string>{"--help"}
                                  : std::vector<std::string>{"help", entry.command};
        const std::string help = std::get<Answer>(parse_options(words)).text;
        for (const std::string& name : entry.names) {
            EXPECT_NE(help.find(name), std::string::npos) << entry.command << " " << name;
        }
    }
}

// bpfw-rules(5), chapter RULES: the options of a rule and of every match, and no others.
TEST(ManPage, RulesPageHasTheParsersOptionsAndNoOthers) {
    std::ifstream page(BPFW_SOURCE_DIR "/man/bpfw-rules.5.scd");
    std::stringstream text;
    text << page.rdbuf();
    const std::string whole = text.str();
    const std::size_t from = whole.find("\n# RULES");
    const std::string rules = whole.substr(from, whole.find("\n# SEMANTICS") - from);
    std::set<std::string> written;
    const std::regex option(R"(\*(--[a-z0-9-]+)\*)");
    for (std::sregex_iterator at(rules.begin(), rules.end(), option), end; at != end; ++at) {
        written.insert((*at)[1]);
    }
    std::set<std::string> known;
    const std::string letters = "sdpiofjg";  // what says something about a packet, or its fate
    for (const parser::OptionSpec& one : parser::main_options()) {
        const bool of_a_rule = letters.find(static_cast<char>(one.id)) != std::string::npos;
        if (of_a_rule) known.insert("--" + std::string(one.name));
    }
    for (const parser::MatchSpec& match : parser::match_specs()) {
        EXPECT_NE(rules.find("*-m " + std::string(match.name) + "*"), std::string::npos)
            << match.name;
        for (const parser::OptionSpec& one : match.options) {
            known.insert("--" + std::string(one.name));
        }
    }
    EXPECT_EQ(written, known);
}

}  // namespace
}  // namespace bpfw::cli
