// SPDX-License-Identifier: GPL-2.0-or-later
// An object -> a ruleset in the kernel (load_ruleset); the generation word -> the ruleset
// that runs (running_ruleset). Both give the same text and counters.
#include "runtime/ruleset.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>
#include <string_view>

#include "bpf-templates/abi.h"
#include "runtime/config.hpp"
#include "runtime/event_maps.hpp"
#include "runtime/host_maps.hpp"
#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr std::string_view kMagic = BPFW_RULESET_MAGIC;
constexpr const char* kCarried = "bpfw_carried";

// The text after the magic, up to the padding; nothing when the magic is not there.
std::optional<std::string> ruleset_text(std::string_view section) {
    if (section.substr(0, kMagic.size()) != kMagic) return std::nullopt;
    section.remove_prefix(kMagic.size());
    return std::string(section.substr(0, section.find('\0')));
}

std::optional<std::string> read_text_map(int fd, const MapInfo& info) {
    std::string value(info.value_size, '\0');
    const std::uint32_t key = 0;
    if (::bpf_map_lookup_elem(fd, &key, value.data()) != 0) return std::nullopt;
    return ruleset_text(value);
}

struct FoundMaps {
    std::optional<std::string> text;
    std::optional<Fd> counters;
    std::optional<Fd> carried;
};

Result<FoundMaps> maps_of(const ProgramInfo& program) {
    FoundMaps found;
    for (const std::uint32_t id : program.maps) {
        auto map = map_by_id(id);
        if (!map) return tl::unexpected(map.error());
        const auto info = map_info(map->get());
        if (!info) return tl::unexpected(info.error());
        if (info->name == BPFW_MAP_COUNTERS)
            found.counters = std::move(*map);
        else if (info->name == kCarried)
            found.carried = std::move(*map);
        else if (info->type == BPF_MAP_TYPE_ARRAY && info->max_entries == 1 && !found.text &&
                 info->name != BPFW_TABLES_SECTION)
            found.text = read_text_map(map->get(), *info);
    }
    return found;
}

Result<RunningRuleset> ruleset_behind(std::uint32_t program_id) {
    auto program = program_by_id(program_id);
    if (!program) return tl::unexpected(program.error());
    const auto info = program_info(program->get());
    if (!info) return tl::unexpected(info.error());
    auto maps = maps_of(*info);
    if (!maps) return tl::unexpected(maps.error());
    if (!maps->text || !maps->counters || !maps->carried)
        return failure("read the running ruleset", fmt::format("program id {}", program_id), ENOENT,
                       "its text or its counters are missing");
    auto counters = Counters::open(std::move(*maps->counters), *maps->carried);
    if (!counters) return tl::unexpected(counters.error());
    return RunningRuleset{std::move(*maps->text), std::move(*counters), std::move(*program)};
}

Result<std::string> text_of(const bpf_object* object) {
    const bpf_map* map = ::bpf_object__find_map_by_name(object, BPFW_RULESET_SECTION);
    std::size_t size = 0;
    const void* value =
        map == nullptr ? nullptr : ::bpf_map__initial_value(const_cast<bpf_map*>(map), &size);
    if (value != nullptr)
        if (auto text = ruleset_text({static_cast<const char*>(value), size})) return *text;
    return failure("read the ruleset's text", BPFW_RULESET_SECTION, EINVAL,
                   "this object was not made by bpfw");
}

Result<RulesetPrograms> programs_of(const bpf_object* object) {
    const auto xdp = program_fd(object, BPFW_PROG_XDP);
    if (!xdp) return tl::unexpected(xdp.error());
    const auto ingress = program_fd(object, BPFW_PROG_TC_INGRESS);
    if (!ingress) return tl::unexpected(ingress.error());
    const auto egress = program_fd(object, BPFW_PROG_TC_EGRESS);
    if (!egress) return tl::unexpected(egress.error());
    return RulesetPrograms{*xdp, *ingress, *egress};
}

// Bound to the XDP program, which is how the next command finds it again.
Result<Fd> make_carried(std::uint32_t slots, int xdp_program) {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.map_flags = BPF_F_MMAPABLE;
    Fd map(::bpf_map_create(BPF_MAP_TYPE_ARRAY, kCarried, sizeof(std::uint32_t),
                            sizeof(bpfw_counter), slots, &options));
    if (map.get() < 0) return refused("create map", kCarried, errno);
    if (const int error = ::bpf_prog_bind_map(xdp_program, map.get(), nullptr); error != 0)
        return refused("bind map", kCarried, -error);
    return map;
}

Result<Counters> make_counters(const bpf_object* object, int xdp_program) {
    const int borrowed = ::bpf_object__find_map_fd_by_name(object, BPFW_MAP_COUNTERS);
    if (borrowed < 0) return failure("find map", BPFW_MAP_COUNTERS, ENOENT, "not in the object");
    const auto info = map_info(borrowed);
    if (!info) return tl::unexpected(info.error());
    const auto carried = make_carried(info->max_entries, xdp_program);
    if (!carried) return tl::unexpected(carried.error());
    auto own = map_by_id(info->id);
    if (!own) return tl::unexpected(own.error());
    return Counters::open(std::move(*own), *carried);
}

}  // namespace

Result<std::optional<RunningRuleset>> running_ruleset(const Switch& active) {
    // Without the lock a switch may come in between and clear the slot: then once more.
    while (true) {
        const std::uint64_t generation = active.generation();
        const std::uint32_t id = active.program_id(generation, RulesetHook::Xdp);
        if (id != 0) {
            auto found = ruleset_behind(id);
            if (found) return std::optional(std::move(*found));
            if (active.generation() == generation) return tl::unexpected(found.error());
        } else if (active.generation() == generation) {
            return std::optional<RunningRuleset>();
        }
    }
}

Result<LoadedRuleset> load_ruleset(std::span<const std::byte> bytes, const Pins& pins,
                                   const std::vector<Interface>& interfaces,
                                   const std::vector<Address>& addresses) {
    const LibbpfLog log;
    Object object(::bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
    if (!object) return refused("open", "the ruleset's object", errno, log.text());
    auto text = text_of(object.get());
    if (!text) return tl::unexpected(text.error());
    if (auto sized = size_host_maps(object.get(), interfaces); !sized)
        return tl::unexpected(sized.error());
    const auto config = config_of(object.get());
    if (!config) return tl::unexpected(config.error());
    if (any_raw_ip(interfaces)) (*config)->needs |= BPFW_NEEDS_RAW_IP;
    if (auto chosen = choose_event_maps(object.get(), pins, (*config)->needs); !chosen)
        return tl::unexpected(chosen.error());
    if (const int error = ::bpf_object__load(object.get()); error != 0)
        return refused("load", "the ruleset's programs", -error, log.text());
    if (auto filled = fill_host_maps(object.get(), interfaces, addresses); !filled)
        return tl::unexpected(filled.error());
    const auto programs = programs_of(object.get());
    if (!programs) return tl::unexpected(programs.error());
    auto counters = make_counters(object.get(), programs->xdp);
    if (!counters) return tl::unexpected(counters.error());
    return LoadedRuleset{std::move(object), std::move(*text), std::move(*counters), *programs};
}

}  // namespace bpfw::runtime
