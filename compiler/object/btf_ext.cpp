// SPDX-License-Identifier: GPL-2.0-or-later
// .BTF.ext <-> BtfExt. read_btf_ext() and write_btf_ext() are the doors.
#include "compiler/object/btf_ext.hpp"

#include <linux/btf.h>

#include <algorithm>
#include <cstring>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// Offsets count from the end of the header, lengths are in bytes.
struct Header {
    std::uint16_t magic = BTF_MAGIC;
    std::uint8_t version = BTF_VERSION;
    std::uint8_t flags = 0;
    std::uint32_t header_length = sizeof(Header);
    std::uint32_t functions_offset = 0;
    std::uint32_t functions_length = 0;
    std::uint32_t lines_offset = 0;
    std::uint32_t lines_length = 0;
    std::uint32_t relocations_offset = 0;
    std::uint32_t relocations_length = 0;
};
static_assert(sizeof(Header) == 32);
constexpr std::size_t kShortHeader = 24;  // without CO-RE relocations, as old compilers wrote it

struct SectionHeader {
    std::uint32_t name = 0;
    std::uint32_t records = 0;
};

// Cuts values off the front of a byte range.
class Cursor {
public:
    explicit Cursor(std::span<const std::byte> bytes) : rest_(bytes) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    void take(void* into, std::size_t size) {
        if (size > rest_.size()) BPFW_BUG("the BPF template's .BTF.ext is cut off");
        if (size != 0) std::memcpy(into, rest_.data(), size);
        rest_ = rest_.subspan(size);
    }
    template <typename T>
    T take() {
        T value{};
        take(&value, sizeof(value));
        return value;
    }

private:
    std::span<const std::byte> rest_;
};

std::span<const std::byte> part(std::span<const std::byte> bytes, std::size_t offset,
                                std::size_t length) {
    if (offset > bytes.size() || length > bytes.size() - offset)
        BPFW_BUG("the BPF template's .BTF.ext points out of itself");
    return bytes.subspan(offset, length);
}

template <typename Record>
BtfExtTable<Record> read_table(std::span<const std::byte> bytes) {
    BtfExtTable<Record> table;
    if (bytes.empty()) return table;
    Cursor cursor(bytes);
    if (cursor.take<std::uint32_t>() != sizeof(Record))
        BPFW_BUG("the BPF template's .BTF.ext has records of another size");
    while (!cursor.empty()) {
        const auto header = cursor.take<SectionHeader>();
        std::vector<Record>& records = table.of(header.name);
        records.resize(header.records);
        cursor.take(records.data(), records.size() * sizeof(Record));
    }
    return table;
}

void put(std::vector<std::byte>& out, const void* bytes, std::size_t size) {
    const std::size_t place = out.size();
    out.resize(place + size);
    if (size != 0) std::memcpy(out.data() + place, bytes, size);
}

template <typename Record>
void put_table(std::vector<std::byte>& out, const BtfExtTable<Record>& table) {
    const std::uint32_t record_size = sizeof(Record);
    put(out, &record_size, sizeof(record_size));
    for (const auto& section : table.sections) {
        const SectionHeader header{section.section,
                                   static_cast<std::uint32_t>(section.records.size())};
        put(out, &header, sizeof(header));
        put(out, section.records.data(), section.records.size() * sizeof(Record));
    }
}

}  // namespace

template <typename Record>
std::vector<Record>& BtfExtTable<Record>::of(std::uint32_t section) {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const Section& one) { return one.section == section; });
    if (found != sections.end()) return found->records;
    return sections.emplace_back(Section{section, {}}).records;
}

template struct BtfExtTable<bpf_func_info>;
template struct BtfExtTable<bpf_line_info>;

BtfExt read_btf_ext(std::span<const std::byte> section) {
    Header header;
    if (section.size() < kShortHeader) BPFW_BUG("the BPF template's .BTF.ext is too short");
    std::memcpy(&header, section.data(), std::min(section.size(), sizeof(header)));
    if (header.magic != BTF_MAGIC || header.header_length < kShortHeader ||
        header.header_length > section.size())
        BPFW_BUG("the BPF template's .BTF.ext has no valid header");
    if (header.header_length < sizeof(header)) header.relocations_length = 0;
    const auto body = section.subspan(header.header_length);
    BtfExt ext;
    ext.functions =
        read_table<bpf_func_info>(part(body, header.functions_offset, header.functions_length));
    ext.lines = read_table<bpf_line_info>(part(body, header.lines_offset, header.lines_length));
    if (header.relocations_length != 0) {
        const auto raw = part(body, header.relocations_offset, header.relocations_length);
        ext.relocations.assign(raw.begin(), raw.end());
    }
    return ext;
}

std::vector<std::byte> write_btf_ext(const BtfExt& ext) {
    std::vector<std::byte> out(sizeof(Header));
    const auto here = [&] { return static_cast<std::uint32_t>(out.size() - sizeof(Header)); };
    Header header;
    put_table(out, ext.functions);
    header.functions_length = here();
    header.lines_offset = here();
    put_table(out, ext.lines);
    header.lines_length = here() - header.lines_offset;
    header.relocations_offset = here();
    put(out, ext.relocations.data(), ext.relocations.size());
    header.relocations_length = here() - header.relocations_offset;
    std::memcpy(out.data(), &header, sizeof(header));
    return out;
}

}  // namespace bpfw::compiler
