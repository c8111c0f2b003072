// SPDX-License-Identifier: GPL-2.0-or-later
// argv -> Options. The one table of commands and options; --help prints it and a test holds
// man/bpfw.8.scd against it. parse_options() is the door.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/exit_code.hpp"
#include "parser/ast.hpp"
#include "runtime/runtime.hpp"

namespace bpfw::cli {

enum class Command : std::uint8_t { Compile, Load, Unload, Status, Test, Reload, Log, Version };

struct Options {
    Command command = Command::Version;
    std::vector<std::string> files;          // rules; "-" is stdin
    std::optional<std::string> expression;   // -e: a tcpdump expression instead of rules
    std::string expression_file;             // -F: the same, in a file; "-" is stdin
    std::optional<parser::Address> netmask;  // IPv4: for `ip broadcast`
    int classic = 0;                         // compile -d: how many of them
    bool count = false;                      // test --count
    std::optional<parser::Family> family;    // -4 / -6
    std::string output;                      // compile -o
    std::string dump_after;
    bool dot = false;
    std::vector<std::string> devices;
    runtime::Mode mode = runtime::Mode::Auto;
    std::optional<int> wait;  // -w; 0 = for ever
    std::string directory;    // reload
    bool json = false;
    bool verbose = false;
    std::string capture;                  // test --pcap, log --pcap
    std::optional<std::uint64_t> events;  // log --events: as many, then end
    bool no_follow = false;               // log: end when the buffer is empty
    runtime::TestHook hook = runtime::TestHook::Input;
    std::string in_interface;
    std::string out_interface;
};

// -e or -F was given.
bool has_expression(const Options& options);

// Nothing to run: the text is printed (stdout when code is Ok, else stderr).
struct Answer {
    Exit code = Exit::Ok;
    std::string text;
};

// `words` is argv without argv[0].
std::variant<Options, Answer> parse_options(const std::vector<std::string>& words);

// Every option as --help shows it: {"load", "--mode", ...}; command "" for bpfw itself.
struct OptionEntry {
    std::string command;
    std::vector<std::string> names;  // "-w", "--wait"
};
std::vector<OptionEntry> option_table();
std::vector<std::string> command_names();

}  // namespace bpfw::cli
