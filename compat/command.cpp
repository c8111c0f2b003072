// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a command line -> done, as iptables does it; run_command() is the door.
#include <fmt/format.h>

#include "compat/complaint.hpp"
#include "compat/host.hpp"
#include "compat/transaction.hpp"
#include "parser/help.hpp"

namespace bpfw::compat {
namespace {

Counts counts_of(const parser::CommandLine& line) {
    if (line.verbose == 0) return Counts::Hidden;
    return line.exact ? Counts::Exact : Counts::Scaled;
}

ListFormat format_of(const parser::CommandLine& line) {
    return {line.numeric ? Numbers::Plain : Numbers::Named, counts_of(line),
            line.line_numbers ? LineNumbers::Yes : LineNumbers::No};
}

std::string help_text(const Face& face, const std::string& about) {
    const std::string match = parser::match_help(about, face.family);
    return fmt::format("{} {}\n\n{}{}{}", face.program, kVersion,
                       parser::command_help(face.program, face.family), match.empty() ? "" : "\n",
                       match);
}

}  // namespace

Answer run_command(const Face& face, const std::vector<std::string>& words, const Host& host) {
    parser::Sources sources;
    parser::Diagnostics diags;
    parser::CommandLine line =
        parser::parse_command_line(words, face.family, "command line", host.names, sources, diags);
    if (line.version) return {fmt::format("{} {}\n", face.program, kVersion), "", Exit::Ok};
    if (line.help) return {help_text(face, line.help_for), "", Exit::Ok};
    if (diags.has_errors()) return complain(face, diags, sources);
    if (line.only && *line.only != face.family) return {"", try_help(face), Exit::Parameter};
    if (line.table != "filter") return complain_of_table(face, line.table);
    return carry_out({std::move(line.statements), compiler::Restore::Keep, line.wait, Effect::Load,
                      format_of(line), line.verbose != 0},
                     face, host, sources, diags);
}

}  // namespace bpfw::compat
