// SPDX-License-Identifier: GPL-2.0-or-later
// The template's type information (.BTF), and what the emitted functions add to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct btf;

namespace bpfw::compiler {

class BtfTypes {
public:
    // BPFW_BUG when `section` is no BTF: it comes from the template.
    explicit BtfTypes(std::span<const std::byte> section);

    // The offset of `text` in the string section; equal texts share one.
    std::uint32_t string(const std::string& text);
    // A global `int name(struct bpfw_packet *packet)`. Declared::Yes: it takes the place of the
    // template's extern declaration of it. Returns its type id.
    enum class Declared : std::uint8_t { No, Yes };
    std::uint32_t add_chain_function(const std::string& name, Declared declared);
    // max_entries in the definition of a map of section .maps.
    void set_max_entries(const std::string& map, std::uint32_t entries);

    [[nodiscard]] std::vector<std::byte> bytes() const;

private:
    struct Free {
        void operator()(btf* types) const;
    };
    std::uint32_t chain_prototype();

    std::unique_ptr<btf, Free> types_;
    std::uint32_t prototype_ = 0;
};

}  // namespace bpfw::compiler
