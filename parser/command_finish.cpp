// SPDX-License-Identifier: GPL-2.0-or-later
// What a command says once its last word is read: addresses, checks that need
// the whole line, statements. CommandParser::finish() is the way in.
#include <fmt/format.h>

#include <algorithm>

#include "parser/base/result.hpp"
#include "parser/command_parser.hpp"
#include "parser/values.hpp"

namespace bpfw::parser {
namespace {

constexpr std::size_t kLongestChain = 28;  // XT_EXTENSION_MAXNAMELEN - 1
// Blanks as isspace(3) has them, and the quote, which would not survive iptables-save.
constexpr std::string_view kNotInNames = " \t\n\v\f\r\"";

// Which commands an option goes with ('D' stands for a rule's text, not for a number).
struct OptionUseTable {
    char option;
    std::string_view commands;
};
constexpr std::string_view kRuleCommands = "AIRCD";
constexpr OptionUseTable kUses[] = {
    {'n', "L"},           {'s', kRuleCommands}, {'d', kRuleCommands}, {'p', kRuleCommands},
    {'j', kRuleCommands}, {'x', "L"},           {'i', kRuleCommands}, {'o', kRuleCommands},
    {'0', "L"},           {'c', "IRAP"},        {'f', kRuleCommands}};

// "host" or "address" without its mask -> all its addresses.
std::vector<Address> hosts_of(std::string_view text, Family family, const Names& names) {
    if (const auto written = parse_network(text, family)) return {*written};
    if (text.empty()) return {};
    return names.host(text, family);
}

void not_found(Span at, std::string_view text, Family family, Diagnostics& diags) {
    Diagnostic& told =
        diags.error(at, fmt::format("'{}' is no IPv{} address, and no host of that name is known",
                                    text, family == Family::Ipv4 ? 4 : 6));
    told.classic(fmt::format("host/network `{}' not found", text));
    if (!text.empty() && text[0] == '!') told.hint("put the ! before the option: ! -s 1.2.3.4");
    if (family == Family::Ipv4 && text.find(':') != text.npos) {
        told.hint("an IPv6 address belongs in an ip6tables rule");
    } else if (family == Family::Ipv6 && parse_address(text, Family::Ipv4)) {
        told.hint("an IPv4 address belongs in an iptables rule");
    }
}

}  // namespace

bool check_chain(const Word& name, Diagnostics& diags) {
    if (name.text.size() <= kLongestChain) {
        const std::string& text = name.text;
        const bool odd = text.empty() || text[0] == '-' || text[0] == '!' ||
                         text.find_first_of(kNotInNames) != std::string::npos;
        if (!odd) return true;
        diags.error(name.at, fmt::format("no chain can be named '{}'", text))
            .kind(Mistake::Missing)
            .classic("No chain/target/match by that name.");
        return false;
    }
    diags
        .error(name.at, fmt::format("chain name '{}' has {} bytes; 28 are the most", name.text,
                                    name.text.size()))
        .classic(fmt::format("chain name `{}' too long (must be under 29 chars)", name.text));
    return false;
}

bool check_new_chain(const Word& name, Family family, Diagnostics& diags) {
    const std::string& text = name.text;
    if (text.size() > kLongestChain) return check_chain(name, diags);
    if (!text.empty() && (text[0] == '-' || text[0] == '!')) {
        diags.error(name.at, fmt::format("a chain's name does not begin with '{}'", text[0]))
            .classic(fmt::format("chain name not allowed to start with `{}'", text[0]));
        return false;
    }
    if (text.empty() || target_extension(text, family) != Extension::Unknown) {
        diags
            .error(name.at, text.empty()
                                ? std::string("a chain's name is empty")
                                : fmt::format("'{}' is a target's name, not a chain's", text))
            .classic("chain name may not clash with target name");
        return false;
    }
    if (text.find_first_of(" \t\n\v\f\r") != std::string::npos) {
        diags.error(name.at, "a chain's name has no blanks")
            .classic(fmt::format("Invalid chain name `{}'", text));
        return false;
    }
    // Such a name would not survive iptables-save and -restore.
    if (text.find('"') != std::string::npos) {
        diags.error(name.at, "a chain's name has no quotes");
        return false;
    }
    return true;
}

std::vector<std::optional<AddressMatch>> read_addresses(const AddressOption& option, char letter,
                                                        Family family, const Names& names,
                                                        Diagnostics& diags) {
    std::vector<std::optional<AddressMatch>> out;
    const std::string_view text = option.value.text;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        std::string_view part = text.substr(begin, end - begin);
        part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
        const std::size_t slash = part.rfind('/');
        const bool with_mask = slash != std::string_view::npos;
        const auto mask =
            with_mask ? parse_mask(part.substr(slash + 1), family) : prefix_mask(128, family);
        if (!mask) {
            diags
                .error(option.value.at,
                       fmt::format("'{}' is no mask of IPv{}", part.substr(slash + 1),
                                   family == Family::Ipv4 ? 4 : 6))
                .hint(family == Family::Ipv4 ? "/0 to /32, or /255.255.255.0" : "/0 to /128")
                .classic(fmt::format("invalid mask `{}' specified", part.substr(slash + 1)));
            return {};
        }
        const std::string_view host = part.substr(0, slash);
        std::vector<Address> found = hosts_of(host, family, names);
        if (found.empty()) {
            not_found(option.value.at, host, family, diags);
            return {};
        }
        for (Address& address : found) address = masked(address, *mask);
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        for (const Address& address : found) {
            out.emplace_back();
            if (*mask == Address{} && option.sense == Sense::Is) continue;
            out.back() = AddressMatch{option.sense, address, *mask, option.at};
        }
        begin = end + 1;
    }
    if (out.size() > 1 && option.sense == Sense::IsNot) {
        diags.error(option.at, fmt::format("! -{} takes one address", letter))
            .hint("a packet differs from one of two addresses always; use one rule per address")
            .classic("! not allowed with multiple source or destination IP addresses");
        return {};
    }
    return out;
}

