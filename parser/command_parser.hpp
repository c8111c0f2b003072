// SPDX-License-Identifier: GPL-2.0-or-later
// The words of one command -> statements. parse_words() is the only door; the
// class is here so that its parts can live in two files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "parser/ast.hpp"
#include "parser/matches.hpp"
#include "parser/option_reader.hpp"
#include "parser/parse.hpp"
#include "parser/words.hpp"

namespace bpfw::parser {

enum class FamilyFrom : std::uint8_t { Fixed, Line };  // Line: -4 and -6 in the line may choose
enum class TableFrom : std::uint8_t { Line, Block };   // Block: inside "*table" ... COMMIT

// What a line inherits.
struct LineSettings {
    Family family = Family::Ipv4;
    FamilyFrom family_from = FamilyFrom::Fixed;
    std::string table = "filter";
    TableFrom table_from = TableFrom::Line;
    std::optional<Counters> counters;  // "[packets:bytes]" before the command
    Span line;
};

enum class LineOutcome : std::uint8_t { Good, Mistake, OtherFamily };

// OtherFamily: -4 or -6 chose the family that `settings` has not; ask again with that one fixed.
LineOutcome parse_words(const std::vector<Word>& words, const LineSettings& settings,
                        const Names& names, Diagnostics& diags, CommandLine& out);

// Whether a chain may be made with this name; if not, `diags` says why.
bool check_new_chain(const Word& name, Family family, Diagnostics& diags);
// Whether a chain with this name can exist at all.
bool check_chain(const Word& name, Diagnostics& diags);

// One address option, until the end of the line.
struct AddressOption {
    Sense sense = Sense::Is;
    Word value;
    Span at;
};

// "1.2.3.4/24,host" -> its addresses; empty after a mistake. An address that every packet
// has (/0) is an entry without value.
std::vector<std::optional<AddressMatch>> read_addresses(const AddressOption& option, char letter,
                                                        Family family, const Names& names,
                                                        Diagnostics& diags);

class CommandParser {
public:
    CommandParser(const std::vector<Word>& words, const LineSettings& settings, const Names& names,
                  Diagnostics& diags, CommandLine& out)
        : settings_(settings),
          names_(names),
          diags_(diags),
          out_(out),
          reader_(words),
          reading_{settings.family, names, diags, reader_, rule_.protocol} {}

    LineOutcome run();

private:
    // Each returns false after a mistake.
    bool handle(const OptionEvent& event);
    bool handle_option(const OptionEvent& event);
    bool handle_command(const OptionEvent& event);
    bool handle_match_option(const OptionEvent& event);
    bool handle_plain(const Word& word);
    bool handle_unknown(const OptionEvent& event);
    bool missing_value(const OptionEvent& event);

    bool begin_command(const OptionEvent& event);
    bool take_chain(const OptionEvent& event);
    bool take_position();
    bool rename(const OptionEvent& event);
    bool policy(const OptionEvent& event);

    bool mark(const OptionEvent& event, char letter);
    bool not_joined(const OptionEvent& event);
    bool protocol(const OptionEvent& event);
    bool interface(const OptionEvent& event);
    bool fragments(const OptionEvent& event);
    bool load(const OptionEvent& event);
    bool jump(const OptionEvent& event);
    bool table(const OptionEvent& event);
    bool counters(const OptionEvent& event);
    bool wait(const OptionEvent& event);
    bool wait_interval(const OptionEvent& event);
    bool family(const OptionEvent& event);
    void help();

    // ---- command_finish.cpp: after the last word
    bool finish();
    bool check_command();
    bool check_options();
    bool check_interfaces();
    bool check_kernel();
    bool kernel_refuses(Span at, const std::string& text, const std::string& hint);
    bool build();
    void add_rules(const std::vector<std::optional<AddressMatch>>& sources,
                   const std::vector<std::optional<AddressMatch>>& destinations);
    void add_plain();
    void add(Action action);
    [[nodiscard]] bool has_command(char letter) const {
        return commands_.find(letter) != std::string::npos;
    }
    [[nodiscard]] bool rule_command() const {
        return commands_.find_first_of("AIRC") != std::string::npos ||
               (has_command('D') && !position_);
    }
    [[nodiscard]] bool given(char letter) const { return seen_.find(letter) != std::string::npos; }
    [[nodiscard]] Span from(const OptionEvent& event) const;

    const LineSettings& settings_;
    const Names& names_;
    Diagnostics& diags_;
    CommandLine& out_;
    OptionReader reader_;

    Rule rule_;
    Reading reading_;
    std::vector<LoadedMatch> matches_;
    std::string commands_;  // letters of the commands, in order
    std::string seen_;      // letters of the options, in order
    std::optional<Word> chain_;
    std::optional<std::uint32_t> position_;
    Word new_name_;
    Verdict policy_ = Verdict::Accept;
    std::optional<AddressOption> source_;
    std::optional<AddressOption> destination_;
    std::optional<Counters> counters_;
    Sense sense_ = Sense::Is;  // of the next option: a "!" was read
    Span not_at_;
    bool ended_ = false;          // --help or --version: nothing more counts
    bool other_family_ = false;   // -4 or -6 asks for a new start
    bool value_was_not_ = false;  // the last option's value was "!"
};

}  // namespace bpfw::parser
