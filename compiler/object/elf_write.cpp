// SPDX-License-Identifier: GPL-2.0-or-later
// ElfObject -> the bytes of a BPF ELF object. libelf lays the file out and writes it to an
// anonymous memory file: nothing touches a disk. write_elf() is the door.
#include <fmt/format.h>
#include <libelf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "compiler/object/elf.hpp"

namespace bpfw::compiler {
namespace {

// The memory file; closes it.
class MemoryFile {
public:
    MemoryFile() : fd_(::memfd_create("bpfw-object", MFD_CLOEXEC)) {}
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    MemoryFile(MemoryFile&&) = delete;
    MemoryFile& operator=(MemoryFile&&) = delete;
    ~MemoryFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] Result<std::vector<std::byte>> read() const;

private:
    int fd_;
};

tl::unexpected<Error> refused(int error_number, std::string reason = "") {
    return failure("write BPF object", "in memory", error_number, std::move(reason));
}

Result<std::vector<std::byte>> MemoryFile::read() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return refused(errno);
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t got =
            ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (got <= 0) return refused(got < 0 ? errno : EIO);
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

// NUL-terminated strings one after the other, beginning with the empty one.
class StringTable {
public:
    std::uint32_t add(std::string_view text) {
        if (text.empty()) return 0;
        const std::size_t offset = bytes_.size();
        bytes_.append(text).push_back('\0');
        return static_cast<std::uint32_t>(offset);
    }
    [[nodiscard]] std::string& bytes() { return bytes_; }

private:
    std::string bytes_ = std::string(1, '\0');
};

// Everything that libelf points at while it writes lives here.
class Writer {
public:
    explicit Writer(const ElfObject& object) : object_(object) {}
    Result<std::vector<std::byte>> write();

private:
    struct Numbered {
        Elf_Scn* scn = nullptr;
        std::size_t number = 0;
    };
    struct Contents {
        const void* bytes = nullptr;
        std::size_t size = 0;
        Elf_Type type = ELF_T_BYTE;
    };

    void make_symbols();
    bool build();
    bool make_header(Elf* elf);
    Numbered add_section(std::string_view name, const Elf64_Shdr& header, const Contents& contents);
    bool add_tables();
    bool add_relocations(std::size_t section, std::size_t symtab);
    [[nodiscard]] static Elf64_Section section_number(const ElfSymbol& symbol);

