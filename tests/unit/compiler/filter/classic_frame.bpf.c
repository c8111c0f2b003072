// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A template for one emitted classic program, which is run on the frame as its first bytes say:
 * byte 6: 1 no Ethernet header, 2 take a tag out of the frame (TC), 4 outbound; byte 7: offset of
 * the network header; bytes 8-9: where the packet ends. Returns what the program returned.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf-templates/frame_load.h"
#include "bpf-templates/maps.h"

int classic_xdp(struct bpfw_frame *frame, struct xdp_md *ctx);
int classic_tc(struct bpfw_frame *frame, struct __sk_buff *skb);

static __always_inline int describe(struct bpfw_frame *frame, const __u8 *data,
				    const void *data_end)
{
	if ((const void *)(data + 14) > data_end)
		return 0;
	frame->head = data[6] & 1 ? BPFW_HEAD_NONE : BPFW_HEAD_WHOLE;
	frame->outbound = data[6] >> 2 & 1;
	frame->network = data[7];
	frame->network_end = data[8] << 8 | data[9];
	return data[6] & 2;
}

SEC("xdp") int bpfw_xdp(struct xdp_md *ctx)
{
	struct bpfw_frame frame = {0};

	describe(&frame, (void *)(long)ctx->data, (void *)(long)ctx->data_end);
	return classic_xdp(&frame, ctx);
}

SEC("tc") int bpfw_tc_ingress(struct __sk_buff *skb)
{
	struct bpfw_frame frame = {0};

	if (describe(&frame, (void *)(long)skb->data, (void *)(long)skb->data_end)) {
		bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 5);
		frame.head = BPFW_HEAD_TAG_OUT;
	}
	return classic_tc(&frame, skb);
}

const char kLicense[] SEC("license") = "GPL";
