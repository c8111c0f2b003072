// SPDX-License-Identifier: GPL-2.0-or-later
// Program -> ELF bytes with the embedded template. write_object() is the door.
#include "compiler/object/object.hpp"

#include "bpf-templates/templates.hpp"
#include "compiler/object/link.hpp"

namespace bpfw::compiler {
namespace {

std::span<const std::byte> template_of(Entry entry) {
    switch (entry) {
        case Entry::Rules:
            return templates::rules_template();
        case Entry::FrameRules:
            return templates::rules_frame_template();
        case Entry::Filter:
            return templates::filter_template();
    }
    BPFW_BUG("a program without a template");
}

}  // namespace

Result<std::vector<std::byte>> write_object(const Program& program) {
    return link_object(template_of(program.entry), program);
}

}  // namespace bpfw::compiler
