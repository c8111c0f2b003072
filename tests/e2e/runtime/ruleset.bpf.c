// SPDX-License-Identifier: GPL-2.0-or-later
// A ruleset's object, written by hand, with the names of abi.h: what the runtime's tests
// load without the compiler. Slot 0 counts INPUT UDP to port 9 and drops it, slot 1 counts
// every other INPUT IPv4 packet, slot 2 counts and drops OUTPUT UDP to port 7, slot 3 the
// rest of OUTPUT. The text is written over by the tests.
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include "abi.h"

#define SLOTS 8
#define TEXT_BYTES 1024

char test_license[] SEC("license") = "GPL";

const char test_ruleset[TEXT_BYTES] SEC(BPFW_RULESET_SECTION) = BPFW_RULESET_MAGIC;
const volatile struct bpfw_config bpfw_config = {0, BPFW_HOOK_AUTO};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
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
	__uint(max_entries, 1);
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

static __always_inline void count(__u32 slot, __u32 bytes)
{
	struct bpfw_counter *counter = bpf_map_lookup_elem(&bpfw_counters, &slot);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

/* 1: drop. `port` is the port that slot `slot` drops; what else is IPv4 counts in slot + 1. */
static __always_inline int judge(void *data, void *end, __u16 port, __u32 slot)
{
	struct ethhdr *ethernet = data;
	struct iphdr *ip = data + sizeof(*ethernet);
	struct udphdr *udp = (void *)(ip + 1);
#ifdef BPFW_TEST_BAD /* no bounds check: the verifier refuses it */
	const int ipv4 = end && ethernet->h_proto == bpf_htons(ETH_P_IP);
#else
	const int ipv4 = (void *)(udp + 1) <= end && ethernet->h_proto == bpf_htons(ETH_P_IP);
#endif
	const int hit = ipv4 && ip->protocol == IPPROTO_UDP && udp->dest == bpf_htons(port);
	__u32 zero = 0;
	struct bpfw_trace *trace = bpf_map_lookup_elem(&bpfw_trace, &zero);

	if (ipv4)
		count(hit ? slot : slot + 1, bpf_ntohs(ip->tot_len));
	if (trace && (bpfw_config.needs & BPFW_NEEDS_TRACE)) {
		trace->decision = (hit ? slot : slot + 1) << BPFW_VERDICT_BITS |
				  (hit ? BPFW_DROP : BPFW_ACCEPT);
		trace->hook = bpfw_config.force_hook;
		trace->family = ipv4 ? 4 : 0;
		trace->reason = ipv4 ? BPFW_BY_RULE : BPFW_NOT_IP;
	}
	return hit;
}

/* Uses the maps that only the runtime fills, as the real programs do. */
static __always_inline int is_known(__u32 ifindex)
{
	struct bpfw_vlan_key key = {.ifindex = ifindex, .vid = 1, .protocol = ETH_P_8021Q};
	__u32 zero = 0;

	return bpf_map_lookup_elem(&bpfw_interfaces, &ifindex) &&
	       bpf_map_lookup_elem(&bpfw_local, &zero) && !bpf_map_lookup_elem(&bpfw_vlans, &key);
}

SEC("xdp")
int bpfw_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (!is_known(ctx->ingress_ifindex))
		return XDP_PASS;
	return judge(data, end, 9, 0) ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int bpfw_tc_ingress(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	return judge(data, end, 9, 0) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int bpfw_tc_egress(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	return judge(data, end, 7, 2) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
