// SPDX-License-Identifier: GPL-2.0-or-later
// Template object + Program -> one object: the functions go behind the template's .text, their
// names resolve its undefined symbols, its maps resolve theirs. link_object() is the door.
#include "compiler/object/link.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "bpf-templates/abi.h"
#include "compiler/asm/encode.hpp"
#include "compiler/object/btf_ext.hpp"
#include "compiler/object/btf_types.hpp"
#include "compiler/object/elf.hpp"

namespace bpfw::compiler {
namespace {

constexpr std::size_t kInsnBytes = 8;
const std::string kTables = "bpfw_tables";  // the symbol of Program::tables
// kernel/bpf/btf.c: BTF_MAX_SIZE; line_info keeps the line in 22 and the column in 10 bits.
constexpr std::size_t kMaxBtf = 16U << 20U;
constexpr std::uint32_t kMaxLine = (1U << 22U) - 1;
constexpr std::uint32_t kMaxColumn = (1U << 10U) - 1;
// Line texts are left out once the strings reach this, so that the limit above is not passed
// because of them.
constexpr std::size_t kMaxStrings = 12U << 20U;

bool is_identifier(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class Linker {
public:
    Linker(std::span<const std::byte> rules_template, const Program& program)
        : program_(program),
          object_(read_elf(rules_template)),
          types_(section(".BTF").bytes),
          ext_(read_btf_ext(section(".BTF.ext").bytes)) {}

    Result<std::vector<std::byte>> link();

private:
    ElfSection& section(std::string_view name);
    [[nodiscard]] std::size_t symbol(const std::string& name) const;
    void index_symbols();
    void find_text();
    // Where a function lies; `name` is the section's in .BTF.
    struct Home {
        std::size_t section = 0;
        std::uint64_t offset = 0;
        std::uint32_t name = 0;
    };
    void add_function(const Function& function);
    BtfTypes::Declared define_symbol(const Function& function, std::uint64_t offset);
    void replace_program(const Function& function);
    void add_relocations(const Function& function, const Home& home);
    void add_lines(const Function& function, const Home& home);
    std::uint32_t line_text(const std::string& text);
    [[nodiscard]] std::size_t target_of(const Relocation& relocation) const;
    void check_resolved() const;
    void set_needs();
    void add_tables();
    void add_ruleset();

    const Program& program_;
    ElfObject object_;
    BtfTypes types_;
    BtfExt ext_;
    std::unordered_map<std::string, std::size_t> symbols_;
    std::size_t text_ = 0;
    std::uint32_t text_name_ = 0;  // in .BTF
    std::vector<Home> homes_;
    std::size_t strings_end_ = 0;
};

ElfSection& Linker::section(std::string_view name) {
    const std::size_t found = object_.find_section(name);
    if (found == ElfObject::kNone) BPFW_BUG(fmt::format("the BPF template has no {}", name));
    return object_.sections[found];
}

void Linker::index_symbols() {
    for (std::size_t i = 0; i < object_.symbols.size(); ++i) {
        const ElfSymbol& one = object_.symbols[i];
        if (ELF64_ST_BIND(one.info) != STB_LOCAL) symbols_.emplace(one.name, i);
    }
}

std::size_t Linker::symbol(const std::string& name) const {
    const auto found = symbols_.find(name);
    if (found == symbols_.end()) BPFW_BUG(fmt::format("undefined symbol '{}'", name));
    return found->second;
}

void Linker::find_text() {
    text_ = object_.find_section(".text");
    if (text_ == ElfObject::kNone) {
        text_ = object_.sections.size();
        object_.sections.push_back(
            {".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, kInsnBytes, {}, {}});
    }
    text_name_ = types_.string(".text");
}

// Takes the place of the template's undefined symbol of that name, or is a new one.
BtfTypes::Declared Linker::define_symbol(const Function& function, std::uint64_t offset) {
    if (!is_identifier(function.name))
        BPFW_BUG(fmt::format("function name '{}' is no C identifier", function.name));
    const auto [place, added] = symbols_.emplace(function.name, object_.symbols.size());
    if (added) object_.symbols.emplace_back();
    ElfSymbol& one = object_.symbols[place->second];
    if (one.section != ElfSymbol::kUndefined)
        BPFW_BUG(fmt::format("function '{}' is defined twice", function.name));
    one = {function.name,
           text_,
           offset,
           function.insns.size() * kInsnBytes,
           static_cast<std::uint8_t>(ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)),
           STV_DEFAULT};
    return added ? BtfTypes::Declared::No : BtfTypes::Declared::Yes;
}

std::vector<std::byte> bytes_of(const Function& function) {
    std::vector<std::byte> out;
    for (const Insn& insn : function.insns) {
        const auto bytes = to_bytes(insn);
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

// The program is alone in its section, and keeps its name and type.
void Linker::replace_program(const Function& function) {
    ElfSymbol& one = object_.symbols[symbol(function.name)];
    if (one.section >= object_.sections.size() || one.value != 0 ||
        one.size != object_.sections[one.section].bytes.size())
        BPFW_BUG(fmt::format("'{}' is no program with a section of its own", function.name));
    ElfSection& section = object_.sections[one.section];
    section.bytes = bytes_of(function);
    section.relocations.clear();
    one.size = section.bytes.size();
    const Home home{one.section, 0, types_.string(section.name)};
    ext_.lines.of(home.name).clear();
    add_lines(function, home);
    homes_.push_back(home);
}

void Linker::add_function(const Function& function) {
    if (function.signature == Signature::Xdp || function.signature == Signature::Tc)
        return replace_program(function);
    std::vector<std::byte>& code = object_.sections[text_].bytes;
    const std::uint64_t offset = code.size();
    const BtfTypes::Declared declared = define_symbol(function, offset);
    const std::vector<std::byte> added = bytes_of(function);
    code.insert(code.end(), added.begin(), added.end());
    const std::uint32_t type = types_.add_function(function.name, function.signature, declared);
    ext_.functions.of(text_name_).push_back({static_cast<std::uint32_t>(offset), type});
    homes_.push_back({text_, offset, text_name_});
    add_lines(function, homes_.back());
}

std::uint32_t Linker::line_text(const std::string& text) {
    if (strings_end_ + text.size() >= kMaxStrings) return 0;
    const std::uint32_t offset = types_.string(text);
    strings_end_ = std::max(strings_end_, offset + text.size());
    return offset;
}

// libbpf looks for the records of a function in its section by offset; the kernel wants one
// on the first instruction, and ascending ones (kernel/bpf/verifier.c: check_btf_line()).
void Linker::add_lines(const Function& function, const Home& home) {
    if (function.lines.empty() || function.lines.front().at != 0)
        BPFW_BUG(fmt::format("function '{}' has no line at its start", function.name));
    std::vector<bpf_line_info>& lines = ext_.lines.of(home.name);
    const std::string* file = nullptr;
    std::uint32_t file_name = 0;
    std::int64_t last = -1;
    for (const LineMark& mark : function.lines) {
        if (mark.at <= last || mark.at >= function.insns.size())
            BPFW_BUG(fmt::format("function '{}': line marks are not ascending", function.name));
        last = mark.at;
        if (file == nullptr || *file != mark.file) file_name = types_.string(mark.file);
        file = &mark.file;
        lines.push_back({static_cast<std::uint32_t>(home.offset + mark.at * kInsnBytes), file_name,
                         line_text(mark.text),
                         std::min(mark.line, kMaxLine) << 10U | std::min(mark.column, kMaxColumn)});
    }
}

std::size_t Linker::target_of(const Relocation& relocation) const {
    if (relocation.kind == Relocation::Kind::Table) return symbol(kTables);
    const bool call = relocation.kind == Relocation::Kind::Function;
    const std::size_t target = symbol(relocation.symbol);
    const std::size_t section = object_.symbols[target].section;
    const bool fits = call ? section == text_
                           : section == object_.find_section(".maps") ||
                                 section == object_.find_section(".rodata");
    if (!fits)
        BPFW_BUG(fmt::format("symbol '{}' is no {}", relocation.symbol, call ? "function" : "map"));
    return target;
}

// A call keeps imm -1 and is resolved against the function's symbol, a map load against the
// map's, a table's byte against the section's with imm as addend: how clang leaves them for
// libbpf (its libbpf.c: bpf_program__record_reloc()).
void Linker::add_relocations(const Function& function, const Home& home) {
    ElfSection& text = object_.sections[home.section];
    for (const Relocation& one : function.relocations) {
        const bool call = one.kind == Relocation::Kind::Function;
        const std::size_t target = target_of(one);
        const std::uint64_t place = home.offset + one.at * kInsnBytes;
        Insn insn = function.insns.at(one.at);
        const auto operation = decode(insn);
        const bool fits = operation && (call ? std::holds_alternative<op::Call>(*operation)
                                             : std::holds_alternative<op::LoadLow>(*operation));
        if (!fits)
            BPFW_BUG(
                fmt::format("function '{}': a relocation at instruction {}, which is neither "
                            "a call nor a ld_imm64",
                            function.name, one.at));
        insn.src = call ? insn.src : std::uint8_t{0};  // as clang: libbpf sets the kind
        const auto bytes = to_bytes(insn);
        std::copy(bytes.begin(), bytes.end(),
                  text.bytes.begin() + static_cast<std::ptrdiff_t>(place));
        text.relocations.push_back({place, target, call ? kRelocateCall : kRelocateLoad});
    }
}

void Linker::check_resolved() const {
    for (const ElfSymbol& one : object_.symbols)
        if (one.section == ElfSymbol::kUndefined)
            BPFW_BUG(fmt::format("the template wants '{}', which is not emitted", one.name));
}

void Linker::set_needs() {
    const ElfSymbol& config = object_.symbols[symbol("bpfw_config")];
    if (config.section >= object_.sections.size() || config.size != sizeof(bpfw_config))
        BPFW_BUG("the BPF template's bpfw_config is not the one of abi.h");
    std::vector<std::byte>& data = object_.sections[config.section].bytes;
    const std::size_t place = config.value + offsetof(bpfw_config, needs);
    if (place + sizeof(program_.needs) > data.size()) BPFW_BUG("bpfw_config is out of .rodata");
    std::memcpy(data.data() + place, &program_.needs, sizeof(program_.needs));
}

// libbpf makes a frozen map of it, as of the section below.
void Linker::add_tables() {
    if (program_.tables.empty()) return;
    object_.symbols.push_back({kTables, object_.sections.size(), 0, program_.tables.size(),
                               static_cast<std::uint8_t>(ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT)),
                               STV_DEFAULT});
    symbols_.emplace(kTables, object_.symbols.size() - 1);
    object_.sections.push_back(
        {BPFW_TABLES_SECTION, SHT_PROGBITS, SHF_ALLOC, 64, program_.tables, {}});
}

// libbpf makes a frozen map of it and binds it to every program, with or without a type.
void Linker::add_ruleset() {
    const std::string_view magic = BPFW_RULESET_MAGIC;
    ElfSection ruleset{BPFW_RULESET_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, {}, {}};
    const std::size_t length = magic.size() + program_.ruleset.size();
    ruleset.bytes.resize((length + 8) & ~std::size_t{7});  // at least one NUL
    std::memcpy(ruleset.bytes.data(), magic.data(), magic.size());
    std::memcpy(ruleset.bytes.data() + magic.size(), program_.ruleset.data(),
                program_.ruleset.size());
    object_.sections.push_back(std::move(ruleset));
}

Result<std::vector<std::byte>> Linker::link() {
    index_symbols();
    find_text();
    add_tables();
    for (const Function& function : program_.functions) add_function(function);
    for (std::size_t i = 0; i < homes_.size(); ++i)
        add_relocations(program_.functions[i], homes_[i]);
    check_resolved();
    set_needs();
    const bool rules = program_.entry != Entry::Filter;
    if (rules) types_.set_max_entries(BPFW_MAP_COUNTERS, std::max(program_.counters, 1U));
    section(".BTF").bytes = types_.bytes();
    section(".BTF.ext").bytes = write_btf_ext(ext_);
    if (section(".BTF").bytes.size() > kMaxBtf)
        return failure("write BPF object", "type information", E2BIG,
                       "too many functions for the kernel's limit of 16 MiB");
    if (rules) add_ruleset();
    return write_elf(object_);
}

}  // namespace

Result<std::vector<std::byte>> link_object(std::span<const std::byte> rules_template,
                                           const Program& program) {
    return Linker(rules_template, program).link();
}

}  // namespace bpfw::compiler
