// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a BPF ELF object -> ElfObject, through libelf. read_elf() is the door.
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>

#include "compiler/object/elf.hpp"

namespace bpfw::compiler {
namespace {

using ElfHandle = std::unique_ptr<Elf, int (*)(Elf*)>;

[[noreturn]] void broken(const char* what) {
    BPFW_BUG(fmt::format("the BPF template is broken: {}: {}", what, elf_errmsg(-1)));
}

bool is_kept(const GElf_Shdr& header, std::string_view name) {
    if (header.sh_type != SHT_PROGBITS && header.sh_type != SHT_NOBITS) return false;
    return !name.starts_with(".debug") && name != ".eh_frame";
}

bool is_relocated(const ElfSection& section) {
    return (section.flags & SHF_EXECINSTR) != 0 || section.name == ".maps";
}

class Reader {
public:
    explicit Reader(std::span<const std::byte> image);
    ElfObject read();

private:
    struct Raw {
        Elf_Scn* scn = nullptr;
        GElf_Shdr header{};
        std::string_view name;
        std::size_t kept = ElfObject::kNone;  // its index in the result
    };

    void read_sections();
    void read_symbols(const Raw& table);
    void read_relocations(const Raw& table);
    [[nodiscard]] std::size_t section_of(const GElf_Sym& symbol) const;
    static Elf_Data* data(const Raw& raw);

    std::vector<char> image_;  // elf_memory() wants it writable
    ElfHandle elf_{nullptr, elf_end};
    std::vector<Raw> raw_;              // by section number
    std::vector<std::size_t> symbols_;  // by symbol number: index in the result, or kNone
    ElfObject object_;
};

Reader::Reader(std::span<const std::byte> image) : image_(image.size()) {
    std::transform(image.begin(), image.end(), image_.begin(),
                   [](std::byte byte) { return static_cast<char>(byte); });
    elf_version(EV_CURRENT);
    elf_.reset(elf_memory(image_.data(), image_.size()));
    GElf_Ehdr header{};
    if (!elf_ || gelf_getehdr(elf_.get(), &header) == nullptr) broken("no ELF header");
    if (header.e_machine != EM_BPF || header.e_type != ET_REL ||
        header.e_ident[EI_CLASS] != ELFCLASS64)
        broken("no relocatable BPF object");
}

Elf_Data* Reader::data(const Raw& raw) {
    Elf_Data* found = elf_getdata(raw.scn, nullptr);
    if (found == nullptr) broken("a section without data");
    return found;
}

void Reader::read_sections() {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_.get(), &names) != 0) broken("no section names");
    raw_.emplace_back();  // section 0 is none
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_.get(), scn)) != nullptr;) {
        Raw raw;
        raw.scn = scn;
        if (gelf_getshdr(scn, &raw.header) == nullptr) broken("a section without header");
        raw.name = elf_strptr(elf_.get(), names, raw.header.sh_name);
        if (is_kept(raw.header, raw.name)) {
            raw.kept = object_.sections.size();
            ElfSection section{std::string(raw.name),
                               raw.header.sh_type,
                               raw.header.sh_flags,
                               raw.header.sh_addralign,
                               {},
                               {}};
            section.bytes.resize(raw.header.sh_size);  // SHT_NOBITS: zeros
            if (raw.header.sh_type == SHT_PROGBITS && raw.header.sh_size != 0) {
                const auto* bytes = static_cast<const std::byte*>(data(raw)->d_buf);
                std::copy_n(bytes, section.bytes.size(), section.bytes.begin());
            }
            object_.sections.push_back(std::move(section));
        }
        raw_.push_back(raw);
    }
}

std::size_t Reader::section_of(const GElf_Sym& symbol) const {
    if (symbol.st_shndx == SHN_UNDEF) return ElfSymbol::kUndefined;
    if (symbol.st_shndx == SHN_ABS) return ElfSymbol::kAbsolute;
    if (symbol.st_shndx >= raw_.size()) broken("a symbol in no section");
    return raw_[symbol.st_shndx].kept;
}

void Reader::read_symbols(const Raw& table) {
    Elf_Data* const symbols = data(table);
    const std::size_t count = table.header.sh_size / table.header.sh_entsize;
    symbols_.assign(count, ElfObject::kNone);
    for (std::size_t i = 1; i < count; ++i) {
        GElf_Sym symbol{};
        if (gelf_getsym(symbols, static_cast<int>(i), &symbol) == nullptr) broken("a symbol");
        const bool named_section = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE;
        const std::size_t section = section_of(symbol);
        if (named_section && section == ElfObject::kNone) continue;  // of a dropped section
        symbols_[i] = object_.symbols.size();
        object_.symbols.push_back({elf_strptr(elf_.get(), table.header.sh_link, symbol.st_name),
                                   section, symbol.st_value, symbol.st_size, symbol.st_info,
                                   symbol.st_other});
    }
}

void Reader::read_relocations(const Raw& table) {
    const std::size_t target = raw_.at(table.header.sh_info).kept;
    if (target == ElfObject::kNone || !is_relocated(object_.sections[target])) return;
    Elf_Data* const relocations = data(table);
    const std::size_t count = table.header.sh_size / table.header.sh_entsize;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Rel relocation{};
        if (gelf_getrel(relocations, static_cast<int>(i), &relocation) == nullptr)
            broken("a relocation");
        const std::size_t symbol = symbols_.at(GELF_R_SYM(relocation.r_info));
        if (symbol == ElfObject::kNone) broken("a relocation against a dropped section");
        object_.sections[target].relocations.push_back(
            {relocation.r_offset, symbol,
             static_cast<std::uint32_t>(GELF_R_TYPE(relocation.r_info))});
    }
}

ElfObject Reader::read() {
    read_sections();
    for (const Raw& raw : raw_)
        if (raw.header.sh_type == SHT_SYMTAB) read_symbols(raw);
    for (const Raw& raw : raw_)
        if (raw.header.sh_type == SHT_REL) read_relocations(raw);
    return std::move(object_);
}

}  // namespace

std::size_t ElfObject::find_section(std::string_view name) const {
    const auto found =
        std::find_if(sections.begin(), sections.end(),
                     [&](const ElfSection& section) { return section.name == name; });
    return found == sections.end() ? kNone : static_cast<std::size_t>(found - sections.begin());
}

ElfObject read_elf(std::span<const std::byte> image) { return Reader(image).read(); }

}  // namespace bpfw::compiler
