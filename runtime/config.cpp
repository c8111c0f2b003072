// SPDX-License-Identifier: GPL-2.0-or-later
// An opened object -> where its variable bpfw_config lies in the .rodata it will load.
#include "runtime/config.hpp"

#include <bpf/btf.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string_view>

namespace bpfw::runtime {
namespace {

constexpr const char* kSection = ".rodata";
constexpr std::string_view kVariable = "bpfw_config";

std::optional<std::size_t> offset_in(const btf* types, const btf_type* section) {
    const btf_var_secinfo* entries = btf_var_secinfos(section);
    for (std::size_t at = 0; at < btf_vlen(section); ++at) {
        const btf_type* variable = ::btf__type_by_id(types, entries[at].type);
        if (kVariable == ::btf__name_by_offset(types, variable->name_off))
            return entries[at].offset;
    }
    return std::nullopt;
}

}  // namespace

Result<bpfw_config*> config_of(bpf_object* object) {
    std::size_t size = 0;
    bpf_map* map = ::bpf_object__find_map_by_name(object, kSection);
    auto* values =
        map == nullptr
            ? nullptr
            : static_cast<std::byte*>(const_cast<void*>(::bpf_map__initial_value(map, &size)));
    const btf* types = ::bpf_object__btf(object);
    const auto section =
        types == nullptr ? -1 : ::btf__find_by_name_kind(types, kSection, BTF_KIND_DATASEC);
    if (values != nullptr && section > 0) {
        const auto offset =
            offset_in(types, ::btf__type_by_id(types, static_cast<std::uint32_t>(section)));
        if (offset && *offset + sizeof(bpfw_config) <= size)
            return reinterpret_cast<bpfw_config*>(values + *offset);
    }
    return failure("find variable", std::string(kVariable), EINVAL,
                   "this object was not made by bpfw");
}

}  // namespace bpfw::runtime
