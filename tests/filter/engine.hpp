// SPDX-License-Identifier: GPL-2.0-or-later
// One way of ours to answer whether a frame matches an expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parser/base/result.hpp"
#include "parser/pcap/expression.hpp"
#include "tests/filter/corpus.hpp"
#include "tests/filter/verdict.hpp"

namespace bpfw::test::filter {

struct Subject {
    std::string text;
    parser::pcap::Expression expression;
};

class Engine {
public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    // Whatever can be done once per expression. An error is a mistake of ours (a verifier's
    // refusal), except ENOTSUP: this form cannot say such an expression.
    virtual Result<void> prepare(const Subject& subject) = 0;
    virtual Verdict judge(const Sample& sample) = 0;
};

// The graph as written: what our other engines have to agree with in any case.
std::unique_ptr<Engine> reference_engine();

// Every engine that this machine can run and whose name contains one of `words` (none: all);
// `missing` gets what the others lack, by name.
std::vector<std::unique_ptr<Engine>> engines(const std::vector<std::string>& words,
                                             std::vector<std::string>& missing);

}  // namespace bpfw::test::filter
