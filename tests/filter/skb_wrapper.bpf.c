// SPDX-License-Identifier: GPL-2.0-or-later
// Makes of a test run's skb what BPF_PROG_TEST_RUN cannot be given: one shorter than its IP header
// (cb[2]: bytes to keep), or one with its outermost tag taken out (cb[0]: type, network byte
// order; cb[1]: vlan_tci). Then the program in question runs.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <linux/pkt_cls.h>

char wrapper_license[] SEC("license") = "GPL";

#define FAILED 100 /* no verdict */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} program SEC(".maps");

SEC("tc")
int wrap(struct __sk_buff *skb)
{
	const __u32 type = skb->cb[0];
	const __u32 tci = skb->cb[1];
	const __u32 length = skb->cb[2];

	skb->cb[0] = 0;
	skb->cb[1] = 0;
	skb->cb[2] = 0;
	if (length && bpf_skb_change_tail(skb, length, 0))
		return FAILED;
	if (type && bpf_skb_vlan_push(skb, (__be16)type, (__u16)tci))
		return FAILED;
	bpf_tail_call(skb, &program, 0);
	return FAILED;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} passed SEC(".maps");

/* Behind the filter: what comes here was let through. */
SEC("tc")
int count(struct __sk_buff *skb)
{
	const __u32 zero = 0;
	__u64 *frames = bpf_map_lookup_elem(&passed, &zero);

	(void)skb;
	if (frames)
		__sync_fetch_and_add(frames, 1);
	return TC_ACT_SHOT;
}
