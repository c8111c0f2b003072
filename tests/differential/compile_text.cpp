// SPDX-License-Identifier: GPL-2.0-or-later
// Text -> statements -> ruleset -> program -> object.
#include "tests/differential/compile_text.hpp"

#include "compiler/compile.hpp"
#include "compiler/object/object.hpp"
#include "parser/parse.hpp"

namespace bpfw::test {

using parser::Family;

Result<std::vector<std::byte>> compile_text(const std::string& ipv4, const std::string& ipv6) {
    parser::Sources sources;
    parser::Diagnostics diags;
    compiler::Ruleset ruleset;
    const parser::Names names = parser::system_names();
    for (const Family family : {Family::Ipv4, Family::Ipv6}) {
        const std::uint32_t source = sources.add(family == Family::Ipv4 ? "rules.v4" : "rules.v6",
                                                 family == Family::Ipv4 ? ipv4 : ipv6);
        const auto statements = parser::parse_rules(source, {family}, names, sources, diags);
        compiler::apply_all(ruleset, statements, compiler::Restore::Flush, diags);
    }
    compiler::check(ruleset, diags);
    std::optional<compiler::Program> program;
    if (!diags.has_errors()) program = compiler::compile(ruleset, sources, diags);
    if (!program) return failure("compile", "ruleset", 0, parser::render(diags, sources));
    return compiler::write_object(*program);
}

}  // namespace bpfw::test
