// SPDX-License-Identifier: GPL-2.0-or-later
// "1,6 0 0 0" <-> classic BPF instructions, with the mistakes that iptables 1.8.9 (libxt_bpf)
// names. Doors: parse_bytecode(), bytecode_text().
#include "parser/bytecode.hpp"

#include <fmt/format.h>

#include <charconv>

namespace bpfw::parser {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\v\f";

// One item between commas, and where it begins in the whole text.
struct Item {
    std::string_view text;
    std::size_t begin = 0;
};

class Bytecode {
public:
    Bytecode(std::string_view text, Span at, Diagnostics& diags)
        : text_(text), at_(at), diags_(diags) {}

    std::optional<std::vector<ClassicInstruction>> parse() {
        std::size_t begin = 0;
        const auto length = parse_length(next_item(begin));
        if (!length) return std::nullopt;
        std::vector<ClassicInstruction> program;
        // A comma at the end is taken, as iptables does.
        while (begin < text_.size()) {
            const Item item = next_item(begin);
            if (program.size() == *length) {
                error(item,
                      fmt::format("more than the {} instructions that were announced", *length))
                    .classic("bpf: real program length exceeds the encoded length parameter");
                return std::nullopt;
            }
            const auto instruction = parse_instruction(item, program.size());
            if (!instruction) return std::nullopt;
            program.push_back(*instruction);
        }
        if (program.size() == *length) return program;
        error({text_, 0},
              fmt::format("{} instructions, but {} were announced", program.size(), *length))
            .classic("bpf: parsed program length is less than the encoded length parameter");
        return std::nullopt;
    }

private:
    Item next_item(std::size_t& begin) const {
        const std::size_t end = std::min(text_.find(',', begin), text_.size());
        const Item item{text_.substr(begin, end - begin), begin};
        begin = end + 1;
        return item;
    }

    Diagnostic& error(const Item& item, std::string what) const {
        Span span = at_;
        if (at_.end - at_.begin == text_.size()) {
            const std::size_t blanks = item.text.find_first_not_of(kBlanks);
            const std::size_t skip = blanks == item.text.npos ? 0 : blanks;
            span.begin = at_.begin + static_cast<std::uint32_t>(item.begin + skip);
            span.end =
                span.begin + std::max(static_cast<std::uint32_t>(item.text.size() - skip), 1U);
        }
        return diags_.error(span, std::move(what));
    }

    std::optional<std::size_t> parse_length(const Item& item) const {
        const std::size_t skip = std::min(item.text.find_first_not_of(kBlanks), item.text.size());
        const char* const end = item.text.data() + item.text.size();
        std::uint64_t length = 0;
        const auto [rest, code] = std::from_chars(item.text.data() + skip, end, length);
        const bool cut = item.text.size() == text_.size();  // no comma: no program
        if (code == std::errc::invalid_argument || rest != end || cut) {
            error(item, "the program begins with the number of its instructions and a comma")
                .hint("\"4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0\"")
                .classic("bpf: error parsing program length");
            return std::nullopt;
        }
        if (code == std::errc::result_out_of_range || length > kBytecodeInstructions) {
            error(item, fmt::format("{} instructions, at most {}", item.text.substr(skip),
                                    kBytecodeInstructions))
                .classic("bpf: number of instructions exceeds maximum");
            return std::nullopt;
        }
        if (length != 0) return length;
        error(item, "a program without instructions").classic("bpf: illegal zero length program");
        return std::nullopt;
    }

    // iptables cuts numbers that are too large, and lets anything stand behind the fourth; that
    // is nobody's wish and is refused.
    std::optional<ClassicInstruction> parse_instruction(const Item& item,
                                                        std::size_t number) const {
        constexpr std::uint64_t kLargest[] = {0xffff, 0xff, 0xff, 0xffffffff};
        std::uint64_t field[4] = {};
        const char* rest = item.text.data();
        const char* const end = rest + item.text.size();
        const auto skip_blanks = [&] {
            while (rest != end && kBlanks.find(*rest) != kBlanks.npos) ++rest;
        };
        for (std::size_t n = 0; n < 4; ++n) {
            skip_blanks();
            const auto [next, code] = std::from_chars(rest, end, field[n]);
            if (code != std::errc() || field[n] > kLargest[n]) return bad_instruction(item, number);
            rest = next;
        }
        skip_blanks();
        if (rest != end) return bad_instruction(item, number);
        return ClassicInstruction{
            static_cast<std::uint16_t>(field[0]), static_cast<std::uint8_t>(field[1]),
            static_cast<std::uint8_t>(field[2]), static_cast<std::uint32_t>(field[3])};
    }

    std::nullopt_t bad_instruction(const Item& item, std::size_t number) const {
        error(item,
              fmt::format("'{}' is no instruction (number {}, counted from 0)", item.text, number))
            .hint("four decimal numbers: code (0-65535), jt and jf (0-255), k (0-4294967295)")
            .classic(fmt::format("bpf: error at instr {}", number));
        return std::nullopt;
    }

    std::string_view text_;
    Span at_;
    Diagnostics& diags_;
};

}  // namespace

std::optional<std::vector<ClassicInstruction>> parse_bytecode(std::string_view text, Span at,
                                                              Diagnostics& diags) {
    return Bytecode(text, at, diags).parse();
}

std::string bytecode_text(const std::vector<ClassicInstruction>& program) {
    std::string out = fmt::format("{}", program.size());
    for (const ClassicInstruction& insn : program)
        out += fmt::format(",{} {} {} {}", insn.code, insn.jt, insn.jf, insn.k);
    return out;
}

}  // namespace bpfw::parser
