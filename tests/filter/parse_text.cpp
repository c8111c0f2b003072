// SPDX-License-Identifier: GPL-2.0-or-later
// Text -> Expression or complaint. parse_text() is the door.
#include "tests/filter/parse_text.hpp"

#include "parser/parse.hpp"
#include "parser/pcap/pcap.hpp"
#include "tests/filter/verdict.hpp"

namespace bpfw::test::filter {

ParsedText parse_text(const std::string& text) {
    static const parser::Names names = parser::system_names();
    parser::Sources sources;
    parser::Diagnostics diags;
    parser::Address netmask;
    for (unsigned i = 0; i < 4; ++i)
        netmask.bytes[i] = static_cast<std::uint8_t>(kNetmask >> (24 - 8 * i));
    const std::uint32_t source = sources.add("expression", text);
    const parser::Span whole{source, 0, static_cast<std::uint32_t>(text.size())};
    ParsedText parsed;
    parsed.expression = parser::pcap::parse({text, whole}, {netmask}, names, diags);
    if (!parsed.expression) parsed.complaint = parser::render(diags, sources);
    return parsed;
}

}  // namespace bpfw::test::filter
