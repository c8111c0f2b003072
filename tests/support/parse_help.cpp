// SPDX-License-Identifier: GPL-2.0-or-later
// Doors: parse_help.hpp.
#include "tests/support/parse_help.hpp"

#include <cerrno>

#include "parser/print.hpp"
#include "parser/words.hpp"

namespace bpfw::test {
namespace {

using namespace parser;

std::optional<std::uint16_t> service(std::string_view name, std::string_view protocol) {
    if (name == "ssh" && protocol != "udp") return 22;
    if (name == "domain") return 53;
    if (name == "tftp" && protocol != "tcp") return 69;
    if (name == "http") return 80;
    if (name == "https") return 443;
    return std::nullopt;
}

std::vector<Address> host(std::string_view name, Family family) {
    const Address first{{192, 0, 2, 1}};
    const Address second{{192, 0, 2, 2}};
    const Address sixth{{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    if (name == "two.example" && family == Family::Ipv4) return {first, second};
    if (name == "one.example" && family == Family::Ipv4) return {first};
    if (name == "one.example") return {sixth};
    return {};
}

std::string joined(const std::vector<Statement>& statements) {
    std::string out;
    for (const Statement& statement : statements) {
        if (!out.empty()) out += '\n';
        out += to_text(statement);
    }
    return out;
}

Parsed parse(std::string_view line, Family family) {
    Sources sources;
    Diagnostics diags;
    const std::uint32_t source = sources.add("test", std::string(line));
    const auto words =
        shell_words({source, 0, static_cast<std::uint32_t>(line.size())}, sources, diags);
    Parsed out;
    if (words) {
        std::vector<std::string> texts;
        for (const Word& word : *words) texts.push_back(word.text);
        out.line = parse_command_line(texts, family, "command line", fixed_names(), sources, diags);
        out.text = joined(out.line.statements);
    }
    if (!diags.all().empty()) {
        out.classic = diags.all().front().classic();
        out.said = diags.all().front().text();
        out.kind = diags.all().front().kind();
    }
    return out;
}

}  // namespace

Names fixed_names() {
    return {service,
            [](std::string_view name) -> std::optional<std::uint8_t> {
                if (name == "own-protocol") return 200;
                return std::nullopt;
            },
            host};
}

FileDefaults fixed_defaults(Family family) {
    FileDefaults out;
    out.family = family;
    out.short_forms = ShortForms::Read;
    out.read_expression = [](const std::string& name) -> Result<ExpressionFile> {
        if (name == "two.expr") return ExpressionFile{"dir/two.expr", "tcp # c\n or udp\n"};
        if (name == "empty.expr") return ExpressionFile{"dir/empty.expr", "\n# arp\n"};
        if (name == "bad.expr") return ExpressionFile{"dir/bad.expr", "tcp or\n  nonsense\n"};
        return failure("read", "dir/" + name, ENOENT);
    };
    return out;
}

Parsed parse4(std::string_view line) { return parse(line, Family::Ipv4); }
Parsed parse6(std::string_view line) { return parse(line, Family::Ipv6); }

ParsedFile parse_text(std::string_view text, Family family) {
    Sources sources;
    Diagnostics diags;
    const std::uint32_t source = sources.add("t.rules", std::string(text));
    ParsedFile out;
    out.statements = parse_rules(source, fixed_defaults(family), fixed_names(), sources, diags);
    for (const Statement& statement : out.statements) {
        if (statement.family == Family::Ipv6) out.text += "6 ";
        out.text += to_text(statement) + "\n";
    }
    out.diagnostics = render(diags, sources);
    return out;
}

bool survives_printing(const Statement& statement) {
    // The block's own lines cannot stand inside a block, and -t can name what no block can.
    if (std::holds_alternative<BeginTable>(statement.action)) return true;
    if (std::holds_alternative<Commit>(statement.action)) return true;
    Statement in_filter = statement;
    in_filter.table = "filter";
    if (std::holds_alternative<AppendFrameRule>(statement.action)) {
        const ParsedFile read = parse_text(to_text(in_filter) + "\n");
        return read.statements.size() == 1 && read.statements[0].action == in_filter.action;
    }
    const ParsedFile read =
        parse_text("*filter\n" + to_text(in_filter) + "\nCOMMIT\n", statement.family);
    return read.statements.size() == 3 && read.statements[1] == in_filter;
}

}  // namespace bpfw::test
