// SPDX-License-Identifier: GPL-2.0-or-later
// The benchmark's own XDP programs: what is compared with, and what makes packets vary.
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include "bench.h"

char bench_license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BENCH_HEADERS);
	__type(key, __u32);
	__type(value, struct bench_header);
} bench_headers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} bench_target SEC(".maps");

const volatile __u32 bench_ifindex = 0;
static __u32 position;

/* The next of the prepared headers becomes the packet's: 8 stores. */
static __always_inline int vary(struct xdp_md *ctx)
{
	const __u32 index = position++ & (BENCH_HEADERS - 1);
	const struct bench_header *header = bpf_map_lookup_elem(&bench_headers, &index);
	__u64 *data = (void *)(long)ctx->data;
	int i;

	if (!header || (void *)(data + 8) > (void *)(long)ctx->data_end)
		return -1;
#pragma unroll
	for (i = 0; i < 8; i++)
		data[i] = header->words[i];
	return 0;
}

SEC("xdp") int bench_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("xdp") int bench_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

/* Reads, with all the checks, what a four-field rule asks, and decides nothing by it. */
SEC("xdp") int bench_parse(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	const struct ethhdr *ethernet = data;
	const struct iphdr *ip = data + sizeof(*ethernet);
	const __be32 *ports;
	__u32 fields;

	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version != 4 || ip->ihl < 5 || (ip->frag_off & bpf_htons(0x1fff)))
		return XDP_PASS;
	ports = (void *)ip + ip->ihl * 4;
	if ((void *)(ports + 5) > end || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	fields = ip->saddr ^ ip->daddr ^ *ports;
	return fields == 0x12345678 ? XDP_ABORTED : XDP_PASS;
}

/* A new header, then the program under test. */
SEC("xdp") int bench_driver(struct xdp_md *ctx)
{
	if (vary(ctx) == 0)
		bpf_tail_call(ctx, &bench_target, 0);
	return XDP_ABORTED;
}

/* A new header, then out of a device: with BPF_F_TEST_XDP_LIVE_FRAMES a packet generator. */
SEC("xdp") int bench_send(struct xdp_md *ctx)
{
	return vary(ctx) == 0 ? bpf_redirect(bench_ifindex, 0) : XDP_ABORTED;
}
