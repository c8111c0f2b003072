// SPDX-License-Identifier: GPL-2.0-or-later
// Words -> options, as getopt_long(3) does it: clusters of letters, values joined
// or in the next word, long names cut short where that is unambiguous.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "parser/options.hpp"
#include "parser/words.hpp"

namespace bpfw::parser {

// The options of one loaded match; `owner` is its number.
struct OptionTable {
    int owner = 0;
    std::span<const OptionSpec> options;
};

struct OptionEvent {
    enum class Kind : std::uint8_t { Option, Plain, Unknown, MissingValue, End };
    enum class Form : std::uint8_t { Apart, Joined };  // "-s x" or "-sx", "--source=x"

    Kind kind = Kind::End;
    const OptionSpec* option = nullptr;
    int owner = -1;          // -1: the command itself
    Word word;               // the word that holds the option (or the plain word)
    bool has_value = false;  // for optional arguments
    Word value;
    Form form = Form::Apart;
};

class OptionReader {
public:
    static constexpr int kMain = -1;

    explicit OptionReader(const std::vector<Word>& words) : words_(&words) {}

    // The next option or plain word. Unknown does not move on, so that the caller may
    // add a table and ask again. Plain words come in order, "--" ends everything.
    OptionEvent next();
    // Newest first when names are the same; main options go before all.
    void add_table(OptionTable table) { tables_.insert(tables_.begin(), table); }

    // Whether a word follows that is neither an option nor "!"; and taking it.
    [[nodiscard]] bool has_plain() const;
    const Word& take() { return (*words_)[index_++]; }
    // Whether words were left behind a "--".
    [[nodiscard]] bool leftover() const { return index_ < words_->size(); }

private:
    struct Found {
        const OptionSpec* option = nullptr;
        int owner = kMain;
    };
    OptionEvent next_long(const Word& word);
    OptionEvent next_letter(const Word& word);
    [[nodiscard]] Found find_long(std::string_view name) const;
    OptionEvent with_next_word(OptionEvent event);

    const std::vector<Word>* words_;
    std::vector<OptionTable> tables_;
    std::size_t index_ = 0;
    std::size_t letter_ = 0;  // where in a cluster of letters; 0: at a word's begin
};

}  // namespace bpfw::parser
