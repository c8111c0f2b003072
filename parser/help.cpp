// SPDX-License-Identifier: GPL-2.0-or-later
// The option table -> the text of --help. The doors are in help.hpp.
#include "parser/help.hpp"

#include <fmt/format.h>

#include "parser/icmp_types.hpp"
#include "parser/options.hpp"

namespace bpfw::parser {
namespace {

constexpr std::size_t kTextColumn = 40;

// "[!] --source, --src  -s address" and, from column 40 on, what it does.
std::string option_line(std::span<const OptionSpec> options, std::size_t index) {
    const OptionSpec& option = options[index];
    std::string head = option.negation == Negation::Allowed ? "[!] " : "    ";
    if (option.letter != 0) head += fmt::format("-{}, ", option.letter);
    head += fmt::format("--{}", option.name);
    for (std::size_t i = index + 1; i < options.size() && options[i].about.empty(); ++i) {
        head += fmt::format(", --{}", options[i].name);
    }
    if (!option.value.empty()) head += fmt::format(" {}", option.value);
    if (head.size() + 2 > kTextColumn) {
        return fmt::format("{}\n{:{}}{}\n", head, "", kTextColumn, option.about);
    }
    return fmt::format("{:<{}}{}\n", head, kTextColumn, option.about);
}

std::string option_lines(std::span<const OptionSpec> options, std::string_view letters,
                         bool with_them) {
    std::string out;
    for (std::size_t i = 0; i < options.size(); ++i) {
        if (options[i].about.empty()) continue;
        const char id = static_cast<char>(options[i].id);
        if ((letters.find(id) != std::string_view::npos) == with_them) {
            out += option_line(options, i);
        }
    }
    return out;
}

}  // namespace

std::string command_help(std::string_view program, Family family) {
    constexpr std::string_view kCommands = "ACDIRLSFZNXEP";
    const auto options = main_options();
    std::string out = fmt::format(
        "Usage: {0} [-t table] -A|-C|-D chain rule\n"
        "       {0} [-t table] -I chain [number] rule\n"
        "       {0} [-t table] -R chain number rule\n"
        "       {0} [-t table] -D chain number\n"
        "       {0} [-t table] -L|-S|-Z [chain [number]] [options]\n"
        "       {0} [-t table] -F|-X [chain]\n"
        "       {0} [-t table] -N chain\n"
        "       {0} [-t table] -E old new\n"
        "       {0} [-t table] -P chain target\n",
        program);
    out += "\nCommands, one at a time:\n" + option_lines(options, kCommands, true);
    out += "\nOptions, ! before those with [!] turns them round:\n";
    out += option_lines(options, kCommands, false);
    out += "\nMatches for -m:";
    for (const MatchSpec& spec : match_specs()) {
        if (find_match(spec.name, family) != nullptr) out += fmt::format(" {}", spec.name);
    }
    return out + "\nTargets for -j: ACCEPT DROP RETURN, or a chain of your own\n";
}

std::string match_help(std::string_view name, Family family) {
    const MatchSpec* spec = find_match(name, family);
    if (spec == nullptr) return "";
    const std::string_view title = spec->kind == MatchKind::Icmp6 ? "icmpv6" : spec->name;
    std::string out = fmt::format("{} match options:\n", title);
    for (std::size_t i = 0; i < spec->options.size(); ++i) {
        if (!spec->options[i].about.empty()) out += option_line(spec->options, i);
    }
    const bool icmp = spec->kind == MatchKind::Icmp || spec->kind == MatchKind::Icmp6;
    return icmp ? out + icmp_help(family) : out;
}

}  // namespace bpfw::parser
