// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest template that has everything the linker must handle: entry programs in two
 * sections, a function of its own in .text that calls another, maps, .rodata, and the
 * undefined chain functions. The first byte of the packet says which one is called; what it
 * returns is the program's return value.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf-templates/abi.h"

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
	__type(value, struct bpfw_trace);
} bpfw_trace SEC(".maps");

const volatile struct bpfw_config bpfw_config = {.force_hook = BPFW_HOOK_AUTO};

#define DECLARE(name) extern int name(struct bpfw_packet *packet);
BPFW_CHAIN_FUNCTIONS(DECLARE)

static __attribute__((noinline)) int count(__u32 bytes)
{
	__u32 key = 0;
	struct bpfw_counter *counter = bpf_map_lookup_elem(&bpfw_counters, &key);

	if (!counter)
		return 0;
	counter->packets++;
	counter->bytes += bytes;
	return 1;
}

__attribute__((noinline)) int needs_plus(__u32 number)
{
	return count(number) ? (int)(bpfw_config.needs + number) : 0;
}

SEC("xdp") int bpfw_xdp(struct xdp_md *context)
{
	struct bpfw_packet packet = {};
	__u8 *data = (void *)(long)context->data;

	if ((void *)(data + 1) > (void *)(long)context->data_end)
		return -1;
	packet.length = *data;
	packet.state = needs_plus(1);
	int number = 0;
#define CALL(name)            \
	if (*data == number++) \
		return name(&packet);
	BPFW_CHAIN_FUNCTIONS(CALL)
	return -2;
}

SEC("tc") int bpfw_tc_ingress(struct __sk_buff *context)
{
	struct bpfw_packet packet = {.length = context->len};

	return bpfw_ipv6_output_odd(&packet);
}

const char kLicense[] SEC("license") = "GPL";
