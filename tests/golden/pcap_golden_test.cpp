// SPDX-License-Identifier: GPL-2.0-or-later
// pcap/*.filters, an expression in each line -> their canonical texts (.text), and
// bad-*.filters -> the diagnostics (.err). Rewrite them with --update and read the diff.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/filter_help.hpp"

namespace bpfw::parser {
namespace {

bool update_goldens = false;

std::vector<std::filesystem::path> filter_files() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
        if (entry.path().extension() == ".filters") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string dump(const std::filesystem::path& filters) {
    std::ifstream file(filters);
    std::string out;
    for (std::string line; std::getline(file, line);) {
        const test::ParsedFilter parsed = test::parse_filter(line);
        out += parsed.expression ? parsed.text + "\n" : parsed.diagnostics;
    }
    return out;
}

class PcapGolden : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(PcapGolden, IsAsRecorded) {
    const auto& filters = GetParam();
    const bool bad = filters.filename().string().compare(0, 4, "bad-") == 0;
    auto recorded = filters;
    recorded.replace_extension(bad ? ".err" : ".text");
    const std::string now = dump(filters);
    if (update_goldens) std::ofstream(recorded, std::ios::binary) << now;
    EXPECT_EQ(now, read(recorded)) << "rewrite with --update";
    EXPECT_EQ(bad, now.find(": error: ") != std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Pcap, PcapGolden, testing::ValuesIn(filter_files()),
                         [](const auto& param) {
                             std::string name = param.param.stem();
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace bpfw::parser

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    bpfw::parser::update_goldens = argc == 2 && std::string(argv[1]) == "--update";
    return RUN_ALL_TESTS();
}
