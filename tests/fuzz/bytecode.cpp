// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytecode text is parsed or told as one mistake, and prints as itself; any program is found
// faulty, refused or translated, and then runs to its end. Input: "t" and a text, or "r" and
// instructions of 8 bytes.
#include "parser/bytecode.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "compiler/filter/classic.hpp"
#include "parser/base/result.hpp"
#include "tests/support/classic_reference.hpp"

using namespace bpfw;
using compiler::filter::ClassicProgram;

namespace {

ClassicProgram from_text(std::string_view text) {
    parser::Sources sources;
    parser::Diagnostics diags;
    const std::uint32_t source = sources.add("command line", std::string(text));
    const auto size = static_cast<std::uint32_t>(text.size());
    const auto program = parser::parse_bytecode(text, {source, 0, size}, diags);
    render(diags, sources);
    if (program.has_value() == diags.has_errors()) BPFW_BUG("neither a program nor a mistake");
    if (!program) return {};
    const std::string printed = parser::bytecode_text(*program);
    if (parser::parse_bytecode(printed, {}, diags) != program) BPFW_BUG(printed);
    return *program;
}

ClassicProgram from_bytes(const std::uint8_t* data, std::size_t size) {
    ClassicProgram out;
    for (; size >= 8 && out.size() < 200; data += 8, size -= 8) {
        parser::ClassicInstruction insn{data[0], data[2], data[3], 0};
        std::memcpy(&insn.k, data + 4, sizeof(insn.k));
        out.push_back(insn);
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace filter = compiler::filter;
    if (size == 0) return 0;
    const ClassicProgram program =
        data[0] == 'r' ? from_bytes(data + 1, size - 1)
                       : from_text({reinterpret_cast<const char*>(data) + 1, size - 1});
    for (const auto form :
         {filter::ClassicForm::Listing, filter::ClassicForm::Array, filter::ClassicForm::Numbers})
        to_text(program, form);
    filter::reads_what_forwarding_changes(program, parser::Family::Ipv4);
    if (filter::fault_of(program) || filter::refusal_of(program)) return 0;
    for (const auto entry : {compiler::Signature::FrameXdp, compiler::Signature::FrameTc})
        filter::emit_classic(program, "bytecode", entry,
                             {.file = "f", .line = 1, .text = "-m bpf"});
    const std::array<std::uint8_t, 60> frame{};
    const std::span<const std::uint8_t> whole(frame);
    test::run_classic(program, {.packet = whole.subspan(14), .link = whole, .protocol = 0x0800});
    return 0;
}
