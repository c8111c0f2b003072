// SPDX-License-Identifier: GPL-2.0-or-later
// Expression x frames x engines -> figures, and texts about what disagrees.
#include "tests/filter/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <utility>

#include "tests/filter/minimise.hpp"
#include "tests/filter/parse_text.hpp"

namespace bpfw::test::filter {
namespace {

const char* word(Verdict verdict) {
    switch (verdict) {
        case Verdict::No:
            return "no match";
        case Verdict::Yes:
            return "match";
        case Verdict::Undecided:
            return "undecided";
        case Verdict::Uninitialised:
            return "undecided (scratch)";
        case Verdict::LongChain:
            return "undecided (long chain)";
        case Verdict::NotRun:
            return "not run";
    }
    BPFW_BUG("verdict");
}

void count(Verdict decision, Verdict expected, Verdict given, Tally& tally) {
    if (given == Verdict::NotRun) {
        tally.not_run++;
        return;
    }
    if (given != expected) tally.mismatches++;
    switch (decision) {
        case Verdict::No:
        case Verdict::Yes:
            tally.compared++;
            return;
        case Verdict::Undecided:
            tally.undecided++;
            return;
        case Verdict::Uninitialised:
            tally.uninitialised++;
            return;
        case Verdict::LongChain:
            tally.long_chains++;
            return;
        case Verdict::NotRun:
            BPFW_BUG("libpcap runs everything");
    }
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
    compared += other.compared;
    undecided += other.undecided;
    uninitialised += other.uninitialised;
    long_chains += other.long_chains;
    not_run += other.not_run;
    mismatches += other.mismatches;
    failed += other.failed;
    unsupported += other.unsupported;
    return *this;
}

Totals& Totals::operator+=(const Totals& other) {
    expressions += other.expressions;
    refused += other.refused;
    rejecting += other.rejecting;
    only_libpcap += other.only_libpcap;
    only_ours += other.only_ours;
    verdicts += other.verdicts;
    matches += other.matches;
    mended += other.mended;
    for (std::size_t i = 0; i < kMostEngines; ++i) engines[i] += other.engines[i];
    return *this;
}

bool Totals::clean() const {
    for (const Tally& tally : engines)
        if (tally.mismatches + tally.failed != 0) return false;
    return only_libpcap + only_ours == 0;
}

Comparison::Comparison(const std::vector<Sample>& samples,
                       std::vector<std::unique_ptr<Engine>> engines, Settings settings)
    : samples_(samples),
      engines_(std::move(engines)),
      settings_(settings),
      reference_(reference_engine()) {
    if (engines_.size() > kMostEngines) BPFW_BUG("too many engines");
}

std::string Comparison::report() { return std::exchange(report_, {}); }

void Comparison::note(std::uint64_t seen, const std::string& text) {
    if (seen <= settings_.shown) report_ += text + "\n";
}

void Comparison::put(const std::string& expression) {
    totals_.expressions++;
    const bool accepted = oracle_.prepare(expression);
    const ParsedText parsed = parse_text(expression);
    if (!accepted) totals_.refused++;
    if (accepted && !parsed.expression)
        note(++totals_.only_libpcap,
             fmt::format("refused by us only: {}\n  {}", expression, parsed.complaint));
    if (!accepted && parsed.expression)
        note(++totals_.only_ours,
             fmt::format("accepted by us only: {}\n  libpcap: {}", expression, oracle_.why()));
    if (!accepted || !parsed.expression) return;
    if (oracle_.rejects_all()) totals_.rejecting++;
    const Subject subject{expression, *parsed.expression};
    if (!reference_->prepare(subject)) BPFW_BUG("the graph as written");
    verdicts_.clear();
    expected_.clear();
    for (const Sample& sample : samples_) {
        const Verdict verdict = oracle_.judge(sample);
        verdicts_.push_back(verdict);
        expected_.push_back(decided(verdict) ? verdict : reference_->judge(sample));
        if (decided(verdict)) totals_.verdicts++;
        if (verdict == Verdict::Yes) totals_.matches++;
    }
    totals_.mended = oracle_.mended();
    for (std::size_t i = 0; i < engines_.size(); ++i) put_to(i, subject);
}

void Comparison::put_to(std::size_t index, const Subject& subject) {
    Engine& engine = *engines_[index];
    Tally& tally = totals_.engines[index];
    if (const auto ready = engine.prepare(subject); !ready) {
        if (ready.error().error_number == ENOTSUP) {
            tally.unsupported++;
            return;
        }
        const bool shown = ++tally.failed <= settings_.shown;
        if (shown && settings_.minimize)
            report_ += fmt::format("{} fails: {}\n", engine.name(),
                                   minimised_failure(engine, subject.text));
        note(tally.failed, fmt::format("{} failed: {}\n  {}\n{}", engine.name(), subject.text,
                                       to_text(ready.error()), ready.error().log));
        return;
    }
    const std::uint64_t before = tally.mismatches;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        const std::uint64_t so_far = tally.mismatches;
        count(verdicts_[i], expected_[i], engine.judge(samples_[i]), tally);
        if (so_far == before && tally.mismatches != before && so_far < settings_.shown)
            tell(index, subject.text, samples_[i]);
    }
}

void Comparison::tell(std::size_t index, const std::string& expression, const Sample& sample) {
    Engine& engine = *engines_[index];
    std::string shown = expression;
    Sample frame = sample;
    if (settings_.minimize) minimise(engine, shown, frame);
    LibpcapOracle oracle;
    const bool prepared = oracle.prepare(shown);
    const ParsedText parsed = parse_text(shown);
    std::string answers;
    if (prepared) answers += fmt::format("  libpcap: {}\n", word(oracle.judge(frame)));
    for (const auto& other : engines_) {
        if (!parsed.expression) break;
        const bool ready = other->prepare({shown, *parsed.expression}).has_value();
        answers +=
            fmt::format("  {}: {}\n", other->name(), ready ? word(other->judge(frame)) : "failed");
    }
    // The engine goes on with the expression that it was at.
    if (const ParsedText again = parse_text(expression); again.expression)
        if (!engine.prepare({expression, *again.expression})) BPFW_BUG("prepared before");
    report_ +=
        fmt::format("{} disagrees: {}\n{}  frame ({} of {} bytes): {:02x}\n", engine.name(), shown,
                    answers, frame.bytes.size(), frame.length, fmt::join(frame.bytes, ""));
    if (settings_.minimize) report_ += fmt::format("  first seen with: {}\n", expression);
}

std::string to_text(const Totals& totals, const std::vector<std::string>& engine_names) {
    std::string text = fmt::format(
        "{} expressions: {} refused by libpcap, {} refused by us only, {} accepted by us only, {} "
        "that reject all\n{} decided verdicts, {} of them matches; {} where libpcap's protochain "
        "had to be mended\n",
        totals.expressions, totals.refused, totals.only_libpcap, totals.only_ours, totals.rejecting,
        totals.verdicts, totals.matches, totals.mended);
    text += fmt::format("{:<24} {:>12} {:>10} {:>9} {:>8} {:>10} {:>10} {:>8} {:>12}\n", "engine",
                        "compared", "undecided", "scratch", "chains", "not run", "mismatches",
                        "failed", "unsupported");
    for (std::size_t i = 0; i < engine_names.size(); ++i) {
        const Tally& t = totals.engines[i];
        text += fmt::format("{:<24} {:>12} {:>10} {:>9} {:>8} {:>10} {:>10} {:>8} {:>12}\n",
                            engine_names[i], t.compared, t.undecided, t.uninitialised,
                            t.long_chains, t.not_run, t.mismatches, t.failed, t.unsupported);
    }
    return text;
}

}  // namespace bpfw::test::filter
