// SPDX-License-Identifier: GPL-2.0-or-later
// The words of one command, option by option. What can only be known after the
// last word is in command_finish.cpp. parse_words() is the only door.
#include "parser/command_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

constexpr std::uint64_t kHighestRule = 2147483647;  // INT_MAX, as iptables
constexpr std::size_t kLongestInterface = 15;       // IFNAMSIZ - 1

// Where an option that nothing offers would belong.
std::string owner_hint(std::string_view word, Family family) {
    if (word.size() < 3 || word.substr(0, 2) != "--") return "";
    const std::string_view name = word.substr(2, word.find('=') - 2);
    std::string out;
    for (const MatchSpec& spec : match_specs()) {
        if (find_match(spec.name, family) == nullptr) continue;
        for (const OptionSpec& option : spec.options) {
            if (option.name != name) continue;
            if (!out.empty()) out += " or ";
            out += spec.protocol != 0 ? fmt::format("-p {}", protocol_table_name(spec.protocol))
                                      : fmt::format("-m {}", spec.name);
        }
    }
    return out.empty() ? "" : fmt::format("it needs {} before it", out);
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

// -s, -d, -p, -j, -i and -o read their own word again in iptables 1.8.9 (argv[optind - 1]), so
// that a joined value is misread; what it then says.
std::string joined_classic(char letter, const std::string& word) {
    switch (letter) {
        case 'p':
            return fmt::format("unknown protocol \"{}\" specified", lower(word));
        case 'j':
            return fmt::format("Chain '{}' does not exist", word);
        case 'i':
        case 'o':
            return word.size() <= kLongestInterface
                       ? ""
                       : fmt::format("interface name `{}' must be shorter than IFNAMSIZ (15)",
                                     word);
        default:
            return fmt::format("host/network `{}' not found", word);
    }
}

}  // namespace

Span CommandParser::from(const OptionEvent& event) const {
    const Span begin = sense_ == Sense::IsNot ? not_at_ : event.word.at;
    return {begin.source, begin.begin,
            event.has_value ? std::max(event.value.at.end, event.word.at.end) : event.word.at.end};
}

LineOutcome CommandParser::run() {
    rule_.at = settings_.line;
    out_.table = settings_.table;
    for (;;) {
        const OptionEvent event = reader_.next();
        if (event.kind == OptionEvent::Kind::End) break;
        if (!handle(event)) {
            return other_family_ ? LineOutcome::OtherFamily : LineOutcome::Mistake;
        }
        if (ended_) return LineOutcome::Good;
    }
    return finish() ? LineOutcome::Good : LineOutcome::Mistake;
}

bool CommandParser::handle(const OptionEvent& event) {
    switch (event.kind) {
        case OptionEvent::Kind::Plain:
            return handle_plain(event.word);
        case OptionEvent::Kind::Unknown:
            return handle_unknown(event);
        case OptionEvent::Kind::MissingValue:
            return missing_value(event);
        case OptionEvent::Kind::End:
            return true;
        case OptionEvent::Kind::Option:
            break;
    }
    value_was_not_ = event.has_value && event.value.text == "!";
    const bool good =
        event.owner == OptionReader::kMain ? handle_option(event) : handle_match_option(event);
    sense_ = Sense::Is;
    return good;
}

bool CommandParser::handle_plain(const Word& word) {
    if (word.text == "!") {
        if (sense_ == Sense::IsNot) {
            diags_.error(word.at, "two ! in a row").classic("multiple consecutive ! not allowed");
            return false;
        }
        sense_ = Sense::IsNot;
        not_at_ = word.at;
        return true;
    }
    Diagnostic& told = diags_.error(word.at, fmt::format("unexpected word '{}'", word.text))
                           .classic(fmt::format("Bad argument `{}'", word.text));
    if (value_was_not_) {
        told.hint("put the ! before the option");
    } else if (word.text.compare(0, 2, "\xe2\x80") == 0) {
        told.hint("the dash is not a '-'; was the rule copied from a text?");
    }
    return false;
}

