// SPDX-License-Identifier: GPL-2.0-or-later
// Words -> options and the rest, with getopt_long(3)'s messages; OptionReader's constructor
// is the door.
#include "compat/option_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bpfw::compat {
namespace {

bool is_number(const std::string& word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

class Reading {
public:
    Reading(OptionReader& result, const std::string& program, const std::vector<std::string>& words,
            std::span<const Option> options)
        : result_(result), program_(program), words_(words), options_(options) {}

    void run() {
        for (; at_ < words_.size() && result_.mistake.empty(); ++at_) {
            const std::string& word = words_[at_];
            if (word == "--") {
                result_.rest.insert(result_.rest.end(),
                                    words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                                    words_.end());
                return;
            }
            if (word.rfind("--", 0) == 0) {
                long_option(word.substr(2));
            } else if (word.size() > 1 && word[0] == '-') {
                letters(word);
            } else {
                result_.rest.push_back(word);
            }
        }
    }

private:
    void mistake(const std::string& text) {
        result_.mistake = fmt::format("{}: {}\n", program_, text);
    }

    // The next word as an argument; false at the end of the line.
    bool next_word(std::string& argument) {
        if (at_ + 1 == words_.size()) return false;
        argument = words_[++at_];
        return true;
    }

    const Option* find_long(const std::string& name) {
        const Option* found = nullptr;
        for (const Option& option : options_) {
            if (option.name == name) return &option;
            if (option.name.substr(0, name.size()) != name) continue;
            if (found != nullptr) {
                mistake(fmt::format("option '--{}' is ambiguous", name));
                return nullptr;
            }
            found = &option;
        }
        if (found == nullptr) mistake(fmt::format("unrecognized option '--{}'", name));
        return found;
    }

    void long_option(const std::string& text) {
        const std::size_t equals = text.find('=');
        const Option* option = find_long(text.substr(0, equals));
        if (option == nullptr) return;
        GivenOption given{option->letter, ""};
        if (equals != std::string::npos) {
            given.argument = text.substr(equals + 1);
            if (option->argument == Argument::No) {
                return mistake(
                    fmt::format("option '--{}' doesn't allow an argument", option->name));
            }
        } else if (!take_argument(*option, given.argument)) {
            return mistake(fmt::format("option '--{}' requires an argument", option->name));
        }
        result_.given.push_back(given);
    }

    bool take_argument(const Option& option, std::string& argument) {
        if (option.argument == Argument::Required) return next_word(argument);
        const bool number_follows = at_ + 1 < words_.size() && is_number(words_[at_ + 1]);
        if (option.argument == Argument::Optional && number_follows) next_word(argument);
        return true;
    }

    void letters(const std::string& word) {
        for (std::size_t i = 1; i < word.size(); ++i) {
            const auto option = std::find_if(options_.begin(), options_.end(),
                                             [&](const Option& o) { return o.letter == word[i]; });
            if (option == options_.end()) {
                return mistake(fmt::format("invalid option -- '{}'", word[i]));
            }
            GivenOption given{option->letter, ""};
            const bool more = i + 1 < word.size();
            if (option->argument != Argument::No && more) {
                given.argument = word.substr(i + 1);
            } else if (!take_argument(*option, given.argument)) {
                return mistake(fmt::format("option requires an argument -- '{}'", word[i]));
            }
            result_.given.push_back(given);
            if (option->argument != Argument::No && more) return;
        }
    }

    OptionReader& result_;
    const std::string& program_;
    const std::vector<std::string>& words_;
    std::span<const Option> options_;
    std::size_t at_ = 0;
};

}  // namespace

OptionReader::OptionReader(const std::string& program, const std::vector<std::string>& words,
                           std::span<const Option> options) {
    Reading(*this, program, words, options).run();
}

}  // namespace bpfw::compat
