// SPDX-License-Identifier: GPL-2.0-or-later
// Edits the template's .BTF through libbpf's <bpf/btf.h>. BtfTypes is the door.
#include "compiler/object/btf_types.hpp"

#include <bpf/btf.h>
#include <fmt/format.h>

#include <cstring>

#include "parser/base/result.hpp"

namespace bpfw::compiler {
namespace {

// libbpf's answer, which is negative when memory ran out or the template's BTF is broken.
std::uint32_t checked(int answer, const char* what) {
    if (answer < 0) BPFW_BUG(fmt::format("BTF: {}: {}", what, std::strerror(-answer)));
    return static_cast<std::uint32_t>(answer);
}

int as_id(std::uint32_t id) { return static_cast<int>(id); }

struct Parameters {
    const char* structure;  // that the first points to
    const char* name;
    const char* context;  // struct that the second points to; nullptr: there is none
};

Parameters parameters(Signature signature) {
    switch (signature) {
        case Signature::Packet:
            return {"bpfw_packet", "packet", nullptr};
        case Signature::PacketXdp:
            return {"bpfw_packet", "packet", "xdp_md"};
        case Signature::PacketTc:
            return {"bpfw_packet", "packet", "__sk_buff"};
        case Signature::FrameXdp:
            return {"bpfw_frame", "frame", "xdp_md"};
        case Signature::FrameTc:
            return {"bpfw_frame", "frame", "__sk_buff"};
        case Signature::Xdp:
        case Signature::Tc:
            break;  // keeps the type of the program in whose place it comes
    }
    BPFW_BUG("a signature outside the enum");
}

// libbpf hands types out as const, but it has no call that changes one in place; after the
// first btf__add_*() they lie in memory of the btf's own (its .c: btf_ensure_modifiable()).
btf_type& editable(btf* types, std::uint32_t id) {
    const btf_type* type = btf__type_by_id(types, id);
    if (type == nullptr) BPFW_BUG(fmt::format("BTF: no type {}", id));
    return const_cast<btf_type&>(*type);
}

}  // namespace

void BtfTypes::Free::operator()(btf* types) const { btf__free(types); }

BtfTypes::BtfTypes(std::span<const std::byte> section)
    : types_(btf__new(section.data(), static_cast<std::uint32_t>(section.size()))) {
    if (!types_) BPFW_BUG("the BPF template has no valid BTF");
}

std::uint32_t BtfTypes::string(const std::string& text) {
    return checked(btf__add_str(types_.get(), text.c_str()), "add string");
}

std::uint32_t BtfTypes::pointer_to(const char* structure) {
    const int id = btf__find_by_name_kind(types_.get(), structure, BTF_KIND_STRUCT);
    checked(id, structure);
    return checked(btf__add_ptr(types_.get(), id), "add pointer");
}

// The verifier takes a pointer argument of a global function for memory of the size of the
// struct it points to, so the type must be there with its full size; a context it knows by its
// name.
std::uint32_t BtfTypes::prototype(Signature signature) {
    std::uint32_t& made = prototypes_.at(static_cast<std::size_t>(signature));
    if (made != 0) return made;
    btf* const types = types_.get();
    const Parameters names = parameters(signature);
    const std::uint32_t first = pointer_to(names.structure);
    const std::uint32_t context = names.context == nullptr ? 0 : pointer_to(names.context);
    const int result = btf__find_by_name_kind(types, "int", BTF_KIND_INT);
    checked(result, "find int");
    made = checked(btf__add_func_proto(types, result), "add prototype");
    checked(btf__add_func_param(types, names.name, as_id(first)), "add parameter");
    if (context != 0) checked(btf__add_func_param(types, "ctx", as_id(context)), "add parameter");
    return made;
}

std::uint32_t BtfTypes::add_function(const std::string& name, Signature signature,
                                     Declared declared) {
    const std::uint32_t type = prototype(signature);
    if (declared == Declared::No)
        return checked(btf__add_func(types_.get(), name.c_str(), BTF_FUNC_GLOBAL, as_id(type)),
                       "add function");
    // The kernel refuses extern linkage and prototypes without parameter names, both of which
    // clang makes of a declaration.
    const std::uint32_t id =
        checked(btf__find_by_name_kind(types_.get(), name.c_str(), BTF_KIND_FUNC),
                "find the template's declaration");
    btf_type& function = editable(types_.get(), id);
    function.info = BTF_KIND_FUNC << 24U | BTF_FUNC_GLOBAL;
    function.type = type;
    return id;
}

// `__uint(max_entries, N)` is a member whose type is a pointer to an array of N ints. Equal
// arrays are one type in BTF, so the map gets a new one.
void BtfTypes::set_max_entries(const std::string& map, std::uint32_t entries) {
    btf* const types = types_.get();
    const auto variable = checked(btf__find_by_name_kind(types, map.c_str(), BTF_KIND_VAR),
                                  "find the map's definition");
    const std::uint32_t definition = btf__type_by_id(types, variable)->type;
    const auto index = checked(btf__find_by_name_kind(types, "int", BTF_KIND_INT), "find int");
    const std::uint32_t array =
        checked(btf__add_array(types, as_id(index), as_id(index), entries), "add array");
    const std::uint32_t pointer = checked(btf__add_ptr(types, as_id(array)), "add pointer");
    btf_type& members = editable(types, definition);
    if (!btf_is_struct(&members)) BPFW_BUG(fmt::format("map '{}' is not defined in BTF", map));
    for (std::uint32_t i = 0; i < btf_vlen(&members); ++i) {
        btf_member& member = btf_members(&members)[i];
        const char* name = btf__name_by_offset(types, member.name_off);
        if (std::strcmp(name, "max_entries") != 0) continue;
        member.type = pointer;
        return;
    }
    BPFW_BUG(fmt::format("map '{}' has no max_entries", map));
}

std::vector<std::byte> BtfTypes::bytes() const {
    std::uint32_t size = 0;
    const auto* raw = static_cast<const std::byte*>(btf__raw_data(types_.get(), &size));
    if (raw == nullptr) BPFW_BUG("BTF: out of memory");
    return {raw, raw + size};
}

}  // namespace bpfw::compiler
