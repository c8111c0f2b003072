// SPDX-License-Identifier: GPL-2.0-or-later
// The option table and the help made from it.
#include "parser/options.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "parser/help.hpp"

namespace bpfw::parser {
namespace {

TEST(Options, LettersAreUnique) {
    std::string letters;
    for (const OptionSpec& option : main_options()) {
        if (option.letter == 0) continue;
        EXPECT_EQ(letters.find(option.letter), std::string::npos) << option.name;
        letters += option.letter;
    }
    EXPECT_GT(letters.size(), 30u);
}

// An alias follows the line it belongs to and shares its id.
TEST(Options, AliasesFollowTheirOption) {
    const auto check = [](std::span<const OptionSpec> options) {
        for (std::size_t i = 0; i < options.size(); ++i) {
            if (!options[i].about.empty()) continue;
            ASSERT_GT(i, 0u);
            EXPECT_EQ(options[i].id, options[i - 1].id) << options[i].name;
        }
    };
    check(main_options());
    for (const MatchSpec& spec : match_specs()) check(spec.options);
}

TEST(Options, HelpNamesEveryOption) {
    const std::string help = command_help("iptables", Family::Ipv4);
    for (const OptionSpec& option : main_options()) {
        EXPECT_NE(help.find(fmt::format("--{}", option.name)), std::string::npos) << option.name;
    }
    for (const MatchSpec& spec : match_specs()) {
        const Family family = spec.families == Families::Ipv6 ? Family::Ipv6 : Family::Ipv4;
        const std::string text = match_help(spec.name, family);
        EXPECT_NE(text.find("match options:\n"), std::string::npos) << spec.name;
        for (const OptionSpec& option : spec.options) {
            EXPECT_NE(text.find(fmt::format("--{}", option.name)), std::string::npos)
                << option.name;
        }
    }
}

TEST(Options, IcmpHelpHasTheListFirewalldReads) {
    EXPECT_NE(match_help("icmp", Family::Ipv4).find("\nValid ICMP Types:\nany\n"),
              std::string::npos);
    EXPECT_NE(match_help("icmpv6", Family::Ipv6).find("\nValid ICMPv6 Types:\n"),
              std::string::npos);
    EXPECT_EQ(match_help("icmp", Family::Ipv6), "");
    EXPECT_EQ(match_help("conntrack", Family::Ipv4), "");
}

TEST(Extensions, KnownByFamily) {
    EXPECT_EQ(match_extension("tcp", Family::Ipv6), Extension::Supported);
    EXPECT_EQ(match_extension("icmpv6", Family::Ipv6), Extension::Supported);
    EXPECT_EQ(match_extension("icmp", Family::Ipv6), Extension::Unknown);
    EXPECT_EQ(match_extension("conntrack", Family::Ipv4), Extension::Unsupported);
    EXPECT_EQ(match_extension("frag", Family::Ipv4), Extension::Unknown);
    EXPECT_EQ(target_extension("DROP", Family::Ipv4), Extension::Supported);
    EXPECT_EQ(target_extension("TTL", Family::Ipv6), Extension::Unknown);
    EXPECT_EQ(target_extension("LOG", Family::Ipv6), Extension::Unsupported);
    EXPECT_EQ(target_extension("log", Family::Ipv4), Extension::Unknown);
}

}  // namespace
}  // namespace bpfw::parser
