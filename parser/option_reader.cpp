// SPDX-License-Identifier: GPL-2.0-or-later
// Words -> one option after the other. OptionReader::next() is the only door.
#include "parser/option_reader.hpp"

namespace bpfw::parser {
namespace {

// The part of a word from `offset` on; exact when the word was written without quotes.
Word tail(const Word& word, std::size_t offset) {
    Word out{word.text.substr(offset), word.at, word.at};
    if (word.inside.end - word.inside.begin == word.text.size()) {
        out.inside = word.inside;
        out.inside.begin += static_cast<std::uint32_t>(offset);
    }
    if (word.at.end - word.at.begin == word.text.size()) out.at = out.inside;
    return out;
}

}  // namespace

bool OptionReader::has_plain() const {
    if (index_ >= words_->size()) return false;
    const std::string& text = (*words_)[index_].text;
    return text.empty() || (text[0] != '-' && text[0] != '!');
}

OptionEvent OptionReader::next() {
    if (index_ >= words_->size()) return {};
    const Word& word = (*words_)[index_];
    if (letter_ != 0) return next_letter(word);
    if (word.text == "--") {
        ++index_;
        return {};
    }
    if (word.text.size() < 2 || word.text[0] != '-') {
        OptionEvent event;
        event.kind = OptionEvent::Kind::Plain;
        event.word = word;
        ++index_;
        return event;
    }
    if (word.text[1] == '-') return next_long(word);
    letter_ = 1;
    return next_letter(word);
}

OptionReader::Found OptionReader::find_long(std::string_view name) const {
    Found abbreviated;
    bool ambiguous = false;
    const auto look = [&](std::span<const OptionSpec> options, int owner) -> const OptionSpec* {
        for (const OptionSpec& option : options) {
            if (option.name == name) return &option;
            if (name.empty() || option.name.substr(0, name.size()) != name) continue;
            if (abbreviated.option == nullptr) {
                abbreviated = {&option, owner};
            } else if (abbreviated.owner != owner || abbreviated.option->id != option.id) {
                ambiguous = true;
            }
        }
        return nullptr;
    };
    if (const OptionSpec* exact = look(main_options(), kMain)) return {exact, kMain};
    for (const OptionTable& table : tables_) {
        if (const OptionSpec* exact = look(table.options, table.owner)) return {exact, table.owner};
    }
    return ambiguous ? Found{} : abbreviated;
}

OptionEvent OptionReader::with_next_word(OptionEvent event) {
    if (index_ >= words_->size()) {
        event.kind = OptionEvent::Kind::MissingValue;
        return event;
    }
    event.has_value = true;
    event.value = take();
    return event;
}

OptionEvent OptionReader::next_long(const Word& word) {
    const std::string_view text = std::string_view(word.text).substr(2);
    const std::size_t equals = text.find('=');
    const Found found = find_long(text.substr(0, equals));
    OptionEvent event;
    event.kind = OptionEvent::Kind::Unknown;
    event.word = word;
    if (found.option == nullptr) return event;
    const bool has_value = equals != std::string_view::npos;
    if (has_value && found.option->argument == Argument::None) return event;
    ++index_;
    event.kind = OptionEvent::Kind::Option;
    event.option = found.option;
    event.owner = found.owner;
    if (has_value) {
        event.has_value = true;
        event.form = OptionEvent::Form::Joined;
        event.value = tail(word, equals + 3);
        return event;
    }
    return found.option->argument == Argument::Required ? with_next_word(std::move(event)) : event;
}

OptionEvent OptionReader::next_letter(const Word& word) {
    OptionEvent event;
    event.kind = OptionEvent::Kind::Unknown;
    event.word = word;
    const char letter = word.text[letter_];
    for (const OptionSpec& option : main_options()) {
        if (option.letter == letter && letter != 0) event.option = &option;
    }
    if (event.option == nullptr) return event;
    event.kind = OptionEvent::Kind::Option;
    const bool last = letter_ + 1 == word.text.size();
    const std::size_t rest = letter_ + 1;
    letter_ = last || event.option->argument != Argument::None ? 0 : letter_ + 1;
    if (letter_ == 0) ++index_;
    if (event.option->argument == Argument::None) return event;
    if (last) {
        return event.option->argument == Argument::Required ? with_next_word(std::move(event))
                                                            : event;
    }
    event.has_value = true;
    event.form = OptionEvent::Form::Joined;
    event.value = tail(word, rest);
    return event;
}

}  // namespace bpfw::parser
