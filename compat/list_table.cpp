// SPDX-License-Identifier: GPL-2.0-or-later
// Table -> the columns of `iptables -L` 1.8.9; list_table() and echo_rule() are the doors.
// Widths and blanks are iptables' own, trailing ones too: scripts cut these columns.
#include <fmt/format.h>

#include <iterator>
#include <map>

#include "compat/listing.hpp"
#include "parser/base/result.hpp"
#include "parser/print.hpp"

namespace bpfw::compat {
namespace {

using parser::Family;
using parser::Sense;

std::string target_name(const parser::Target& target) {
    switch (target.kind) {
        case parser::Target::Kind::None:
            return "";
        case parser::Target::Kind::Accept:
            return "ACCEPT";
        case parser::Target::Kind::Drop:
            return "DROP";
        case parser::Target::Kind::Return:
            return "RETURN";
        case parser::Target::Kind::Jump:
        case parser::Target::Kind::Goto:
            return target.chain;
    }
    BPFW_BUG("kind of target");
}

std::string protocol_text(const std::optional<parser::ProtocolMatch>& match, Family family,
                          Numbers numbers) {
    if (!match) return numbers == Numbers::Plain ? "0" : "all";
    if (numbers == Numbers::Plain) return std::to_string(match->number);
    return parser::protocol_name(match->number, family);
}

char bang(Sense sense) { return sense == Sense::IsNot ? '!' : ' '; }

std::string anywhere(Family family, Numbers numbers) {
    if (numbers == Numbers::Named) return "anywhere";
    return family == Family::Ipv4 ? "0.0.0.0/0" : "::/0";
}

bool all_ones(const parser::Address& mask, Family family) {
    const std::size_t bytes = family == Family::Ipv4 ? 4 : 16;
    for (std::size_t i = 0; i < bytes; ++i) {
        if (mask.bytes[i] != 0xff) return false;
    }
    return true;
}

std::string address_text(const std::optional<parser::AddressMatch>& match, Family family,
                         Numbers numbers, const Lookup& lookup) {
    if (!match || match->mask == parser::Address{}) return anywhere(family, numbers);
    std::string text = numbers == Numbers::Named ? lookup.host(match->address, family) : "";
    if (text.empty()) text = parser::to_text(match->address, family);
    if (!all_ones(match->mask, family)) text += parser::mask_text(match->mask, family);
    return text;
}

std::string interface_text(const std::optional<parser::InterfaceMatch>& match, Numbers numbers) {
    if (!match) return numbers == Numbers::Plain ? "*" : "any";
    return (match->sense == Sense::IsNot ? "!" : "") + match->name;
}

std::string fragment_text(const std::optional<parser::FragmentMatch>& match) {
    if (!match) return "--";
    return match->sense == Sense::IsNot ? "!f" : "-f";
}

std::string matches_text(const parser::Rule& rule, Numbers numbers, const Lookup& lookup) {
    std::string out;
    for (const parser::Match& match : rule.matches) {
        out += match_details(match, rule, numbers, lookup);
    }
    return out;
}

template <class Match>
char sense_of(const std::optional<Match>& match) {
    return match ? bang(match->sense) : ' ';
}

// One -L being written.
class Lister {
public:
    Lister(Family family, const ListFormat& format, const Lookup& lookup)
        : family_(family), format_(format), lookup_(lookup) {}

    void chain(const compiler::Chain& chain, std::size_t references) {
        out_ += "Chain " + chain.name + " (";
        if (chain.policy) {
            out_ += *chain.policy == parser::Verdict::Accept ? "policy ACCEPT" : "policy DROP";
            if (format_.counts != Counts::Hidden) {
                out_ += fmt::format(" {} packets, {} bytes", number(chain.counters.packets),
                                    number(chain.counters.bytes));
            }
        } else {
            out_ += fmt::format("{} references", references);
        }
        out_ += ")\n";
        header();
        for (std::size_t i = 0; i < chain.rules.size(); ++i) rule(chain.rules[i], i + 1);
    }

