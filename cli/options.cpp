// SPDX-License-Identifier: GPL-2.0-or-later
// argv -> Options, through CLI11; parse_options() is the only door. CLI11 stays in this file.
#include "cli/options.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

namespace bpfw::cli {
namespace {

constexpr int kForEver = 0;
constexpr std::size_t kInterfaceNameSize = 16;  // IFNAMSIZ: linux/if.h, with the byte 0
const std::string kVersion = "bpfw " BPFW_VERSION;

const std::map<std::string, Command> kCommands = {
    {"compile", Command::Compile}, {"load", Command::Load},      {"unload", Command::Unload},
    {"status", Command::Status},   {"test", Command::Test},      {"reload", Command::Reload},
    {"log", Command::Log},         {"version", Command::Version}};

const std::map<std::string, runtime::Mode> kModes = {{"auto", runtime::Mode::Auto},
                                                     {"offload", runtime::Mode::Offload},
                                                     {"native", runtime::Mode::Native},
                                                     {"generic", runtime::Mode::Generic},
                                                     {"tc", runtime::Mode::Tc}};

const std::map<std::string, runtime::TestHook> kHooks = {{"input", runtime::TestHook::Input},
                                                         {"forward", runtime::TestHook::Forward},
                                                         {"output", runtime::TestHook::Output}};

// One word of a fixed list, and a complaint that names the list.
template <typename Value>
CLI::Option* add_choice(CLI::App& app, const std::string& names, Value& value,
                        const std::map<std::string, Value>& choices, const std::string& help) {
    const auto take = [&value, &choices](const CLI::results_t& words) {
        const auto found = choices.find(words.front());
        if (found == choices.end()) {
            std::string known;
            for (const auto& [name, unused] : choices) known += known.empty() ? name : ", " + name;
            throw CLI::ValidationError(fmt::format("'{}' is none of: {}", words.front(), known));
        }
        value = found->second;
        return true;
    };
    return app.add_option(names, take, help);
}

void add_rules(CLI::App& app, Options& options, const std::string& help) {
    app.add_option("RULES", options.files, help)->required()->type_name("");
}

// Dotted quad -> address; CLI11's way to complain.
std::string take_netmask(const std::string& word, Options& options) {
    parser::Address mask;
    if (inet_pton(AF_INET, word.c_str(), mask.bytes.data()) != 1)
        return fmt::format("'{}' is no IPv4 netmask", word);
    options.netmask = mask;
    return "";
}

// Rules, or one expression instead of them (require_one_source() sees to it).
void add_rules_or_expression(CLI::App& app, Options& options) {
    CLI::Option* rules =
        app.add_option("RULES", options.files, "rules files; - is standard input")->type_name("");
    CLI::Option* expression =
        app.add_option("-e,--expression", options.expression, "a tcpdump expression, not rules")
            ->type_name("EXPR")
            ->excludes(rules);
    app.add_option("-F,--expression-file", options.expression_file,
                   "the same, from a file; - is standard input")
        ->type_name("FILE")
        ->excludes(rules)
        ->excludes(expression);
    app.add_option_function<std::string>(
           "--netmask",
           [&options](const std::string& word) {
               const std::string wrong = take_netmask(word, options);
               if (!wrong.empty()) throw CLI::ValidationError(wrong);
           },
           "IPv4 netmask, which `ip broadcast` in the expression needs")
        ->type_name("MASK");
}

void add_family(CLI::App& app, Options& options) {
    const auto set = [&options](parser::Family family) {
        return [&options, family](std::int64_t) { options.family = family; };
    };
    CLI::Option* four = app.add_flag_function("-4,--ipv4", set(parser::Family::Ipv4),
                                              "lines that do not say it themselves are IPv4");
    CLI::Option* six = app.add_flag_function("-6,--ipv6", set(parser::Family::Ipv6),
                                             "lines that do not say it themselves are IPv6");
    four->excludes(six);
}

void add_lock(CLI::App& app, Options& options) {
    app.add_option("-w,--wait", options.wait,
                   "wait for the lock, for ever or so many seconds; without: fail at once")
        ->check(CLI::Range(0, 1000000))
        ->type_name("[SEC]");
}

void add_attachment(CLI::App& app, Options& options) {
    app.add_option("--dev", options.devices, "interface; may be repeated (default: every one)")
        ->allow_extra_args(false)
        ->type_name("IF");
    add_choice(app, "--mode", options.mode, kModes, "offload, native, generic, tc or auto")
        ->type_name("MODE");
    add_lock(app, options);
}

void add_verbose(CLI::App& app, Options& options) {
    app.add_flag("-v,--verbose", options.verbose,
                 "print the whole kernel log when the system refuses");
}

void add_json(CLI::App& app, Options& options) {
    app.add_flag("--json", options.json, "print JSON");
}

void add_compile(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand(
        "compile", "compile rules, or a tcpdump expression; print what they became");
    add_rules_or_expression(sub, options);
    CLI::Option* output =
        sub.add_option("-o,--output", options.output, "write the BPF object there, print nothing")
            ->type_name("FILE");
    CLI::Option* dump =
        sub.add_option("--dump-after", options.dump_after, "print the rules after this stage")
            ->type_name("STAGE");
    CLI::Option* dot =
        sub.add_flag("--dot", options.dot, "print the control-flow graph for Graphviz")
            ->excludes(output)
            ->excludes(dump);
    dump->excludes(output);
    sub.add_flag(
           "-d", options.classic,
           "print the expression's classic bytecode as tcpdump does; -dd as C, -ddd as numbers")
        ->excludes(output)
        ->excludes(dump)
        ->excludes(dot);
    add_family(sub, options);
}

void add_load(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand("load", "compile rules and enforce them");
    add_rules(sub, options, "rules files; - is standard input");
    add_attachment(sub, options);
    add_family(sub, options);
    add_verbose(sub, options);
}

void add_unload(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand("unload", "take the rules away: every packet passes");
    add_lock(sub, options);
}

void add_status(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand("status", "what is enforced, where, and its counters");
    add_json(sub, options);
}

// CLI11's way to say what is wrong with a word; "" when nothing is.
std::string is_interface_name(const std::string& word) {
    if (!word.empty() && word.size() < kInterfaceNameSize) return "";
    return fmt::format("'{}' is no interface's name (1 to {} bytes)", word, kInterfaceNameSize - 1);
}

void add_test(CLI::App& app, Options& options) {
    CLI::App& sub =
        *app.add_subcommand("test", "run a capture's packets through rules, attached to nothing");
    add_rules_or_expression(sub, options);
    sub.add_flag("--count", options.count, "print only how many packets the expression matches");
    sub.add_option("--pcap", options.capture, "the capture (pcap or pcapng, Ethernet)")
        ->required()
        ->type_name("FILE");
    add_choice(sub, "--hook", options.hook, kHooks, "input (default), forward or output")
        ->type_name("HOOK");
    sub.add_option("--in-interface", options.in_interface,
                   "where the packets come in (input, forward)")
        ->check(is_interface_name)
        ->type_name("IF");
    sub.add_option("--out-interface", options.out_interface,
                   "where the packets go out (forward, output)")
        ->check(is_interface_name)
        ->type_name("IF");
    add_json(sub, options);
    add_family(sub, options);
    add_verbose(sub, options);
}

void add_log(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand("log", "follow what `log` rules record");
    sub.add_option("--pcap", options.capture,
                   "write a capture instead of lines; - is standard output")
        ->type_name("FILE");
    sub.add_option("--events", options.events, "end after so many")
        ->check(CLI::Range(1, 1000000000))
        ->type_name("N");
    sub.add_flag("--no-follow", options.no_follow, "end when what is recorded has been shown");
}

void add_reload(CLI::App& app, Options& options) {
    CLI::App& sub = *app.add_subcommand("reload", "enforce the configured rules files");
    sub.add_option("FILE", options.files, "rules files instead of the configured ones")
        ->type_name("");
    sub.add_option("--dir", options.directory,
                   "configuration directory (default: " BPFW_CONFIG_DIR ")")
        ->type_name("DIR");
    add_attachment(sub, options);
    add_verbose(sub, options);
}

std::unique_ptr<CLI::App> make_app(Options& options) {
    auto app = std::make_unique<CLI::App>("iptables rules, compiled to eBPF", "bpfw");
    app->set_version_flag("--version", kVersion, "print the version");
    app->set_help_flag("-h,--help", "print this help");
    app->require_subcommand(1);
    app->get_formatter()->column_width(28);
    add_compile(*app, options);
    add_load(*app, options);
    add_unload(*app, options);
    add_status(*app, options);
    add_test(*app, options);
    add_reload(*app, options);
    add_log(*app, options);
    app->add_subcommand("version", "print the version");
    app->add_subcommand("help", "print a command's help: bpfw help COMMAND");
    return app;
}

bool is_number(const std::string& word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

// "help CMD" -> "CMD --help"; "-w" takes the next word only when that is a number, as iptables'
// does (CLI11 would take a file's name).
std::vector<std::string> normalised(const std::vector<std::string>& words) {
    if (!words.empty() && words.front() == "help") {
        std::vector<std::string> turned(words.begin() + 1, words.end());
        turned.emplace_back("--help");
        return turned;
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] != "-w" && words[i] != "--wait") {
            out.push_back(words[i]);
            continue;
        }
        const bool takes_next = i + 1 < words.size() && is_number(words[i + 1]);
        out.push_back(fmt::format("--wait={}", takes_next ? words[++i] : std::to_string(kForEver)));
    }
    return out;
}

const CLI::App* chosen_command(const CLI::App& app) {
    const std::vector<CLI::App*> parsed = app.get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
}

// The word in a command's place that is none, "" when all is well. CLI11 would only say that some
// subcommand is required, and answer `help NONSENSE` with the general help.
std::string unknown_command(const std::vector<std::string>& words) {
    const bool asks_help = words.size() > 1 && words.front() == "help";
    const std::string word = words.empty() ? "" : words[asks_help ? 1 : 0];
    const bool known = word.empty() || word == "help" || word.front() == '-' ||
                       kCommands.find(word) != kCommands.end();
    return known ? "" : word;
}

// What CLI11's table cannot say: one source is needed, and some options need an expression.
std::string wrong_source(const Options& options) {
    const bool optional = options.command == Command::Compile || options.command == Command::Test;
    if (!optional) return "";
    if (has_expression(options)) {
        const bool elsewhere = options.hook != runtime::TestHook::Input ||
                               !options.in_interface.empty() || !options.out_interface.empty();
        return elsewhere ? "--hook and interfaces are for rules: an expression is asked of the "
                           "frame alone"
                         : "";
    }
    if (options.files.empty()) return "RULES is required, or -e EXPR, or -F FILE";
    if (options.classic != 0) return "-d needs an expression: -e EXPR or -F FILE";
    if (options.netmask) return "--netmask needs an expression: -e EXPR or -F FILE";
    if (options.count) return "--count needs an expression: -e EXPR or -F FILE";
    return "";
}

// What the words of `bpfw test` say together that cannot be; "" when nothing.
std::string contradiction(const Options& options) {
    const bool input_hook = options.hook == runtime::TestHook::Input;
    const bool output_hook = options.hook == runtime::TestHook::Output;
    if (output_hook && !options.in_interface.empty())
        return "--in-interface: packets in OUTPUT have no input interface";
    if (input_hook && !options.out_interface.empty())
        return "--out-interface: packets in INPUT have no output interface";
    const bool rules_there =
        std::find(options.files.begin(), options.files.end(), "-") != options.files.end();
    if (options.capture == "-" && rules_there)
        return "standard input cannot be both the rules and the capture";
    if (options.capture == "-" && options.expression_file == "-")
        return "standard input cannot be both the expression and the capture";
    return "";
}

Answer complaint(const CLI::App& app, const CLI::ParseError& error) {
    const CLI::App* sub = chosen_command(app);
    const std::string command = sub == nullptr ? "" : " " + sub->get_name();
    return {Exit::Mistake,
            fmt::format("bpfw{}: {}\n  hint: bpfw help{}\n", command, error.what(), command)};
}

}  // namespace

