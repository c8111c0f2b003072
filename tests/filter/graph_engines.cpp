// SPDX-License-Identifier: GPL-2.0-or-later
// Engines that evaluate the graph: as it is lowered, and after each pass of the optimiser.
#include <fmt/format.h>

#include <functional>

#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "compiler/filter/optimise.hpp"
#include "tests/filter/engines.hpp"

namespace bpfw::test::filter {
namespace {

namespace ir = compiler::filter;

using Build = std::function<ir::Graph(const parser::pcap::Expression&)>;

class GraphEngine : public Engine {
public:
    GraphEngine(std::string name, Build build) : name_(std::move(name)), build_(std::move(build)) {}
    [[nodiscard]] std::string_view name() const override { return name_; }

    Result<void> prepare(const Subject& subject) override {
        graph_ = build_(subject.expression);
        ir::check(graph_);
        return {};
    }

    Verdict judge(const Sample& sample) override {
        const ir::Frame frame{std::as_bytes(std::span(sample.bytes)), sample.length, kIfindex};
        return ir::evaluate(graph_, frame) != 0 ? Verdict::Yes : Verdict::No;
    }

private:
    std::string name_;
    Build build_;
    ir::Graph graph_;
};

ir::Graph lowered(const parser::pcap::Expression& expression, ir::Lists lists, std::size_t passes) {
    ir::Graph graph = ir::lower(expression, lists, {});
    const auto all = ir::passes();
    for (std::size_t i = 0; i < passes; ++i) graph = all[i].run(std::move(graph));
    return graph;
}

}  // namespace

std::unique_ptr<Engine> reference_engine() {
    return std::make_unique<GraphEngine>(
        "graph as written", [](const auto& e) { return lowered(e, ir::Lists::AsWritten, 0); });
}

void add_graph_engines(std::vector<std::unique_ptr<Engine>>& engines) {
    const auto add = [&](std::string name, ir::Lists lists, std::size_t passes) {
        engines.push_back(std::make_unique<GraphEngine>(
            std::move(name), [=](const auto& e) { return lowered(e, lists, passes); }));
    };
    const auto all = ir::passes();
    add("graph as written", ir::Lists::AsWritten, 0);
    add("graph as sets", ir::Lists::AsSets, 0);
    for (std::size_t i = 0; i < all.size(); ++i)
        add(fmt::format("graph after {}", all[i].name), ir::Lists::AsSets, i + 1);
    add("graph written, optimised", ir::Lists::AsWritten, all.size());
}

}  // namespace bpfw::test::filter