    void rule(const compiler::RulesetRule& have, std::size_t line) {
        const parser::Rule& rule = have.rule;
        const auto out = std::back_inserter(out_);
        if (format_.line_numbers == LineNumbers::Yes) fmt::format_to(out, "{:<4} ", line);
        if (format_.counts != Counts::Hidden) {
            out_ += column(have.counters.packets) + column(have.counters.bytes);
        }
        fmt::format_to(out, "{:<9} {}{:<4} {} ", target_name(rule.target), sense_of(rule.protocol),
                       protocol_text(rule.protocol, family_, format_.numbers),
                       fragment_text(rule.fragment));
        if (format_.counts != Counts::Hidden) {
            fmt::format_to(out, " {:<6} {:<6} ", interface_text(rule.in_interface, format_.numbers),
                           interface_text(rule.out_interface, format_.numbers));
        }
        fmt::format_to(out, "{}{:<19} {}{:<19} ", sense_of(rule.source),
                       address_text(rule.source, family_, format_.numbers, lookup_),
                       sense_of(rule.destination),
                       address_text(rule.destination, family_, format_.numbers, lookup_));
        if (rule.target.kind == parser::Target::Kind::Goto) out_ += "[goto] ";
        out_ += matches_text(rule, format_.numbers, lookup_) + "\n";
    }

    void blank_line() {
        if (!out_.empty()) out_ += "\n";
    }

    [[nodiscard]] std::string text() && { return std::move(out_); }

private:
    void header() {
        if (format_.line_numbers == LineNumbers::Yes) out_ += "num  ";
        if (format_.counts == Counts::Scaled) out_ += " pkts bytes ";
        if (format_.counts == Counts::Exact) out_ += "    pkts      bytes ";
        out_ += "target     prot opt";
        if (format_.counts != Counts::Hidden) out_ += " in     out    ";
        out_ += " source               destination         \n";
    }

    [[nodiscard]] std::string column(std::uint64_t value) const {
        return format_.counts == Counts::Exact ? fmt::format("{:>8} ", value)
                                               : scaled_column(value);
    }

    // As in a column, without the blanks around.
    [[nodiscard]] std::string number(std::uint64_t value) const {
        if (format_.counts == Counts::Exact) return std::to_string(value);
        std::string text = scaled_column(value);
        text.pop_back();
        return text.substr(text.find_first_not_of(' '));
    }

    Family family_;
    const ListFormat& format_;
    const Lookup& lookup_;
    std::string out_;
};

std::map<std::string_view, std::size_t> count_references(const compiler::Table& table) {
    std::map<std::string_view, std::size_t> counts;
    for (const compiler::Chain& chain : table.chains) {
        for (const compiler::RulesetRule& have : chain.rules) ++counts[have.rule.target.chain];
    }
    return counts;
}

}  // namespace

std::string scaled_column(std::uint64_t number) {
    if (number <= 99999) return fmt::format("{:>5} ", number);
    char unit = 'K';
    number = (number + 500) / 1000;
    for (const char next : {'M', 'G', 'T'}) {
        if (number <= 9999) break;
        number = (number + 500) / 1000;
        unit = next;
    }
    return fmt::format("{:>4}{} ", number, unit);
}

std::string list_table(const compiler::Table& table, Family family, const Selection& selection,
                       const ListFormat& format, const Lookup& lookup) {
    Lister lister(family, format, lookup);
    auto references = count_references(table);
    for (const compiler::Chain& chain : table.chains) {
        if (selection.chain && chain.name != *selection.chain) continue;
        if (selection.position) {
            const std::size_t position = *selection.position;
            if (position <= chain.rules.size()) lister.rule(chain.rules[position - 1], position);
            continue;
        }
        lister.blank_line();
        lister.chain(chain, references[chain.name]);
    }
    return std::move(lister).text();
}

std::string echo_rule(const parser::Rule& rule, Family family) {
    const Lookup lookup = no_lookup();
    return fmt::format(
        "{} {}{} opt {} in {} out {} {}{} {}-> {}  {}{}\n", target_name(rule.target),
        sense_of(rule.protocol), protocol_text(rule.protocol, family, Numbers::Named),
        fragment_text(rule.fragment), interface_text(rule.in_interface, Numbers::Plain),
        interface_text(rule.out_interface, Numbers::Plain), sense_of(rule.source),
        address_text(rule.source, family, Numbers::Plain, lookup), sense_of(rule.destination),
        address_text(rule.destination, family, Numbers::Plain, lookup),
        rule.target.kind == parser::Target::Kind::Goto ? "[goto] " : "",
        matches_text(rule, Numbers::Plain, lookup));
}

}  // namespace bpfw::compat