bool CommandParser::handle_unknown(const OptionEvent& event) {
    const std::uint8_t number = rule_.protocol ? rule_.protocol->number : std::uint8_t{0};
    const MatchSpec* spec = match_of_protocol(number, settings_.family);
    const bool loaded = std::any_of(matches_.begin(), matches_.end(),
                                    [&](const LoadedMatch& m) { return m.spec == spec; });
    if (spec != nullptr && !loaded) {
        reader_.add_table({static_cast<int>(matches_.size()), spec->options});
        matches_.push_back(load_match(*spec, event.word.at));
        return true;
    }
    const std::string_view unsupported = unsupported_match_of_protocol(number, settings_.family);
    if (!unsupported.empty() && event.word.text.compare(0, 2, "--") == 0) {
        diags_.error(event.word.at, fmt::format("match '{}' is not supported yet", unsupported))
            .kind(Mistake::Unsupported);
        return false;
    }
    diags_.error(event.word.at, fmt::format("unknown option '{}'", event.word.text))
        .hint(owner_hint(event.word.text, settings_.family))
        .classic(fmt::format("unknown option \"{}\"", event.word.text));
    return false;
}

bool CommandParser::missing_value(const OptionEvent& event) {
    const std::string_view value = event.option->value;
    diags_
        .error(event.word.at, fmt::format("{} needs a value{}{}", event.word.text,
                                          value.empty() ? "" : ": ", value))
        .classic(fmt::format("option \"{}\" requires an argument", event.word.text));
    return false;
}

bool CommandParser::handle_match_option(const OptionEvent& event) {
    LoadedMatch& match = matches_[static_cast<std::size_t>(event.owner)];
    return read_option(match, {*event.option, sense_, event.word, event.value, from(event)},
                       reading_);
}

bool CommandParser::handle_option(const OptionEvent& event) {
    switch (event.option->id) {
        case 's':
        case 'd':
            if (!mark(event, event.option->letter != 0 ? event.option->letter
                                                       : static_cast<char>(event.option->id)) ||
                !not_joined(event)) {
                return false;
            }
            (event.option->id == 's' ? source_ : destination_) =
                AddressOption{sense_, event.value, from(event)};
            return true;
        case 'p':
            return protocol(event);
        case 'i':
        case 'o':
            return interface(event);
        case 'f':
            return fragments(event);
        case 'm':
            return load(event);
        case 'j':
        case 'g':
            return jump(event);
        case 't':
            return table(event);
        case 'n':
            out_.numeric = true;
            return mark(event, 'n');
        case 'x':
            out_.exact = true;
            return mark(event, 'x');
        case '0':
            out_.line_numbers = true;
            return mark(event, '0');
        case 'v':
            ++out_.verbose;
            return given('v') && sense_ == Sense::Is ? true : mark(event, 'v');
        case 'c':
            return counters(event);
        case 'w':
            return wait(event);
        case 'W':
            return wait_interval(event);
        case '4':
        case '6':
            return family(event);
        case 'M':
            return true;
        case 'h':
            help();
            return true;
        case 'V':
            out_.version = true;
            ended_ = true;
            return true;
        default:
            return handle_command(event);
    }
}

// Once only, and `!` only where it has a meaning.
bool CommandParser::mark(const OptionEvent& event, char letter) {
    if (given(letter)) {
        diags_.error(event.word.at, fmt::format("{} is given twice", event.word.text))
            .classic(fmt::format("multiple -{} flags not allowed", letter));
        return false;
    }
    seen_ += letter;
    if (sense_ == Sense::IsNot && event.option->negation == Negation::Refused) {
        diags_.error(not_at_, fmt::format("{} cannot be negated", event.word.text))
            .classic(fmt::format("cannot have ! before -{}", letter));
        return false;
    }
    return true;
}

bool CommandParser::not_joined(const OptionEvent& event) {
    if (event.form == OptionEvent::Form::Apart) return true;
    const auto letter = static_cast<char>(event.option->id);
    diags_
        .error(event.word.at, fmt::format("'{}': iptables 1.8.9 does not read a joined value here",
                                          event.word.text))
        .hint(fmt::format("-{} {}", letter, event.value.text))
        .classic(joined_classic(letter, event.word.text));
    return false;
}

