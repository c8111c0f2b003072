// SPDX-License-Identifier: GPL-2.0-or-later
// -e EXPR or -F FILE -> an Expression; read_expression() is the only door.
#include "cli/expression.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cli/read_file.hpp"
#include "cli/report.hpp"
#include "compiler/filter/compile_filter.hpp"
#include "parser/base/result.hpp"
#include "parser/parse.hpp"
#include "parser/pcap/pcap.hpp"

namespace bpfw::cli {

void read_expression(const Options& options, ExpressionInput& input) {
    const bool given = options.expression.has_value();
    const std::string& path = options.expression_file;
    std::optional<std::string> text = given ? options.expression : read_file(path);
    if (!text) {
        input.diags.error({}, fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
        return;
    }
    const std::string name = given ? "expression" : path == "-" ? "stdin" : path;
    const std::uint32_t source = input.sources.add(name, *std::move(text));
    const std::string& stored = input.sources.text(source);
    const parser::Span whole{source, 0, static_cast<std::uint32_t>(stored.size())};
    const std::string bare = given ? stored : parser::pcap::without_comments(stored);
    input.expression =
        parser::pcap::parse({bare, whole}, {options.netmask}, parser::system_names(), input.diags);
}

tl::expected<compiler::Program, Exit> compile_expression(const Options& options,
                                                         ExpressionInput& input) {
    read_expression(options, input);
    std::optional<compiler::Program> program;
    if (input.expression) {
        program = compiler::filter::compile_filter(*input.expression, input.where(), input.diags);
    }
    const Exit reported = report(input.diags, input.sources);
    if (reported != Exit::Ok) return tl::unexpected(reported);
    if (!input.expression || !program) BPFW_BUG("no program and no reason");
    return *std::move(program);
}

}  // namespace bpfw::cli
