// SPDX-License-Identifier: GPL-2.0-or-later
// Turns ids, paths and links into typed values. The only file that knows attach type
// numbers that the installed headers may not have.
#include "runtime/bpf_syscall.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>

#include <cerrno>

#include "runtime/system.hpp"

namespace bpfw::runtime {
namespace {

constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE without a relative: first of all
constexpr std::uint32_t kLoopback = 1;      // lo is every namespace's first device

}  // namespace

Result<Fd> program_by_id(std::uint32_t id) {
    Fd fd(::bpf_prog_get_fd_by_id(id));
    if (fd.get() < 0) return refused("open program", fmt::format("id {}", id), errno);
    return fd;
}

Result<Fd> map_by_id(std::uint32_t id) {
    Fd fd(::bpf_map_get_fd_by_id(id));
    if (fd.get() < 0) return refused("open map", fmt::format("id {}", id), errno);
    return fd;
}

Result<ProgramInfo> program_info(int fd) {
    bpf_prog_info info = {};
    std::uint32_t size = sizeof(info);
    if (::bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return refused("ask program", "", errno);
    ProgramInfo result = {.id = info.id, .name = info.name, .maps = {}};
    result.maps.resize(info.nr_map_ids);
    bpf_prog_info again = {};
    again.nr_map_ids = info.nr_map_ids;
    again.map_ids = reinterpret_cast<std::uintptr_t>(result.maps.data());
    size = sizeof(again);
    if (::bpf_obj_get_info_by_fd(fd, &again, &size) != 0) return refused("ask program", "", errno);
    if (again.nr_map_ids < result.maps.size()) result.maps.resize(again.nr_map_ids);
    return result;
}

Result<MapInfo> map_info(int fd) {
    bpf_map_info info = {};
    std::uint32_t size = sizeof(info);
    if (::bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return refused("ask map", "", errno);
    return MapInfo{.id = info.id,
                   .type = info.type,
                   .value_size = info.value_size,
                   .max_entries = info.max_entries,
                   .name = info.name};
}

Result<LinkInfo> link_info(int fd) {
    bpf_link_info info = {};
    std::uint32_t size = sizeof(info);
    if (::bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return refused("ask link", "", errno);
    // struct bpf_link_info: xdp.ifindex and tcx.ifindex are the same four bytes.
    return LinkInfo{.program = info.prog_id, .ifindex = info.xdp.ifindex};
}

Result<Fd> open_pin(const std::string& path) {
    Fd fd(::bpf_obj_get(path.c_str()));
    if (fd.get() < 0) return refused("open pin", path, errno);
    return fd;
}

Result<Mapping> map_memory(int fd, std::size_t bytes) {
    void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) return refused("mmap map", "", errno);
    return Mapping(address, bytes);
}

bool has_tcx() {
    std::uint32_t count = 0;
    const int error = ::bpf_prog_query(kLoopback, kTcxIngress, 0, nullptr, nullptr, &count);
    return error == 0 || errno != EINVAL;
}

Result<Fd> create_tcx_link(int program, std::uint32_t ifindex, TcDirection direction) {
    LIBBPF_OPTS(bpf_link_create_opts, options);
    options.flags = kBefore;
    const auto type = direction == TcDirection::Ingress ? kTcxIngress : kTcxEgress;
    Fd fd(::bpf_link_create(program, static_cast<int>(ifindex), type, &options));
    if (fd.get() < 0) return refused("attach tcx", fmt::format("ifindex {}", ifindex), errno);
    return fd;
}

// Updating a map-in-map from user space waits for running programs (kernel/bpf/syscall.c:
// maybe_wait_bpf_programs() calls synchronize_rcu() for the two map-in-map types); that is a
// promise to user space. membarrier(GLOBAL) does nothing with one CPU and is refused under
// nohz_full.
Result<GracePeriod> GracePeriod::prepare() {
    Fd inner(::bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpfw_grace_in", 4, 4, 1, nullptr));
    if (inner.get() < 0) return refused("create map", "bpfw_grace_in", errno);
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.inner_map_fd = static_cast<std::uint32_t>(inner.get());
    Fd outer(::bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "bpfw_grace", 4, 4, 1, &options));
    if (outer.get() < 0) return refused("create map", "bpfw_grace", errno);
    return GracePeriod(std::move(inner), std::move(outer));
}

Result<void> GracePeriod::wait() const {
    const std::uint32_t key = 0;
    const int value = inner_.get();
    if (::bpf_map_update_elem(outer_.get(), &key, &value, BPF_ANY) != 0)
        return refused("wait for running programs", "", errno);
    return {};
}

}  // namespace bpfw::runtime