bool CommandParser::finish() {
    for (LoadedMatch& match : matches_) {
        if (!finish_match(match, reading_)) return false;
    }
    return check_command() && check_options() && check_interfaces() && check_kernel() && build();
}

bool CommandParser::check_command() {
    if (out_.wait_interval && !given('w')) {
        diags_.error(settings_.line, "-W says nothing without -w")
            .classic("--wait-interval only makes sense with --wait");
        return false;
    }
    if (reader_.leftover()) {
        diags_.error(settings_.line, "words after --")
            .classic("unknown arguments found on commandline");
        return false;
    }
    if (commands_.empty()) {
        diags_.error(settings_.line, "no command: none of -A -C -D -I -R -L -S -F -Z -N -X -E -P")
            .classic("no command specified");
        return false;
    }
    if (sense_ == Sense::IsNot) {
        diags_.error(not_at_, "nothing after the !").classic("nothing appropriate following !");
        return false;
    }
    return !chain_ || check_chain(*chain_, diags_);
}

bool CommandParser::check_options() {
    const bool by_number = has_command('D') && position_;
    for (const OptionUseTable& use : kUses) {
        if (!given(use.option)) continue;
        const bool fits = std::any_of(commands_.begin(), commands_.end(), [&](char command) {
            return use.commands.find(command) != std::string_view::npos &&
                   !(command == 'D' && by_number);
        });
        if (fits) continue;
        diags_
            .error(settings_.line, fmt::format("{} does not go with -{}",
                                               use.option == '0' ? std::string("--line-numbers")
                                                                 : fmt::format("-{}", use.option),
                                               commands_[0]))
            .classic(fmt::format("Illegal option `-{}' with this command", use.option));
        return false;
    }
    return true;
}

bool CommandParser::check_interfaces() {
    if (!chain_) return true;
    const auto refuse = [&](char letter, const std::optional<InterfaceMatch>& match) {
        diags_
            .error(match ? match->at : settings_.line,
                   fmt::format("packets in {} have no {} interface", chain_->text,
                               letter == 'i' ? "input" : "output"))
            .classic(fmt::format("Can't use -{} with {}", letter, chain_->text));
        return false;
    };
    const std::string& chain = chain_->text;
    if (given('o') && (chain == "INPUT" || chain == "PREROUTING")) {
        return refuse('o', rule_.out_interface);
    }
    if (given('i') && (chain == "OUTPUT" || chain == "POSTROUTING")) {
        return refuse('i', rule_.in_interface);
    }
    return true;
}

bool CommandParser::kernel_refuses(Span at, const std::string& text, const std::string& hint) {
    Diagnostic& told = diags_.error(at, text).hint(hint);
    if (has_command('C') || has_command('D')) {
        told.kind(Mistake::Missing)
            .classic("Bad rule (does a matching rule exist in that chain?).");
        return false;
    }
    const char* verb = has_command('I') ? "INSERT" : has_command('R') ? "REPLACE" : "APPEND";
    // The blank in front is iptables' own.
    told.kind(Mistake::Refused)
        .classic(fmt::format(" RULE_{} failed (Invalid argument): rule in chain {}", verb,
                             chain_ ? chain_->text : ""));
    return false;
}

