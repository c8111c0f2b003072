// SPDX-License-Identifier: GPL-2.0-or-later
// The entry programs of one filter expression: a matching frame is dropped. The emitted
// functions are linked in, as in rules.bpf.c. Emitted programs come in the place of bpfw_match_xdp
// and bpfw_match_tc where the filter reads the frame as it lies there: a call and a struct
// bpfw_frame take as long as the filter. They leave other frames to bpfw_judge_xdp() and _tc(). bpfw_config, filled before the load: needs,
// BPFW_NEEDS_RAW_IP for devices without Ethernet header; force_hook, BPFW_HOOK_OUTPUT at TC egress.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include "abi.h"
#include "frame_load.h"
#include "protochain.h"

char bpfw_license[] SEC("license") = "GPL";

const volatile struct bpfw_config bpfw_config = {0, BPFW_HOOK_AUTO};

int bpfw_filter_xdp(struct bpfw_frame *frame, struct xdp_md *ctx);
int bpfw_filter_tc(struct bpfw_frame *frame, struct __sk_buff *skb);

static __always_inline int raw_ip(void)
{
	return (bpfw_config.needs & BPFW_NEEDS_RAW_IP) != 0;
}

static __always_inline struct bpfw_frame frame_of_xdp(struct xdp_md *ctx, __u64 length)
{
	const struct bpfw_view view = xdp_view(ctx);

	return (struct bpfw_frame){
		.head = raw_ip() ? BPFW_HEAD_NONE : BPFW_HEAD_WHOLE,
		.partial = length > view.end || view.end > BPFW_FRAME_DIRECT,
	};
}

static __always_inline struct bpfw_frame frame_of_tc(struct __sk_buff *skb)
{
	__u64 linear = (__u64)((void *)(long)skb->data_end - (void *)(long)skb->data);
	struct bpfw_frame frame = {.outbound = bpfw_config.force_hook == BPFW_HOOK_OUTPUT};

	/* As in xdp_view(). */
	asm volatile("" : "+r"(linear));
	/* Looped-back multicast has no Ethernet header (l2.h). */
	if (raw_ip() || skb->pkt_type == PACKET_LOOPBACK)
		frame.head = BPFW_HEAD_NONE;
	else if (skb->vlan_present)
		frame.head = BPFW_HEAD_TAG_OUT;
	frame.partial = skb->len > linear || linear > BPFW_FRAME_DIRECT;
	return frame;
}

__attribute__((noinline)) int bpfw_judge_xdp(struct xdp_md *ctx)
{
	struct bpfw_frame frame = frame_of_xdp(ctx, 0);

	return bpfw_filter_xdp(&frame, ctx) ? XDP_DROP : XDP_PASS;
}

// TC_ACT_UNSPEC: why, stands in root.bpf.c.
__attribute__((noinline)) int bpfw_judge_tc(struct __sk_buff *skb)
{
	struct bpfw_frame frame = frame_of_tc(skb);

	return bpfw_filter_tc(&frame, skb) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("xdp")
int bpfw_match_xdp(struct xdp_md *ctx)
{
	return bpfw_judge_xdp(ctx);
}

SEC("xdp.frags")
int bpfw_match_frags(struct xdp_md *ctx)
{
	struct bpfw_frame frame = frame_of_xdp(ctx, bpf_xdp_get_buff_len(ctx));

	return bpfw_filter_xdp(&frame, ctx) ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int bpfw_match_tc(struct __sk_buff *skb)
{
	return bpfw_judge_tc(skb);
}
