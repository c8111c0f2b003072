// SPDX-License-Identifier: GPL-2.0-or-later
// argv -> CommandLine. parse_command_line() is the only door.
#include "parser/command_parser.hpp"

namespace bpfw::parser {

CommandLine parse_command_line(const std::vector<std::string>& words, Family family,
                               const std::string& source_name, const Names& names, Sources& sources,
                               Diagnostics& diags) {
    // The number that add() is about to give; the Spans need it before.
    std::vector<Word> split;
    const std::string text = shell_joined(words, 0, split);
    const std::uint32_t source = sources.add(source_name, text);
    for (Word& word : split) word.at.source = word.inside.source = source;
    LineSettings settings;
    settings.family = family;
    settings.line = {source, 0, static_cast<std::uint32_t>(text.size())};
    CommandLine out;
    const LineOutcome outcome = parse_words(split, settings, names, diags, out);
    if (outcome != LineOutcome::Good) out.statements.clear();
    return out;
}

}  // namespace bpfw::parser