bool CommandParser::protocol(const OptionEvent& event) {
    if (!mark(event, 'p') || !not_joined(event)) return false;
    const std::string name = lower(event.value.text);
    std::optional<std::uint8_t> number;
    if (const auto value = parse_number(name, 255)) number = static_cast<std::uint8_t>(*value);
    if (!number) number = protocol_number(name);
    if (!number && !name.empty()) number = names_.protocol(name);
    if (!number) {
        diags_.error(event.value.at, fmt::format("unknown protocol '{}'", event.value.text))
            .hint("a name of /etc/protocols, a number from 0 to 255, or all")
            .classic(fmt::format("unknown protocol \"{}\" specified", name));
        return false;
    }
    if (*number == 0) {
        if (sense_ == Sense::Is) return true;
        diags_.error(from(event), "no packet has a protocol that is not \"any\"")
            .classic("rule would never match protocol");
        return false;
    }
    const bool header = *number == 43 || *number == 44 || *number == 51 || *number == 60;
    if (settings_.family == Family::Ipv6 && header && sense_ == Sense::Is) {
        diags_
            .warning(event.value.at, fmt::format("-p {} never matches: it is an extension header",
                                                 event.value.text))
            .classic(fmt::format(
                "Warning: never matched protocol: {}. use extension match instead.", name));
    }
    rule_.protocol = ProtocolMatch{sense_, *number, from(event)};
    return true;
}

bool CommandParser::interface(const OptionEvent& event) {
    const auto letter = static_cast<char>(event.option->id);
    const std::string& name = event.value.text;
    if (name.empty()) {
        diags_.error(event.value.at, "an interface name is empty")
            .hint(fmt::format("leave -{} out to match every interface", letter))
            .classic("Empty interface is likely to be undesired");
        return false;
    }
    if (!mark(event, letter) || !not_joined(event)) return false;
    if (name.size() > kLongestInterface) {
        diags_
            .error(event.value.at, fmt::format("interface name '{}' has more than 15 bytes", name))
            .classic(fmt::format("interface name `{}' must be shorter than IFNAMSIZ (15)", name));
        return false;
    }
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return (c > 0 && c <= ' ') || c == '"' || c == 0; })) {
        diags_.error(event.value.at, "no interface can have such a name");
        return false;
    }
    if (name.find('/') != std::string::npos) {
        diags_.warning(event.value.at, fmt::format("no interface can be named '{}'", name))
            .classic(fmt::format("Warning: weird character in interface `{}' ('/' and ' ' are not "
                                 "allowed by the kernel).",
                                 name));
    }
    // "+" alone is every interface.
    if (name == "+" && sense_ == Sense::Is) return true;
    (letter == 'i' ? rule_.in_interface : rule_.out_interface) =
        InterfaceMatch{sense_, name, from(event)};
    return true;
}

bool CommandParser::fragments(const OptionEvent& event) {
    if (settings_.family == Family::Ipv6) {
        diags_.error(event.word.at, "-f is for IPv4 only")
            .hint("IPv6 has -m frag for it, which is not supported yet")
            .classic("`-f' is not supported in IPv6, use -m frag instead");
        return false;
    }
    if (!mark(event, 'f')) return false;
    rule_.fragment = FragmentMatch{sense_, from(event)};
    return true;
}

bool CommandParser::load(const OptionEvent& event) {
    if (sense_ == Sense::IsNot) {
        diags_.error(not_at_, "a whole match cannot be negated, only its options")
            .classic("unexpected ! flag before --match");
        return false;
    }
    const std::string& name = event.value.text;
    const MatchSpec* spec = find_match(name, settings_.family);
    if (spec != nullptr) {
        reader_.add_table({static_cast<int>(matches_.size()), spec->options});
        matches_.push_back(load_match(*spec, from(event)));
        return true;
    }
    if (match_extension(name, settings_.family) == Extension::Unsupported) {
        diags_.error(event.value.at, fmt::format("match '{}' is not supported yet", name))
            .kind(Mistake::Unsupported);
        return false;
    }
    diags_.error(event.value.at, fmt::format("there is no match '{}'", name))
        .classic(fmt::format("Couldn't load match `{}':No such file or directory", name));
    return false;
}

