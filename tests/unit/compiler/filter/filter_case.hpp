// SPDX-License-Identifier: GPL-2.0-or-later
// One row of the tables that say what a primitive means: expression, packet, and from how many
// captured bytes on the packet matches (before, it does not: a load was cut off). libpcap is
// asked whether it agrees.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>

#include "compiler/filter/evaluate.hpp"
#include "compiler/filter/lower.hpp"
#include "parser/pcap/pcap.hpp"
#include "tests/filter/headers.hpp"
#include "tests/filter/libpcap_oracle.hpp"
#include "tests/support/packets.hpp"

namespace bpfw::test::filter {

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

struct FilterCase {
    const char* expression;
    Packet packet;
    std::size_t from = 0;
};
inline void PrintTo(const FilterCase& tried, std::ostream* out) { *out << tried.expression; }

inline parser::pcap::Expression parsed(const std::string& text) {
    parser::Sources sources;
    const auto number = sources.add("expression", text);
    parser::Diagnostics diags;
    parser::pcap::Options options;
    options.netmask = parser::Address{};
    std::fill_n(options.netmask->bytes.begin(), 3, std::uint8_t{0xff});
    const auto expression = parser::pcap::parse(
        {sources.text(number), {number, 0, static_cast<std::uint32_t>(text.size())}}, options, {},
        diags);
    if (!expression) {
        ADD_FAILURE() << text << ": " << (diags.all().empty() ? "?" : diags.all()[0].text());
        return {{}, {{parser::pcap::All{}, {}}}, 0};
    }
    return *expression;
}

inline compiler::filter::Graph lowered(const std::string& text, compiler::filter::Lists lists) {
    compiler::filter::Graph graph = compiler::filter::lower(parsed(text), lists, {});
    compiler::filter::check(graph);
    return graph;
}

inline bool matches(const compiler::filter::Graph& graph, const Bytes& bytes, std::size_t size) {
    return compiler::filter::evaluate(graph, {std::as_bytes(std::span(bytes).first(size)),
                                              static_cast<std::uint32_t>(bytes.size()), 1,
                                              compiler::filter::Frame::Direction::In}) == 1;
}

inline void expect(const FilterCase& tried) {
    const Bytes bytes = frame(tried.packet);
    for (const auto lists : {compiler::filter::Lists::AsWritten, compiler::filter::Lists::AsSets}) {
        const compiler::filter::Graph graph = lowered(tried.expression, lists);
        for (std::size_t size = 0; size <= bytes.size(); ++size) {
            EXPECT_EQ(matches(graph, bytes, size), size >= tried.from)
                << tried.expression << ", " << size << " of " << bytes.size() << " bytes";
        }
    }
    LibpcapOracle oracle;
    ASSERT_TRUE(oracle.prepare(tried.expression)) << tried.expression << ": " << oracle.why();
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const Verdict verdict =
            oracle.judge({truncated(bytes, size), static_cast<std::uint32_t>(bytes.size())});
        if (decided(verdict)) {
            EXPECT_EQ(verdict == Verdict::Yes, size >= tried.from)
                << "libpcap: " << tried.expression << ", " << size << " bytes";
        }
    }
}

}  // namespace bpfw::test::filter
