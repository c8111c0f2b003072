// SPDX-License-Identifier: GPL-2.0-or-later
// A line of text -> its words, each knowing where it was written. Two ways to
// quote exist: iptables-restore's own, and the shell's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/base/diagnostics.hpp"
#include "parser/base/span.hpp"

namespace bpfw::parser {

struct Word {
    std::string text;  // without its quotes
    Span at;           // with its quotes
    Span inside;       // just the text where it stands as it is between the quotes, else as `at`
};

// The word that was written as `raw`, at `at`.
Word word_of(std::string text, std::string_view raw, Span at);

// Whether an unquoted word that begins with '#' ends the line.
enum class Comments : std::uint8_t { Words, Skipped };

// As iptables-restore 1.8.9 splits: blanks separate, only "..." quotes (inside it a
// backslash takes the next byte as it is), and a closing quote ends the word. A backslash
// before a newline counts as a blank. Nothing on a mistake, which is then in `diags`.
std::optional<std::vector<Word>> restore_words(Span line, Comments comments, const Sources& sources,
                                               Diagnostics& diags);

// As a POSIX shell splits one plain command: '...', "...", backslash, comments, and a
// backslash before a newline joins lines. Expansions, pipes and lists are mistakes: bpfw runs no
// shell.
std::optional<std::vector<Word>> shell_words(Span line, const Sources& sources, Diagnostics& diags);

// The texts as one line that shell_words() splits into them again. `words` gets each with its
// place in that line, which is to become source number `source`.
std::string shell_joined(const std::vector<std::string>& texts, std::uint32_t source,
                         std::vector<Word>& words);

}  // namespace bpfw::parser