// What the kernel's matches refuse when iptables hands them the rule.
bool CommandParser::check_kernel() {
    for (const LoadedMatch& match : matches_) {
        if (const auto* icmp = std::get_if<IcmpMatch>(&match.value)) {
            const std::uint8_t wanted = icmp->family == Family::Ipv4 ? 1 : 58;
            const auto& protocol = rule_.protocol;
            if (protocol && protocol->sense == Sense::Is && protocol->number == wanted) continue;
            const std::string_view name = protocol_table_name(wanted);
            return kernel_refuses(
                match.at, fmt::format("-m {} needs -p {} in the same rule", match.spec->name, name),
                fmt::format("-p {} -m {}", name, match.spec->name));
        }
        const bool sends = chain_ && (chain_->text == "OUTPUT" || chain_->text == "POSTROUTING");
        if (match.spec->kind == MatchKind::Mac && sends) {
            return kernel_refuses(
                match.at,
                fmt::format("packets in {} have no sender's MAC address yet", chain_->text),
                "-m mac is for INPUT and FORWARD");
        }
    }
    return true;
}

void CommandParser::add(Action action) {
    out_.statements.push_back({settings_.family, out_.table, std::move(action), settings_.line});
}

bool CommandParser::build() {
    if (!rule_command()) {
        add_plain();
        return true;
    }
    std::vector<std::optional<AddressMatch>> sources(1);
    std::vector<std::optional<AddressMatch>> destinations(1);
    if (source_) sources = read_addresses(*source_, 's', settings_.family, names_, diags_);
    if (sources.empty()) return false;
    if (destination_) {
        destinations = read_addresses(*destination_, 'd', settings_.family, names_, diags_);
    }
    if (destinations.empty()) return false;
    if (has_command('R') && sources.size() * destinations.size() != 1) {
        diags_.error(settings_.line, "-R puts one rule in place of one; here are several addresses")
            .classic("Replacement rule does not specify a unique address");
        return false;
    }
    for (const auto* list : {&sources, &destinations}) {
        const auto& first = list->front();
        if (first && first->sense == Sense::IsNot && first->mask == Address{}) {
            return kernel_refuses(first->at, "every address is in /0: this can match no packet",
                                  "leave the address out, or narrow its mask");
        }
    }
    add_rules(sources, destinations);
    return true;
}

void CommandParser::add_rules(const std::vector<std::optional<AddressMatch>>& sources,
                              const std::vector<std::optional<AddressMatch>>& destinations) {
    for (LoadedMatch& match : matches_) rule_.matches.push_back(std::move(match.value));
    const std::optional<Counters> counters = counters_ ? counters_ : settings_.counters;
    const std::string& chain = chain_->text;
    for (const auto& source : sources) {
        for (const auto& destination : destinations) {
            Rule rule = rule_;
            rule.source = source;
            rule.destination = destination;
            if (has_command('A')) {
                add(AppendRule{chain, std::move(rule), counters});
            } else if (has_command('I')) {
                add(InsertRule{chain, position_.value_or(1), std::move(rule), counters});
            } else if (has_command('R')) {
                add(ReplaceRule{chain, position_.value_or(1), std::move(rule), counters});
            } else if (has_command('D')) {
                add(DeleteRule{chain, std::move(rule)});
            } else {
                add(CheckRule{chain, std::move(rule)});
            }
        }
    }
}

void CommandParser::add_plain() {
    const std::optional<std::string> chain = chain_ ? std::optional(chain_->text) : std::nullopt;
    // A list comes before the zeroing that goes with it, in whatever order they are written.
    if (has_command('L')) add(ListRules{chain, position_});
    if (has_command('S')) add(PrintRules{chain, position_});
    if (has_command('Z')) add(ZeroChain{chain, position_});
    if (has_command('F')) add(FlushChain{chain});
    if (has_command('X')) add(DeleteChain{chain});
    if (has_command('D')) add(DeletePosition{*chain, *position_});
    if (has_command('N')) add(NewChain{*chain});
    if (has_command('E')) add(RenameChain{*chain, new_name_.text});
    if (has_command('P')) {
        add(SetPolicy{*chain, policy_, counters_ ? counters_ : settings_.counters});
    }
}

}  // namespace bpfw::parser
