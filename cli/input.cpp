// SPDX-License-Identifier: GPL-2.0-or-later
// Rules files -> a checked Ruleset; read_rules() is the only door (and configured_files()
// for where reload looks).
#include "cli/input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "cli/read_file.hpp"
#include "parser/base/result.hpp"
#include "parser/parse.hpp"

namespace bpfw::cli {
namespace {

using parser::Family;
using parser::Statement;

Family default_family(const std::string& path, std::optional<Family> family) {
    if (family) return *family;
    return path.size() > 3 && path.substr(path.size() - 3) == ".v6" ? Family::Ipv6 : Family::Ipv4;
}

std::string family_name(Family family) { return family == Family::Ipv4 ? "IPv4" : "IPv6"; }

// Looks at the statements of all files before they are applied: a file states rules, it asks
// nothing, and no file may silently undo what another (or an earlier block) said.
class Admission {
public:
    explicit Admission(parser::Diagnostics& diags) : diags_(diags) {}

    [[nodiscard]] bool admits(const Statement& statement) {
        if (statement.table != "filter") return refuse_table(statement);
        return std::visit(
            overloaded{[&](const parser::ListRules&) { return refuse_question(statement, "-L"); },
                       [&](const parser::PrintRules&) { return refuse_question(statement, "-S"); },
                       [&](const parser::CheckRule&) { return refuse_question(statement, "-C"); },
                       [&](const parser::BeginTable&) { return first_block(statement); },
                       [&](const parser::DeclareChain& chain) {
                           return chain.policy.has_value() || first_declaration(statement, chain);
                       },
                       [](const auto&) { return true; }},
            statement.action);
    }

private:
    // Once per table and file is enough.
    bool refuse_table(const Statement& statement) {
        if (tables_.insert({statement.at.source, statement.table}).second) {
            diags_
                .error(statement.at, fmt::format("table {} is not supported yet", statement.table))
                .hint("bpfw has the filter table")
                .kind(parser::Mistake::Unsupported);
        }
        return false;
    }

    bool refuse_question(const Statement& statement, std::string_view option) {
        diags_.error(statement.at, fmt::format("{} has no meaning in a rules file", option))
            .hint("a file says what the rules are; bpf-iptables asks the running ones");
        return false;
    }

    // iptables-restore would forget the first block when it comes to the second.
    bool first_block(const Statement& statement) {
        const auto [at, fresh] =
            blocks_.insert({{statement.at.source, statement.family}, statement.at});
        if (!fresh) {
            diags_
                .error(statement.at, fmt::format("the {} filter table begins twice in one file",
                                                 family_name(statement.family)))
                .note(at->second, "the first time")
                .hint("iptables-restore would keep only the second: join the two");
        }
        return fresh;
    }

    bool first_declaration(const Statement& statement, const parser::DeclareChain& chain) {
        const auto [at, fresh] = chains_.insert({{statement.family, chain.chain}, statement.at});
        if (!fresh) {
            diags_
                .error(statement.at, fmt::format("chain {} ({}) is declared twice", chain.chain,
                                                 family_name(statement.family)))
                .note(at->second, "the first time")
                .hint("declaring a chain empties it: leave out the second declaration");
        }
        return fresh;
    }

    parser::Diagnostics& diags_;
    std::set<std::pair<std::uint32_t, std::string>> tables_;
    std::map<std::pair<std::uint32_t, Family>, parser::Span> blocks_;
    std::map<std::pair<Family, std::string>, parser::Span> chains_;
};

// What -F names is looked for beside the file that names it, as an include would be.
Result<parser::ExpressionFile> read_expression(const std::string& rules_file,
                                               const std::string& name) {
    const std::filesystem::path directory =
        rules_file == "-" ? "" : std::filesystem::path(rules_file).parent_path();
    if (name == "-") return failure("read", name, 0, "-F takes the name of a file");
    const std::string path = (directory / name).lexically_normal().string();
    std::optional<std::string> text = read_file(path);
    if (!text) return failure("read", path, errno);
    return parser::ExpressionFile{path, *std::move(text)};
}

void read_one(const std::string& path, std::optional<Family> family, const parser::Names& names,
              Input& input, std::vector<Statement>& statements) {
    std::optional<std::string> text = read_file(path);
    if (!text) {
        input.diags.error({}, fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
        return;
    }
    const std::uint32_t source = input.sources.add(path == "-" ? "stdin" : path, std::move(*text));
    const parser::FileDefaults defaults{
        .family = default_family(path, family),
        .only_table = "filter",
        .short_forms = parser::ShortForms::Read,
        .read_expression = [&](const std::string& name) { return read_expression(path, name); }};
    for (Statement& statement :
         parser::parse_rules(source, defaults, names, input.sources, input.diags)) {
        statements.push_back(std::move(statement));
    }
}

// Leftovers of editors and packages; expressions, which `drop -F` reads.
bool is_no_rules_file(const std::string& name) {
    return name.ends_with(".expr") || name.front() == '.' || name.back() == '~' ||
           name.find(".dpkg-") != std::string::npos;
}

}  // namespace

void read_rules(const std::vector<std::string>& files, std::optional<Family> family, Input& input) {
    const parser::Names names = parser::system_names();
    std::vector<Statement> statements;
    for (const std::string& path : files) read_one(path, family, names, input, statements);
    Admission admission(input.diags);
    std::vector<Statement> admitted;
    for (Statement& statement : statements) {
        if (admission.admits(statement)) admitted.push_back(std::move(statement));
    }
    // With statements missing, apply() would complain of what follows from that.
    if (input.diags.has_errors()) return;
    apply_all(input.ruleset, admitted, compiler::Restore::Keep, input.diags);
    if (!input.diags.has_errors()) check(input.ruleset, input.diags);
}

std::vector<std::string> configured_files(const std::string& directory,
                                          parser::Diagnostics& diags) {
    namespace fs = std::filesystem;
    std::vector<std::string> files;
    for (const char* name : {"rules.v4", "rules.v6"}) {
        // A dangling link counts: reading it then names what is wrong.
        const std::string path = directory + "/" + name;
        std::error_code unreadable;
        if (fs::symlink_status(path, unreadable).type() != fs::file_type::not_found) {
            files.push_back(path);
        }
    }
    const std::string parts_directory = directory + "/rules.d";
    std::error_code error;
    std::vector<std::string> parts;
    for (fs::directory_iterator at(parts_directory, error), end; !error && at != end;
         at.increment(error)) {
        if (!is_no_rules_file(at->path().filename().string())) parts.push_back(at->path().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        diags.error({}, fmt::format("cannot read '{}': {}", parts_directory, error.message()));
    }
    std::sort(parts.begin(), parts.end());
    files.insert(files.end(), parts.begin(), parts.end());
    return files;
}

}  // namespace bpfw::cli
