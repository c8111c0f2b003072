// SPDX-License-Identifier: GPL-2.0-or-later
// The embedded root object -> root programs on this namespace's pinned maps.
#include "runtime/root.hpp"

#include <cerrno>

#include "bpf-templates/abi.h"
#include "bpf-templates/templates.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr const char* kSharedMaps[] = {BPFW_MAP_GENERATION, BPFW_MAP_XDP_PROGS, BPFW_MAP_TC_PROGS};

}  // namespace

Result<int> program_fd(const bpf_object* object, const char* name) {
    const bpf_program* program = ::bpf_object__find_program_by_name(object, name);
    if (program == nullptr) return failure("find program", name, ENOENT, "not in the object");
    return ::bpf_program__fd(program);
}

Result<Object> load_root(const Pins& pins) {
    const LibbpfLog log;
    const auto bytes = templates::root_template();
    Object object(::bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
    if (!object) return refused("open", "the root object", errno, log.text());
    for (const char* name : kSharedMaps) {
        bpf_map* map = ::bpf_object__find_map_by_name(object.get(), name);
        if (map == nullptr) return failure("find map", name, ENOENT, "not in the root object");
        // libbpf takes what is pinned at this path, or creates the map and pins it there.
        if (const int error = ::bpf_map__set_pin_path(map, pins.path(name).c_str()); error != 0)
            return refused("pin map", pins.path(name), -error);
    }
    if (const int error = ::bpf_object__load(object.get()); error != 0)
        return refused("load", "the root programs", -error, log.text());
    return object;
}

}  // namespace bpfw::runtime
