// SPDX-License-Identifier: GPL-2.0-or-later
// (Expression, frame) that disagree -> smaller ones that do. minimise() is the door.
#include "tests/filter/minimise.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <functional>
#include <string_view>
#include <vector>

#include "tests/filter/libpcap_oracle.hpp"
#include "tests/filter/parse_text.hpp"

namespace bpfw::test::filter {
namespace {

using Words = std::vector<std::string>;

// Names and numbers (with the dots and colons of addresses), and single other characters.
Words split(const std::string& text) {
    Words words;
    const auto inside = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ':' ||
               c == '\\' || c == '/' || c == '-';
    };
    bool in_brackets = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '[') in_brackets = true;
        if (c == ']') in_brackets = false;
        const bool joins = inside(c) && !(in_brackets && c == ':');
        const bool before = i > 0 && inside(text[i - 1]) && !(in_brackets && text[i - 1] == ':');
        if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
        if (joins && before && !words.empty()) {
            words.back() += c;
        } else {
            words.emplace_back(1, c);
        }
    }
    return words;
}

bool is_operator(char c) { return std::string_view("<>=!&|").find(c) != std::string_view::npos; }

// Two-character operators stay together, all else is set apart.
std::string join(const Words& words) {
    std::string text;
    for (const std::string& word : words) {
        const bool glued =
            !text.empty() && word.size() == 1 && is_operator(word[0]) && is_operator(text.back());
        if (!text.empty() && !glued) text += ' ';
        text += word;
    }
    return text;
}

using Still = std::function<bool(const std::string&)>;

bool drop_words(Words& words, std::size_t run, const Still& still) {
    bool shrunk = false;
    for (std::size_t at = 0; at + run <= words.size();) {
        Words fewer = words;
        const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(at);
        fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(run));
        if (fewer.empty() || !still(join(fewer))) {
            at++;
            continue;
        }
        words = std::move(fewer);
        shrunk = true;
    }
    return shrunk;
}

// Runs of words are left out for as long as `still` holds; many at once first.
std::string fewer_words(const std::string& text, const Still& still) {
    Words words = split(text);
    if (!still(join(words))) return text;
    for (bool again = true; again;) {
        again = false;
        for (std::size_t run = words.size(); run > 0; run = run > 8 ? run * 2 / 3 : run - 1)
            again = drop_words(words, run, still) || again;
    }
    return join(words);
}

class Disagreement {
public:
    explicit Disagreement(Engine& engine) : engine_(engine), reference_(reference_engine()) {}

    bool about(const std::string& expression, const Sample& sample) {
        const ParsedText parsed = parse_text(expression);
        if (!parsed.expression || !oracle_.prepare(expression)) return false;
        const Subject subject{expression, *parsed.expression};
        if (!engine_.prepare(subject) || !reference_->prepare(subject)) return false;
        return about(sample);
    }

    // And the expression of the last call.
    bool about(const Sample& sample) {
        Verdict expected = oracle_.judge(sample);
        if (!decided(expected)) expected = reference_->judge(sample);
        const Verdict given = engine_.judge(sample);
        return decided(given) && expected != given;
    }

private:
    Engine& engine_;
    std::unique_ptr<Engine> reference_;
    LibpcapOracle oracle_;
};

void shrink_frame(Disagreement& disagreement, Sample& sample) {
    for (std::size_t cut = 64; cut > 0; cut /= 2)
        while (sample.bytes.size() > cut) {
            Sample shorter = sample;
            shorter.bytes.resize(sample.bytes.size() - cut);
            if (sample.length == sample.bytes.size())
                shorter.length = static_cast<std::uint32_t>(shorter.bytes.size());
            if (!disagreement.about(shorter)) break;
            sample = std::move(shorter);
        }
    for (std::size_t at = 0; at < sample.bytes.size() && at < 200; ++at) {
        Sample plainer = sample;
        plainer.bytes[at] = 0;
        if (disagreement.about(plainer)) sample = std::move(plainer);
    }
}

}  // namespace

void minimise(Engine& engine, std::string& expression, Sample& sample) {
    Disagreement disagreement(engine);
    expression = fewer_words(
        expression, [&](const std::string& text) { return disagreement.about(text, sample); });
    if (disagreement.about(expression, sample)) shrink_frame(disagreement, sample);
}

std::string minimised_failure(Engine& engine, const std::string& expression) {
    return fewer_words(expression, [&](const std::string& text) {
        const ParsedText parsed = parse_text(text);
        if (!parsed.expression) return false;
        const auto ready = engine.prepare({text, *parsed.expression});
        return !ready && ready.error().error_number != ENOTSUP;
    });
}

}  // namespace bpfw::test::filter
