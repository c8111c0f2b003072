// SPDX-License-Identifier: GPL-2.0-or-later
// parser/*.rules -> the AST as text (.ast), and bad-*.rules -> the diagnostics
// (.err). Rewrite them with --update and read the diff.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "parser/print.hpp"
#include "tests/support/parse_help.hpp"

namespace bpfw::parser {
namespace {

bool update_goldens = false;

std::vector<std::filesystem::path> rules_files() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
        if (entry.path().extension() == ".rules") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string dump(const std::string& name, const std::string& text) {
    Sources sources;
    Diagnostics diags;
    const std::uint32_t source = sources.add(name, text);
    const auto statements =
        parse_rules(source, test::fixed_defaults(), test::fixed_names(), sources, diags);
    if (diags.has_errors()) return render(diags, sources);
    std::string out = render(diags, sources);
    for (const Statement& statement : statements) {
        const Position at = sources.position(statement.at);
        out += fmt::format("{:>2}:{:<2} {} {:<8} {}\n", at.line, at.column,
                           statement.family == Family::Ipv4 ? "ipv4" : "ipv6", statement.table,
                           to_text(statement));
    }
    return out;
}

class Golden : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, IsAsRecorded) {
    const auto& rules = GetParam();
    const std::string name = rules.filename();
    const bool bad = name.compare(0, 4, "bad-") == 0;
    auto recorded = rules;
    recorded.replace_extension(bad ? ".err" : ".ast");
    const std::string now = dump(name, read(rules));
    if (update_goldens) std::ofstream(recorded, std::ios::binary) << now;
    EXPECT_EQ(now, read(recorded)) << "rewrite with --update";
    EXPECT_EQ(bad, now.find(": error: ") != std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Parser, Golden, testing::ValuesIn(rules_files()), [](const auto& param) {
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
