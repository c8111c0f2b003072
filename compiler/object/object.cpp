// SPDX-License-Identifier: GPL-2.0-or-later
// Program -> ELF bytes with the embedded template. write_object() is the door.
#include "compiler/object/object.hpp"

#include "bpf-templates/templates.hpp"
#include "compiler/object/link.hpp"

namespace bpfw::compiler {

Result<std::vector<std::byte>> write_object(const Program& program) {
    return link_object(templates::rules_template(), program);
}

}  // namespace bpfw::compiler
