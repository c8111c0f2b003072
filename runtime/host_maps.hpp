// SPDX-License-Identifier: GPL-2.0-or-later
// What a ruleset's programs must know of this host: names of interfaces, VLAN devices, own
// addresses. As values first, then into the maps of abi.h.
#pragma once

#include <bpf/libbpf.h>

#include <utility>
#include <vector>

#include "bpf-templates/abi.h"
#include "parser/base/result.hpp"
#include "runtime/interfaces.hpp"

namespace bpfw::runtime {

// By ifindex; as long as the next power of two above the highest one, at least 64.
std::vector<bpfw_interface> interface_table(const std::vector<Interface>& interfaces);
// Some device's frames begin with IP: the programs must ask for BPFW_IF_RAW_IP.
bool any_raw_ip(const std::vector<Interface>& interfaces);
// Key and the VLAN device's ifindex.
std::vector<std::pair<bpfw_vlan_key, std::uint32_t>> vlan_table(
    const std::vector<Interface>& interfaces);
// Open addressing as abi.h describes; an address whose eight slots are taken is left out.
bpfw_local local_table(const std::vector<Address>& addresses);

// Before the load: the maps get the sizes they need. ERANGE: an ifindex of 2^24 or more.
Result<void> size_host_maps(bpf_object* object, const std::vector<Interface>& interfaces);
// After the load: the maps get their contents.
Result<void> fill_host_maps(const bpf_object* object, const std::vector<Interface>& interfaces,
                            const std::vector<Address>& addresses);

}  // namespace bpfw::runtime
