// SPDX-License-Identifier: GPL-2.0-or-later
// What is told to a user whose text is wrong: collected, several per run.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "parser/base/span.hpp"

namespace bpfw::parser {

enum class Severity : std::uint8_t { Error, Warning };

// What kind of mistake it is; the iptables faces (compat/) turn it into an exit code.
enum class Mistake : std::uint8_t {
    Parameter,    // a bad option or value: iptables' PARAMETER_PROBLEM
    Missing,      // no such chain, rule or target: iptables' OTHER_PROBLEM
    Unsupported,  // iptables has it, bpfw has not (yet)
    Refused,      // well said, but the kernel would refuse it (exit code 4): a loop, -X in use
};

struct Note {
    Span span;
    std::string text;
};

// One message. `text` is our wording; `classic`, when set, is the one line that
// iptables 1.8.9 prints for the same mistake, without the "iptables v1.8.9: "
// prefix (clients grep it).
class Diagnostic {
public:
    Diagnostic(Severity severity, Span span, std::string text)
        : severity_(severity), span_(span), text_(std::move(text)) {}

    Diagnostic& hint(std::string text);
    Diagnostic& note(Span span, std::string text);
    Diagnostic& classic(std::string text);
    Diagnostic& kind(Mistake mistake);

    [[nodiscard]] Severity severity() const { return severity_; }
    [[nodiscard]] Span span() const { return span_; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] const std::string& hint() const { return hint_; }
    [[nodiscard]] const std::string& classic() const { return classic_; }
    [[nodiscard]] Mistake kind() const { return mistake_; }
    [[nodiscard]] const std::deque<Note>& notes() const { return notes_; }

private:
    Severity severity_;
    Mistake mistake_ = Mistake::Parameter;
    Span span_;
    std::string text_;
    std::string hint_;
    std::string classic_;
    std::deque<Note> notes_;
};

class Diagnostics {
public:
    // The reference stays valid while the Diagnostics lives.
    Diagnostic& error(Span span, std::string text);
    Diagnostic& warning(Span span, std::string text);
    [[nodiscard]] bool has_errors() const { return errors_ != 0; }
    [[nodiscard]] std::size_t error_count() const { return errors_; }
    [[nodiscard]] const std::deque<Diagnostic>& all() const { return all_; }

private:
    std::deque<Diagnostic> all_;
    std::size_t errors_ = 0;
};

// "web.rules:7:25: error: port 70000 is out of range (0-65535)", the line, a
// caret line, then notes and the hint. Long lines are cut around the caret.
std::string render(const Diagnostic& diagnostic, const Sources& sources);
std::string render(const Diagnostics& diagnostics, const Sources& sources);

}  // namespace bpfw::parser