bool CommandParser::jump(const OptionEvent& event) {
    const bool to = event.option->id == 'j';
    if (!mark(event, 'j') || (to && !not_joined(event))) return false;
    const std::string& name = event.value.text;
    if (name.empty()) {
        diags_.error(event.word.at, "the target's name is empty")
            .classic("Invalid target name (too short)");
        return false;
    }
    if (name.size() > 28) {
        diags_.error(event.value.at, "a target's name has at most 28 bytes")
            .classic(fmt::format("Invalid target name `{}' (28 chars max)", name));
        return false;
    }
    if (name.find_first_of(" \t\n\v\f\r") != std::string::npos) {
        diags_.error(event.value.at, "a target's name has no blanks")
            .classic(fmt::format("Invalid target name `{}'", name));
        return false;
    }
    if (name.find('"') != std::string::npos) {
        diags_.error(event.value.at, "no chain can be named with a quote")
            .classic(fmt::format("Chain '{}' does not exist", name));
        return false;
    }
    Target& target = rule_.target;
    target = {Target::Kind::Goto, name, from(event)};
    if (!to) return true;
    const Extension known = target_extension(name, settings_.family);
    if (known == Extension::Unsupported) {
        diags_.error(event.value.at, fmt::format("target '{}' is not supported yet", name))
            .kind(Mistake::Unsupported);
        return false;
    }
    target.kind = Target::Kind::Jump;
    if (known == Extension::Unknown) return true;
    target.kind = name == "ACCEPT" ? Target::Kind::Accept
                  : name == "DROP" ? Target::Kind::Drop
                                   : Target::Kind::Return;
    target.chain.clear();
    return true;
}

bool CommandParser::table(const OptionEvent& event) {
    if (sense_ == Sense::IsNot) {
        diags_.error(not_at_, "a table cannot be negated")
            .classic("unexpected ! flag before --table");
        return false;
    }
    if (settings_.table_from == TableFrom::Block) {
        diags_.error(from(event), fmt::format("-t inside the block of *{}", settings_.table))
            .hint("the block's table holds until COMMIT")
            .classic("The -t option cannot be used in iptables-restore.");
        return false;
    }
    out_.table = event.value.text;
    return true;
}

bool CommandParser::counters(const OptionEvent& event) {
    if (!mark(event, 'c')) return false;
    const std::string& text = event.value.text;
    const std::size_t comma = text.find(',');
    if (comma == std::string::npos && !reader_.has_plain()) {
        diags_.error(from(event), "-c needs two numbers: packets and bytes")
            .classic("-c requires packet and byte counter");
        return false;
    }
    const std::string second =
        comma == std::string::npos ? reader_.take().text : text.substr(comma + 1);
    const auto packets = parse_number(text.substr(0, comma), UINT64_MAX);
    const auto bytes = parse_number(second, UINT64_MAX);
    if (!packets || !bytes) {
        diags_.error(from(event), "-c needs two numbers: packets and bytes")
            .classic(fmt::format("-c {} counter not numeric", packets ? "byte" : "packet"));
        return false;
    }
    counters_ = Counters{*packets, *bytes};
    return true;
}

bool CommandParser::wait(const OptionEvent& event) {
    seen_ += 'w';
    out_.wait = 0;
    if (!event.has_value && !reader_.has_plain()) return true;
    const Word value = event.has_value ? event.value : reader_.take();
    const auto seconds = parse_number(value.text, kHighestRule);
    if (!seconds) {
        diags_.error(value.at, fmt::format("'{}' is no number of seconds", value.text))
            .classic("wait seconds not numeric");
        return false;
    }
    // -w 0 gives up at once, as without -w; -w alone waits for ever.
    out_.wait.reset();
    if (*seconds != 0) out_.wait = static_cast<int>(*seconds);
    return true;
}

bool CommandParser::wait_interval(const OptionEvent& event) {
    if (!event.has_value && !reader_.has_plain()) {
        diags_.error(event.word.at, "-W needs a number of microseconds")
            .classic("wait interval value required");
        return false;
    }
    const Word value = event.has_value ? event.value : reader_.take();
    const auto interval = parse_number(value.text, kHighestRule);
    if (!interval) {
        diags_.error(value.at, fmt::format("'{}' is no number of microseconds", value.text))
            .classic("wait interval not numeric");
        return false;
    }
    out_.wait_interval = static_cast<int>(*interval);
    return true;
}

bool CommandParser::family(const OptionEvent& event) {
    const Family wanted = event.option->id == '4' ? Family::Ipv4 : Family::Ipv6;
    out_.only = wanted;
    if (wanted == settings_.family) return true;
    if (settings_.family_from == FamilyFrom::Line) {
        other_family_ = true;
        return false;
    }
    diags_
        .error(event.word.at, fmt::format("{} in a command for IPv{}", event.word.text,
                                          settings_.family == Family::Ipv4 ? 4 : 6))
        .hint(wanted == Family::Ipv4 ? "use iptables" : "use ip6tables");
    return false;
}

