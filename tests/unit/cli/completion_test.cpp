// SPDX-License-Identifier: GPL-2.0-or-later
// dist/bpfw.bash, run by bash as the shell runs it: every command and every option is offered.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "cli/options.hpp"
#include "tests/support/command.hpp"

namespace bpfw::cli {
namespace {

using Offer = std::set<std::string>;

// What the words, the last of them unfinished, are completed to.
Offer complete(const std::string& words, const std::string& directory = "/") {
    const std::string script = fmt::format(
        "cd '{}'; PATH={}:$PATH; . '{}/dist/bpfw.bash'; COMP_WORDS=({}); "
        "COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _bpfw; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        directory, std::filesystem::path(BPFW).parent_path().string(), BPFW_SOURCE_DIR, words);
    const test::Outcome got = test::run_command({"bash", "-c", script});
    EXPECT_EQ(got.code, 0) << got.err;
    EXPECT_EQ(got.err, "");
    std::istringstream lines(got.out);
    Offer offer;
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) offer.insert(line);
    }
    return offer;
}

TEST(Completion, OffersEveryCommand) {
    const Offer offer = complete("bpfw ''");
    for (const std::string& command : command_names()) {
        EXPECT_EQ(offer.count(command), 1U) << command;
    }
    EXPECT_EQ(complete("bpfw lo"), (Offer{"load", "log"}));
    EXPECT_EQ(complete("bpfw help lo"), (Offer{"load", "log"}));
}

TEST(Completion, OffersEveryOptionOfACommand) {
    for (const OptionEntry& entry : option_table()) {
        if (entry.command.empty() || entry.command == "help") continue;  // its words are commands
        const Offer offer = complete(fmt::format("bpfw {} -", entry.command));
        for (const std::string& name : entry.names) {
            EXPECT_EQ(offer.count(name), 1U) << entry.command << ' ' << name;
        }
    }
    EXPECT_EQ(complete("bpfw log --e"), (Offer{"--events"}));
    EXPECT_EQ(complete("bpfw compile --net"), (Offer{"--netmask"}));
}

TEST(Completion, OffersFilesWhereFilesStand) {
    const test::TemporaryDirectory directory;
    directory.file("web.rules", "");
    const std::string there = directory.path();
    EXPECT_EQ(complete("bpfw load we", there), (Offer{"web.rules"}));
    EXPECT_EQ(complete("bpfw compile -F we", there), (Offer{"web.rules"}));
    EXPECT_EQ(complete("bpfw compile -e we", there), Offer{});
    EXPECT_EQ(complete("bpfw test --hook f", there), (Offer{"forward"}));
}

}  // namespace
}  // namespace bpfw::cli
