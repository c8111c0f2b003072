// SPDX-License-Identifier: GPL-2.0-or-later
// A save file -> the enforced ruleset, all of it or nothing; run_restore() is the door.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "compat/complaint.hpp"
#include "compat/host.hpp"
#include "compat/option_reader.hpp"
#include "compat/transaction.hpp"

namespace bpfw::compat {
namespace {

using parser::Statement;

constexpr std::array<Option, 13> kOptions = {{
    {'b', "binary", Argument::No},
    {'c', "counters", Argument::No},
    {'v', "verbose", Argument::No},
    {'V', "version", Argument::No},
    {'t', "test", Argument::No},
    {'h', "help", Argument::No},
    {'n', "noflush", Argument::No},
    {'w', "wait", Argument::Optional},
    {'W', "wait-interval", Argument::Required},
    {'T', "table", Argument::Required},
    {'M', "modprobe", Argument::Required},
    {'4', "ipv4", Argument::No},
    {'6', "ipv6", Argument::No},
}};

enum class FileCounters : std::uint8_t { Ignored, Taken };

struct Wanted {
    compiler::Restore restore = compiler::Restore::Flush;
    FileCounters counters = FileCounters::Ignored;
    Effect effect = Effect::Load;
    std::optional<int> wait;
    std::optional<std::string> table;
    parser::Family family = parser::Family::Ipv4;
    bool verbose = false;
    bool version = false;
    bool help = false;
    std::string file;  // "" for the standard input
};

// "-w" alone waits for ever.
std::optional<int> seconds(const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty()) return 0;
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

Wanted wanted_of(const OptionReader& reader, parser::Family family) {
    Wanted wanted;
    wanted.family = family;
    for (const GivenOption& given : reader.given) {
        switch (given.letter) {
            case 'c':
                wanted.counters = FileCounters::Taken;
                break;
            case 'v':
                wanted.verbose = true;
                break;
            case 'V':
                wanted.version = true;
                break;
            case 't':
                wanted.effect = Effect::Try;
                break;
            case 'h':
                wanted.help = true;
                break;
            case 'n':
                wanted.restore = compiler::Restore::Keep;
                break;
            case 'w':
                wanted.wait = seconds(given.argument);
                break;
            case 'T':
                wanted.table = given.argument;
                break;
            case '4':
                wanted.family = parser::Family::Ipv4;
                break;
            case '6':
                wanted.family = parser::Family::Ipv6;
                break;
            default:
                break;  // -b, -W and -M ask for nothing
        }
    }
    if (!reader.rest.empty()) wanted.file = reader.rest.front();
    return wanted;
}

std::string restore_help(const Face& face) {
    return fmt::format(
        "Usage: {} [-c] [-v] [-V] [-t] [-h] [-n] [-w secs] [-W usecs] [-T table] [-M command] "
        "[-4] [-6] [file]\n"
        "\t   [ --counters ]\t take the file's counters, too\n"
        "\t   [ --verbose ]\n"
        "\t   [ --version ]\n"
        "\t   [ --test ]\t\t check everything, change nothing\n"
        "\t   [ --help ]\n"
        "\t   [ --noflush ]\t keep what is there\n"
        "\t   [ --wait=<seconds> ]\n"
        "\t   [ --table=<TABLE> ]\t only this table of the file\n"
        "\t   [ --modprobe=<command> ]\t is not used\n"
        "\t   [ --ipv4 ]\n"
        "\t   [ --ipv6 ]\n",
        face.program);
}

// Without -c the numbers in the file mean nothing.
void drop_counters(Statement& statement) {
    std::visit(
        [](auto& action) {
            if constexpr (requires { action.counters; }) action.counters.reset();
        },
        statement.action);
}

std::string line_failed(const Face& face, std::uint32_t line) {
    return fmt::format("{}: line {} failed\n", face.program, line);
}

// Everything stands between a table line and its COMMIT; "" when it does.
std::string frame_mistake(const Face& face, const std::vector<Statement>& statements,
                          const parser::Sources& sources) {
    bool open = false;
    for (const Statement& statement : statements) {
        const bool begins = std::holds_alternative<parser::BeginTable>(statement.action);
        if (begins == open) {
            const std::uint32_t line = sources.position(statement.at).line;
            return line_failed(face, line);
        }
        open = !std::holds_alternative<parser::Commit>(statement.action);
    }
    return "";
}

// iptables-restore names the line behind the last one, the parser the table's.
std::string commit_mistake(const Face& face, const std::string& text) {
    const auto lines = std::count(text.begin(), text.end(), '\n');
    return fmt::format("{}: COMMIT expected at line {}\n", face.program, lines + 1);
}

// iptables-restore's words for a table that is not there (exit code 2).
std::string table_mistake(const Face& face, const Statement& statement,
                          const parser::Sources& sources) {
    return versioned(face) +
           fmt::format("{}: unable to initialize table '{}'\nError occurred at line: {}\n",
                       face.program, statement.table, sources.position(statement.at).line) +
           try_help(face) + "bpfw has only the table filter yet.\n";
}

Answer restore_text(const Face& face, const Wanted& wanted, const std::string& text,
                    const Host& host) {
    parser::Sources sources;
    parser::Diagnostics diags;
    const std::uint32_t source = sources.add(wanted.file.empty() ? "stdin" : wanted.file, text);
    // A table that is refused, or not asked for (-T), may hold whatever it likes.
    const std::string only_table = wanted.table.value_or("filter");
    auto statements =
        parser::parse_rules(source, {wanted.family, parser::FamilyComments::Ignored, only_table},
                            host.names, sources, diags);
    if (diags.has_errors()) {
        Answer answer = complain(face, diags, sources);
        const bool cut_short = diags.all().front().classic() == "COMMIT expected";
        if (cut_short) answer.err = commit_mistake(face, text) + render(diags, sources);
        return answer;
    }
    // A line for the other family (-4, -6) is skipped, as iptables-restore does.
    std::erase_if(statements, [&](const Statement& s) {
        return s.family != wanted.family || (wanted.table && s.table != *wanted.table);
    });
    const std::string frame = frame_mistake(face, statements, sources);
    if (!frame.empty()) return {"", frame, Exit::Other};
    for (Statement& statement : statements) {
        if (statement.table != "filter") {
            return {"", table_mistake(face, statement, sources), Exit::Parameter};
        }
        if (wanted.counters == FileCounters::Ignored) drop_counters(statement);
    }
    if (statements.empty()) return {};
    return carry_out({std::move(statements), wanted.restore, wanted.wait, wanted.effect,
                      ListFormat{}, wanted.verbose},
                     face, host, sources, diags);
}

}  // namespace

Answer run_restore(const Face& face, const std::vector<std::string>& words, const Host& host) {
    const OptionReader reader(face.program, words, kOptions);
    if (!reader.mistake.empty()) {
        return {"",
                reader.mistake + fmt::format("Try `{} -h' for more information.\n", face.program),
                Exit::Other};
    }
    const Wanted wanted = wanted_of(reader, face.family);
    if (wanted.help) return {restore_help(face), "", Exit::Ok};
    if (wanted.version) return {fmt::format("{} {}\n", face.program, kVersion), "", Exit::Ok};
    if (reader.rest.size() > 1) {
        return {"", "Unknown arguments found on commandline\n", Exit::Other};
    }
    const auto text = host.read_text(wanted.file);
    if (!text) {
        return {"",
                fmt::format("Can't open {}: {}\n", wanted.file,
                            std::strerror(text.error().error_number)),
                Exit::Other};
    }
    return restore_text(face, wanted, *text, host);
}

}  // namespace bpfw::compat