void CommandParser::help() {
    out_.help = true;
    ended_ = true;
    if (!matches_.empty()) {
        out_.help_for = std::string(matches_.back().spec->name);
    } else if (rule_.protocol) {
        const MatchSpec* spec = match_of_protocol(rule_.protocol->number, settings_.family);
        if (spec != nullptr) out_.help_for = std::string(spec->name);
    }
}

// --------------------------------------------------------------------- commands

bool CommandParser::begin_command(const OptionEvent& event) {
    const auto letter = static_cast<char>(event.option->id);
    if (sense_ == Sense::IsNot) {
        diags_.error(not_at_, "a command cannot be negated").classic("unexpected '!' flag");
        return false;
    }
    const bool list = letter == 'L' || letter == 'S';
    const auto agrees = [&](char other) {
        return (letter == 'Z' && (other == 'L' || other == 'S')) || (list && other == 'Z');
    };
    for (const char other : commands_) {
        if (agrees(other)) continue;
        diags_
            .error(event.word.at,
                   fmt::format("-{} and -{} in one command: one at a time", other, letter))
            .classic(fmt::format("Cannot use -{} with -{}", letter, other));
        return false;
    }
    commands_ += letter;
    return true;
}

bool CommandParser::take_chain(const OptionEvent& event) {
    if (event.has_value) {
        chain_ = event.value;
    } else if (reader_.has_plain()) {
        chain_ = reader_.take();
    }
    return true;
}

bool CommandParser::take_position() {
    const Word& word = reader_.take();
    const auto number = parse_number(word.text, kHighestRule);
    if (!number || *number == 0) {
        diags_.error(word.at, fmt::format("'{}' is no rule number", word.text))
            .hint("rules are numbered from 1")
            .classic(fmt::format("Invalid rule number `{}'", word.text));
        return false;
    }
    position_ = static_cast<std::uint32_t>(*number);
    return true;
}

bool CommandParser::rename(const OptionEvent& event) {
    chain_ = event.value;
    if (!reader_.has_plain()) {
        diags_.error(from(event), "-E needs two names: the old one and the new one")
            .classic("-E requires old-chain-name and new-chain-name");
        return false;
    }
    new_name_ = reader_.take();
    return check_new_chain(new_name_, settings_.family, diags_);
}

bool CommandParser::policy(const OptionEvent& event) {
    chain_ = event.value;
    if (!reader_.has_plain()) {
        diags_.error(from(event), "-P needs a chain and a policy")
            .hint("-P INPUT DROP")
            .classic("-P requires a chain and a policy");
        return false;
    }
    const Word& word = reader_.take();
    if (word.text != "ACCEPT" && word.text != "DROP") {
        diags_.error(word.at, fmt::format("'{}' is no policy", word.text))
            .hint("ACCEPT or DROP")
            .kind(Mistake::Missing)
            .classic("Bad policy name. Run `dmesg' for more information.");
        return false;
    }
    policy_ = word.text == "DROP" ? Verdict::Drop : Verdict::Accept;
    return true;
}

bool CommandParser::handle_command(const OptionEvent& event) {
    const auto letter = static_cast<char>(event.option->id);
    if (letter == 'N' && !check_new_chain(event.value, settings_.family, diags_)) return false;
    if (!begin_command(event)) return false;
    if (letter == 'E') return rename(event);
    if (letter == 'P') return policy(event);
    take_chain(event);
    switch (letter) {
        case 'I':
        case 'D':
        case 'L':
        case 'S':
        case 'Z':
            return reader_.has_plain() ? take_position() : true;
        case 'R':
            if (reader_.has_plain()) return take_position();
            diags_.error(from(event), "-R needs a rule number")
                .hint("-R INPUT 1 ...")
                .classic("-R requires a rule number");
            return false;
        default:
            return true;
    }
}

LineOutcome parse_words(const std::vector<Word>& words, const LineSettings& settings,
                        const Names& names, Diagnostics& diags, CommandLine& out) {
    return CommandParser(words, settings, names, diags, out).run();
}

}  // namespace bpfw::parser