bool has_expression(const Options& options) {
    return options.expression.has_value() || !options.expression_file.empty();
}

std::variant<Options, Answer> parse_options(const std::vector<std::string>& words) {
    if (const std::string word = unknown_command(words); !word.empty()) {
        return Answer{Exit::Mistake,
                      fmt::format("bpfw: no command '{}'\n  hint: bpfw help\n", word)};
    }
    Options options;
    const std::unique_ptr<CLI::App> app = make_app(options);
    std::vector<std::string> reversed = normalised(words);
    std::reverse(reversed.begin(), reversed.end());  // CLI11 takes words from the back
    try {
        app->parse(reversed);
    } catch (const CLI::CallForVersion&) {
        return Answer{Exit::Ok, kVersion + "\n"};
    } catch (const CLI::CallForHelp&) {
        const CLI::App* sub = chosen_command(*app);
        return Answer{Exit::Ok, sub == nullptr ? app->help() : sub->help("bpfw")};
    } catch (const CLI::ParseError& error) {
        return complaint(*app, error);
    }
    options.command = kCommands.at(chosen_command(*app)->get_name());
    if (options.command == Command::Version) return Answer{Exit::Ok, kVersion + "\n"};
    std::string wrong = wrong_source(options);
    if (wrong.empty()) wrong = contradiction(options);
    if (!wrong.empty()) {
        const std::string command = chosen_command(*app)->get_name();
        return Answer{Exit::Mistake,
                      fmt::format("bpfw {0}: {1}\n  hint: bpfw help {0}\n", command, wrong)};
    }
    return options;
}

std::vector<OptionEntry> option_table() {
    Options unused;
    const std::unique_ptr<CLI::App> app = make_app(unused);
    std::vector<OptionEntry> table;
    const auto add = [&table](const CLI::App& one, const std::string& command) {
        for (const CLI::Option* option : one.get_options()) {
            OptionEntry entry{command, {}};
            for (const std::string& name : option->get_snames()) entry.names.push_back("-" + name);
            for (const std::string& name : option->get_lnames()) entry.names.push_back("--" + name);
            if (!entry.names.empty()) table.push_back(std::move(entry));
        }
    };
    add(*app, "");
    for (const CLI::App* sub : app->get_subcommands({})) add(*sub, sub->get_name());
    return table;
}

std::vector<std::string> command_names() {
    Options unused;
    const std::unique_ptr<CLI::App> app = make_app(unused);
    std::vector<std::string> names;
    for (const CLI::App* sub : app->get_subcommands({})) names.push_back(sub->get_name());
    return names;
}

}  // namespace bpfw::cli