    const ElfObject& object_;
    std::unique_ptr<Elf, int (*)(Elf*)> elf_{nullptr, elf_end};
    StringTable names_;
    StringTable symbol_names_;
    std::vector<Elf64_Sym> symbols_;
    std::vector<std::size_t> symbol_numbers_;  // by index in object_.symbols
    std::size_t first_global_ = 0;
    std::vector<std::vector<Elf64_Rel>> relocations_;
};

// Section i of the object is number i + 1 of the file.
Elf64_Section Writer::section_number(const ElfSymbol& symbol) {
    if (symbol.section == ElfSymbol::kUndefined) return SHN_UNDEF;
    if (symbol.section == ElfSymbol::kAbsolute) return SHN_ABS;
    return static_cast<Elf64_Section>(symbol.section + 1);
}

// ELF wants the local symbols first.
void Writer::make_symbols() {
    symbols_.assign(1, Elf64_Sym{});
    symbol_numbers_.resize(object_.symbols.size());
    for (const bool locals : {true, false}) {
        if (!locals) first_global_ = symbols_.size();
        for (std::size_t i = 0; i < object_.symbols.size(); ++i) {
            const ElfSymbol& symbol = object_.symbols[i];
            if ((ELF64_ST_BIND(symbol.info) == STB_LOCAL) != locals) continue;
            symbol_numbers_[i] = symbols_.size();
            symbols_.push_back({symbol_names_.add(symbol.name), symbol.info, symbol.other,
                                section_number(symbol), symbol.value, symbol.size});
        }
    }
}

Writer::Numbered Writer::add_section(std::string_view name, const Elf64_Shdr& header,
                                     const Contents& contents) {
    Elf_Scn* const scn = elf_newscn(elf_.get());
    Elf64_Shdr* const made = scn == nullptr ? nullptr : elf64_getshdr(scn);
    Elf_Data* const data = made == nullptr ? nullptr : elf_newdata(scn);
    if (data == nullptr) return {};
    *made = header;
    made->sh_name = names_.add(name);
    // libelf reads d_buf only; its type has no const.
    data->d_buf = const_cast<void*>(contents.bytes);
    data->d_size = contents.size;
    data->d_type = contents.type;
    data->d_align = header.sh_addralign;
    return {scn, elf_ndxscn(scn)};
}

bool Writer::add_relocations(std::size_t section, std::size_t symtab) {
    const ElfSection& target = object_.sections[section];
    if (target.relocations.empty()) return true;
    std::vector<Elf64_Rel>& table = relocations_.emplace_back();
    table.reserve(target.relocations.size());
    for (const ElfRelocation& one : target.relocations)
        table.push_back({one.offset, ELF64_R_INFO(symbol_numbers_[one.symbol], one.type)});
    const Elf64_Shdr header{.sh_name = 0,
                            .sh_type = SHT_REL,
                            .sh_flags = SHF_INFO_LINK,
                            .sh_addr = 0,
                            .sh_offset = 0,
                            .sh_size = 0,
                            .sh_link = static_cast<Elf64_Word>(symtab),
                            .sh_info = static_cast<Elf64_Word>(section + 1),
                            .sh_addralign = 8,
                            .sh_entsize = sizeof(Elf64_Rel)};
    return add_section(".rel" + target.name, header,
                       {table.data(), table.size() * sizeof(Elf64_Rel), ELF_T_REL})
               .scn != nullptr;
}

// The symbols, their names, the relocations and, last, the names of the sections.
bool Writer::add_tables() {
    make_symbols();
    const std::size_t symtab = object_.sections.size() + 1;
    Elf64_Shdr header{};
    header.sh_type = SHT_SYMTAB;
    header.sh_link = static_cast<Elf64_Word>(symtab + 1);
    header.sh_info = static_cast<Elf64_Word>(first_global_);
    header.sh_addralign = 8;
    header.sh_entsize = sizeof(Elf64_Sym);
    if (add_section(".symtab", header,
                    {symbols_.data(), symbols_.size() * sizeof(Elf64_Sym), ELF_T_SYM})
            .number != symtab)
        return false;
    Elf64_Shdr strings{};
    strings.sh_type = SHT_STRTAB;
    strings.sh_addralign = 1;
    const std::string& text = symbol_names_.bytes();
    if (add_section(".strtab", strings, {text.data(), text.size()}).scn == nullptr) return false;
    for (std::size_t i = 0; i < object_.sections.size(); ++i)
        if (!add_relocations(i, symtab)) return false;
    names_.add(".shstrtab");
    const std::string& names = names_.bytes();
    const Numbered last = add_section("", strings, {names.data(), names.size()});
    if (last.scn == nullptr) return false;
    elf64_getshdr(last.scn)->sh_name = static_cast<Elf64_Word>(names.size() - sizeof(".shstrtab"));
    elf64_getehdr(elf_.get())->e_shstrndx = static_cast<Elf64_Half>(last.number);
    return true;
}

bool Writer::make_header(Elf* elf) {
    Elf64_Ehdr* const header = elf == nullptr ? nullptr : elf64_newehdr(elf);
    if (header == nullptr) return false;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_REL;
    header->e_machine = EM_BPF;
    header->e_version = EV_CURRENT;
    return true;
}

bool Writer::build() {
    if (!make_header(elf_.get())) return false;
    relocations_.reserve(object_.sections.size());
    for (const ElfSection& section : object_.sections) {
        Elf64_Shdr header{};
        header.sh_type = section.type;
        header.sh_flags = section.flags;
        header.sh_addralign = section.align;
        if (add_section(section.name, header, {section.bytes.data(), section.bytes.size()}).scn ==
            nullptr)
            return false;
    }
    return add_tables() && elf_update(elf_.get(), ELF_C_WRITE) >= 0;
}

Result<std::vector<std::byte>> Writer::write() {
    const MemoryFile file;
    if (file.get() < 0) return refused(errno);
    elf_version(EV_CURRENT);
    elf_.reset(elf_begin(file.get(), ELF_C_WRITE, nullptr));
    if (!build()) return refused(0, elf_errmsg(-1));
    return file.read();
}

}  // namespace

Result<std::vector<std::byte>> write_elf(const ElfObject& object) { return Writer(object).write(); }

}  // namespace bpfw::compiler
