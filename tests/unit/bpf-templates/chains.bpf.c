// SPDX-License-Identifier: GPL-2.0-or-later
// Stands in for the compiler's chain functions: each keeps the packet as it was given, says
// its own name (the index in BPFW_CHAIN_FUNCTIONS) and answers what the test has asked for.
// With BPFW_WITH_FRAME for the template that reads the frame, its short-form rules included.
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/pkt_cls.h>

#include "abi.h"

struct seen {
	__u8 packet[BPFW_PACKET_FRAME];
	__u32 function;      /* index + 1 */
	__u32 answer;        /* what the chain functions return */
	__u32 vlan;          /* for tag_then_ingress: protocol << 16 | TCI */
	__u32 calls;
	struct bpfw_frame frame; /* as the chain function got it */
	__u32 frames_answer; /* what the short-form rules return */
	__u32 log_slot;      /* + 1: they log, for this slot */
	__u32 frames_calls;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct seen);
} test_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} test_next SEC(".maps");

static __always_inline int keep(const struct bpfw_packet *packet, __u32 function)
{
	__u32 zero = 0;
	struct seen *seen = bpf_map_lookup_elem(&test_seen, &zero);

	if (!packet || !seen)
		return BPFW_CONTINUE;
	__builtin_memcpy(seen->packet, packet, sizeof(seen->packet));
#ifdef BPFW_WITH_FRAME
	seen->frame = packet->frame;
#endif
	seen->function = function;
	seen->calls++;
	return (int)seen->answer;
}

#ifdef BPFW_WITH_FRAME
#define CHAIN_OF(name, context, index)                                                        \
	__attribute__((noinline)) int name(struct bpfw_packet *packet, struct context *ctx)   \
	{                                                                                     \
		return ctx->data_end < ctx->data ? BPFW_CONTINUE : keep(packet, (index) + 1); \
	}
#define CHAIN(name, index)                 \
	CHAIN_OF(name##_xdp, xdp_md, index) \
	CHAIN_OF(name##_tc, __sk_buff, index)
#else
#define CHAIN(name, index)                                                     \
	__attribute__((noinline)) int name(struct bpfw_packet *packet)         \
	{                                                                      \
		return keep(packet, (index) + 1);                              \
	}
#endif

CHAIN(bpfw_ipv4_input, 0)
CHAIN(bpfw_ipv4_input_odd, 1)
CHAIN(bpfw_ipv4_forward, 2)
CHAIN(bpfw_ipv4_forward_odd, 3)
CHAIN(bpfw_ipv4_output, 4)
CHAIN(bpfw_ipv4_output_odd, 5)
CHAIN(bpfw_ipv6_input, 6)
CHAIN(bpfw_ipv6_input_odd, 7)
CHAIN(bpfw_ipv6_forward, 8)
CHAIN(bpfw_ipv6_forward_odd, 9)
CHAIN(bpfw_ipv6_output, 10)
CHAIN(bpfw_ipv6_output_odd, 11)

#ifdef BPFW_WITH_FRAME
#define FRAMES(kind, context)                                                                 \
	extern int bpfw_log_##kind(struct bpfw_frame *frame, struct context *ctx, __u32 slot); \
	__attribute__((noinline)) int bpfw_frames_##kind(struct bpfw_frame *frame,            \
							 struct context *ctx)                 \
	{                                                                                     \
		__u32 zero = 0;                                                               \
		struct seen *seen = bpf_map_lookup_elem(&test_seen, &zero);                   \
                                                                                              \
		if (!frame || !seen)                                                          \
			return BPFW_CONTINUE;                                                 \
		seen->frame = *frame;                                                         \
		seen->frames_calls++;                                                         \
		if (seen->log_slot)                                                           \
			bpfw_log_##kind(frame, ctx, seen->log_slot - 1);                      \
		return (int)seen->frames_answer;                                              \
	}

FRAMES(xdp, xdp_md)
FRAMES(tc, __sk_buff)
#endif

// BPF_PROG_TEST_RUN cannot give an skb a VLAN tag: this does, as a driver would, and goes on
// with the program under test.
SEC("tc")
int tag_then_ingress(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct seen *seen = bpf_map_lookup_elem(&test_seen, &zero);

	if (!seen || bpf_skb_vlan_push(skb, bpf_htons((__u16)(seen->vlan >> 16)),
				       (__u16)seen->vlan))
		return TC_ACT_STOLEN;
	bpf_tail_call(skb, &test_next, 0);
	return TC_ACT_STOLEN;
}

// What the entry programs are measured against.
SEC("xdp")
int empty_xdp(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char test_license[] SEC("license") = "GPL";
