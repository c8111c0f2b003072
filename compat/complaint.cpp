// SPDX-License-Identifier: GPL-2.0-or-later
// Diagnostics and Errors -> what iptables prints on its standard error; complain() is the
// door. The first line is the one that clients look for, everything of ours comes below.
#include "compat/complaint.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace bpfw::compat {
namespace {

using parser::Diagnostic;
using parser::Mistake;

// What iptables says for it, our own words where it has none.
std::string wording(const Diagnostic& diagnostic) {
    return diagnostic.classic().empty() ? diagnostic.text() : diagnostic.classic();
}

// iptables-restore says "Error occurred at line: 3" below a mistake in a rule.
std::string parameter_lines(const Face& face, const Diagnostic& error, std::uint32_t line) {
    const std::string text = wording(error);
    // This one alone comes without program and version (xshared.c).
    const bool bare = text.rfind("Bad argument `", 0) == 0;
    return (bare ? "" : versioned(face)) + text + "\n" +
           (face.role == Role::Restore ? fmt::format("Error occurred at line: {}\n", line) : "") +
           try_help(face);
}

std::string missing_line(const Face& face, const Diagnostic& error, std::uint32_t line) {
    if (face.role != Role::Restore) return fmt::format("{}: {}\n", face.program, wording(error));
    const std::string& reason = error.classic();
    return fmt::format("{}: line {} failed{}{}\n", face.program, line, reason.empty() ? "" : ": ",
                       reason);
}

std::string refused_line(const Face& face, const Diagnostic& error, std::uint32_t line) {
    std::string text = wording(error);
    text.erase(0, text.find_first_not_of(' '));
    if (face.role != Role::Restore) return versioned(face) + " " + text + "\n";
    return versioned(face) + fmt::format("\nline {}: {}\n", line, text);
}

const Diagnostic& first_error(const parser::Diagnostics& diags) {
    for (const Diagnostic& diagnostic : diags.all()) {
        if (diagnostic.severity() == parser::Severity::Error) return diagnostic;
    }
    BPFW_BUG("a complaint without an error");
}

}  // namespace

std::string versioned(const Face& face) { return fmt::format("{} {}: ", face.program, kVersion); }

std::string try_help(const Face& face) {
    return fmt::format("Try `{0} -h' or '{0} --help' for more information.\n", face.program);
}

Answer complain(const Face& face, const parser::Diagnostics& diags,
                const parser::Sources& sources) {
    const Diagnostic& first = first_error(diags);
    const std::uint32_t line = sources.position(first.span()).line;
    Answer answer;
    switch (first.kind()) {
        case Mistake::Parameter:
        case Mistake::Unsupported:
            answer.err = parameter_lines(face, first, line);
            answer.exit = Exit::Parameter;
            break;
        case Mistake::Missing:
            answer.err = missing_line(face, first, line);
            answer.exit = Exit::Other;
            break;
        case Mistake::Refused:
            answer.err = refused_line(face, first, line);
            answer.exit = Exit::Resource;
            break;
    }
    answer.err += render(diags, sources);
    return answer;
}

Answer complain_of_compile(const Face& face, const parser::Diagnostics& diags,
                           const parser::Sources& sources) {
    return {"", versioned(face) + first_error(diags).text() + "\n" + render(diags, sources),
            Exit::Resource};
}

Answer complain(const Face& face, const Error& error) {
    // The verifier says EACCES too, with a log: that is our mistake and not the caller's.
    const bool permission =
        (error.error_number == EPERM || error.error_number == EACCES) && error.log.empty();
    std::string text = versioned(face);
    if (permission) {
        text += "Could not fetch rule set generation id: Permission denied (you must be root)\n";
    }
    text += to_text(error) + "\n";
    return {"", text, Exit::Resource};
}

Answer complain_of_lock(const Face& face, const Error& error, std::optional<int> wait) {
    if (error.error_number != EAGAIN && error.error_number != ETIMEDOUT) {
        return complain(face, error);
    }
    const std::string text = "Another app is currently holding the xtables lock. ";
    if (!wait) return {"", text + "Perhaps you want to use the -w option?\n", Exit::Resource};
    return {"", text + fmt::format("Stopped waiting after {}s.\n", *wait), Exit::Resource};
}

Answer complain_of_table(const Face& face, const std::string& table) {
    return {"",
            versioned(face) +
                fmt::format("can't initialize {} table `{}': Table does not exist (do you need to "
                            "insmod?)\nbpfw has only the table filter yet.\n",
                            face.family == parser::Family::Ipv4 ? "iptables" : "ip6tables", table),
            Exit::Version};
}

}  // namespace bpfw::compat
