// SPDX-License-Identifier: GPL-2.0-or-later
// The root object (bpf-templates): its maps are pinned once per namespace, its programs are
// loaded again for every command that attaches something, on the same maps.
#pragma once

#include <bpf/libbpf.h>

#include <memory>

#include "parser/base/result.hpp"
#include "runtime/pins.hpp"

namespace bpfw::runtime {

struct CloseObject {
    void operator()(bpf_object* object) const { ::bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

// The fd of a loaded program, borrowed from the object.
Result<int> program_fd(const bpf_object* object, const char* name);

// Creates and pins the maps that are not pinned yet, and loads the three root programs.
Result<Object> load_root(const Pins& pins);

}  // namespace bpfw::runtime
