// SPDX-License-Identifier: GPL-2.0-or-later
// The value of iptables' `-m bpf --bytecode`: "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0", the number
// of instructions and then code, jt, jf and k of each, as tcpdump -ddd prints them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/base/diagnostics.hpp"
#include "parser/terms.hpp"

namespace bpfw::parser {

inline constexpr std::size_t kBytecodeInstructions = 64;  // XT_BPF_MAX_NUM_INSTR

// Nothing after a mistake, which is then in `diags`. `at` is where `text` stands; when it is
// not as long as the text (a quoted word), mistakes are shown at the whole of it. Only the text
// is judged here: whether the kernel would run the program, compiler/filter tells.
std::optional<std::vector<ClassicInstruction>> parse_bytecode(std::string_view text, Span at,
                                                              Diagnostics& diags);
// As iptables -S prints it, without the quotes.
std::string bytecode_text(const std::vector<ClassicInstruction>& program);

}  // namespace bpfw::parser
