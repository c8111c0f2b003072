// SPDX-License-Identifier: GPL-2.0-or-later
// The template's type information (.BTF), and what the emitted functions add to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/program.hpp"

struct btf;

namespace bpfw::compiler {

class BtfTypes {
public:
    // BPFW_BUG when `section` is no BTF: it comes from the template.
    explicit BtfTypes(std::span<const std::byte> section);

    // The offset of `text` in the string section; equal texts share one.
    std::uint32_t string(const std::string& text);
    // A global function with the signature's prototype. Declared::Yes: it takes the place of the
    // template's extern declaration of it. Returns its type id.
    enum class Declared : std::uint8_t { No, Yes };
    std::uint32_t add_function(const std::string& name, Signature signature, Declared declared);
    // max_entries in the definition of a map of section .maps.
    void set_max_entries(const std::string& map, std::uint32_t entries);

    [[nodiscard]] std::vector<std::byte> bytes() const;

private:
    struct Free {
        void operator()(btf* types) const;
    };
    std::uint32_t pointer_to(const char* structure);
    std::uint32_t prototype(Signature signature);

    std::unique_ptr<btf, Free> types_;
    std::array<std::uint32_t, 5> prototypes_{};  // by Signature; 0: not made yet
};

}  // namespace bpfw::compiler
