/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of the rules object, its configuration, and what is read from them by name. */
#ifndef BPFW_MAPS_H
#define BPFW_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"

/* max_entries: the linker sets the number of counter slots, the runtime the interfaces. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpfw_counter);
} bpfw_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpfw_interface);
} bpfw_interfaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct bpfw_vlan_key);
	__type(value, __u32);
} bpfw_vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpfw_local);
} bpfw_local SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpfw_trace);
} bpfw_trace SEC(".maps");

const volatile struct bpfw_config bpfw_config = {0, BPFW_HOOK_AUTO};

static __always_inline int needs(__u32 what)
{
	return (bpfw_config.needs & what) != 0;
}

static __always_inline int forced(void)
{
	return bpfw_config.force_hook != BPFW_HOOK_AUTO;
}

/* Copies the name of interface `ifindex`; leaves it empty when the interface is unknown. */
static __always_inline void copy_name(__u32 name[4], __u32 ifindex)
{
	const struct bpfw_interface *interface = bpf_map_lookup_elem(&bpfw_interfaces, &ifindex);
	const __u32 *words;

	if (!interface)
		return;
	words = (const __u32 *)interface->name;
	name[0] = words[0];
	name[1] = words[1];
	name[2] = words[2];
	name[3] = words[3];
}

#endif
