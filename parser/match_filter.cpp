// SPDX-License-Identifier: GPL-2.0-or-later
// Options of pcap and bpf, whose values are programs -> their AST values. The doors are in
// matches.hpp.
#include "parser/bytecode.hpp"
#include "parser/matches.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::parser {

// An empty expression would match every frame; in a rule that is more likely a variable that was
// empty.
bool read_pcap(PcapMatch& match, const OptionUse& use, Reading& reading) {
    match.sense = use.sense;
    match.at = use.at;
    const std::string& text = use.value.text;
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        reading.diags.error(use.value.at, "the expression is empty").hint("every frame: len >= 0");
        return false;
    }
    if (text.front() == '\'') {
        reading.diags.error(use.value.at, "the expression begins with a quote")
            .hint("lines that begin with -A know \"...\" only");
        return false;
    }
    auto expression = pcap::parse({text, use.value.inside}, {}, reading.names, reading.diags);
    if (!expression) return false;
    match.expression = *std::move(expression);
    return true;
}

bool read_bpf(BpfMatch& match, const OptionUse& use, Reading& reading) {
    match.at = use.at;
    if (use.option.name != "bytecode") {
        reading.diags.error(use.at, "programs pinned by others (--object-pinned) are not supported")
            .hint("--bytecode takes a program's text")
            .kind(Mistake::Unsupported);
        return false;
    }
    auto program = parse_bytecode(use.value.text, use.value.inside, reading.diags);
    if (!program) return false;
    match.program = *std::move(program);
    return true;
}

}  // namespace bpfw::parser
