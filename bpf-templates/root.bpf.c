// SPDX-License-Identifier: GPL-2.0-or-later
// Attached once per interface and hook, never replaced: reads the generation word that all
// hooks share and tail-calls that generation's ruleset. An empty slot passes the packet.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <linux/pkt_cls.h>

#include "abi.h"

char bpfw_license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} bpfw_generation SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, BPFW_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} bpfw_xdp_progs SEC(".maps"), bpfw_tc_progs SEC(".maps");

// The verifier replaces the lookup in a 1-element array by an address: no helper is called.
static __always_inline __u32 slot(__u32 hook)
{
	__u32 zero = 0;
	const volatile __u64 *generation = bpf_map_lookup_elem(&bpfw_generation, &zero);

	return generation ? (__u32)(*generation % BPFW_GENERATIONS) * 2 + hook : BPFW_SLOTS;
}

SEC("xdp")
int bpfw_root_xdp(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &bpfw_xdp_progs, slot(0));
	return XDP_PASS;
}

// TC_ACT_UNSPEC is TCX_NEXT to tcx and "no opinion" to a direct-action filter of clsact: in
// both, programs of others behind ours still run, and the packet passes when there are none.
SEC("tc")
int bpfw_root_in(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &bpfw_tc_progs, slot(BPFW_TC_INGRESS));
	return TC_ACT_UNSPEC;
}

SEC("tc")
int bpfw_root_out(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &bpfw_tc_progs, slot(BPFW_TC_EGRESS));
	return TC_ACT_UNSPEC;
}
