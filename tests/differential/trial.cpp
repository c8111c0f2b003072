// SPDX-License-Identifier: GPL-2.0-or-later
// TrialOptions -> TrialReport. run_trial() is the door.
#include "tests/differential/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "tests/differential/compare.hpp"
#include "tests/support/packet_view.hpp"

namespace bpfw::test {
namespace {

using parser::Family;

constexpr std::size_t kKept = 5;  // mismatches told in full

bool reassembled_first(Family family, Hook hook, const Bytes& frame) {
    if (family != Family::Ipv4 || hook != Hook::Input) return false;
    const Seen seen = look(frame, hook);
    return seen.outcome == Outcome::Accept && seen.packet.family == Family::Ipv4 &&
           (be16(seen.packet.ip, 6) & 0x3fff) != 0;
}

void tally(const Answer& answer, TrialReport& report) {
    if (answer.outcome == Outcome::Accept) report.accepted++;
    if (answer.outcome == Outcome::Drop) report.dropped++;
    if (answer.outcome == Outcome::Hotdrop) report.hotdrops++;
}

bool names(const compiler::Table& table, const std::string& chain) {
    for (const auto& one : table.chains)
        for (const auto& rule : one.rules)
            if (rule.rule.target.chain == chain) return true;
    return false;
}

// The table without one rule (counted over all chains), or without unused user chains.
std::optional<compiler::Table> without_rule(compiler::Table table, std::size_t number) {
    for (auto& chain : table.chains) {
        if (number < chain.rules.size()) {
            chain.rules.erase(chain.rules.begin() + static_cast<std::ptrdiff_t>(number));
            return table;
        }
        number -= chain.rules.size();
    }
    return std::nullopt;
}

compiler::Table without_unused_chains(compiler::Table table) {
    for (std::size_t i = table.chains.size(); i-- > 0;)
        if (!table.chains[i].policy && !names(table, table.chains[i].name))
            table.chains.erase(table.chains.begin() + static_cast<std::ptrdiff_t>(i));
    return table;
}

std::string difference_of(Bench& bench, const compiler::Table& table, const TestPacket& packet) {
    TrialReport unused;
    if (!bench.load(table)) return "";
    return bench.compare(packet, unused).value_or("");
}

}  // namespace

Result<Bench> Bench::open(Family family, Hook hook, RulesetShape::Filters filters) {
    std::optional<KernelOracle> kernel;
    if (filters != RulesetShape::Filters::Both) {
        auto opened = KernelOracle::open(family, hook);
        if (!opened) return tl::unexpected(opened.error());
        kernel = std::move(*opened);
    }
    auto bpf = BpfEngine::open(hook);
    if (!bpf) return tl::unexpected(bpf.error());
    return Bench(family, hook, std::move(kernel), std::move(*bpf));
}

Result<void> Bench::load(const compiler::Table& table) {
    tables_ = {empty_table(), empty_table()};
    (family_ == Family::Ipv4 ? tables_.ipv4 : tables_.ipv6) = table;
    if (kernel_) {
        if (auto loaded = kernel_->load(table); !loaded) return loaded;
    }
    return bpf_.load(tables_);
}

Result<std::string> Bench::compare(const TestPacket& packet, TrialReport& report) {
    report.pairs++;
    const Answer answer = interpret(tables_, packet.frame, packet.place);
    auto out = compare_kernel(packet, answer, report);
    if (!out) return out;
    for (const Entry entry : entries_of(hook_)) {
        const auto more = compare_bpf(packet, answer, entry, report);
        if (!more) return more;
        *out += *more;
    }
    return out;
}

Result<std::string> Bench::compare_kernel(const TestPacket& packet, const Answer& answer,
                                          TrialReport& report) {
    if (!kernel_) {
        tally(answer, report);
        return "";
    }
    const auto kernel = kernel_->send(packet);
    if (!kernel) return tl::unexpected(kernel.error());
    if (reassembled_first(family_, hook_, packet.frame)) {
        report.fragments++;
        return "";
    }
    if (!kernel->seen) {
        report.unseen++;
        return "";
    }
    tally(answer, report);
    return difference(tables_.of(family_), answer, *kernel);
}

Result<std::string> Bench::compare_bpf(const TestPacket& packet, const Answer& answer, Entry entry,
                                       TrialReport& report) {
    const auto bpf = bpf_.run(packet, entry);
    if (bpf) return difference(tables_, answer, *bpf, packet, entry);
    constexpr std::size_t kTestable = 14 + 40;  // BPF_PROG_TEST_RUN wants whole IP headers at TC
    if (bpf.error().error_number != EINVAL || packet.frame.size() >= kTestable)
        return tl::unexpected(bpf.error());
    report.untestable++;
    return "";
}

Case make_case(const TrialOptions& options, std::uint32_t number) {
    Random random(options.seed * 1'000'003 + number);
    RulesetShape shape = random_shape(options.family, options.hook, random);
    shape.filters = options.filters;
    Case one;
    one.table = random_table(shape, random);
    one.packets = random_packets(one.table, options.family, options.hook, options.packets, random);
    return one;
}

Result<TrialReport> run_trial(const TrialOptions& options) {
    auto bench = Bench::open(options.family, options.hook, options.filters);
    if (!bench) return tl::unexpected(bench.error());
    TrialReport report;
    for (std::uint32_t number = 0; number < options.rulesets; number++) {
        const Case one = make_case(options, number);
        if (auto loaded = bench->load(one.table); !loaded) return tl::unexpected(loaded.error());
        for (const TestPacket& packet : one.packets) {
            const auto difference = bench->compare(packet, report);
            if (!difference) return tl::unexpected(difference.error());
            if (difference->empty()) continue;
            report.mismatches++;
            if (report.first.size() < kKept)
                report.first.push_back({number, one.table, packet, *difference});
        }
    }
    return report;
}

Mismatch minimized(Mismatch mismatch, Bench& bench) {
    for (std::size_t number = 0;;) {
        const auto smaller = without_rule(mismatch.table, number);
        if (!smaller) break;
        const auto difference = difference_of(bench, *smaller, mismatch.packet);
        if (difference.empty()) {
            number++;
            continue;
        }
        mismatch.table = *smaller;
        mismatch.difference = difference;
    }
    const compiler::Table tidy = without_unused_chains(mismatch.table);
    if (const auto difference = difference_of(bench, tidy, mismatch.packet); !difference.empty()) {
        mismatch.table = tidy;
        mismatch.difference = difference;
    }
    return mismatch;
}

std::string to_text(const Mismatch& mismatch, Family family) {
    return fmt::format("ruleset {}:\n{}packet ({} in '{}' out '{}'): {}\n{}", mismatch.ruleset,
                       save_text(mismatch.table, family), chain_name(mismatch.packet.place.hook),
                       mismatch.packet.place.in, mismatch.packet.place.out,
                       hex(mismatch.packet.frame), mismatch.difference);
}

std::string to_text(const TrialReport& report) {
    return fmt::format(
        "{} pairs, {} mismatches; the kernel accepted {} and dropped {}, hotdropped {}; "
        "{} not seen by it, {} fragments reassembled first, {} too short for a test run",
        report.pairs, report.mismatches, report.accepted, report.dropped, report.hotdrops,
        report.unseen, report.fragments, report.untestable);
}

}  // namespace bpfw::test
