// SPDX-License-Identifier: GPL-2.0-or-later
// Puts expressions and frames to libpcap and to every engine, and counts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/filter/engine.hpp"
#include "tests/filter/libpcap_oracle.hpp"

namespace bpfw::test::filter {

// Where libpcap has not decided, an engine has to answer as the graph does that was lowered as
// written: that is counted among the mismatches too.
// Plain data: workers write it to memory that they share with their parent.
struct Tally {
    std::uint64_t compared = 0;
    std::uint64_t undecided = 0;      // libpcap does not agree with itself
    std::uint64_t uninitialised = 0;  // libpcap reads scratch words that nobody wrote
    std::uint64_t long_chains = 0;    // protochains longer than ours
    std::uint64_t not_run = 0;        // frames that the engine cannot be given
    std::uint64_t mismatches = 0;
    std::uint64_t failed = 0;       // expressions that the engine failed at (the verifier)
    std::uint64_t unsupported = 0;  // expressions that this form cannot say
    Tally& operator+=(const Tally& other);
};

inline constexpr std::size_t kMostEngines = 24;

struct Totals {
    std::uint64_t expressions = 0;
    std::uint64_t refused = 0;       // by libpcap
    std::uint64_t rejecting = 0;     // "expression rejects all packets"
    std::uint64_t only_libpcap = 0;  // accepted by libpcap, refused by our parser
    std::uint64_t only_ours = 0;     // the other way round
    std::uint64_t verdicts = 0;      // decided ones
    std::uint64_t matches = 0;       // of these
    std::uint64_t mended = 0;        // where libpcap's own protochain was wrong
    Tally engines[kMostEngines];
    Totals& operator+=(const Totals& other);
    [[nodiscard]] bool clean() const;
};

struct Settings {
    bool minimize = false;
    std::size_t shown = 5;  // disagreements printed per engine
};

class Comparison {
public:
    Comparison(const std::vector<Sample>& samples, std::vector<std::unique_ptr<Engine>> engines,
               Settings settings);
    // What disagrees is described in report().
    void put(const std::string& expression);
    [[nodiscard]] const Totals& totals() const { return totals_; }
    // Descriptions since the last call.
    std::string report();

private:
    void put_to(std::size_t index, const Subject& subject);
    void tell(std::size_t index, const std::string& expression, const Sample& sample);
    void note(std::uint64_t seen, const std::string& text);

    const std::vector<Sample>& samples_;
    std::vector<std::unique_ptr<Engine>> engines_;
    Settings settings_;
    LibpcapOracle oracle_;
    // Where libpcap has no answer: the graph as it is written.
    std::unique_ptr<Engine> reference_;
    std::vector<Verdict> verdicts_;
    std::vector<Verdict> expected_;
    Totals totals_;
    std::string report_;
};

// A table of the figures.
std::string to_text(const Totals& totals, const std::vector<std::string>& engine_names);

}  // namespace bpfw::test::filter
