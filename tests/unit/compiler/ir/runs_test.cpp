// SPDX-License-Identifier: GPL-2.0-or-later
// Runs of rules become lookups: rules in, IR text out; and ranges against the plain definition of
// "the first that holds the key".
#include "compiler/ir/runs.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "compiler/ir/first_match.hpp"
#include "compiler/ir/fold.hpp"
#include "compiler/ir/lower.hpp"
#include "compiler/ir/prune.hpp"
#include "compiler/ir/specialise.hpp"
#include "parser/parse.hpp"

namespace bpfw::compiler {
namespace {

Ir with_runs(const std::string& text, PacketClass packets = PacketClass::Regular) {
    parser::Sources sources;
    parser::Diagnostics diags;
    Ruleset ruleset;
    const std::uint32_t source = sources.add("t.rules", text);
    const auto statements = parser::parse_rules(source, {}, parser::system_names(), sources, diags);
    apply_all(ruleset, statements, Restore::Flush, diags);
    check(ruleset, diags);
    EXPECT_FALSE(diags.has_errors()) << render(diags, sources);
    Filters filters(sources);
    const std::vector<Ir> irs = lower(ruleset, sources, filters);
    const bool six = text.compare(0, 3, "ip6") == 0;
    Ir ir = find_runs(prune(specialise(fold(irs[six ? 1 : 0]), packets)));
    check(ir);
    return ir;
}

// The rule with each of `values` in the place of "{}", a line each.
std::string each(const std::string& rule, const std::vector<std::string>& values) {
    std::string out;
    for (const std::string& value : values) {
        std::string line = rule;
        line.replace(line.find("{}"), 2, value);
        out += line + "\n";
    }
    return out;
}

// prefix + first, prefix + (first + 1) ...
std::vector<std::string> numbered(const std::string& prefix, unsigned first, unsigned count) {
    std::vector<std::string> out;
    for (unsigned n = first; n < first + count; ++n) out.push_back(prefix + std::to_string(n));
    return out;
}

std::string input_text(const Ir& ir) {
    const std::string all = to_text(ir);
    const std::size_t start = all.find(" chain INPUT\n") + 13;
    return all.substr(start, all.find(" chain FORWARD") - start);
}

// "N" for N plain rules, "lookup KEY RULES/RANGES" for each lookup, in order, and what is asked
// before it and when it has found the key.
std::string shape_of(const Ir& ir) {
    std::string out;
    std::size_t plain = 0;
    const auto flush = [&] {
        if (plain != 0) out += fmt::format("{}; ", plain);
        plain = 0;
    };
    for (const IrRule& rule : ir.chains[0].rules) {
        if (rule.action.kind != ActionKind::Lookup) {
            ++plain;
            continue;
        }
        flush();
        const IrLookup& lookup = ir.lookups[rule.action.lookup];
        for (const Expr& condition : rule.conditions) out += to_text(condition) + ", ";
        out += "lookup";
        for (const Field field : lookup.key) out += fmt::format(" {}", field_layout(field).name);
        out += fmt::format(" {}/{}", lookup.rules, lookup.ranges.size());
        for (const Expr& condition : rule.found) out += " if " + to_text(condition);
        out += "; ";
    }
    flush();
    return out;
}

struct Case {
    const char* name;
    std::string rules;
    const char* regular;
    const char* odd;
};

void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Runs : public testing::TestWithParam<Case> {};

TEST_P(Runs, BecomeLookups) {
    EXPECT_EQ(shape_of(with_runs(GetParam().rules)), GetParam().regular);
    EXPECT_EQ(shape_of(with_runs(GetParam().rules, PacketClass::Odd)), GetParam().odd);
}

const std::vector<std::string> kSources = numbered("10.0.0.", 2, 20);
const std::string kDrops = each("-A INPUT -s {} -j DROP", kSources);
const std::string kOne = "-A INPUT -s 10.9.9.9 -j ";

std::vector<Case> cases() {
    return {
        {"too_few", each("-A INPUT -s {} -j DROP", numbered("10.0.0.", 1, 15)), "15; ", "15; "},
        {"enough", each("-A INPUT -s {} -j DROP", numbered("10.0.0.", 1, 16)),
         "lookup saddr 16/16; ", "lookup saddr 16/16; "},
        {"return_breaks", kDrops + kOne + "RETURN\n" + kDrops,
         "lookup saddr 20/20; 1; lookup saddr 20/20; ",
         "lookup saddr 20/20; 1; lookup saddr 20/20; "},
        {"counting_breaks", kDrops + "-A INPUT -s 10.9.9.9\n" + kDrops,
         "lookup saddr 20/20; 1; lookup saddr 20/20; ",
         "lookup saddr 20/20; 1; lookup saddr 20/20; "},
        {"jump_breaks", "-N user\n" + kDrops + kOne + "user\n" + kDrops,
         "lookup saddr 20/20; 1; lookup saddr 20/20; ",
         "lookup saddr 20/20; 1; lookup saddr 20/20; "},
        {"negation_breaks", kDrops + "-A INPUT ! -s 10.9.9.9 -j DROP\n" + kDrops,
         "lookup saddr 20/20; 1; lookup saddr 20/20; ",
         "lookup saddr 20/20; 1; lookup saddr 20/20; "},
        {"mask_with_holes_breaks", kDrops + "-A INPUT -s 10.0.0.9/255.0.0.255 -j DROP\n" + kDrops,
         "lookup saddr 20/20; 1; lookup saddr 20/20; ",
         "lookup saddr 20/20; 1; lookup saddr 20/20; "},
        {"another_field_breaks",
         kDrops + each("-A INPUT -d {} -j ACCEPT", kSources) + "-A INPUT -j ACCEPT\n",
         "lookup saddr 20/20; lookup daddr 20/20; 1; ",
         "lookup saddr 20/20; lookup daddr 20/20; 1; "},
        {"duplicates", kDrops + each("-A INPUT -s {} -j ACCEPT", kSources), "lookup saddr 40/20; ",
         "lookup saddr 40/20; "},
        {"prefix_behind", kDrops + "-A INPUT -s 10.0.0.0/27 -j ACCEPT\n", "lookup saddr 21/22; ",
         "lookup saddr 21/22; "},
        {"prefix_before", "-A INPUT -s 10.0.0.0/27 -j ACCEPT\n" + kDrops, "lookup saddr 21/1; ",
         "lookup saddr 21/1; "},
        {"address_ranges", each("-A INPUT -m iprange --src-range 10.0.0.0-{} -j DROP", kSources),
         "lookup saddr 20/20; ", "lookup saddr 20/20; "},
        {"what_all_ask_comes_first", each("-A INPUT -i e+ -s {} -j DROP", kSources),
         "in_name&0xff == 0x65, lookup saddr 20/20; ",
         "in_name&0xff == 0x65, lookup saddr 20/20; "},
        {"guard_behind_the_key", each("-A INPUT -p tcp -s {} --dport 22 -j DROP", kSources),
         "l4_dst == 0x60016, lookup saddr 20/20; ",
         "lookup saddr 20/20 if protocol == 0x6 if has tcp-header if l4_dst == 0x60016; "},
        {"guard_behind_some",
         each("-A INPUT -p tcp -m tcp --dport 22 -m iprange --src-range 10.0.0.0-{} -j DROP",
              numbered("10.0.0.", 2, 10)) +
             each("-A INPUT -p tcp -m iprange --src-range 10.0.0.0-{} -m tcp --dport 22 -j DROP",
                  numbered("10.0.0.", 12, 10)),
         "l4_dst == 0x60016, lookup saddr 20/20; ", "20; "},
        {"ports", each("-A INPUT -p tcp --dport {} -j DROP", numbered("", 100, 20)),
         "lookup l4_dst 20/20; ", "protocol == 0x6, has tcp-header, lookup l4_dst 20/20; "},
        {"ports_of_two_protocols",
         each("-A INPUT -p tcp --dport {} -j DROP", numbered("", 100, 10)) +
             each("-A INPUT -p udp --dport {} -j DROP", numbered("", 100, 10)),
         "lookup l4_dst 20/20; ", "20; "},
        {"port_lists",
         each("-A INPUT -p udp -m multiport --sports 9,{} -j DROP", numbered("", 100, 20)),
         "lookup l4_src 20/21; ", "protocol == 0x11, has ports, lookup l4_src 20/21; "},
        {"mac",
         each("-A INPUT -m mac --mac-source 00:11:22:33:44:{} -j DROP", numbered("", 10, 20)),
         "lookup mac_high mac_low 20/20; ", "has ethernet, lookup mac_high mac_low 20/20; "},
        {"two_keys",
         each("-A INPUT -s {} -d 10.0.0.1 -j DROP", kSources) +
             each("-A INPUT -s 10.0.0.21 -d {} -j DROP", kSources),
         "daddr == 0xa000001, lookup saddr 20/20; saddr == 0xa000015, lookup daddr 20/20; ",
         "daddr == 0xa000001, lookup saddr 20/20; saddr == 0xa000015, lookup daddr 20/20; "},
        {"ipv6", each("ip6tables -A INPUT -s 2001:db8::{} -j DROP", numbered("", 10, 20)),
         "lookup saddr saddr.1 saddr.2 saddr.3 20/20; ",
         "lookup saddr saddr.1 saddr.2 saddr.3 20/20; "},
        {"ipv6_prefixes", each("ip6tables -A INPUT -d 2001:{}::/33 -j DROP", numbered("", 10, 20)),
         "lookup daddr daddr.1 daddr.2 daddr.3 20/20; ",
         "lookup daddr daddr.1 daddr.2 daddr.3 20/20; "},
    };
}

INSTANTIATE_TEST_SUITE_P(Rules, Runs, testing::ValuesIn(cases()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RunsText, SaysWhatEachRangeDecides) {
    std::string expected = "     -: lookup saddr, 17 rules\n";
    expected += "          0xa000000..0xa000001   19: accept\n";
    for (unsigned n = 2; n < 18; ++n)
        expected += fmt::format("          {:#x} {:>4}: drop\n", 0xa000000 + n, n + 1);
    expected += "          0xa000012..0xa00001f   19: accept\n     0: policy accept\n";
    EXPECT_EQ(input_text(with_runs(each("-A INPUT -s {} -j DROP", numbered("10.0.0.", 2, 16)) +
                                   "-A INPUT -s 10.0.0.0/27 -j ACCEPT\n")),
              expected);
}

const LookupRange* holder(const std::vector<LookupRange>& ranges, const LookupKey& key) {
    for (const LookupRange& range : ranges)
        if (range.first <= key && key <= range.last) return &range;
    return nullptr;
}

TEST(FirstMatch, AgreesWithAWalkOverTheRules) {
    std::mt19937 random(1);
    const auto word = [&] {
        static constexpr std::uint32_t kWords[] = {0, 1, 2, 3, 0xfffffffe, 0xffffffff};
        return kWords[random() % std::size(kWords)];
    };
    for (int round = 0; round < 2000; ++round) {
        const std::size_t words = 1 + random() % 2;
        const std::vector<Field> fields(words, Field::Saddr0);
        const auto key = [&] {
            LookupKey out{};
            for (std::size_t i = 0; i < words; ++i) out.at(i) = word();
            return out;
        };
        std::vector<LookupRange> rules;
        for (auto n = static_cast<std::uint32_t>(1 + random() % 12); n > 0; --n) {
            const LookupKey a = key();
            const LookupKey b = key();
            rules.push_back({std::min(a, b), std::max(a, b), n});
        }
        const std::vector<LookupRange> ranges = first_match(rules, fields);
        for (int n = 0; n < 40; ++n) {
            const LookupKey at = key();
            const LookupRange* expected = holder(rules, at);
            const LookupRange* found = holder(ranges, at);
            ASSERT_EQ(found == nullptr, expected == nullptr);
            if (found != nullptr) {
                ASSERT_EQ(found->decision, expected->decision);
            }
        }
        for (std::size_t i = 1; i < ranges.size(); ++i)
            ASSERT_LT(ranges[i - 1].last, ranges[i].first);
    }
}

}  // namespace
}  // namespace bpfw::compiler
