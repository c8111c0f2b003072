// SPDX-License-Identifier: GPL-2.0-or-later
// Words read as getopt_long(3) would.
#include "compat/option_reader.hpp"

#include <gtest/gtest.h>

namespace bpfw::compat {
namespace {

constexpr Option kOptions[] = {
    {'n', "noflush", Argument::No},
    {'t', "test", Argument::No},
    {'T', "table", Argument::Required},
    {'w', "wait", Argument::Optional},
};

// "n T=filter | file" or the mistake.
std::string reading(const std::vector<std::string>& words) {
    const OptionReader reader("prog", words, kOptions);
    if (!reader.mistake.empty()) return reader.mistake;
    std::string out;
    for (const GivenOption& given : reader.given) {
        out += given.letter;
        if (!given.argument.empty()) out += "=" + given.argument;
        out += " ";
    }
    out += "|";
    for (const std::string& word : reader.rest) out += " " + word;
    return out;
}

TEST(OptionReader, LettersAndNames) {
    EXPECT_EQ(reading({"-n", "--test", "file"}), "n t | file");
    EXPECT_EQ(reading({"-nt", "-T", "filter", "--table=nat"}), "n t T=filter T=nat |");
    EXPECT_EQ(reading({"-Tfilter", "--nof"}), "T=filter n |");
    EXPECT_EQ(reading({"file", "-n"}), "n | file");
    EXPECT_EQ(reading({"--", "-n"}), "| -n");
    EXPECT_EQ(reading({"-"}), "| -");
}

TEST(OptionReader, OptionalArgumentMayBeTheNextNumber) {
    EXPECT_EQ(reading({"-w", "5", "file"}), "w=5 | file");
    EXPECT_EQ(reading({"-w5"}), "w=5 |");
    EXPECT_EQ(reading({"-w", "file"}), "w | file");
    EXPECT_EQ(reading({"--wait=7"}), "w=7 |");
    EXPECT_EQ(reading({"-w", "-n"}), "w n |");
}

TEST(OptionReader, Mistakes) {
    EXPECT_EQ(reading({"-x"}), "prog: invalid option -- 'x'\n");
    EXPECT_EQ(reading({"--bogus"}), "prog: unrecognized option '--bogus'\n");
    EXPECT_EQ(reading({"--t"}), "prog: option '--t' is ambiguous\n");
    EXPECT_EQ(reading({"-T"}), "prog: option requires an argument -- 'T'\n");
    EXPECT_EQ(reading({"--table"}), "prog: option '--table' requires an argument\n");
    EXPECT_EQ(reading({"--test=1"}), "prog: option '--test' doesn't allow an argument\n");
}

}  // namespace
}  // namespace bpfw::compat
