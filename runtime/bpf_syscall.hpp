// SPDX-License-Identifier: GPL-2.0-or-later
// bpf(2) as typed functions: what libbpf 1.1 lacks (tcx, 6.6+) and what it gives only raw
// (info structs). The attach type numbers are those of include/uapi/linux/bpf.h of 6.6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "parser/base/result.hpp"
#include "runtime/fd.hpp"

namespace bpfw::runtime {

enum class TcDirection : std::uint8_t { Ingress, Egress };

struct ProgramInfo {
    std::uint32_t id = 0;
    std::string name;  // at most 15 bytes, as the kernel keeps it
    std::vector<std::uint32_t> maps;
};
struct MapInfo {
    std::uint32_t id = 0;
    std::uint32_t type = 0;  // BPF_MAP_TYPE_*
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::string name;  // at most 15 bytes
};
struct LinkInfo {
    std::uint32_t program = 0;
    std::uint32_t ifindex = 0;  // 0: its interface was deleted
};

Result<Fd> program_by_id(std::uint32_t id);
Result<Fd> map_by_id(std::uint32_t id);
Result<ProgramInfo> program_info(int fd);
Result<MapInfo> map_info(int fd);
// Of an XDP or a tcx link.
Result<LinkInfo> link_info(int fd);
// A pinned program, map or link.
Result<Fd> open_pin(const std::string& path);

// Maps the whole of a BPF_F_MMAPABLE array, to read and write.
Result<Mapping> map_memory(int fd, std::size_t bytes);

// Does this kernel have tcx? Asks for the list of lo's tcx programs; changes nothing.
bool has_tcx();
// A tcx link that runs before every other tcx program of the device.
Result<Fd> create_tcx_link(int program, std::uint32_t ifindex, TcDirection direction);

// Waits until every BPF program (XDP, TC) that runs at the time of the call has ended.
// Prepared first, so that after a switch nothing can fail for want of memory.
class GracePeriod {
public:
    static Result<GracePeriod> prepare();
    Result<void> wait() const;

private:
    GracePeriod(Fd inner, Fd outer) : inner_(std::move(inner)), outer_(std::move(outer)) {}
    Fd inner_;
    Fd outer_;
};

}  // namespace bpfw::runtime
